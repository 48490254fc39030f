"""A dry run (试运行) of a rulebook over the assessments on record, beside the one that decides now; and the stop before publishing.

Signals are read as they were stored, so nothing is counted again; the judge is the function that judges live. Labels known now say
which hits were right. Rule kept: a rulebook that would refuse (or hold) more than a set share of the traffic on record is not
submitted, and the refusal names the rule that refuses most.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from puhui.antifraud import live_rules, models
from puhui.antifraud.core import casework, rule_worth, signals, strategy
from puhui.antifraud.core.rulebook import Verdict
from puhui.antifraud.live_rules import LiveRules
from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core.policy_text import Policy


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """A rule over the applications on record: hits, of these confirmed fraud; precision and recall are None without labels."""

    code: str
    text_zh: str
    text_en: str
    outcome: str
    hits: int
    right: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class DryRun:
    """Shares of the traffic by strategy, now and then; `saved_minor` is what the change would have saved on labelled applications."""

    applications: int
    frauds: int
    before: dict[str, int]
    after: dict[str, int]
    refused_share: float
    held_share: float
    caught_before: int
    caught_after: int
    wronged_before: int
    wronged_after: int
    saved_minor: int
    rules: tuple[RuleSeen, ...]


@dataclass(frozen=True, slots=True)
class _Traffic:
    rows: list[dict[str, Any]]
    days: list[date]
    fraud: list[bool | None]
    amounts: list[int]


def run(policy: Policy, *, now: datetime) -> DryRun:
    """The policy beside what decides now."""
    traffic = _traffic(now)
    frame = signals.frame(traffic.rows)
    old, new = (
        rules.judge(frame, on=traffic.days) if traffic.rows else []
        for rules in (live_rules.current(now), live_rules.of_policy(policy))
    )
    return _compared(traffic, old, new, live_rules.of_policy(policy))


def precision_by_rule(*, now: datetime) -> tuple[RuleSeen, ...]:
    """Of the rules that decide now: hits, precision and recall against what is confirmed."""
    traffic, rules = _traffic(now), live_rules.current(now)
    verdicts = rules.judge(signals.frame(traffic.rows), on=traffic.days) if traffic.rows else []
    return _by_rule(traffic, verdicts, rules)


def worth_by_rule(*, now: datetime) -> list[dict[str, Any]]:
    """The same with the made-up truth beside it; `simulated` is None where the made-up world never hits the rule, and `untried` says why."""
    base_rate, shipped = casework.figures()["simulated"]["base_rate"], rule_worth.shipped()
    found = []
    for seen in precision_by_rule(now=now):
        told = shipped[seen.code].told(base_rate) if seen.code in shipped else None
        zh, en = (None, None) if told else rule_worth.untried().get(seen.code, (None, None))
        found.append(asdict(seen) | {"simulated": told, "untried": zh, "untried_en": en})
    return found


def stop_before_publishing(policy: Policy, *, now: datetime) -> None:
    """The policy floor's guard of kind `antifraud`: unreadable actions, too much refused or held traffic. Raises Refused."""
    for rule in policy.book.rules:
        try:
            strategy.check_action(rule.action)
        except strategy.ActionUnreadable as wrong:
            raise Refused(Refusal("ACTION_UNREADABLE", str(wrong), where=rule.code)) from None
    figures = casework.figures()["publishing"]
    found = run(policy, now=now)
    if found.applications < figures["least_on_record"]:
        return
    for share, most, word in (
        (found.refused_share, figures["refused_share_most"], "refuse"),
        (found.held_share, figures["held_share_most"], "hold"),
    ):
        if share > most:
            outcomes = ("refuse",) if word == "refuse" else ("refuse", "review", "step_up")
            worst = max((rule for rule in found.rules if rule.outcome in outcomes), key=lambda rule: rule.hits)
            text = (
                f"试运行：将{'拒绝' if word == 'refuse' else '拦下'} {share:.1%} 的申请，上限 {most:.0%}；命中最多的规则 {worst.code}（{worst.hits} 笔）"
                f" · the dry run would {word} {share:.1%} of {found.applications} applications, at most {most:.0%}; {worst.code} hits most"
            )
            raise Refused(Refusal("TOO_MUCH_REFUSED" if word == "refuse" else "TOO_MUCH_HELD", text, where=worst.code))


def _traffic(now: datetime) -> _Traffic:
    most = casework.figures()["publishing"]["latest"]
    stored = models.Assessment.objects.filter(recorded_at__lte=now).order_by("-id")
    rows = list(stored.values_list("application_key", "signals", "applied_at")[:most])
    known: dict[str, bool] = {}
    labels = models.Label.objects.filter(application_key__in=[name for name, *_ in rows], known_at__lte=now)
    for name, fraud in labels.order_by("known_at", "id").values_list("application_key", "fraud"):
        known[name] = fraud
    return _Traffic(
        [seen for _, seen, _ in rows],
        [at.astimezone(signals.ZONE).date() for *_, at in rows],
        [known.get(name) for name, *_ in rows],
        [seen.get("amount_minor") or 0 for _, seen, _ in rows],
    )


def _compared(traffic: _Traffic, old: list[Verdict], new: list[Verdict], rules: LiveRules) -> DryRun:
    count = max(1, len(new))
    review = casework.figures()["review"]
    stops = [[verdict.outcome != "pass" for verdict in side] for side in (old, new)]
    caught = [sum(stop and fraud is True for stop, fraud in zip(side, traffic.fraud, strict=True)) for side in stops]
    wronged = [sum(stop and fraud is False for stop, fraud in zip(side, traffic.fraud, strict=True)) for side in stops]
    saved = 0
    for before, after, fraud, amount in zip(*stops, traffic.fraud, traffic.amounts, strict=True):
        if before != after and fraud is not None:
            worth = amount * review["loss_share"] if fraud else -amount * review["margin_share"]
            saved += int(worth) if after else -int(worth)
    return DryRun(
        applications=len(new),
        frauds=sum(fraud is True for fraud in traffic.fraud),
        before=dict(Counter(verdict.strategy for verdict in old)),
        after=dict(Counter(verdict.strategy for verdict in new)),
        refused_share=sum(verdict.outcome == "refuse" for verdict in new) / count,
        held_share=sum(stops[1]) / count,
        caught_before=caught[0], caught_after=caught[1], wronged_before=wronged[0], wronged_after=wronged[1],
        saved_minor=saved, rules=_by_rule(traffic, new, rules),
    )  # fmt: skip


def _by_rule(traffic: _Traffic, verdicts: list[Verdict], rules: LiveRules) -> tuple[RuleSeen, ...]:
    hits, right, labelled = Counter[str](), Counter[str](), Counter[str]()
    for verdict, fraud in zip(verdicts, traffic.fraud, strict=True):
        for hit in verdict.hits:
            hits[hit.code] += 1
            labelled[hit.code] += fraud is not None
            right[hit.code] += fraud is True
    frauds = sum(fraud is True for fraud in traffic.fraud)
    return tuple(
        RuleSeen(
            rule.code, rule.text_zh, rule.text_en, rule.outcome, hits[rule.code], right[rule.code],
            right[rule.code] / labelled[rule.code] if labelled[rule.code] else None, right[rule.code] / frauds if frauds else None,
        )
        for rule in rules.book.rules
    )  # fmt: skip
