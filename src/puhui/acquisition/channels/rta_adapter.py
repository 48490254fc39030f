"""What every real-time adapter does: a media's words to an `Ask`, an `Answer` to the media's words. No judgement here."""

from collections.abc import Sequence
from typing import Any, Protocol

from puhui.acquisition.core import device_ids
from puhui.acquisition.core.rta import Answer, Ask


class Unreadable(Exception):
    """The body is not what this media sends: cut off, another media's, or no message at all."""


class Adapter(Protocol):
    """`prepare` is kept for every distinct answer; `write` adds what differs from one request to the next."""

    media: str
    content_type: bytes

    def read(self, body: bytes, doubtful: frozenset[int]) -> Ask:
        """The question; raises Unreadable."""

    def prepare(self, answer: Answer, coefficients: Sequence[float], asked: Sequence[str]) -> Any:
        """The part of the answer that does not depend on the request; `coefficients` are those of answer.grants."""

    def write(self, prepared: Any, ask: Ask, spent_ms: int) -> bytes:
        """The whole answer."""

    def reject(self, request_id: str, cache_s: int, reason: str) -> bytes:
        """A plain no, for questions that could not be read or answered."""


def add_key(keys: list[int], kind: str, text: str, doubtful: frozenset[int]) -> None:
    """Append the key of an id where it says something and is not there yet."""
    key = device_ids.asked(kind, text, doubtful)
    if key is not None and key not in keys:
        keys.append(key)


def string_field(number: int, text: str | bytes) -> bytes:
    """A length-delimited protobuf field. A protobuf 2 text that is no UTF-8 arrives as bytes, and leaves as it came.

    >>> string_field(1, "a").hex()
    '0a0161'
    """
    data = text.encode() if isinstance(text, str) else text
    if number < 16 and len(data) < 128:
        return bytes((number << 3 | 2, len(data))) + data
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A protobuf varint of a whole number that is not negative.

    >>> varint(300).hex()
    'ac02'
    """
    if value <= 0x7F:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
