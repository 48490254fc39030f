"""An operation is done whole or not at all; called inside another operation it shares that one's fate.

Rule kept: one operation, one transaction (card 7). Django's `atomic` would set a savepoint at every call inside a call, two round
trips each, although nobody survives an inner failure: whoever wants to, opens a `transaction.atomic()` of their own around the
call, and the failure undoes that much. Catching the failure without one ends in Django's TransactionManagementError, loudly.

>>> @undivided
... def operation() -> int:
...     return 1
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

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


class unit:  # noqa: N801 - it reads as the function it is to its callers
    """The same for a block. A part marks the whole as failed when it fails, as `atomic(savepoint=False)` would."""

    __slots__ = ("_connection", "_token", "_whole")

    def __enter__(self) -> None:
        self._connection: Any = transaction.get_connection()
        self._whole: transaction.Atomic | None = None
        if not (_INSIDE.get() and self._connection.in_atomic_block):
            self._whole = transaction.Atomic(using=None, savepoint=True, durable=False)
            self._whole.__enter__()
        self._token = _INSIDE.set(True)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        _INSIDE.reset(self._token)
        if self._whole is not None:
            self._whole.__exit__(kind, fault, trace)
        elif kind is not None and self._connection.in_atomic_block:
            self._connection.needs_rollback = True
