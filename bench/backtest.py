"""A backtest over a million stored applications: 60 rules, two versions, two models fitted by the workbench.

The applications are made up (`data: invented`) and get on record by the operation that decides live, with their chain; then the
columnar copy is filled, and a changed draft runs beside the live version. Run by bench/__main__.py, or alone by
`python -m bench.backtest [COUNT]`, on a fresh installation of its own. Peak memory is that of the process.
`python -m bench.backtest --frame [COUNT]` leaves PostgreSQL out: the same columns in Parquet as the snapshot writes them, then the
same backtest (read, score, decide, compare); for a quick look.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import live_policy
from bench.inside import figure
from bench.installation import fresh

COUNT = 1_000_000
BATCH = 10_000
KIND = "application"


def main(count: int = COUNT) -> None:
    """Measure and print; the temporary installation is removed at the end."""
    with fresh() as place:
        command = [sys.executable, "-m", "bench.backtest", "--inside", str(count)]
        subprocess.run(command, env=place.migrated().environment, check=True)


def inside(count: int) -> None:
    """Print one JSON line a figure, in the installation of this process."""
    from puhui.cli import attachment

    with attachment.platform():
        for line in lines(count):
            print(json.dumps(line | {"data": "invented"}), flush=True)


def frame_alone(count: int) -> None:
    """The backtest over a Parquet file of the snapshot's shape; nothing is stored."""
    import tempfile
    from pathlib import Path

    import polars as pl

    from puhui.cli import attachment

    attachment.django_alone()
    from puhui.policy import backtest
    from puhui.policy.core.policy_text import read_policy
    from puhui.simulate import stored_applications

    truth = stored_applications.applications(count, seed=7)
    _offer_models(truth.head(40_000))
    old, new = (read_policy(_texts(version)) for version in ("1", "2"))
    typed = truth.select(
        (pl.col(name) if name in truth.columns else pl.lit(None)).cast(column.type).alias(name)
        for name, column in old.columns.items()
    ).with_columns(pl.col("applied_on").alias("decided_on"))
    question = backtest.Question(old, new, KIND, segment="entity_kind")
    with tempfile.TemporaryDirectory(prefix="puhui-bench-") as folder:
        file = Path(folder) / "all.parquet"
        typed.write_parquet(file, compression="zstd")
        del truth, typed
        whole = [_timed(lambda: backtest.over(pl.scan_parquet(file).collect(), question))[0] for _ in range(3)]
        read, seen = _timed(lambda: pl.scan_parquet(file).collect())
        parts = {"read": read, **_parts(seen, question)}
    for name, value in {"whole": statistics.median(whole), **parts}.items():
        print(json.dumps(figure(f"policy.backtest_frame_{name}", value, "s", count) | {"data": "invented"}), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps(figure("policy.backtest_frame_peak_memory", peak, "MB", count) | {"data": "invented"}))


def lines(count: int) -> list[dict[str, object]]:
    """Fit, publish, decide all, copy, backtest (three times), replay a thousand, verify the chain."""
    from puhui.policy import backtest, queries, snapshot, versions
    from puhui.policy.core.policy_text import read_policy
    from puhui.simulate import stored_applications

    truth = stored_applications.applications(count, seed=7)
    _offer_models(truth.head(40_000))
    _publish(_texts("1"))
    recording = _record(truth)
    seconds = {"snapshot": _timed(lambda: snapshot.fill(KIND))[0]}
    old, new = versions.policy_of(versions.live(KIND, datetime.now(UTC)).content_hash), read_policy(_texts("2"))
    question = backtest.Question(old, new, KIND, segment="entity_kind")
    assert len(new.book.rules) == live_policy.RULES
    runs = [_timed(lambda: backtest.run(question)) for _ in range(3)]
    whole = runs[0][1].comparison.lines[0]
    assert whole.n == count
    seen = _timed(lambda: snapshot.scan(KIND)[0].collect())
    parts = {"read": seen[0], **_parts(seen[1], question)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    verified = _timed(queries.verify_chain)
    assert verified[1] == queries.ChainReport(count, None)
    return [
        figure("policy.record_decisions", count / recording, "1/s", count),
        figure("policy.snapshot_fill", seconds["snapshot"], "s", count),
        figure("policy.backtest", statistics.median(run[0] for run in runs), "s", count),
        *[figure(f"policy.backtest_{name}", value, "s", count) for name, value in parts.items()],
        figure("policy.backtest_swap_in", whole.swap_in, "applications", count),
        figure("policy.backtest_swap_out", whole.swap_out, "applications", count),
        figure("policy.backtest_peak_memory", peak, "MB", count),
        figure("policy.verify_chain", verified[0], "s", count),
        *_one_decision(truth, count),
    ]


def _parts(seen: Any, question: Any) -> dict[str, float]:
    from puhui.policy import scorers
    from puhui.policy.core.comparison import compare

    told = {}
    for name, policy in (("old", question.old), ("new", question.new)):
        scorer = scorers.find(policy.scorer)
        told[f"score_{name}"] = _timed(lambda scorer=scorer: scorer.over(seen))[0]
        took, decided = _timed(
            lambda policy=policy, scorer=scorer: policy.decide(seen, on=seen["decided_on"], scorer=scorer)
        )
        told[f"decide_{name}"] = took
        question = {**question, name: decided} if isinstance(question, dict) else {"question": question, name: decided}
    asked = question["question"]
    told["compare"] = _timed(
        lambda: compare(
            question["old"], question["new"], economics=asked.old.economics, referee="new", segment=asked.segment
        )
    )[0]
    return told


def _record(truth: Any) -> float:
    """All applications decided live, in batches of a day; returns the seconds."""
    from puhui.policy import operations
    from puhui.simulate import stored_applications

    started, now = time.perf_counter(), datetime.now(UTC)
    for place, part in enumerate(truth.iter_slices(BATCH)):
        batch = [
            operations.Application(f"invented_{place * BATCH + n}", inputs)
            for n, inputs in enumerate(stored_applications.rows_of(part))
        ]
        operations.decide(KIND, batch, on=part["applied_on"][0], now=now + timedelta(milliseconds=place))
    return time.perf_counter() - started


def _one_decision(truth: Any, count: int) -> list[dict[str, object]]:
    """One applicant decided and recorded, while the record holds all the others."""
    from puhui.policy import operations
    from puhui.simulate import stored_applications

    took = []
    for n, inputs in enumerate(stored_applications.rows_of(truth.head(300))):
        application = operations.Application(f"late_{n}", inputs)
        took.append(_timed(lambda application=application: operations.decide(
            KIND, [application], on=truth["applied_on"][0], now=datetime.now(UTC)))[0])  # fmt: skip
    ranked = sorted(1000 * each for each in took[20:])
    return [
        figure("policy.decide_one_median", statistics.median(ranked), "ms", count),
        figure("policy.decide_one_p99", ranked[int(0.99 * len(ranked))], "ms", count),
    ]


def _offer_models(sample: Any) -> None:
    """Two models as a room would offer them: a scorecard on few columns, boosted trees on more."""
    from puhui.policy import scorers
    from puhui.policy.core.scorer import Scorer
    from puhui.underwriting.core.modelling import fitting, preparing, terms

    few = [
        "age_years",
        "months",
        "overdue_count_24m",
        "queries_1m",
        "existing_debt_minor",
        "monthly_inflow_minor",
        "evidence_grade",
    ]
    more = [
        *few,
        "overdue_days_most_24m",
        "queries_3m",
        "new_loans_1m",
        "revenue_volatility",
        "buyer_top1",
        "entity_kind",
    ]
    made = {}
    for version, kind, columns in (("1", "scorecard", few), ("2", "boosting", more)):
        policy = terms.in_force()
        rows = preparing.prepare(
            sample.select([*columns, "defaulted"]), preparing.Asked(target="defaulted", seed=1), policy
        )
        model = fitting.fit(kind, rows, terms=policy, seed=1)
        made[version] = Scorer("bench.pd", version, tuple(columns), _score(model, columns))
    scorers.register("bench.pd", made.get)


def _score(model: Any, columns: list[str]) -> Any:
    import polars as pl

    def score(frame: pl.DataFrame) -> pl.Series:
        return pl.Series(model.score(frame.select(columns), reasons=False).pd)

    return score


def _texts(version: str) -> dict[str, str]:
    """The application policy with a model, filled up to sixty rules; version 2 moves three thresholds."""
    from puhui.underwriting import shipped_policy

    texts = live_policy.scored(shipped_policy.texts(), "bench.pd", version)
    for n in range(live_policy.RULES - texts["rules.csv"].strip().count("\n")):
        texts["rules.csv"] += f"BENCH_{n},{live_policy.filling(n)},review,note,pass,,加,more,,,bench\n"
    if version == "2":
        for before, after in (
            ("pd > 0.12,", "pd > 0.15,"),
            ("queries_1m >= 6", "queries_1m >= 8"),
            ("registered_months < 6,", "registered_months < 3,"),
        ):
            assert before in texts["rules.csv"], before
            texts["rules.csv"] = texts["rules.csv"].replace(before, after)
    return texts


def _publish(texts: dict[str, str]) -> None:
    from puhui.policy import operations

    now = datetime.now(UTC)
    operations.open_rulebook(KIND, name_zh="申请", name_en="application", now=now)
    version_id = operations.draft_version(KIND, texts, author="bench", now=now)
    operations.move_version(version_id, "submit", by="bench", now=now)
    operations.move_version(version_id, "approve", by="second", now=now)
    operations.publish_version(version_id, at=now, by="bench", now=now)


def _timed(call: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


if __name__ == "__main__":
    wanted = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    if "--frame" in sys.argv:
        frame_alone(*(wanted or [COUNT]))
    elif "--inside" in sys.argv:
        inside(*wanted)
    else:
        main(*wanted)
