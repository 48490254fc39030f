"""An operation is done whole or not at all; called inside another operation it shares that one's fate.

Rule kept: one operation, one transaction (card 7). Django's `atomic` would set a savepoint at every call inside a call, two round
trips each, although nobody survives an inner failure: whoever wants to, opens a `transaction.atomic()` of their own around the
call, and the failure undoes that much. Catching the failure without one ends in Django's TransactionManagementError, loudly.

>>> @undivided
... def operation() -> int:
...     return 1
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import transaction

_P = ParamSpec("_P")
_R = TypeVar("_R")
_INSIDE: ContextVar[bool] = ContextVar("inside an operation", default=False)


def undivided(operation: Callable[_P, _R]) -> Callable[_P, _R]:
    """The operation in a transaction of its own, or as a part of the operation that calls it."""

    @wraps(operation)
    def whole(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with unit():
            return operation(*args, **kwargs)

    return whole


@contextmanager
def unit() -> Iterator[None]:
    """The same for a block."""
    inside = _INSIDE.get() and transaction.get_connection().in_atomic_block
    token = _INSIDE.set(True)
    try:
        with transaction.atomic(savepoint=not inside):
            yield
    finally:
        _INSIDE.reset(token)
