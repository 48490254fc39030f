"""One decision at a time through HTTP: signed applications of made-up small owners, twenty a second, against a made-up history.

Everything an application goes through is in the figure: the partner's signature, registration, velocity over a million earlier
arrivals in PostgreSQL, anti-fraud, evidence as of the day, sixty rules, two models (boosted trees for the rules, the owner's card for
limit and price), the offer, the record. A shadow is running; it looks later and costs the applicant nothing (bench/live_policy). The send times are fixed
beforehand, so a slow answer does not make the next one later (no co-ordinated omission). Owners and history are invented (虚构).
Run by bench/__main__.py, or alone by `python -m bench.decision [APPLICATIONS]`, on a fresh installation of its own.
"""

import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from threading import local
from typing import Any

import httpx

from bench.inside import figure
from bench.installation import PUHUI, Installation, fresh

A_SECOND, SECONDS, WARM = 20, 60, 200
PATH = "/api/v1/applications"


def main(history: int) -> None:
    """Measure and print; the temporary installation is removed at the end."""
    data = os.environ.get("PUHUI_DATA", "../shared/data") + "/smb_invoices"
    with fresh() as place:
        environment = place.migrated().environment
        subprocess.run([PUHUI, "appraise", data, "--json"], env=environment, check=True, stdout=subprocess.DEVNULL)
        prepare = [sys.executable, "-m", "bench.decision", "--prepare", str(history)]
        partner = json.loads(subprocess.run(prepare, env=environment, check=True, capture_output=True).stdout)
        with _served(place) as address:
            for line in _measured(address, partner, history):
                print(json.dumps(line | {"data": "invented"}), flush=True)


@contextmanager
def _served(place: Installation) -> Iterator[str]:
    """The address of the web server on a free port, for the length of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PUHUI, "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield _ready(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def _ready(address: str) -> str:
    for _ in range(300):
        try:
            if httpx.get(f"{address}/healthz").status_code == 200:
                return address
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit("the web server did not start")


def prepare(history: int) -> None:
    """The history and a partner; prints the partner's key and secret, and the bodies of its calls."""
    import psycopg

    from puhui.cli import attachment
    from puhui.simulate import application_history
    from puhui.store import embedded

    now = datetime.now(UTC)
    with psycopg.connect(embedded.attach().owner, autocommit=True) as link:
        application_history.store(link, history, seed=7, now=now)
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")
    with attachment.platform():
        from bench import live_policy
        from puhui.funding import partners

        live_policy.publish(now=now)
        shown, secret = partners.register_partner("示例渠道（虚构）", calls_a_minute=100_000, sample=True, now=now)
        bodies = [_application(number) for number in range(WARM + A_SECOND * SECONDS)]
        print(json.dumps({"key_id": shown.key_id, "secret": secret.reveal(), "bodies": bodies}))


def _measured(address: str, partner: dict[str, Any], history: int) -> list[dict[str, Any]]:
    pace, count = 1 / A_SECOND, A_SECOND * SECONDS
    calls = [_signed(partner, number) for number in range(WARM + count)]  # beforehand: the two cores are the server's
    wire = local()
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(lambda call: _sent(wire, address, call, time.perf_counter()), calls[:WARM])
        )  # by all, to all workers
        began = time.perf_counter() + 0.1
        told = list(pool.map(lambda n: _sent(wire, address, calls[WARM + n], began + n * pace), range(count)))
    seconds = sorted(each for each, _ in told)
    answers = Counter(state for _, state in told)
    assert not {state for state in answers if state.startswith("HTTP")}, answers
    shared = {"history": history, "a_second": A_SECOND, "answers": dict(answers)}
    return [
        figure("decision.http_p50", 1000 * seconds[count // 2], "ms", count) | shared,
        figure("decision.http_p99", 1000 * seconds[count * 99 // 100], "ms", count) | shared,
    ]


def _signed(partner: dict[str, Any], number: int) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a call."""
    body = json.dumps(partner["bodies"][number]).encode()
    stamp, nonce = str(int(time.time())), secrets.token_hex(12)
    text = "\n".join(("POST", PATH, stamp, nonce, hashlib.sha256(body).hexdigest()))
    signature = hmac.new(partner["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Key-Id": partner["key_id"], "X-Timestamp": stamp, "X-Nonce": nonce, "X-Signature": signature}
    return body, headers | {"Idempotency-Key": f"bench-{nonce}", "Content-Type": "application/json"}


def _sent(wire: local, address: str, call: tuple[bytes, dict[str, str]], due: float) -> tuple[float, str]:
    """Seconds from when it was to be sent to its answer, and the state that it was answered with; a connection a thread."""
    if not hasattr(wire, "to"):
        wire.to = HTTPConnection(address.removeprefix("http://"), timeout=60)
    time.sleep(max(due - time.perf_counter(), 0))
    wire.to.request("POST", PATH, *call)
    answer = wire.to.getresponse()
    said = answer.read()
    seconds = time.perf_counter() - due
    return seconds, json.loads(said)["state"] if answer.status == 201 else f"HTTP {answer.status} {said.decode()}"


def _application(number: int) -> dict[str, Any]:
    """A made-up tobacco shop; figures differ from owner to owner."""
    from puhui.simulate.owners import invented_owner

    owner = invented_owner(f"bench{number}", seed=3)
    told = {
        "trade": "tobacco_shop", "wallet_month_yuan": str(150_000 + 997 * (number % 90)),
        "tobacco_month_yuan": str(40_000 + 503 * (number % 80)), "rent_month_yuan": str(1_000 + 50 * (number % 40)),
        "instalments_month_yuan": str(50 * (number % 30)), "overdue_now_yuan": "0", "worst_late_days": ("0", "0", "0", "29")[number % 4],
        "inquiries_3m": str(number % 3), "credit_since_year": str(2008 + number % 15),
    }  # fmt: skip
    return {
        "person": {"name": owner.name, "id_number": owner.id_number, "phone": owner.phone},
        "shop": {"name": f"虚构·街口烟酒{number}"},
        "requested_minor": 2_500_000 + 10_000 * (number % 50),
        "months": (12, 18, 24)[number % 3],
        "consent": {"credit_assessment": True, "given_on": "partner_page"},
        "segment": "shop",
        "answers": told,
    }


if __name__ == "__main__":
    if "--prepare" in sys.argv:
        prepare(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
