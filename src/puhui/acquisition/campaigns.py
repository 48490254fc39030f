"""Campaigns (投放计划): created, worded, budgeted, set live and stopped; and the last word on money, checked after all else.

Laws: a campaign goes live only with a wording in which the linter of that day finds nothing; every change is a row; what is
promised of a day's limit never passes it, whoever asks at once, for the row is locked and the database checks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Sum

from puhui.acquisition import dated_tables, models, steps
from puhui.acquisition.core import creative_lint
from puhui.acquisition.core.creative_lint import Finding, KeyFact, Phrase, Text
from puhui.acquisition.rta import publication
from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused

_CHINA = ZoneInfo("Asia/Shanghai")
DRAFT, LIVE, STOPPED, ENDED = "draft", "live", "stopped", "ended"
MOVES: Mapping[str, frozenset[str]] = {
    DRAFT: frozenset({LIVE, ENDED}), LIVE: frozenset({STOPPED, ENDED}), STOPPED: frozenset({LIVE, ENDED}), ENDED: frozenset(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign as it stands: state, daily limit and what a result may cost in fen (None: none set), today's promises, newest wording."""

    id: str
    media: str
    name: str
    strategy: str
    state: str
    daily_minor: int | None
    promised_minor: int
    creatives: list[models.Creative]
    target_minor: int | None = None
    moves: tuple[models.CampaignMove, ...] = ()


def check_text(text: Text, *, on: date, cap: Decimal | None = None) -> list[Finding]:
    """What the linter of that day finds."""
    rows = (
        row for row in dated_tables.rows("marketing_phrases.csv") if date.fromisoformat(row["effective_from"]) <= on
    )
    phrases = [Phrase(row["rule"], row["phrase"], row["scope"], row["why"]) for row in rows]
    facts = dated_tables.in_force("marketing_key_facts.csv", "fact", on)
    return creative_lint.lint(
        text, phrases, [KeyFact(row["fact"], row["pattern"], row["zh"], row["en"]) for row in facts], cap=cap
    )


@transaction.atomic
def create(media: str, name: str, *, strategy: str = "", by: str, now: datetime) -> str:
    """A draft. The same name at the same media again is the same campaign."""
    if media not in steps.MEDIA:
        raise Refused(Refusal("MEDIA_UNKNOWN", f"没有这个媒体 · one of {', '.join(steps.MEDIA)}", where="media"))
    name = name.strip()
    if not name or len(name) > 80 or "\x00" in name:
        raise Refused(Refusal("CAMPAIGN_NAME", "名称须为 1 至 80 个字符 · a name of 1 to 80 characters", where="name"))
    row, new = models.Campaign.objects.get_or_create(
        media=media, name=name,
        defaults={"id": new_id("cmp", now=now), "strategy": strategy[:64], "created_by": by, "created_at": now},
    )  # fmt: skip
    if new:
        models.CampaignMove.objects.create(campaign=row, state=DRAFT, by=by, at=now)
    return row.id


@dataclass(frozen=True, slots=True)
class Wording:
    """What an advertisement says, where it leads, and the account's or application's name beside it."""

    title: str
    text: str
    landing: str
    shown_as: str = ""


@transaction.atomic
def word(campaign_id: str, wording: Wording, *, by: str, now: datetime, cap: Decimal | None = None) -> models.Creative:
    """Keep a wording with what the linter found. Refused where it may not run: nothing is kept, every finding is told."""
    title, text, landing = wording.title, wording.text, wording.landing
    campaign = _locked(campaign_id)
    on = now.astimezone(_CHINA).date()
    if not title.strip() or len(title) > 80 or not text.strip() or len(text) > 4000:
        raise Refused(
            Refusal(
                "CREATIVE_EMPTY",
                "标题与正文不能为空 · a title of 80 and a text of 4,000 characters at most",
                where="text",
            )
        )
    if urlsplit(landing).scheme != "https" or not urlsplit(landing).hostname or len(landing) > 300:
        told = "落地页须为本机构的 https 地址 · the landing page must be an https address of the institution's own"
        raise Refused(Refusal("LANDING_FOREIGN", told, where="landing"))
    findings = check_text(Text(wording.shown_as, f"{title}\n{text}"), on=on, cap=cap)
    if findings:
        told = "；".join(f"{each.found or '—'}：{each.told}" for each in findings)
        raise Refused(Refusal("CREATIVE_STOPPED", told, where=", ".join(sorted({each.rule for each in findings}))))
    return models.Creative.objects.create(
        id=new_id("crv", now=now), campaign=campaign, title=title.strip(), text=text.strip(), landing=landing,
        findings=[], rules_from=on, created_by=by, created_at=now,
    )  # fmt: skip


@transaction.atomic
def move(campaign_id: str, state: str, *, why: str = "", by: str, now: datetime) -> str:
    """Another state. Going live needs a wording that passes today's rules and a daily limit."""
    campaign = _locked(campaign_id)
    held = _state(campaign)
    if state == held:
        return state
    if state not in MOVES.get(held, frozenset()):
        raise Refused(
            Refusal("CAMPAIGN_MOVE", f"不能从 {held} 到 {state} · no way from {held} to {state}", where=campaign_id)
        )
    if state == LIVE:
        _may_run(campaign, now.astimezone(_CHINA).date())
    models.CampaignMove.objects.create(campaign=campaign, state=state, why=why[:200], by=by, at=now)
    return state


@transaction.atomic
def set_budget(campaign_id: str, daily_minor: int, *, target_minor: int | None = None, source: str = "", by: str, now: datetime) -> None:  # fmt: skip
    """Another daily limit from now on; a limit below what today already promised holds today at that.

    `target_minor`: what one result may cost, for the stop-loss; left out, the former one stays.
    """
    campaign = _locked(campaign_id)
    former = _budget(campaign_id)
    if target_minor is None and former is not None:
        target_minor = former.target_minor
    if not 0 <= daily_minor <= 10**12 or (target_minor is not None and not 0 < target_minor <= 10**12):
        raise Refused(
            Refusal(
                "BUDGET_AMOUNT", "预算须在 0 与一百亿元之间 · between nothing and ten billion yuan", where="daily_minor"
            )
        )
    models.Budget.objects.create(campaign=campaign, daily_minor=daily_minor, target_minor=target_minor, source=source[:120], by=by, at=now)  # fmt: skip
    for day in models.SpendDay.objects.select_for_update().filter(campaign=campaign, on=now.astimezone(_CHINA).date()):
        day.limit_minor = max(daily_minor, day.promised_minor)
        day.save(update_fields=["limit_minor"])


def apply_proposal(proposal: Mapping[str, int], *, name: str, by: str, now: datetime) -> int:
    """Daily limits by campaign id, all or none; answers how many changed. An unknown campaign refuses the whole."""
    changed = 0
    with transaction.atomic():
        for campaign_id, daily_minor in sorted(proposal.items()):
            if _daily(campaign_id) != daily_minor:
                set_budget(campaign_id, daily_minor, source=name, by=by, now=now)
                changed += 1
    return changed


@transaction.atomic
def promise(campaign_id: str, amount_minor: int, *, now: datetime) -> bool:
    """Take a part of today's limit before it is spent; False where it does not fit, or the campaign is not live.

    The row of the day is locked, so however many ask at once, promises never pass the limit; asked after everything else.
    """
    if amount_minor <= 0:
        raise Refused(Refusal("AMOUNT_ZERO", "金额须大于零 · the amount must be above nothing", where="amount_minor"))
    campaign = _locked(campaign_id)
    limit = _daily(campaign_id)
    if limit is None or _state(campaign) != LIVE:
        return False
    day, _ = models.SpendDay.objects.select_for_update().get_or_create(
        campaign=campaign, on=now.astimezone(_CHINA).date(), defaults={"limit_minor": limit}
    )
    if day.promised_minor + amount_minor > day.limit_minor:
        return False
    day.promised_minor += amount_minor
    day.save(update_fields=["promised_minor"])
    return True


def obey(folder: Path, *, now: datetime) -> frozenset[tuple[str, str]]:
    """Shut the gate of real-time delivery for strategies whose campaigns may not spend now; answers which.

    A strategy without a campaign is nobody's here and stays as it is; one is open while any of its campaigns is live with
    something left of its day: limit minus the greater of what was promised and what the media charged.
    """
    today = now.astimezone(_CHINA).date()
    costs = models.Cost.objects.filter(on=today).values("channel", "campaign").annotate(total=Sum("amount_minor"))
    charged = {(row["channel"], row["campaign"]): row["total"] for row in costs}
    open_now, known = set(), set()
    for each in campaigns(on=today):
        if each.strategy:
            known.add((each.media, each.strategy))
            spent = max(each.promised_minor, charged.get((each.media, each.name), 0))
            if each.state == LIVE and each.daily_minor is not None and spent < each.daily_minor:
                open_now.add((each.media, each.strategy))
    shut = frozenset(known - open_now)
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
    ):  # nobody's kill switch is lost between reading and writing
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('acquisition_gate', 10))")
        gate = publication.read_gate(folder)
        if gate.by_campaigns != shut:
            publication.close_gate(folder, replace(gate, by_campaigns=shut))
    return shut


def campaigns(*, on: date) -> list[CampaignView]:
    """All of them, newest first."""
    rows = models.Campaign.objects.prefetch_related("creatives", "moves", "budgets").order_by("-created_at", "-id")
    spent = dict(models.SpendDay.objects.filter(on=on).values_list("campaign_id", "promised_minor"))
    return [_view(row, spent.get(row.id, 0)) for row in rows]


def one(campaign_id: str, *, on: date) -> CampaignView:
    """One campaign; refused where there is none."""
    found = next((each for each in campaigns(on=on) if each.id == campaign_id), None)
    if found is None:
        raise _unknown(campaign_id)
    return found


def _view(row: models.Campaign, promised: int) -> CampaignView:
    moves = sorted(row.moves.all(), key=lambda each: each.id)
    budgets = sorted(row.budgets.all(), key=lambda each: each.id)
    creatives = sorted(row.creatives.all(), key=lambda each: each.created_at, reverse=True)
    daily = budgets[-1].daily_minor if budgets else None
    target = budgets[-1].target_minor if budgets else None
    return CampaignView(row.id, row.media, row.name, row.strategy, moves[-1].state, daily, promised, creatives, target, tuple(moves))  # fmt: skip


def _may_run(campaign: models.Campaign, on: date) -> None:
    creative = campaign.creatives.order_by("-created_at").first()
    if creative is None or check_text(Text("", f"{creative.title}\n{creative.text}"), on=on):
        raise Refused(
            Refusal("CREATIVE_MISSING", "没有通过今日审查的素材 · no wording passes today's rules", where=campaign.id)
        )
    if not _daily(campaign.id):
        raise Refused(Refusal("BUDGET_MISSING", "没有日预算 · no daily limit is set", where=campaign.id))


def _daily(campaign_id: str) -> int | None:
    row = _budget(campaign_id)
    return row.daily_minor if row else None


def _budget(campaign_id: str) -> models.Budget | None:
    return models.Budget.objects.filter(campaign_id=campaign_id).order_by("-id").first()


def _state(campaign: models.Campaign) -> str:
    row: Any = campaign.moves.order_by("-id").first()
    return str(row.state)


def _locked(campaign_id: str) -> models.Campaign:
    """The campaign, held until the end of the transaction: whoever changes or spends it waits for the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [campaign_id])
    row = models.Campaign.objects.filter(id=campaign_id).first()
    if row is None:
        raise _unknown(campaign_id)
    return row


def _unknown(campaign_id: str) -> Refused:
    return Refused(Refusal("CAMPAIGN_UNKNOWN", "没有这个计划 · no such campaign", where=campaign_id))
