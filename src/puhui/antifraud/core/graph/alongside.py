"""Pieces of work side by side in one process: sparse products, sorts and passes over arrays do not hold Python's lock.

Rule kept: what is told does not depend on how many run at once; answers come in the order asked.

>>> alongside(abs, [-1, 2, -3])
[1, 2, 3]
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Asked = TypeVar("Asked")
Told = TypeVar("Told")
AT_ONCE = 2  # the work waits for memory: more at once hold more arrays and gain little


def alongside(work: Callable[[Asked], Told], asked: Iterable[Asked]) -> list[Told]:
    """`work` of each of `asked`, so many at once; a fault of one is raised."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(work, asked))
