"""The real-time server under wrk (a public load tool) on the same machine: requests a second, p99, errors, memory.

Ten million invented device ids in five audiences, fifty strategies, Tencent's protobuf. First as much as goes in, then at a
pace (each connection waits a millisecond before it asks again, as a media asks what it has to ask and no more). While wrk
runs, a worker is killed, another audience is loaded and the other worker is killed; the seconds at which that happened are
told, and whether wrk was still running. Every answer is a whole HTTP answer to wrk; a sample is parsed and compared with what the
audiences say. Run by bench/__main__.py, or alone by `python -m bench.rta [IDS] [SECONDS] [CONNECTIONS]`.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

from bench.inside import figure
from bench.installation import PUHUI
from puhui.acquisition.channels.wire import tencent_rta_pb2 as wire

AUDIENCES = ("existing_customer", "declined", "blacklisted", "vulnerable", "lookalike")
STRATEGIES, WORKERS, BODIES = 50, 2, 4096
_LUA = """
local file = io.open(os.getenv("RTA_BODIES"), "rb")
local data = file:read("*a")
file:close()
local bodies, at = {}, 1
while at <= #data do
  local size = data:byte(at) * 256 + data:byte(at + 1)
  bodies[#bodies + 1] = wrk.format("POST", "/rta/tencent", {["Content-Type"] = "application/x-protobuf"}, data:sub(at + 2, at + 1 + size))
  at = at + 2 + size
end
local place = math.random(#bodies)
request = function()
  place = place % #bodies + 1
  return bodies[place]
end
local pause = tonumber(os.getenv("RTA_PAUSE_MS") or "0")
if pause > 0 then
  delay = function() return pause end
end
"""


def main(ids: int, seconds: int = 15, connections: int = 16) -> None:
    """Measure and print; everything made is removed at the end."""
    if shutil.which("wrk") is None:
        print(json.dumps({"figure": "rta", "skipped": "wrk is not here; apt-get install wrk"}))
        return
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as (address, environment):
        place = Path(folder)
        _make(place, ids)
        for name in ("first", "second"):
            told = _load(place / f"{name}.parquet", place, environment)
            print(json.dumps(figure(f"rta.load_{name}", told["seconds"], "s", told["ids"])), flush=True)
        _agrees(address, place)
        before = _metrics(address)
        for name, pause_ms, lines in (("", 0, connections), ("paced.", 1, 2 * connections)):
            drive = _Drive(address, place, lines, pause_ms)
            for line in _lines(f"rta.{name}quiet", _wrk(drive, seconds), ids):
                print(json.dumps(line), flush=True)
            changed: list[str] = []
            events = threading.Thread(target=_disturb, args=(address, place, environment, seconds, changed))
            events.start()
            disturbed = _wrk(drive, 4 * seconds)
            changed.append("wrk ended")
            events.join()
            for line in _lines(f"rta.{name}while_loading_and_killing", disturbed, ids):
                print(json.dumps(line | {"events": changed}), flush=True)
        after = _metrics(address)
        print(json.dumps(figure("rta.respawns", after["respawns"] - before["respawns"], "workers", ids)), flush=True)
        print(json.dumps(figure("rta.memory_unique_per_worker", after["unique_mb"], "MB", ids)), flush=True)
        print(json.dumps(figure("rta.memory_shared_file", after["file_mb"](place), "MB", ids)), flush=True)
        _agrees(address, place)


@contextmanager
def _served(place: Path) -> Iterator[tuple[str, dict[str, str]]]:
    environment = os.environ | {"PUHUI_VAR": str(place), "RTA_BODIES": str(place / "bodies.bin")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PUHUI, "octopus", "rta", "serve", "--port", str(port), "--workers", str(WORKERS)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout, "asked for"
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}", environment
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _make(place: Path, ids: int) -> None:
    """Two audience files, fifty strategies, the bodies wrk sends: half of the devices known, half unknown."""
    dice = np.random.default_rng(1)
    halves = dice.integers(0, 2**63, (ids, 2), dtype=np.uint64)
    names = pl.Series(AUDIENCES)
    text = halves.astype(">u8").tobytes().hex()
    digests = [text[start : start + 32] for start in range(0, len(text), 32)]
    for number, name in enumerate(("first", "second")):
        which = np.roll(dice.integers(0, len(AUDIENCES), ids), number)
        frame = pl.DataFrame({"id": digests, "id_type": "oaid_md5", "audience": names.gather(which)})
        frame.write_parquet(place / f"{name}.parquet")
    rows = ["media,strategy,include,exclude,grades"]
    for number in range(STRATEGIES):
        include = "lookalike" if number % 5 == 0 else ""
        rows.append(f"tencent,s{number:02d},{include},existing_customer|declined,lookalike:{1 + number / 50:.2f}")
    (place / "strategies.csv").write_text("\n".join(rows) + "\n")
    chance = random.Random(2)
    with (place / "bodies.bin").open("wb") as out:
        for number in range(BODIES):
            request = wire.RtaRequest(id=f"simulated-{number:06d}")
            request.device.os = wire.RtaRequest.OS_ANDROID
            known = digests[chance.randrange(ids)] if number % 2 else f"{chance.getrandbits(128):032x}"
            request.device.oaid_md5sum = known
            request.device.imei_md5sum = f"{chance.getrandbits(128):032x}"
            request.device.ip = "203.0.113.7"
            data = request.SerializeToString()
            out.write(struct.pack(">H", len(data)) + data)
    (place / "load.lua").write_text(_LUA)


def _load(file: Path, place: Path, environment: dict[str, str]) -> dict[str, Any]:
    command = [PUHUI, "octopus", "rta", "load", str(file), "--strategies", str(place / "strategies.csv"), "--json"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["workers_changed"] == WORKERS, told
    return told


@dataclass(frozen=True, slots=True)
class _Drive:
    """How wrk drives: `pause_ms` before a connection asks again."""

    address: str
    place: Path
    connections: int
    pause_ms: int


def _wrk(drive: _Drive, seconds: int) -> dict[str, float]:
    script = str(drive.place / "load.lua")
    command = ["wrk", "-t1", f"-c{drive.connections}", f"-d{seconds}s", "--latency", "-s", script, drive.address]
    environment = os.environ | {"RTA_BODIES": str(drive.place / "bodies.bin"), "RTA_PAUSE_MS": str(drive.pause_ms)}
    text = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    found = {name: _ms(re.search(rf"^ +{name}% +(\S+)$", text, re.MULTILINE)) for name in ("50", "99")}
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    rate = re.search(r"Requests/sec:\s+(\S+)", text)
    return {
        "rate": float(rate[1]) if rate else 0.0, "p50": found["50"], "p99": found["99"],
        "errors": (sum(map(int, errors.groups())) if errors else 0) + (int(refused[1]) if refused else 0),
    }  # fmt: skip


def _ms(found: re.Match[str] | None) -> float:
    assert found, "wrk says how long answers took"
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", found[1]).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _lines(name: str, found: dict[str, float], ids: int) -> list[dict[str, object]]:
    load = round(os.getloadavg()[0], 1)
    return [
        figure(f"{name}.requests", found["rate"], "1/s", ids) | {"load": load},
        figure(f"{name}.p50", found["p50"], "ms", ids),
        figure(f"{name}.p99", found["p99"], "ms", ids),
        figure(f"{name}.errors", found["errors"], "errors", ids),
    ]


def _disturb(address: str, place: Path, environment: dict[str, str], seconds: int, done: list[str]) -> None:
    """Some seconds in a worker is killed, then an audience is loaded, then the other worker is killed."""
    began = time.monotonic()
    time.sleep(seconds / 3)
    pids = httpx.get(f"{address}/health").json()["pids"]
    os.kill(pids[0], signal.SIGKILL)
    done.append(f"killed at {time.monotonic() - began:.1f} s")
    _load(place / "first.parquet", place, environment)
    done.append(f"loaded at {time.monotonic() - began:.1f} s")
    os.kill(pids[1], signal.SIGKILL)
    done.append(f"killed at {time.monotonic() - began:.1f} s")


def _metrics(address: str) -> dict[str, Any]:
    text = httpx.get(f"{address}/metrics").text
    unique = [float(value) for value in re.findall(r"memory_unique_bytes\S+ (\S+)", text)]
    respawns = re.search(r"respawns_total (\d+)", text)
    return {
        "respawns": int(respawns[1]) if respawns else 0,
        "unique_mb": max(unique, default=0) / 1e6,
        "file_mb": lambda place: max(each.stat().st_size for each in (place / "rta").glob("*.rta")) / 1e6,
    }


def _agrees(address: str, place: Path) -> None:
    """A sample of answers, read by protobuf and held against the audience file that is served."""
    served = httpx.get(f"{address}/health").json()["generations"][0]
    frame = pl.read_parquet(
        place / ("second.parquet" if served == 2 else "first.parquet")
    )  # first, second, first, first
    sample = frame.sample(200, seed=3)
    for digest, _, audience in sample.iter_rows():
        request = wire.RtaRequest(id="sample")
        request.device.oaid_md5sum = digest
        reply = httpx.post(f"{address}/rta/tencent", content=request.SerializeToString())
        answer = wire.RtaResponse.FromString(reply.content)
        assert reply.status_code == 200
        assert answer.request_id == "sample"
        assert (answer.code == 0) == (audience == "lookalike"), (digest, audience)
        assert len(answer.out_target_id) == (STRATEGIES if audience == "lookalike" else 0)


if __name__ == "__main__":
    numbers = list(map(int, sys.argv[1:])) or [10_000_000]
    main(*numbers)
