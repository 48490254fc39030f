"""The one place in the web shell that reads the clock; everything below is told the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(tz=UTC)
