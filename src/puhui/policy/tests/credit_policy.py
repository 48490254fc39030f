"""A small policy and applications for the tests of storage, experiments and backtests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from puhui.policy import operations
from puhui.policy.core.scorer import Scorer

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
ON = date(2026, 3, 1)
KIND = "application"
COLUMNS = (
    "name,kind,scale,may_be_missing,low,high,zh,en\n"
    "age_years,integer,,yes,0,150,年龄,age\nasked_minor,integer,,no,0,1000000000,申请额,asked for\n"
    "debt_ratio,decimal,4,yes,0,10,负债比,debt ratio\nstress,float,,yes,0,1,压力,stress\ncity,text,,yes,,,城市,city\n"
    "months,integer,,no,1,36,期限,months\n"
)
HEAD = "code,condition,outcome,severity,text_zh,text_en\n"
RULES = (
    HEAD
    + "MINOR,age_years < 18,refuse,grave,未成年,a minor\nIN_DEBT,debt_ratio > 0.5,refuse,warn,负债过高,too much debt\n"
)
TERMS = (
    '[answer]\nlimit_minor = "LEAST(asked_minor, 5000000)"\nrate_bps = "CASE WHEN debt_ratio > 0.3 THEN 1200 ELSE 800 END"\n'
    '[economics]\nlgd = "0.5"\ncost_of_funds = "0.04"\nbalance_share = "0.5"\nmonths = "months"\n'
)
TEXTS = {"columns.csv": COLUMNS, "rules.csv": RULES, "policy.toml": TERMS}


def texts(rules: str = RULES, terms: str = TERMS) -> dict[str, str]:
    return {**TEXTS, "rules.csv": rules, "policy.toml": terms}


def drafted(rules: str = RULES, *, terms: str = TERMS, author: str = "ann", now: datetime = NOW) -> str:
    operations.open_rulebook(KIND, name_zh="申请", name_en="application", now=now)
    return operations.draft_version(KIND, texts(rules, terms), author=author, now=now)


def approved(rules: str = RULES, *, terms: str = TERMS, now: datetime = NOW) -> str:
    version_id = drafted(rules, terms=terms, now=now)
    operations.move_version(version_id, "submit", by="ann", now=now)
    operations.move_version(version_id, "approve", by="bob", now=now)
    return version_id


def published(rules: str = RULES, *, terms: str = TERMS, at: datetime = NOW) -> str:
    version_id = approved(rules, terms=terms, now=min(NOW, at))
    operations.publish_version(version_id, at=at, by="cat", now=min(NOW, at))
    return version_id


def applications(count: int, *, seed: int = 1) -> list[operations.Application]:
    import random

    chance = random.Random(seed)

    def maybe(value: Any) -> Any:
        return None if chance.random() < 0.05 else value

    return [
        operations.Application(f"shop_{n}", {
            "age_years": maybe(chance.randint(16, 70)), "asked_minor": chance.randint(1, 100) * 100_000,
            "debt_ratio": maybe(f"{chance.random():.4f}"), "stress": maybe(round(chance.random(), 6)),
            "city": maybe(chance.choice(["甲", "乙"])), "months": chance.choice([6, 12, 24]),
        })
        for n in range(count)
    ]  # fmt: skip


def decide_days(count: int, days: int) -> list[Any]:
    """Applications over some days, each day a batch."""
    answers = []
    for day in range(days):
        batch = applications(count, seed=day)
        answers += operations.decide(KIND, batch, on=ON + timedelta(days=day), now=NOW + timedelta(days=day))
    return answers


def flat_scorer(version: str) -> Scorer:
    """pd = a tenth (version 1) or a fifth (version 2) of the stress."""
    share = {"1": 0.1, "2": 0.2}[version]
    return Scorer("tests.flat", version, ("stress",), lambda frame: frame["stress"] * share)
