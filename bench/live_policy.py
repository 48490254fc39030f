"""A live credit policy for the bench of single decisions: sixty rules with boosted trees, and a scorecard that watches in a shadow.

The rules are the shipped ones; where a rule asks what a credit bureau or the registry would tell, its `on_missing` is set to `pass`
here, so that an application goes the whole way to a limit, a price and an offer instead of waiting for a person. The models are fitted by the
workbench on made-up applications (虚构) and stand in the register, approved by a second person.
"""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

RULES = 60
SCORED_BY = {
    "scorecard": ["months", "requested_minor", "monthly_inflow_minor", "queries_3m", "overdue_days_most_24m"],
    "boosting": ["months", "requested_minor", "monthly_inflow_minor", "queries_3m", "overdue_days_most_24m",
                 "existing_instalments_minor", "evidence_grade", "age_years", "entity_kind"],
}  # fmt: skip


def publish(*, now: datetime) -> None:
    """Two registered models, the policy of kind `application` live an hour ago, and its shadow."""
    from puhui.policy import operations as policy
    from puhui.underwriting.shipped_policy import KIND

    since = now - timedelta(hours=1)
    models = {kind: _registered(kind, columns, since) for kind, columns in SCORED_BY.items()}
    policy.open_rulebook(KIND, name_zh="准入", name_en="credit rules", now=since)
    live = _approved(texts(f"underwriting.model@{models['boosting']}"), since)
    policy.publish_version(live, at=since, by="bench", now=since)
    watching = _approved(texts(f"underwriting.model@{models['scorecard']}"), since)
    draft = policy.ExperimentDraft(watching, "shadow", 10_000)
    policy.start_experiment(draft, by="bench", now=since)


def texts(scorer: str) -> dict[str, str]:
    """The shipped policy, filled up to sixty rules, with a model in the place of the told chance of default."""
    from puhui.underwriting import shipped_policy

    found = scored(shipped_policy.texts(), *scorer.split("@"))
    found["rules.csv"] = _rules(found["rules.csv"])
    return found


def scored(found: dict[str, str], name: str, version: str) -> dict[str, str]:
    """The texts with a model in the place of the told chance of default."""
    columns = "".join(line for line in found["columns.csv"].splitlines(keepends=True) if not line.startswith("pd,"))
    terms = f'{found["policy.toml"]}\n[scorer]\nname = "{name}"\nversion = "{version}"\n'
    return found | {"columns.csv": columns, "policy.toml": terms}


def filling(n: int) -> str:
    """The condition of the nth rule that fills a book up to sixty."""
    return f"buyer_top1 > 0.9{n} AND existing_debt_minor > {n + 3} * monthly_inflow_minor"


def _rules(shipped: str) -> str:
    rows = list(csv.DictReader(io.StringIO(shipped)))
    names = list(rows[0])
    rows = [row | {"on_missing": "pass"} for row in rows]
    for n in range(RULES - len(rows)):
        told = {"code": f"BENCH_{n}", "condition": filling(n), "outcome": "review", "severity": "note"}
        rows.append(dict.fromkeys(names, "") | told | {"on_missing": "pass", "text_zh": "加", "text_en": "more"})
    assert len(rows) == RULES
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _approved(found: dict[str, str], now: datetime) -> str:
    from puhui.policy import operations as policy
    from puhui.underwriting.shipped_policy import KIND

    version_id = policy.draft_version(KIND, found, author="bench", note="made up, for a bench", now=now)
    policy.move_version(version_id, "submit", by="bench", note="made up, for a bench", now=now, force=True)
    policy.move_version(version_id, "approve", by="second", note="made up, for a bench", now=now)
    return version_id


def _registered(kind: str, columns: list[str], now: datetime) -> str:
    """A model fitted on made-up applications, approved by a second person; its id."""
    from puhui.simulate import stored_applications
    from puhui.underwriting import live_scoring, registry
    from puhui.underwriting.core.modelling import fitting, preparing, terms

    sample = stored_applications.applications(40_000, seed=7).select([*columns, "defaulted"])
    policy = terms.in_force()
    model: Any = fitting.fit(
        kind,
        preparing.prepare(sample, preparing.Asked(target="defaulted", seed=1), policy),
        terms=policy,
        seed=1,
    )
    draft = registry.ModelDraft(f"bench-{kind}", kind, live_scoring.stored(model), {}, "invented", "0" * 64)
    model_id = registry.register_model(draft, by="bench", now=now)
    registry.move_model(model_id, "approve", by="second", now=now)
    return model_id
