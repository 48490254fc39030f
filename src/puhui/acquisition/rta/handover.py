"""How a question survives the death of the worker that was answering it.

The supervisor keeps a duplicate of every connection, so the kernel does not reset it when a worker dies. Before a worker
reads, it notes in its place in shared memory which connection it reads and how many bytes it had taken and sent on it;
it reads *into* that place. When it dies, the kernel still knows how many bytes were taken and sent; the differences tell
exactly what was being answered and whether the answer left. The next worker gets the connection with those bytes.
"""

import fcntl
import mmap
import socket
import struct
import termios
from dataclasses import dataclass

DATA = 96 * 1024  # read at a time; with half a question before it, one message between processes
_HEAD = 64
_BUSY, _CONNECTION, _TAKEN, _SENT = range(4)
_INFO = struct.Struct("<8B24I4Q6I4Q2I2Q")  # struct tcp_info up to bytes_retrans (Linux 4.19 and later)
_CLOSE_WAIT = 8


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes ever taken by us from a connection, and ever handed to the kernel for sending."""

    taken: int
    sent: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a dead worker held: the connection, the bytes it had taken without answering, whether the answer left."""

    connection: int
    data: bytes
    answered: bool


class Place:
    """A worker's place in shared memory: what it is busy with, and the bytes it reads."""

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, _HEAD + DATA)
        view = memoryview(self._map)
        self.head = view[:_HEAD].cast("Q")
        self.data = view[_HEAD:]

    def begin(self, connection: int, taken: int, sent: int) -> None:
        """Note what is about to be read."""
        head = self.head
        head[_CONNECTION], head[_TAKEN], head[_SENT] = connection, taken, sent
        head[_BUSY] = 1

    def end(self) -> None:
        """The answer has left."""
        self.head[_BUSY] = 0

    def busy_with(self) -> int | None:
        """The connection a dead worker was reading, if any."""
        return self.head[_CONNECTION] if self.head[_BUSY] else None

    def taken_before(self) -> int:
        """Bytes taken from the connection before the read that was open."""
        return self.head[_TAKEN]

    def unfinished(self, traffic: Traffic) -> Unfinished:
        """What the dead worker left of the connection it was busy with."""
        taken = min(max(traffic.taken - self.head[_TAKEN], 0), DATA)
        return Unfinished(self.head[_CONNECTION], bytes(self.data[:taken]), traffic.sent > self.head[_SENT])


def traffic(connection: socket.socket) -> Traffic:
    """From the kernel's own count."""
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    if len(raw) < _INFO.size:
        raise OSError("this kernel does not count bytes per connection")
    info = _INFO.unpack_from(raw)
    received, unsent, sent, again = info[35], info[38], info[48], info[49]
    waiting = bytearray(4)
    fcntl.ioctl(connection, termios.FIONREAD, waiting)
    closing = 1 if info[0] == _CLOSE_WAIT else 0
    return Traffic(received - closing - int.from_bytes(waiting, "little"), sent - again + unsent)
