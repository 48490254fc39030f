"""The process that owns the port: it accepts connections, hands each to a worker, and bears a new worker for a dead one.

It never reads a question itself. It keeps a duplicate of every connection; when a worker dies, killed or hung, its
connections go to the living at once, with whatever the dead one had taken and not answered (rta/handover.py). One worker
more than asked for stands by with everything loaded: it steps in for the dead, and the new-born becomes the next to stand by.
"""

import array
import contextlib
import gc
import json
import os
import resource
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psutil

from puhui.acquisition.rta import counters, handover
from puhui.acquisition.rta.counters import Counters
from puhui.acquisition.rta.engine import Engine
from puhui.acquisition.rta.worker import CLOSED, GIVE, HEADER, PARTIAL, STEP_IN, STOP, Post, Worker
from puhui.kernel.refusal import Refusal, Refused

_HUNG_S = 3.0
_PATIENCE_S = 3.0
_WAIT_S = 0.2


@dataclass(slots=True)
class _Held:
    """A connection as the supervisor holds it. `given`: (bytes sent, whether answered) when it was handed on with the bytes in `tail`,
    until the worker says what became of them."""

    sock: socket.socket
    worker: int
    tail: bytes = b""
    tail_at: int = 0
    given: tuple[int, bool] | None = None


@dataclass(slots=True)
class _Staff:
    """A seat for a worker and whoever fills it now."""

    place: handover.Place
    pid: int = 0
    channel: socket.socket | None = None
    waiting: deque[tuple[bytes, int]] = field(default_factory=deque)
    born: float = 0.0
    connections: int = 0


@dataclass(frozen=True, slots=True)
class Serving:
    """How to serve: the folder of publications, the address, the number of workers, and where time comes from."""

    folder: Path
    host: str
    port: int
    workers: int
    today: Callable[[], date]


class Supervisor:
    """One port, several workers."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._spare = serving.workers
        self._counters = Counters(serving.workers + 1)
        self._staff = [_Staff(handover.Place()) for _ in range(serving.workers + 1)]
        self._held: dict[int, _Held] = {}
        self._last = 0
        self._poll = select.epoll()
        self._stopping = False
        self._began = time.monotonic()
        self._told: object = None
        self._listener = _listen(serving)
        self.port: int = self._listener.getsockname()[1]
        self._status = serving.folder / f"serving-{self.port}.json"

    def run(self, *, ready: Callable[[int], None]) -> None:
        """Serve until SIGTERM or SIGINT; `ready` is told the port once every worker is born."""
        _allow_many_files()
        wake, waker = socket.socketpair()
        for end in (wake, waker):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.fileno())
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._stop)
        self._serving.folder.mkdir(parents=True, exist_ok=True)
        self._counters.row(self._spare)[counters.SPARE] = 1
        gc.collect()
        gc.freeze()  # what is loaded stays in pages that all workers share, untouched by their collectors
        for number in range(len(self._staff)):
            self._bear(number)
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self._poll.register(wake.fileno(), select.EPOLLIN)
        ready(self.port)
        try:
            while not self._stopping:
                self._round(wake)
        finally:
            signal.set_wakeup_fd(-1)
            self._close()

    def _round(self, wake: socket.socket) -> None:
        channels = {staff.channel.fileno(): number for number, staff in enumerate(self._staff) if staff.channel}
        for handle, events in self._poll.poll(_WAIT_S, 64):
            if handle == self._listener.fileno():
                self._accept()
            elif handle == wake.fileno():
                with contextlib.suppress(BlockingIOError):
                    wake.recv(4096)
            elif handle in channels and self._staff[channels[handle]].channel:
                number = channels[handle]
                if events & select.EPOLLOUT:
                    self._drain(number)
                if events & (select.EPOLLIN | select.EPOLLHUP):
                    self._listen_to(number)
        self._look_after()

    def _accept(self) -> None:
        for _ in range(64):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            except OSError:  # no more files: those waiting stay in the kernel's queue until a connection ends
                time.sleep(0.01)
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            self._last += 1
            self._held[self._last] = _Held(sock, -1)
            self._give(self._last, 0, 0, answered=False, data=b"")

    def _give(self, connection: int, taken: int, sent: int, *, answered: bool, data: bytes) -> None:
        """To the living worker with the fewest connections; the spare waits for a death."""
        number = min(self._serving_seats(), key=lambda each: self._staff[each].connections)
        held = self._held[connection]
        held.worker = number
        if data:  # it may die before it reads this: what it was given is kept until it says what became of it
            held.tail, held.tail_at, held.given = data, taken, (sent, answered)
        self._staff[number].connections += 1
        header = HEADER.pack(GIVE, connection, taken, sent, answered)
        self._staff[number].waiting.append((header + data, held.sock.fileno()))
        self._drain(number)

    def _drain(self, number: int) -> None:
        staff = self._staff[number]
        while staff.waiting and staff.channel:
            message, handle = staff.waiting[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [handle]))] if handle >= 0 else []
            try:
                staff.channel.sendmsg([message], rights)
            except BlockingIOError:
                self._poll.modify(staff.channel.fileno(), select.EPOLLIN | select.EPOLLOUT)
                return
            except OSError:
                return  # it is dead; its channel will say so, and all it held is handed on
            staff.waiting.popleft()
        if staff.channel:
            self._poll.modify(staff.channel.fileno(), select.EPOLLIN)

    def _listen_to(self, number: int) -> None:
        staff = self._staff[number]
        while staff.channel:
            try:
                message = staff.channel.recv(handover.DATA + HEADER.size)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._mourn(number)
                return
            what, connection, taken, *_ = HEADER.unpack_from(message)
            held = self._held.get(connection)
            if held is None or held.worker != number:
                continue
            if what == CLOSED:
                held.sock.close()
                del self._held[connection]
                staff.connections -= 1
            elif what == PARTIAL:
                held.tail, held.tail_at, held.given = message[HEADER.size :], taken, None

    def _serving_seats(self) -> list[int]:
        return [number for number in range(len(self._staff)) if number != self._spare]

    def _mourn(self, number: int) -> None:
        """Hand on everything a dead worker held: to the spare where it is ready, else to a new-born."""
        staff = self._staff[number]
        if staff.channel:
            self._poll.unregister(staff.channel.fileno())
            staff.channel.close()
        staff.channel = None
        with contextlib.suppress(ChildProcessError, ProcessLookupError):
            os.kill(staff.pid, signal.SIGKILL)
            os.waitpid(staff.pid, 0)
        never_given = {HEADER.unpack_from(message)[1] for message, _ in staff.waiting}
        staff.waiting.clear()
        staff.connections = 0
        open_question = staff.place.busy_with()
        orphans = []
        for connection, held in list(self._held.items()):
            if held.worker == number:
                orphans.append((connection, *self._left(staff, connection, held, open_question, never_given)))
                held.worker, held.tail, held.tail_at, held.given = -1, b"", 0, None
        staff.place.end()
        if self._stopping:
            return
        if self._steps_in(number):
            for connection, taken, sent, answered, data in orphans:
                self._give(connection, taken, sent, answered=answered, data=data)
            orphans = []
        if time.monotonic() - staff.born < _WAIT_S:
            time.sleep(_WAIT_S)  # one that cannot live is not borne in a frenzy
        self._bear(number)
        self._counters.row(number)[counters.RESPAWNS] += 1
        for connection, taken, sent, answered, data in orphans:
            self._give(connection, taken, sent, answered=answered, data=data)

    def _steps_in(self, number: int) -> bool:
        """Whether the spare took the dead worker's place; from now on the dead one's seat is the spare's."""
        spare = self._staff[self._spare]
        if number == self._spare or not spare.channel or not self._counters.row(self._spare)[counters.READY]:
            return False
        spare.waiting.append((HEADER.pack(STEP_IN, number, 0, 0, False), -1))
        self._drain(self._spare)
        self._counters.row(self._spare)[counters.SPARE] = 0
        self._counters.row(number)[counters.SPARE] = 1
        self._spare = number
        return True

    def _left(
        self, staff: _Staff, connection: int, held: _Held, open_question: int | None, never_given: set[int]
    ) -> tuple[int, int, bool, bytes]:
        """(taken, sent, answered, data) of one connection of a dead worker."""
        try:
            now = handover.traffic(held.sock)
        except OSError:
            return 0, 0, False, b""
        if held.given is not None:
            sent, answered = held.given
            return (now.taken, now.sent, False, b"") if now.sent > sent else (now.taken, now.sent, answered, held.tail)
        if connection != open_question or connection in never_given:
            return now.taken, now.sent, False, held.tail
        left = staff.place.unfinished(now)
        fresh = left.data if held.tail_at <= staff.place.taken_before() else b""
        return now.taken, now.sent, left.answered, held.tail + fresh

    def _bear(self, number: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * handover.DATA)
        self._counters.row(number)[counters.READY] = 0
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                self._live(number, theirs)
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        ours.setblocking(False)
        staff = self._staff[number]
        staff.pid, staff.channel, staff.born = pid, ours, time.monotonic()
        self._counters.row(number)[counters.PID] = pid
        self._counters.row(number)[counters.HEARTBEAT] = int(staff.born * 1000)
        self._poll.register(ours.fileno(), select.EPOLLIN)

    def _live(self, number: int, channel: socket.socket) -> None:
        """In the new process: let go of all that is the supervisor's, then serve."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._poll.close()
        self._listener.close()
        for held in self._held.values():
            held.sock.close()
        for staff in self._staff:
            if staff.channel:
                staff.channel.close()
        serving, row = self._serving, self._counters.row(number)
        engine = Engine(serving.folder, row, workers=serving.workers, today=serving.today())
        place = self._staff[number].place
        post = Post(
            channel, place, row, engine, serving.today, serving.folder,
            pages=lambda path: self._page(path, engine),
            inherit=lambda dead: counters.inherit(row, self._counters.row(dead)),
        )  # fmt: skip
        Worker(post).run()

    def _look_after(self) -> None:
        """A worker without a heartbeat is hung: kill it, and it is mourned like any other. Say who serves what."""
        now = time.monotonic()
        for number, staff in enumerate(self._staff):
            silent = now - self._counters.row(number)[counters.HEARTBEAT] / 1000
            if silent > _HUNG_S and now - staff.born > _HUNG_S and staff.channel:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(staff.pid, signal.SIGKILL)
                self._mourn(number)
        rows = [self._counters.row(number) for number in self._serving_seats()]
        workers = [{"pid": row[counters.PID], "generation": row[counters.GENERATION]} for row in rows]
        told = {"pid": os.getpid(), "port": self.port, "workers": workers}
        if told != self._told:
            partial = self._status.with_name(f".{self._status.name}")
            partial.write_text(json.dumps(told))
            partial.replace(self._status)
            self._told = told

    def _page(self, path: bytes, engine: Engine) -> bytes:
        """/health and /metrics, made by whichever worker is asked."""
        seats = [self._counters.row(number) for number in range(len(self._staff))]
        rows = [row for row in seats if not row[counters.SPARE]]
        now = time.monotonic()
        beats = [now - row[counters.HEARTBEAT] / 1000 for row in rows]
        alive = sum(beat < _HUNG_S for beat in beats)
        audience = engine.audience
        if path != b"/metrics":
            told = {
                "status": "ok" if alive and audience else "no audience" if alive else "down",
                "workers": self._serving.workers, "alive": alive,
                "pids": [row[counters.PID] for row in rows],
                "spare": [row[counters.PID] for row in seats if row[counters.SPARE]],
                "generations": [row[counters.GENERATION] for row in rows],
                "audience": audience.info.content if audience else None, "ids": audience.ids if audience else 0,
                "audiences": audience.info.sizes if audience else {}, "strategies": len(engine.strategies),
                "seconds_up": round(now - self._began, 1),
            }  # fmt: skip
            return json.dumps(told, ensure_ascii=False).encode()
        facts: list[tuple[str, str, object]] = [
            ("workers_alive", "", alive),
            ("uptime_seconds", "", f"{now - self._began:.1f}"),
        ]
        facts += [("generation", f'worker="{number}"', row[counters.GENERATION]) for number, row in enumerate(seats)]
        for number, row in enumerate(seats):
            with contextlib.suppress(psutil.Error):
                memory = psutil.Process(row[counters.PID]).memory_full_info()
                facts.append(("memory_resident_bytes", f'worker="{number}"', memory.rss))
                facts.append(("memory_unique_bytes", f'worker="{number}"', memory.uss))
        sizes = audience.info.sizes if audience else {}
        facts += [("audience_ids", f'audience="{name}"', size) for name, size in sizes.items()]
        return self._counters.text(engine.strategies, facts).encode()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _close(self) -> None:
        """No new connections; what is being answered is finished; then everybody goes."""
        self._listener.close()
        for staff in self._staff:
            if staff.channel:
                with contextlib.suppress(OSError):
                    staff.channel.sendmsg([STOP])
        last = time.monotonic() + _PATIENCE_S
        for staff in self._staff:
            while staff.pid:
                try:
                    gone, _ = os.waitpid(staff.pid, os.WNOHANG)
                except ChildProcessError:
                    break
                if gone:
                    break
                if time.monotonic() > last:
                    os.kill(staff.pid, signal.SIGKILL)
                time.sleep(0.01)
        self._status.unlink(missing_ok=True)


def _allow_many_files() -> None:
    """A media at full traffic keeps thousands of connections; each is a file of ours."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(serving: Serving) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
        listener = socket.create_server((serving.host, serving.port), family=family, backlog=4096)
    except (OSError, OverflowError) as fault:
        told = f"端口不可用 · cannot listen: {fault}"
        raise Refused(Refusal("PORT_UNAVAILABLE", told, where=f"{serving.host}:{serving.port}")) from None
    listener.setblocking(False)
    return listener
