"""The keys of this installation: column encryption (with rotation), blind index, sessions, the application's log-in.

One JSON file, mode 600, in `var/keys.json` or where `PUHUI_KEYS` points. Lose it and the sealed columns are lost:
keep a copy apart from the database backup.
"""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

from puhui.store import places


class KeysUnreadable(RuntimeError):
    """The key file is damaged or lacks a key; restore it from its copy."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """`keys`: key id → base64 of 32 bytes; `current` seals, the others only open."""

    current: str
    keys: dict[str, str]
    index_key: str
    session_key: str
    app_password: str = field(default="")

    def key(self, key_id: str) -> bytes:
        if key_id not in self.keys:
            raise KeysUnreadable(f"key {key_id!r} is not in the key file; it sealed data that is still stored")
        return base64.b64decode(self.keys[key_id])


def path() -> Path:
    named = os.environ.get("PUHUI_KEYS")
    return Path(named).expanduser() if named else places.var_dir() / "keys.json"


@lru_cache(maxsize=1)
def load() -> Keyring:
    """Read the key file; make it on first use."""
    where = path()
    if not where.exists():
        _write(_fresh())
    try:
        return Keyring(**json.loads(where.read_text()))
    except (ValueError, TypeError) as fault:
        raise KeysUnreadable(f"{where.name} cannot be read ({fault}); restore it from its copy") from fault


def add_key() -> Keyring:
    """A new current key; the old ones stay for opening until everything is sealed anew."""
    ring = load()
    name = f"k{len(ring.keys) + 1}"
    grown = Keyring(**(asdict(ring) | {"current": name, "keys": ring.keys | {name: _random()}}))
    _write(grown)
    return load()


def _fresh() -> Keyring:
    return Keyring(
        current="k1",
        keys={"k1": _random()},
        index_key=_random(),
        session_key=secrets.token_urlsafe(50),
        app_password=secrets.token_urlsafe(24),
    )


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _write(ring: Keyring) -> None:
    where = path()
    where.parent.mkdir(parents=True, exist_ok=True)
    draft = where.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as out:
        json.dump(asdict(ring), out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(where)
    load.cache_clear()
