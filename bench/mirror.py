"""Anti-fraud in the request: fifty applications a second against a million stored ones, windows, graph, lists, model and rules included.

The send times are fixed beforehand, so a slow answer does not make the next one earlier (no co-ordinated omission). A part of the
applications shares devices, telephones, cards, addresses, agents with the history, and some with one another. All of it is
invented (虚构). Run by `python -m bench.mirror [APPLICATIONS]`, on a fresh installation of its own. Two processes share the stream.
Beside what an applicant waits for stands what one answer costs: processor time of Python and of PostgreSQL apart, and of a fixed loop in the same
seconds, by which figures of different days and loads can be compared. Gangs among the honest are another bench: `python -m bench.gangs`.
"""

import gc
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.inside import figure
from bench.installation import fresh

A_SECOND, SECONDS, WARM, DAYS, ALONE = 50, int(os.environ.get("PUHUI_BENCH_SECONDS", "60")), 100, 730, 150


def main(history: int) -> None:
    """Measure and print; the temporary installation is removed at the end."""
    with fresh() as place:
        environment = place.migrated().environment
        inside = [sys.executable, "-m", "bench.mirror", "--inside", str(history)]
        done = subprocess.run(inside, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="", flush=True)


def inside(history: int) -> None:
    """Fill, train, assess."""
    import psycopg

    from puhui.cli import attachment
    from puhui.store import embedded

    now = datetime.now(UTC)
    began = time.perf_counter()
    with psycopg.connect(embedded.attach().owner, autocommit=True) as link:
        _fill(link, history, now)
    with attachment.platform():
        print(json.dumps(figure("mirror.fill", time.perf_counter() - began, "s", history)), flush=True)
        for line in _measured(history, now):
            print(json.dumps(line | {"data": "invented"}), flush=True)


def _fill(link: Any, history: int, now: datetime) -> None:
    from puhui.simulate import fraud_world
    from puhui.store import copying

    world = fraud_world.honest(history, seed=7, start=now - timedelta(days=DAYS), days=DAYS)
    with link.transaction(), link.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        copying.stream_frame(cursor, fraud_world.arrivals(world), "antifraud_arrival")
        cursor.execute(
            "INSERT INTO antifraud_label (application, application_key, fraud, known_at, source, by, recorded_at)"
            " SELECT application, application_key, true, applied_at + interval '40 days', 'invented', 'bench', applied_at"
            " FROM antifraud_arrival WHERE position %% 97 = 0".replace("%%", "%")
        )
    link.execute("VACUUM ANALYZE")
    link.execute("CHECKPOINT")


def _measured(history: int, now: datetime) -> list[dict[str, Any]]:
    """Two processes take turns at the stream, as two workers of the web server would."""
    _train(now)
    costs = _costs(now)
    begins = time.time() + 12
    command = [sys.executable, "-m", "bench.mirror", "--stream"]
    workers = [
        subprocess.Popen([*command, str(turn), str(begins)], stdout=subprocess.PIPE, text=True) for turn in (0, 1)
    ]
    told = [json.loads(line) for worker in workers for line in worker.communicate()[0].splitlines()]
    outcomes: dict[str, int] = {}
    for each in told:
        outcomes[each[3]] = outcomes.get(each[3], 0) + 1
    count, shared = len(told), {"history": history, "a_second": A_SECOND, "outcomes": outcomes}
    lines = []
    for name, place in (("from_due", 0), ("service", 1), ("python_work", 2)):
        ordered = sorted(each[place] for each in told)
        for share, at in (("p50", count // 2), ("p99", count * 99 // 100)):
            lines.append(figure(f"mirror.assess_{name}_{share}", 1000 * ordered[at], "ms", count) | shared)
    return costs + lines


def _costs(now: datetime) -> list[dict[str, Any]]:
    """One answer after the other in this process: mean processor time of both sides, and of the loop between them."""
    from django.db import connection

    from puhui.antifraud import operations

    for number in range(ALONE):
        operations.assess(_facts(5_000 + number, now), now=now)
    backend, python, loop = connection.connection.info.backend_pid, 0.0, 0.0
    began = _ran(backend)
    for number in range(ALONE):
        facts, started = _facts(6_000 + number, now), time.process_time()
        operations.assess(facts, now=now)
        python += time.process_time() - started
        loop += _loop()
    spent = {"python_cpu": python, "postgres_cpu": _ran(backend) - began, "loop_cpu": loop}
    return [figure(f"mirror.assess_{name}", 1000 * each / ALONE, "ms", ALONE) for name, each in spent.items()]


def _ran(pid: int) -> float:
    """Seconds that a process of this machine has run."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as told:
        return int(told.read().split()[0]) / 1e9


def _loop() -> float:
    started, total = time.process_time(), 0
    for number in range(20_000):
        total += number * number
    return time.process_time() - started


def stream(turn: int, begins: float) -> None:
    """Every second application of the stream; prints [seconds from when it was due, of service, of work, outcome] a line."""
    from puhui.cli import attachment

    now = datetime.now(UTC)
    with attachment.platform(keep_running=True):
        from puhui.antifraud import operations

        for number in range(WARM):
            operations.assess(_facts(10_000 + 2 * number + turn, now), now=now)
        gc.collect()
        gc.freeze()  # as the web server does before its first request (web/wsgi)
        told = []  # printed at the end: nobody reads the pipe while the stream lasts, and a full pipe would stop it
        for number in range(turn, A_SECOND * SECONDS, 2):
            due = begins + number / A_SECOND
            time.sleep(max(due - time.time(), 0))
            facts, started, worked = _facts(20_000 + number, now), time.time(), time.process_time()
            answer = operations.assess(facts, now=now + timedelta(seconds=number / A_SECOND))
            ended = time.time()
            told.append([ended - max(due, 0), ended - started, time.process_time() - worked, answer.strategy])
    for line in told:
        print(json.dumps(line))


def _train(now: datetime) -> None:
    """A champion and a picture of peers from made-up signals, so that scoring is in the figure; what they have learnt does not matter here."""
    import numpy as np

    from puhui.antifraud import models
    from puhui.antifraud.core import fraud_scorer, unusualness

    dice = np.random.default_rng(1)
    names = fraud_scorer.names()
    rows = [dict(zip(names, each, strict=True)) for each in dice.poisson(1.5, (6_000, len(names))).tolist()]
    fraud = [row["people_on_device_30d"] + row["bad_2hop"] + dice.normal() > 6 for row in rows]
    scorer, measures = fraud_scorer.fit(rows, fraud, seed=1)
    models.FraudModel.objects.create(
        id="fmod_bench", state="champion", content=scorer.as_json(), measures=measures, trained_at=now, trained_by="bench",
        approved_by="second person of the bench",
    )  # fmt: skip
    peers = unusualness.learn(rows, names, known_least=200, knots=200)
    models.PeerPicture.objects.create(content=peers.as_json(), applications=len(rows), learned_at=now)


def _facts(number: int, now: datetime) -> Any:
    """An application of the stream: every third shares something with the history or with those before it."""
    import random

    from puhui.antifraud.operations import ApplicationFacts, EntitySeen
    from puhui.kernel.china_ids import Finding
    from puhui.simulate.fraud_world import material

    dice = random.Random(number)

    def entity(kind: str, most: int) -> EntitySeen:
        return EntitySeen(material(kind, dice.randrange(most)), "****")

    fresh_one = 10_000_000 + number
    shares = dice.random() < 0.33
    old = 50_000 if shares else None
    device = f"device-{dice.randrange(old) if old else fresh_one}"
    phone = material("phone", dice.randrange(old) if old and dice.random() < 0.5 else fresh_one)
    entities = {
        "card": entity("card", 50_000)
        if shares and dice.random() < 0.3
        else EntitySeen(material("card", fresh_one), "****"),
        "licence": EntitySeen(material("licence", fresh_one), "****"),
        "address": entity("address", 3_000),
        "place": entity("place", 3_000),
        "wifi": entity("wifi", 50_000),
        "ip_block": entity("ip_block", 2_000),
        "agent": entity("agent", 400),
        "channel": entity("channel", 12),
        "shop_phone": EntitySeen(material("shop_phone", fresh_one), "****"),
    }
    evidence = {
        "fill_seconds": 120.0,
        "ip_kind": "mobile",
        "queries_1m": 1,
        "pos_round_share": 0.1,
        "registered_months": 30,
    }
    return ApplicationFacts(
        application_key=f"stream_{number}", id_number=Finding("ok", "", f"37000019800101{number:010d}"), phone_index=phone,
        entrance="phone", applied_at=now, device_hash=device, evidence=evidence, entities=entities,
        phone=Finding("ok", "", ""), amount_minor=5_000_000,
    )  # fmt: skip


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        sys.exit(__doc__)
    arguments = [each for each in sys.argv[1:] if not each.startswith("--")]
    size = int(arguments[0]) if arguments else 1_000_000
    if "--inside" in sys.argv:
        inside(size)
    elif "--stream" in sys.argv:
        stream(int(sys.argv[2]), float(sys.argv[3]))
    else:
        main(size)
