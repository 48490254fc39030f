"""Every write is asked once: its key remembers its input (card 24), in whichever table the room keeps its keys.

Rule kept: the same key with the same input gives the same answer and moves nothing again; the same key with other content
is refused. Two requests under one key wait for each other. A refusal is not remembered: its cause may be cured.

A room whose answer is a row of its own (a touch, a contact, an application) looks with `stored`; one that keeps answers
beside its rows has a table with input_hash, answer and recorded_at, and uses `answer_once`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from puhui.kernel.refusal import Refusal, Refused
from puhui.store import prepared


@dataclass(frozen=True, slots=True)
class Key:
    """One write as asked for: the table that remembers, the columns that name the key there, and the input's hash.

    `code` is that of the refusal when other content comes under the same key.
    """

    rows: type[Model]
    columns: Mapping[str, str]
    input_hash: str | bytes
    code: str = "DUPLICATE_KEY_OTHER_CONTENT"

    @property
    def given(self) -> str:
        """The caller's part of the key; by convention the last column."""
        return list(self.columns.values())[-1]


def stored(key: Key) -> Any:
    """The row that stands under this key, or None. Refused when it was stored for other content.

    Call it inside the transaction that stores: until its end, others with this key wait here.
    """
    _wait_for("/".join([key.rows._meta.db_table, *key.columns.values()]))
    return _standing(key)


def store_once(key: Key, fresh: Model) -> Any:
    """Store a row under its key, one unique column, and answer it; or the row that stands there, refused when it was stored for other
    content. One statement where nobody was first, since an applicant waits for each; another with this key waits at it."""
    (column,) = key.columns
    return fresh if prepared.added_all([fresh], unless=column) else _standing(key)


def _standing(key: Key) -> Any:
    fields: list[Any] = [key.rows._meta.get_field(name) for name in key.columns]
    row: Any = prepared.one(
        key.rows, " AND ".join(f'"{field.column}" = %s' for field in fields), list(key.columns.values())
    )
    if row is None or _plain(row.input_hash) == key.input_hash:
        return row
    raise Refused(_other_content(key.code, key.given))


def stored_parts(rows: type[Model], key: str, hashes: Mapping[str, str | bytes], *, code: str) -> dict[str, Any]:
    """The rows that stand under the parts of one write, by part; `hashes` has the input's hash by part, column `key`.

    As `stored`, with one lock for the whole write: its parts never come under another one.
    """
    _wait_for("/".join([rows._meta.db_table, key]))
    known = prepared.instances(rows, "key = ANY(%s)", [list(hashes)])
    found: dict[str, Any] = {vars(row)["key"]: row for row in known}
    for part, row in found.items():
        if _plain(row.input_hash) != hashes[part]:
            raise Refused(_other_content(code, part))
    return found


def answer_once(key: Key, work: Callable[[], dict[str, Any]], *, now: datetime) -> dict[str, Any]:
    """Do the work and remember its answer, or give the answer it gave before. Call inside the write's transaction."""
    known = stored(key)
    if known is not None:
        return dict(known.answer)
    answer = work()
    prepared.add(key.rows(**key.columns, input_hash=key.input_hash, answer=answer, recorded_at=now))
    return answer


def _wait_for(name: str) -> None:
    prepared.rows("SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [name])


def _other_content(code: str, key: str) -> Refusal:
    text = "同一幂等键内容不同，请换新的键 · this key was used before with other content; use a new key"
    return Refusal(code, text, where=key)


def _plain(stored_hash: Any) -> str | bytes:
    return stored_hash if isinstance(stored_hash, str) else bytes(stored_hash)
