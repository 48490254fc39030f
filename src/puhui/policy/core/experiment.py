"""Champion and challenger (冠军/挑战者): a subject always falls into the same one of 10,000 buckets of an experiment's salt.

Rule kept: who is in which arm depends on the subject and the salt alone, so it is the same tomorrow, on another machine, and
when the record is replayed; raising a share only adds subjects to the challenger.

>>> bucket("shop_1", salt="exp_a"), bucket("shop_1", salt="exp_b")
(3636, 7777)
>>> arms(["shop_3", "shop_1"], salt="exp_a", share_buckets=2_000)
['challenger', 'champion']
"""

import hashlib
from collections.abc import Sequence

BUCKETS = 10_000
CHAMPION, CHALLENGER, SHADOW = "champion", "challenger", "shadow"


def bucket(subject: str, *, salt: str) -> int:
    """0 to 9,999, from the first eight bytes of SHA-256 over the salt and the subject."""
    return int.from_bytes(hashlib.sha256(f"{salt}\x00{subject}".encode()).digest()[:8], "big") % BUCKETS


def arms(subjects: Sequence[str], *, salt: str, share_buckets: int) -> list[str]:
    """Each subject's arm; the challenger has the buckets below its share."""
    return [CHALLENGER if bucket(subject, salt=salt) < share_buckets else CHAMPION for subject in subjects]
