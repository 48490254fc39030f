"""Policies 策略: rulebooks and versions, the editor with live checks and a backtest while editing, review by a second person, publishing.

Rule kept: pages show and ask; what may be done is the policy floor's to say, and its refusal is shown in words. Nothing that is
checked or backtested while editing is stored.
"""

import difflib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from puhui.kernel.refusal import Refused
from puhui.policy import experiments, operations, versions
from puhui.policy.core import lifecycle, policy_text
from puhui.policy.core.columns import Columns
from puhui.policy.core.condition import read_condition
from puhui.policy.core.fault import ConditionFault
from puhui.policy.core.outcome import OUTCOMES, SEVERITIES
from puhui.policy.core.policy_text import Policy
from puhui.policy.versions import VersionView
from puhui.underwriting import shipped_policy
from puhui.web import access, clock
from puhui.web.console import policy_forms, policy_pictures
from puhui.web.templatetags.puhui import spoken

AUTHORS = (access.ANALYST, access.ADMIN)
REVIEWERS = access.PLATFORM_ROLES
PUBLISHERS = (access.ADMIN,)
_MAY = {"author": AUTHORS, "reviewer": REVIEWERS, "publisher": PUBLISHERS}
_FINDINGS_FIRST = ("never_fires", "always_fires", "duplicate", "never_in_force", "gap", "shadowed", "out_of_range")


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def index(request: HttpRequest) -> HttpResponse:
    """Every rulebook with its versions, the live one marked, and what needs a person."""
    now = clock.now()
    books = []
    for book in versions.rulebooks():
        live = live_version(book.kind, now)
        rows = versions.versions(book.kind)
        books.append({"book": book, "rows": rows, "live": live, "alerts": experiments.alerts(book.kind, limit=5),
                      "waiting": [row for row in rows if row.state == "in_review"]})  # fmt: skip
    return render(
        request, "console/policies.html", {"books": books, "may_write": access.role_of(request) in AUTHORS, "now": now}
    )


@require_GET
@access.staff_page(*access.PLATFORM_ROLES)
def one(request: HttpRequest, version_id: str) -> HttpResponse:
    """A version: its life, what changed against the version before it, what the checks say, and what can be done now."""
    view, now = _known(version_id), clock.now()
    policy = versions.policy_of(view.content_hash)
    live = live_version(view.kind, now)
    before = view.based_on or (live.version_id if live and live.version_id != view.version_id else None)
    return render(request, "console/policy.html", {
        "view": view, "moves": versions.moves_of(view.version_id), "policy": policy, "live": live,
        "is_live": live is not None and live.version_id == view.version_id, "findings": findings_of(policy),
        "before": versions.version(before) if before else None,
        "changes": _changes(versions.texts_of(before), versions.texts_of(view.version_id)) if before else [],
        "actions": _actions(request, view), "may_write": access.role_of(request) in AUTHORS,
    })  # fmt: skip


@require_POST
@access.staff_page(*access.PLATFORM_ROLES)
def act(request: HttpRequest, version_id: str) -> HttpResponse:
    """Submit, send back, approve, publish, retire, discard."""
    view, now, move = _known(version_id), clock.now(), request.POST.get("move", "")
    if move not in {action["move"] for action in _actions(request, view)}:
        messages.error(request, _("您不能对这个版本这样做，或者它的状态已经变了。"))
        return redirect("console:policy", version_id=version_id)
    by, note = request.user.get_username(), request.POST.get("note", "")

    def moved() -> object:
        if move == "publish":
            at = policy_forms.read_time(request.POST.get("at", ""), now=now)
            return operations.publish_version(version_id, at=at, by=by, now=now, note=note)
        return operations.move_version(
            version_id, move, by=by, now=now, note=note, force=bool(request.POST.get("force"))
        )

    _told(request, moved, _("已完成。"))
    return redirect("console:policy", version_id=version_id)


@require_POST
@access.staff_page(*AUTHORS)
def first(request: HttpRequest) -> HttpResponse:
    """The first draft of all, from the credit policy that comes with Puhui; where there is a version already, drafts start from it."""
    kind, now = shipped_policy.KIND, clock.now()
    if versions.versions(kind):
        messages.error(request, _("已经有版本了；请从其中一个另起草稿。"))
        return redirect("console:policies")
    operations.open_rulebook(kind, name_zh="授信申请", name_en="Applications", now=now)
    fresh = operations.draft_version(kind, shipped_policy.texts(), author=request.user.get_username(), now=now)
    return redirect("console:policy_edit", version_id=fresh)


@require_POST
@access.staff_page(*AUTHORS)
def begin(request: HttpRequest, version_id: str) -> HttpResponse:
    """A new draft from this version."""
    view = _known(version_id)
    fresh = operations.draft_version(view.kind, versions.texts_of(version_id), author=request.user.get_username(), now=clock.now(),
                                     based_on=version_id)  # fmt: skip
    return redirect("console:policy_edit", version_id=fresh)


@require_http_methods(["GET", "POST"])
@access.staff_page(*AUTHORS)
def edit(request: HttpRequest, version_id: str) -> HttpResponse:
    """The editor of a draft of one's own; what cannot be read is shown again as typed, with the reason."""
    view = _known(version_id)
    if view.state != "draft" or view.author != request.user.get_username():
        messages.error(request, _("只能修改自己的草稿；可以从任何版本另起一份草稿。"))
        return redirect("console:policy", version_id=version_id)
    texts, refused = versions.texts_of(version_id), None
    if request.method == "POST":
        try:
            texts = policy_forms.posted_texts(request.POST.dict())  # type: ignore[arg-type]
            edition = int(request.POST.get("edition", "0") or 0)
            operations.revise_draft(
                version_id, texts, by=view.author, edition=edition, note=request.POST.get("note", "")
            )
            messages.success(request, _("草稿已保存。"))
            return redirect("console:policy_edit", version_id=version_id)
        except Refused as found:
            refused = found.refusal
    context = {
        "view": view, "rows": policy_forms.read_rules(texts.get("rules.csv", "")), "blank": dict.fromkeys(policy_forms.FIELDS, ""),
        "others": [(name, text) for name, text in sorted(texts.items()) if name != "rules.csv"], "refused": refused,
        "columns": _columns(texts), "outcomes": OUTCOMES, "severities": SEVERITIES,
        "more_fields": [("reason_code", _("理由代码")), ("shows", _("展示字段")), ("effective_from", _("生效日")),
                        ("effective_to", _("失效日")), ("source", _("依据")), ("action", _("处置动作"))],
        "note": request.POST.get("note", view.note), "segments": _segments(texts),
    }  # fmt: skip
    return render(request, "console/policy_edit.html", context, status=422 if refused else 200)


@require_POST
@access.staff_page(*AUTHORS)
def check_condition(request: HttpRequest, version_id: str) -> HttpResponse:
    """The fragment under one condition: sound, or what is wrong, where, and what to write instead."""
    posted = request.POST.dict()
    row = str(request.GET.get("row", ""))
    text = str(posted.get(f"rule-{row}-condition", ""))
    context: dict[str, Any] = {"text": text}
    if text.strip():
        try:
            columns = policy_text.all_columns(policy_forms.posted_texts(posted) or versions.texts_of(version_id))  # type: ignore[arg-type]
            condition = read_condition(text, columns)
            context["findings"] = policy_text.check_condition(condition, columns)
            context["shows"] = sorted(condition.columns)
        except ConditionFault as fault:
            context |= {
                "fault": fault,
                "before": text[: fault.start],
                "marked": text[fault.start : fault.end],
                "after": text[fault.end :],
            }
        except Refused as refused:
            context["refused"] = refused.refusal
    return render(request, "console/policy_condition.html", context)


@require_POST
@access.staff_page(*AUTHORS)
def backtest(request: HttpRequest, version_id: str) -> HttpResponse:
    """The fragment that shows what the draft as typed would have done to what is on record, beside the live version."""
    view, now = _known(version_id), clock.now()
    context: dict[str, Any] = {"live": live_version(view.kind, now)}
    try:
        policy = policy_text.read_policy(policy_forms.posted_texts(request.POST.dict()))  # type: ignore[arg-type]
        context["findings"] = [finding for finding in findings_of(policy) if finding.kind in _FINDINGS_FIRST]
        if context["live"]:
            old = versions.policy_of(context["live"].content_hash)
            context |= policy_pictures.backtest(old, policy, view.kind, segment=request.POST.get("segment", ""))
    except Refused as refused:
        context["refused"] = refused.refusal
    return render(request, "console/policy_backtest.html", context)


def live_version(kind: str, now: datetime) -> VersionView | None:
    """The version that decides now, or None."""
    try:
        return versions.live(kind, now)
    except Refused:
        return None


def findings_of(policy: Policy) -> list[Any]:
    """The gravest first; how rules answer for missing values last."""
    order = {kind: place for place, kind in enumerate(_FINDINGS_FIRST)}
    return sorted(policy_text.check(policy), key=lambda found: (order.get(found.kind, 50), found.kind == "missing"))


def _known(version_id: str) -> VersionView:
    try:
        return versions.version(version_id)
    except Refused as refused:
        raise Http404(str(refused)) from refused


def _actions(request: HttpRequest, view: VersionView) -> list[dict[str, Any]]:
    """What this person may do with this version now."""
    role, name = access.role_of(request), request.user.get_username()
    found = []
    for name_of_move in lifecycle.moves_from(view.state):
        move = lifecycle.move_of(view.state, name_of_move)
        fits = name != view.author if move.second else (name == view.author or move.by != "author")
        if role in _MAY[move.by] and fits:
            found.append({"move": name_of_move, "title": (move.zh, move.en), "needs_note": name_of_move == "send_back"})
    return found


def _told(request: HttpRequest, write: Callable[[], object], done: str) -> None:
    try:
        write()
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
    else:
        messages.success(request, done)


def _changes(before: dict[str, str], after: dict[str, str]) -> list[dict[str, Any]]:
    """Line by line, file by file; only what differs, with two lines around."""
    changes = []
    for name in sorted({*before, *after}):
        lines = difflib.unified_diff(
            before.get(name, "").splitlines(), after.get(name, "").splitlines(), n=2, lineterm=""
        )
        told = [{"sign": line[:1], "text": line[1:]} for line in list(lines)[2:]]
        if told:
            changes.append({"name": name, "lines": told})
    return changes


def _columns(texts: dict[str, str]) -> Columns | None:
    try:
        return policy_text.all_columns(texts)
    except Refused:
        return None


def _segments(texts: dict[str, str]) -> list[str]:
    columns = _columns(texts)
    return [name for name, column in columns.items() if column.kind in ("text", "boolean")] if columns else []
