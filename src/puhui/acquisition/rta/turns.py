"""How long a process keeps a processor before another may have it: short turns for who works beside the servers.

Since Linux 6.6 a process that wakes waits until the turn of whoever runs is over (about 3 ms), however nice that one is: most of the
time that an answer has. From 6.12 on a process may ask for shorter turns. An older kernel, or another system, leaves all as it was.
Source: sched_setattr(2), `sched_runtime` of SCHED_OTHER, and "EEVDF Scheduler" in the kernel's documentation.
"""

import ctypes
import os
import platform
from typing import Any

from puhui.kernel import shipped

_SETATTR = {"x86_64": 314, "aarch64": 274}  # the number of the call; the C library has no name for it before 2.41
_LEAST_US, _MOST_US = 100, 100_000  # what the kernel takes


class _Attributes(ctypes.Structure):
    """`struct sched_attr`, first version."""

    _fields_ = (
        ("size", ctypes.c_uint32), ("policy", ctypes.c_uint32), ("flags", ctypes.c_uint64), ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32), ("runtime", ctypes.c_uint64), ("deadline", ctypes.c_uint64), ("period", ctypes.c_uint64),
    )  # fmt: skip


def terms() -> dict[str, Any]:
    """`tables/delivery.toml`."""
    return shipped.tree("puhui.acquisition", "tables/delivery.toml")


def ask(turn_us: int) -> bool:
    """Turns of so many microseconds for this thread and what it bears from here on; False where the system knows no such wish."""
    number = _SETATTR.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        return False
    asked = _Attributes(
        size=ctypes.sizeof(_Attributes), policy=os.sched_getscheduler(0), nice=os.nice(0),
        runtime=1000 * min(max(turn_us, _LEAST_US), _MOST_US),
    )  # fmt: skip
    return bool(ctypes.CDLL(None, use_errno=True).syscall(number, 0, ctypes.byref(asked), 0) == 0)
