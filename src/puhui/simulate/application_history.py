"""Years of made-up applications (虚构) as rows: people, shops, consents, applications and what anti-fraud saw of each arrival.

Rule kept: invented and labelled so. It is there so that the answer to one application can be timed against a history of a
real firm's size: the indexes have their depth, phones and devices their sharing, the entity graph its arrivals. Decisions and offers are left out.

>>> frames = dict(history(1_000, seed=1, now=datetime(2026, 6, 1, tzinfo=UTC)))
>>> [(name, frame.height) for name, frame in frames.items()][:2], frames["parties_person"]["invented"].all()
([('parties_person', 800), ('parties_shop', 800)], True)
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta  # noqa: F401 - UTC is for the example
from typing import Any

import numpy as np
import polars as pl

from puhui.antifraud.core.entity_kind import key_of
from puhui.store import copying

DAYS = 1_000  # how far back the history goes
_PEOPLE = 0.8  # people an application
_PHONE_SHARED, _DEVICE_SHARED = 0.01, 0.03  # so many use their neighbour's, as families do
_NOBODY = b"invented"  # in the place of a sealed value: it unseals to nothing


def store(link: Any, count: int, *, seed: int, now: datetime) -> None:
    """Write `count` applications into a database without any, as its owner (a connection of psycopg)."""
    with link.transaction(), link.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no trigger a row: nothing here can dangle
        for table, frame in history(count, seed=seed, now=now):
            copying.stream_frame(cursor, frame, table)


def history(count: int, *, seed: int, now: datetime) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows, table by table, in an order in which they can be stored; applications in the order of their arrival."""
    dice = np.random.default_rng(seed)
    people = max(int(count * _PEOPLE), 1)
    person = np.concatenate([np.arange(people), dice.integers(0, people, count - people)])
    dice.shuffle(person)
    seconds = np.sort(dice.integers(0, DAYS * 86_400, count))
    arrived = np.datetime64((now - timedelta(days=DAYS)).replace(tzinfo=None), "us") + seconds.astype("timedelta64[s]")
    numbers, phones = _keys(dice, people), _keys(dice, people + people % 2)
    phone_of, device_of = (_of_neighbour(dice, people, share) for share in (_PHONE_SHARED, _DEVICE_SHARED))
    yield from _registered(people, numbers, phones[phone_of], now)
    device = np.array([f"invented-{n:x}" for n in range(people + people % 2)])
    ids = [f"app_{n:032x}" for n in range(count)]
    yield "underwriting_application", pl.DataFrame({
        "id": ids, "key": ids, "input_hash": "", "entrance": dice.choice(["phone", "partner", "file"], count),
        "person_id": _ids("person", person), "shop_id": _ids("shop", person), "partner_ref": "",
        "requested_minor": dice.integers(1, 100, count) * 1_000_000, "months": dice.choice([6, 12, 24, 36], count),
        "purpose": "", "segment": dice.choice(["shop", "company", "farmer"], count), "state": "refused",
        "submitted_at": pl.Series(arrived).dt.replace_time_zone("UTC"), "decision_id": "", "loan_id": "",
    })  # fmt: skip
    yield "antifraud_assessment", pl.DataFrame({
        "application_key": ids, "input_hash": "invented", "person_index": numbers[person],
        "phone_index": phones[phone_of[person]], "device_hash": device[device_of[person]],
        "applied_at": pl.Series(arrived).dt.replace_time_zone("UTC"), "signals": "{}", "outcome": "pass", "unknown": "[]",
        "rulebook": "invented", "recorded_at": now, "position": np.arange(1, count + 1),
    })  # fmt: skip
    keys = {"person": numbers, "phone": phones, "device": device}
    known = {kind: _entity_keys(kind, values) for kind, values in keys.items()}
    yield "antifraud_arrival", pl.DataFrame({
        "application": _entity_keys("application", np.array(ids)), "application_key": ids, "recorded_at": now,
        "applied_at": pl.Series(arrived).dt.replace_time_zone("UTC"), "person": known["person"][person],
        "phone": known["phone"][phone_of[person]], "device": known["device"][device_of[person]],
    })  # fmt: skip


def _registered(
    people: int, numbers: np.ndarray, phones: np.ndarray, now: datetime
) -> Iterator[tuple[str, pl.DataFrame]]:
    """People, each with a shop and the consent to be assessed."""
    everyone, sealed = np.arange(people), f"\\x{_NOBODY.hex()}"
    yield "parties_person", pl.DataFrame({
        "id": _ids("person", everyone), "name": sealed, "id_number": sealed, "phone": sealed, "id_number_index": numbers,
        "phone_index": phones, "name_index": numbers, "invented": True, "recorded_at": now,
    })  # fmt: skip
    yield "parties_shop", pl.DataFrame({
        "id": _ids("shop", everyone), "owner_id": _ids("person", everyone), "name": "虚构·历史店铺", "credit_code": "",
        "evidence_code": "", "invented": True, "recorded_at": now,
    })  # fmt: skip
    yield "parties_consent", pl.DataFrame({
        "id": _ids("cons", everyone), "person_id": _ids("person", everyone), "institution_id": "",
        "purpose": "credit_assessment", "data_kinds": '["identity"]', "text_version": "assessment-1", "given_at": now,
        "channel": "phone",
    })  # fmt: skip


def _keys(dice: np.random.Generator, count: int) -> np.ndarray:
    """Blind indexes of nobody: sixteen random bytes each, as PostgreSQL reads them."""
    whole = dice.bytes(16 * count).hex()
    return np.array([f"\\x{whole[32 * n : 32 * n + 32]}" for n in range(count)], dtype=object)


def _of_neighbour(dice: np.random.Generator, people: int, share: float) -> np.ndarray:
    """Whose phone or device each uses: their own, but so many their neighbour's."""
    own = np.arange(people)
    return np.where(dice.random(people) < share, own ^ 1, own)


def _entity_keys(kind: str, values: np.ndarray) -> np.ndarray:
    """Keys of the graph, of blind indexes as PostgreSQL reads them or of plain texts."""
    hidden = (bytes.fromhex(each[2:]) if each.startswith("\\x") else each.encode() for each in values.tolist())
    return np.array([key_of(kind, each) for each in hidden], dtype=np.int64)


def _ids(prefix: str, numbers: np.ndarray) -> list[str]:
    return [f"{prefix}_{n:032x}" for n in numbers.tolist()]
