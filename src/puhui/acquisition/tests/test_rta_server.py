"""The server as it is run: real processes, real sockets. No question is lost when workers are killed or an audience is loaded."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

import httpx
import pytest

from puhui.acquisition.channels.wire import tencent_rta_pb2 as tencent

PUHUI = str(Path(sys.executable).parent / "puhui")


def hashed(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Server:
    address: str
    port: int
    environment: dict[str, str]
    folder: Path

    def run(self, *words: str) -> str:
        command = [PUHUI, "octopus", "rta", *words]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def load(self, *rows: str) -> dict[str, object]:
        file = self.folder / "audience.csv"
        file.write_text("id,audience\n" + "".join(f"{row}\n" for row in rows))
        found: dict[str, object] = json.loads(self.run("load", str(file), "--json"))
        return found

    def health(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = httpx.get(f"{self.address}/health").json()
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    environment = os.environ | {"PUHUI_VAR": str(tmp_path)}
    command = [PUHUI, "octopus", "rta", "serve", "--port", "0", "--workers", "2"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[3]
        yield Server(address, int(address.rpartition(":")[2]), environment, tmp_path)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        if process.stdout:
            process.stdout.close()
    assert not list((tmp_path / "rta").glob("serving-*.json"))


def question(number: int, oaid: str = "new") -> bytes:
    request = tencent.RtaRequest(id=f"q{number}")
    request.device.oaid_md5sum = hashed(oaid)
    body = request.SerializeToString()
    return b"POST /rta/tencent HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def reply_of(sock: socket.socket) -> tencent.RtaResponse:
    (reply,) = replies_of(sock, 1)
    return reply


def replies_of(sock: socket.socket, count: int) -> list[tencent.RtaResponse]:
    """So many answers, and not a byte more."""
    data = b""
    found: list[tencent.RtaResponse] = []
    while len(found) < count:
        head, _, body = data.partition(b"\r\n\r\n")
        told = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
        if told and b"\r\n\r\n" in data and len(body) >= int(told):
            assert head.startswith(b"HTTP/1.1 200 OK")
            found.append(tencent.RtaResponse.FromString(body[: int(told)]))
            data = body[int(told) :]
            continue
        more = sock.recv(65536)
        assert more, "the connection was closed on a question"
        data += more
    assert data == b"", "no answer twice"
    return found


class Asker(threading.Thread):
    """Asks on one connection as fast as it can, and checks that each answer is the answer to its question."""

    def __init__(self, port: int, number: int) -> None:
        super().__init__()
        self.port, self.start_at, self.asked, self.over, self.fault = port, number * 10**6, 0, False, ""

    def run(self) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
                while not self.over:
                    number = self.start_at + self.asked
                    sock.sendall(question(number))
                    reply = reply_of(sock)
                    assert (reply.request_id, reply.code) == (f"q{number}", 0)
                    self.asked += 1
                    if self.asked % 20 == 0:
                        time.sleep(0.002)  # the processes under test need this processor too
        except Exception as fault:
            self.fault = repr(fault)


class TestTheServer:
    def test_loses_no_question_when_workers_are_killed_and_audiences_loaded(self, server: Server):
        server.load(f"{hashed('old')},declined")
        askers = [Asker(server.port, number) for number in range(3)]
        for asker in askers:
            asker.start()
        dead: set[int] = set()
        for round_ in range(5):
            time.sleep(0.1)
            pids = server.health()["pids"]
            victim = pids[round_ % 2]
            dead.add(victim)
            os.kill(victim, signal.SIGKILL)
            if round_ == 2:
                told = server.load(f"{hashed('old')},declined", f"{hashed(str(round_))},declined")
                assert told["workers_changed"] == 2
        time.sleep(0.2)
        for asker in askers:
            asker.over = True
            asker.join()
        assert [asker.fault for asker in askers] == [""] * 3
        assert min(asker.asked for asker in askers) > 20
        health = server.health()
        assert health["alive"] == 2
        assert not dead & set(health["pids"])
        assert "puhui_rta_respawns_total 5" in httpx.get(f"{server.address}/metrics").text

    def test_has_a_worker_standing_by_that_steps_in_for_a_dead_one(self, server: Server):
        server.load(f"{hashed('old')},declined")
        before = server.health()
        (spare,) = before["spare"]
        assert spare not in before["pids"]
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
            sock.sendall(question(1))
            assert reply_of(sock).request_id == "q1"
            for victim in before["pids"]:
                os.kill(victim, signal.SIGKILL)
            sock.sendall(question(2))
            assert reply_of(sock).request_id == "q2"
        after = server.health()
        assert spare in after["pids"]
        assert not {*before["pids"]} & {*after["pids"], *after["spare"]}
        assert (len(after["pids"]), len(after["spare"]), after["alive"]) == (2, 1, 2)

    def test_answers_pieces_pipelines_chunks_and_refuses_what_is_no_http(self, server: Server):
        server.load(f"{hashed('old')},declined")
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
            whole = question(1)
            for piece in (whole[:20], whole[20:95], whole[95:]):
                sock.sendall(piece)
                time.sleep(0.05)
            assert reply_of(sock).request_id == "q1"
            sock.sendall(question(2)[:60])
            time.sleep(0.1)
            for pid in server.health()["pids"]:  # the half question outlives the worker that read it
                os.kill(pid, signal.SIGKILL)
            sock.sendall(question(2)[60:])
            assert reply_of(sock).request_id == "q2"
            body = question(3).partition(b"\r\n\r\n")[2]
            head = b"POST /rta/tencent?x=1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            sock.sendall(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
            assert reply_of(sock).request_id == "q3"
            sock.sendall(question(4, "old"))
            assert reply_of(sock).code == 1
            again = question(5)  # these headers have been met whole by now
            for cut in (len(again) - 9, again.index(b"\r\n\r\n") + 4, 2):
                sock.sendall(again[:cut])
                time.sleep(0.05)
                sock.sendall(again[cut:])
                assert reply_of(sock).request_id == "q5"
            sock.sendall(question(6) + question(7, "old") + question(8)[:70])
            assert [(one.request_id, one.code) for one in replies_of(sock, 2)] == [("q6", 0), ("q7", 1)]
            sock.sendall(question(8)[70:])
            assert reply_of(sock).request_id == "q8"
            sock.sendall(b"\r\n")
            time.sleep(0.05)
            sock.sendall(question(9))
            assert reply_of(sock).request_id == "q9"
            sock.sendall(question(1).replace(b"Host: x", b"Connection: close") + question(2))
            assert reply_of(sock).request_id == "q1"
            assert sock.recv(100) == b"", "nobody is answered after having said good-bye"
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
            sock.sendall(b"no http at all\r\n\r\n")
            assert sock.recv(100).startswith(b"HTTP/1.1 400")
            assert sock.recv(100) == b""

    def test_says_no_with_status_200_to_whatever_is_no_question(self, server: Server):
        with httpx.Client(base_url=server.address) as client:
            assert client.get("/health").json()["status"] == "no audience"
            fresh = client.post("/rta/tencent", content=question(1).partition(b"\r\n\r\n")[2])
            assert (fresh.status_code, tencent.RtaResponse.FromString(fresh.content).code) == (200, 1)
            unknown = client.post("/rta/weibo", content=b"x")
            assert (unknown.status_code, unknown.json()["code"]) == (200, "MEDIA_UNKNOWN")
            method = client.get("/rta/tencent")
            assert (method.status_code, tencent.RtaResponse.FromString(method.content).code) == (200, 1)
            huge = client.post("/rta/tencent", content=b"x" * (1 << 21))
            assert (huge.status_code, tencent.RtaResponse.FromString(huge.content).code) == (200, 1)
            server.load(f"{hashed('old')},declined")
            assert client.get("/health").json()["status"] == "ok"
            server.run("stop", "tencent")
            time.sleep(0.3)
            answer = client.post("/rta/tencent", content=question(1).partition(b"\r\n\r\n")[2])
            assert tencent.RtaResponse.FromString(answer.content).code == 1
            server.run("resume")
            time.sleep(0.3)
            answer = client.post("/rta/tencent", content=question(1).partition(b"\r\n\r\n")[2])
            assert tencent.RtaResponse.FromString(answer.content).code == 0
            assert json.loads(server.run("show"))["published"]["ids"] == 1
