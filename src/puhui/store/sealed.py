"""Columns that hold personal data: AES-256-GCM with the key's id in front, searchable by a keyed blind index.

Rule kept: encrypted at rest, prints *** in Python, every reveal goes through an operation that logs it (card 30).
The blind index is HMAC-SHA256 under a key of its own, cut to 16 bytes, separate per purpose, so that equal phones
can be found without being readable and a phone cannot be matched with an ID number.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from puhui.kernel.masked import Secret
from puhui.store import keyring


def seal(text: str) -> bytes:
    """`key id` ␟ nonce(12) ciphertext+tag. The key id is authenticated with the text."""
    ring = keyring.load()
    head = ring.current.encode() + b"\x1f"
    nonce = secrets.token_bytes(12)
    return head + nonce + AESGCM(ring.key(ring.current)).encrypt(nonce, text.encode(), head)


def unseal(stored: bytes) -> str:
    """The text again; a changed byte raises cryptography's InvalidTag."""
    key_id, _, rest = bytes(stored).partition(b"\x1f")
    ring = keyring.load()
    return AESGCM(ring.key(key_id.decode())).decrypt(rest[:12], rest[12:], key_id + b"\x1f").decode()


def key_of(stored: bytes) -> str:
    """Which key sealed it; rotation re-seals what is not under the current one."""
    return bytes(stored).partition(b"\x1f")[0].decode()


def blind_index(text: str, *, purpose: str) -> bytes:
    """16 bytes that are equal for equal texts of one purpose and say nothing else."""
    key = base64.b64decode(keyring.load().index_key)
    return hmac.new(key, purpose.encode() + b"\x1f" + text.encode(), hashlib.sha256).digest()[:16]


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """A text column sealed at rest; Python sees a `Secret`."""

    _pyi_private_set_type: "str | Secret"  # for django-stubs  # type: ignore[assignment]
    _pyi_private_get_type: "Secret"  # type: ignore[assignment]

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        return seal(value.reveal() if isinstance(value, Secret) else str(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, bytes | memoryview):
            return super().get_db_prep_value(value, connection, prepared=True)
        return super().get_db_prep_value(self.get_prep_value(value), connection, prepared=True)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Secret | None:
        return None if value is None else Secret(unseal(bytes(value)))

    def to_python(self, value: Any) -> Any:
        return value
