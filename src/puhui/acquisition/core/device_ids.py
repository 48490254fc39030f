"""Device ids (设备号) of every media brought to one key, so that the same telephone is the same number everywhere.

The classic bug is the letter case before hashing: Tencent hashes an IMEI in lower case and an IDFA in upper case, Baidu
hashes the IMEI as the client wrote it, Ocean Engine sends IDFA and OAID raw. Two rules here:

- *asked*: what a media sends becomes one key, the first 64 bits of the MD5 that its own rule makes. A digest is read
  in either letter case; one that is not 32 hexadecimal digits is no id.
- *known*: an id we know raw gets a key for every way in which some media may have hashed it, so that whoever must not
  be shown something is found whichever media asks. An id known only as a digest has the key of that digest.

Doubtful ids (empty, zeros, placeholders, and their digests) have no key: they belong to everybody.

>>> asked("IDFA", "e2a7d3b4-1111-4222-8333-444455556666") == asked("IDFA", "E2A7D3B4-1111-4222-8333-444455556666")
True
>>> asked("IDFA_MD5", digest("E2A7D3B4-1111-4222-8333-444455556666")) in known("idfa", "e2a7d3b4-1111-4222-8333-444455556666")
True
>>> asked("OAID_MD5", digest("")) is None, asked("IMEI_MD5", "12") is None
(True, True)
"""

from binascii import Error as NotHex
from binascii import unhexlify
from collections.abc import Iterable
from hashlib import md5
from struct import Struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

KEY_BITS = 64
_HEX = 16
_KEY = Struct(">Q")
_RAW_CASE = {"IMEI": str.lower, "IDFA": str.upper}
_KINDS = ("imei", "meid", "idfa", "oaid", "android_id", "mac", "caid", "gaid", "idfv", "openid")


def digest(text: str) -> str:
    """MD5 as 32 lower-case hexadecimal digits: the media's own convention, not a protection."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def doubtful_keys(placeholders: Iterable[str]) -> frozenset[int]:
    """Keys that are nobody's: of each placeholder as it stands, and of digests made of one repeated digit."""
    keys = {int(digest(text)[:_HEX], 16) for text in placeholders}
    return frozenset(keys | {int(mark * _HEX, 16) for mark in "0123456789abcdef"})


def asked(kind: str, text: str, doubtful: frozenset[int] | None = None) -> int | None:
    """The key of one id in a request, or None where it says nothing.

    `kind` is a raw kind (IMEI, IDFA, OAID …) or one ending in _MD5; raw ids are hashed by the commonest rule of the media.
    """
    if kind.endswith("_MD5"):
        return from_digest(text, doubtful)
    if not text:
        return None
    case = _RAW_CASE.get(kind)
    return from_digest(digest(case(text) if case else text), doubtful)


def from_digest(text: str, doubtful: frozenset[int] | None = None) -> int | None:
    """The key of a digest in either letter case; None where it is malformed or doubtful."""
    if len(text) != 32:
        return None
    try:
        (key,) = _KEY.unpack_from(unhexlify(text))
    except (NotHex, ValueError):
        return None
    return None if key in (DOUBTFUL if doubtful is None else doubtful) else int(key)


def from_digests(digits: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """`from_digest` over columns: (keys, which rows are digests at all); doubtful keys are the caller's to leave out.

    `digits` has shape (rows, 32): the bytes of texts of 32 characters. Two digits are read at once.

    >>> rows = np.frombuffer((digest("a") + digest("b").upper() + "x" * 32).encode(), np.uint8).reshape(3, 32)
    >>> keys, good = from_digests(rows)
    >>> keys[:2].tolist() == [from_digest(digest("a")), from_digest(digest("b"))], good.tolist()
    (True, [True, True, False])
    """
    octets = _OCTET[digits.view("<u2")]
    good = (octets >= 0).all(axis=1)
    keys = octets[:, :8].astype(np.uint8).view(">u8")[:, 0].astype(np.uint64)
    return keys, good


def known(kind: str, text: str, doubtful: frozenset[int] | None = None) -> list[int]:
    """Every key under which some media may ask for this id; empty where the id is doubtful or malformed.

    `kind` as in an audience file: imei, idfa, oaid, android_id, mac, caid …, or one of these followed by _md5.
    """
    kind, text = kind.strip().lower(), text.strip()
    if kind.endswith("_md5") or kind == "md5":
        key = from_digest(text, doubtful)
        return [] if key is None else [key]
    variants = {text, text.lower(), text.upper()}
    if kind == "mac":
        variants |= {each.replace(":", "") for each in variants}
    if kind == "imei" and len(text) == 15:
        variants |= {each[:14] for each in variants}  # some clients leave out the check digit
    keys = (from_digest(digest(each), doubtful) for each in sorted(variants) if each)
    found = [key for key in keys if key is not None]
    return found if len(found) == len([each for each in variants if each]) else []


def kind_of(text: str) -> str:
    """What a bare id looks like: 32 hexadecimal digits are a digest, 14 or 15 digits an IMEI, else an OAID.

    >>> kind_of("d41d8cd98f00b204e9800998ecf8427e"), kind_of("867000012345678"), kind_of("E2A7D3B4-1111-4222-8333-444455556666")
    ('md5', 'imei', 'idfa')
    """
    if len(text) == 32 and not text.strip("0123456789abcdefABCDEF"):
        return "md5"
    if len(text) in (14, 15) and text.isascii() and text.isdigit():
        return "imei"
    if len(text) == 36 and text.count("-") == 4 and text == text.upper():
        return "idfa"
    if len(text) == 17 and text.count(":") == 5:
        return "mac"
    return "oaid"


def is_kind(kind: str) -> bool:
    """Whether an audience file may name this kind."""
    plain = kind.strip().lower()
    return plain == "md5" or plain.removesuffix("_md5") in _KINDS


DOUBTFUL = doubtful_keys(["", "0", "00000000-0000-0000-0000-000000000000"])


def _octets() -> NDArray[np.int16]:
    """For every two bytes as a little-endian number the value of the two hexadecimal digits, or -1."""
    found = np.full(1 << 16, -1, dtype=np.int16)
    digits = {ord(mark): int(mark, 16) for mark in "0123456789abcdefABCDEF"}
    for first, high in digits.items():
        for second, low in digits.items():
            found[second << 8 | first] = high << 4 | low
    return found


_OCTET: Final = _octets()
