"""One worker process: it reads questions from the connections it is handed, and answers each before it looks at the next.

Parsing is httptools' (HTTP/1.1, keep-alive, pipelining, chunked bodies). One thread, one connection at a time: that is
what makes it possible to say, when the worker is killed, which single question was open (rta/handover.py).
"""

import array
import contextlib
import functools
import gc
import json
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httptools

from puhui.acquisition.rta import counters, handover
from puhui.acquisition.rta.engine import Engine

HEADER = struct.Struct("<cQQQ?")  # what, connection, taken, sent, answered
CLOSED, PARTIAL, GIVE, STOP, STEP_IN = b"C", b"P", b"G", b"Q", b"S"
MOST_PARTIAL = 32 * 1024
_TICK_S, _LOG_S = 0.1, 60.0
_WARM_PAGES = 2_000
_MOST_KNOWN = 1_024  # blocks of headers; a media's differ in the length of the body
_LONGEST = 1 << 20  # of any body; each media's own limit is in tables/media.csv
_MEDIA = {
    b"/rta/tencent": "tencent", b"/rta/ocean_engine": "ocean_engine", b"/rta/oceanengine": "ocean_engine",
    b"/rta/pangle": "ocean_engine", b"/rta/baidu": "baidu", b"/rta/openrtb": "openrtb", b"/openrtb": "openrtb",
    b"/openrtb2/auction": "openrtb",
}  # fmt: skip
_JSON, _TEXT = b"application/json; charset=utf-8", b"text/plain; version=0.0.4; charset=utf-8"
_UNKNOWN = (
    b'{"code":"MEDIA_UNKNOWN","message":"\xe6\xb2\xa1\xe6\x9c\x89\xe8\xbf\x99\xe4\xb8\xaa\xe5\xaa\x92\xe4\xbd\x93 \xc2\xb7 '
    b'no such media; ask /rta/tencent, /rta/ocean_engine, /rta/baidu or /openrtb"}'
)


@dataclass(frozen=True, slots=True)
class Post:
    """What a worker is born with. `pages` answers GET /health and /metrics; `inherit` takes over from a dead worker's seat."""

    channel: socket.socket
    place: handover.Place
    row: memoryview
    engine: Engine
    today: Callable[[], date]
    log: Path
    pages: Callable[[bytes], bytes]
    inherit: Callable[[int], None]


@dataclass(frozen=True, slots=True)
class _Heard:
    """What httptools made of a block of headers: how it asks what, and how long the body after it is."""

    method: bytes
    path: bytes
    length: int


class _Line:
    """One connection: its parser, what it has taken and sent, what could not be sent yet. `between`: no question is half read."""

    __slots__ = (
        "_body",
        "_path",
        "_worker",
        "between",
        "closing",
        "number",
        "out",
        "parser",
        "sent",
        "sock",
        "tail",
        "taken",
        "unsent",
    )

    def __init__(self, worker: "Worker", sock: socket.socket, number: int, taken: int, sent: int) -> None:
        self._worker, self.sock, self.number, self.taken, self.sent = worker, sock, number, taken, sent
        self.parser = httptools.HttpRequestParser(self)
        self.out: list[bytes] = []
        self.unsent = b""
        self.tail = b""
        self.closing = False
        self.between = True
        self._path = b""
        self._body = b""

    def on_message_begin(self) -> None:
        self._path = self._body = b""
        self.between = False

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body = self._body + body if self._body else body
        if len(self._body) > _LONGEST:
            self._say(*self._worker.too_long(self._path), keep=False)
            raise OverflowError

    def on_message_complete(self) -> None:
        keep = self.parser.should_keep_alive()
        self._say(*self._worker.respond(self.parser.get_method(), self._path, self._body), keep=keep)
        self.between = True

    def heard(self) -> "_Heard":
        """The question that was read last."""
        return _Heard(self.parser.get_method(), self._path, len(self._body))

    def _say(self, kind: bytes, body: bytes, *, keep: bool) -> None:
        self.out.append(_whole(kind, body, keep=keep))
        if not keep:
            self.closing = True


class Worker:
    """The loop. It ends when the supervisor is gone or says stop."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lines: dict[int, _Line] = {}
        self._poll = select.epoll()
        self._known: dict[bytes, _Heard] = {}
        self._warmed = 0
        self._log_due = time.monotonic() + _LOG_S
        self._generation = -1
        self._stopping = False

    def run(self) -> None:
        """Serve until told to stop."""
        gc.freeze()  # the supervisor collected before it forked: its pages stay shared
        gc.set_threshold(50_000, 20, 20)
        channel, poll = self._post.channel, self._poll
        poll.register(channel.fileno(), select.EPOLLIN)
        self._tick()
        self._post.row[counters.READY] = 1
        due = time.monotonic() + _TICK_S
        while not self._stopping:
            for number, events in poll.poll(_TICK_S, 64):
                if number == channel.fileno():
                    self._take()
                else:
                    self._serve(number, events)
            if time.monotonic() >= due:
                self._tick()
                due = time.monotonic() + _TICK_S
        self._log()

    def respond(self, method: bytes, path: bytes, body: bytes) -> tuple[bytes, bytes]:
        """(content type, body) for one request; the status is always 200."""
        media = _MEDIA.get(path)
        if media is None and b"?" in path:
            path = path.partition(b"?")[0]
            media = _MEDIA.get(path)
        if media is not None:
            engine = self._post.engine
            return engine.answer(media, body) if method == b"POST" else engine.refuse(media, "METHOD")
        if path in (b"/health", b"/healthz", b"/metrics"):
            self._post.engine.flush()
            return (_TEXT if path == b"/metrics" else _JSON), self._post.pages(path)
        return _JSON, _UNKNOWN

    def too_long(self, path: bytes) -> tuple[bytes, bytes]:
        """A body past any limit is answered before it has been read."""
        media = _MEDIA.get(path.partition(b"?")[0])
        return self._post.engine.refuse(media, "OVERSIZED") if media else (_JSON, _UNKNOWN)

    def _serve(self, number: int, events: int) -> None:
        line, place = self._lines[number], self._post.place
        if events & select.EPOLLOUT and line.unsent and not self._push(line):
            return
        if not events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
            return
        place.begin(line.number, line.taken, line.sent)
        try:
            count = line.sock.recv_into(place.data)
        except BlockingIOError:
            place.end()
            return
        except OSError:
            count = 0
        if not count:
            place.end()
            self._close(line)
            return
        line.taken += count
        self._work(line, bytes(place.data[:count]))
        place.end()
        if line.closing and not line.unsent:
            self._close(line)

    def _work(self, line: _Line, data: bytes, *, answered: bool = False) -> None:
        """Feed what came; send what is ready in one go. `answered`: a dead worker's answer had already left."""
        if line.between and not (answered or line.tail or line.closing) and self._answer_known(line, data):
            return
        start = line.between
        try:
            line.parser.feed_data(data)
        except (OverflowError, httptools.HttpParserError) as fault:
            if not line.out or not line.closing:
                if not isinstance(fault.__context__, OverflowError) and not isinstance(fault, OverflowError):
                    line.out.append(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                line.closing = True
        if answered:
            line.out.clear()
        elif start and len(line.out) == 1 and line.between and not line.closing:
            self._learn(line, data)
        if line.out:
            line.unsent += b"".join(line.out)
            line.out.clear()
            self._push(line)
            if line.tail:
                self._keep_tail(line, b"")
        elif not answered and len(line.tail) + len(data) <= MOST_PARTIAL:
            self._keep_tail(line, line.tail + data)

    def _answer_known(self, line: _Line, data: bytes) -> bool:
        """A media's headers repeat byte for byte: what httptools made of them once, it would make of them again.

        Only where `data` is one whole question and nothing else; anything else goes through the parser.
        """
        end = data.find(b"\r\n\r\n") + 4
        heard = self._known.get(data[:end])
        if heard is None or heard.length != len(data) - end:
            return False
        line.unsent += _whole(*self.respond(heard.method, heard.path, data[end:]), keep=True)
        self._push(line)
        return True

    def _learn(self, line: _Line, data: bytes) -> None:
        """Remember the headers of a question that came whole, ended at its last byte and kept the connection."""
        end, heard = data.find(b"\r\n\r\n") + 4, line.heard()
        if heard.length == len(data) - end and len(self._known) < _MOST_KNOWN:
            self._known[data[:end]] = heard

    def _push(self, line: _Line) -> bool:
        """Send; whether everything left."""
        try:
            count = line.sock.send(line.unsent)
        except BlockingIOError:
            count = 0
        except OSError:
            line.closing, line.unsent = True, b""
            return True
        line.sent += count
        line.unsent = line.unsent[count:]
        wanted = select.EPOLLIN | (select.EPOLLOUT if line.unsent else 0)
        if line.unsent or count == 0:
            self._poll.modify(line.sock.fileno(), wanted)
        return not line.unsent

    def _keep_tail(self, line: _Line, tail: bytes) -> None:
        """Half a question is kept by the supervisor too, in case this worker dies before the other half comes."""
        line.tail = tail
        self._tell(HEADER.pack(PARTIAL, line.number, line.taken, 0, False) + tail)

    def _close(self, line: _Line) -> None:
        number = line.sock.fileno()
        del self._lines[number]
        self._poll.unregister(number)
        line.sock.close()
        line.parser = None  # type: ignore[assignment]  # parser and line hold each other; the collector seldom runs
        self._tell(HEADER.pack(CLOSED, line.number, 0, 0, False))

    def _tell(self, message: bytes) -> None:
        with contextlib.suppress(OSError):
            self._post.channel.sendmsg([message])

    def _take(self) -> None:
        """A connection, new or a dead worker's; the word to step in for a dead worker, or to stop."""
        handles = array.array("i")
        try:
            message, ancillary, _, _ = self._post.channel.recvmsg(handover.DATA + HEADER.size, socket.CMSG_SPACE(4))
        except ConnectionError:
            message, ancillary = b"", []
        if not message or message[:1] == STOP:
            self._stopping = True
            return
        if message[:1] == STEP_IN:
            self._post.inherit(HEADER.unpack_from(message)[1])
            return
        for _, _, data in ancillary:
            handles.frombytes(data[: len(data) - len(data) % handles.itemsize])
        _, number, taken, sent, answered = HEADER.unpack_from(message)
        sock = socket.socket(fileno=handles[0])
        sock.setblocking(False)
        line = self._lines[sock.fileno()] = _Line(self, sock, number, taken, sent)
        self._poll.register(sock.fileno(), select.EPOLLIN)
        prefix = message[HEADER.size :]
        if prefix:
            self._work(line, prefix, answered=answered)
            if not line.tail:
                self._keep_tail(line, b"")  # the supervisor may forget what it gave with the connection
            if line.closing and not line.unsent:
                self._close(line)

    def _tick(self) -> None:
        """Heartbeat, change over, warm up what was changed to."""
        row, engine = self._post.row, self._post.engine
        with contextlib.suppress(Exception):  # what is served stays; /health names the generation
            engine.look(self._post.today())
        engine.flush()
        if engine.generation != self._generation:
            self._generation, self._warmed = engine.generation, 0
            self._warm()
        elif self._warmed:
            self._warm()
        if time.monotonic() >= self._log_due:
            self._log_due = time.monotonic() + _LOG_S
            self._log()
        row[counters.HEARTBEAT] = int(time.monotonic() * 1000)
        row[counters.GENERATION], row[counters.OPEN] = engine.generation, len(self._lines)

    def _log(self) -> None:
        """A line a minute for every kind of person and answer: who was shown what may be read back, nobody by name."""
        lines = self._post.engine.shown()
        if lines:
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            text = "".join(json.dumps({"at": at, **line}, ensure_ascii=False) + "\n" for line in lines)
            with contextlib.suppress(OSError), (self._post.log / f"answers-{at[:10]}.jsonl").open("a") as out:
                out.write(text)

    def _warm(self) -> None:
        audience = self._post.engine.audience
        self._warmed = audience.warm(pages=_WARM_PAGES, at=self._warmed) if audience else 0


def _whole(kind: bytes, body: bytes, *, keep: bool) -> bytes:
    """A whole HTTP answer; `keep` is said too, for those who ask by HTTP/1.0."""
    return b"%b%d\r\n\r\n%b" % (_head(kind, keep), len(body), body)


@functools.cache
def _head(kind: bytes, keep: bool) -> bytes:
    """An answer's first lines up to the length; there are four kinds of content."""
    connection = b"keep-alive" if keep else b"close"
    return b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nConnection: %b\r\nContent-Length: " % (kind, connection)
