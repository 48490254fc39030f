"""Mirror 明镜: the queue of cases, one case worked to its end, the ring drawn two hops out, lists, rules with what they catch, appeals.

Rule kept: pages show and ask; what may be done is the room's to say, and its refusal is shown in words. Entities stand masked.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from puhui.antifraud import case_files, dry_run, lead_measures, list_entries, operations, payees, queries
from puhui.antifraud.core import casework, rulebook
from puhui.kernel.refusal import Refused
from puhui.policy import operations as policy
from puhui.policy import versions
from puhui.web import access, clock
from puhui.web.console.policies import AUTHORS
from puhui.web.templatetags.puhui import spoken

MAY = access.PLATFORM_ROLES
_MOST_LISTED = 200


@require_GET
@access.staff_page(*MAY)
def index(request: HttpRequest) -> HttpResponse:
    """Open cases by the money that an hour of review saves, and the latest that were closed."""
    now = clock.now()
    figures = casework.figures()["review"]
    context = {"cases": case_files.queue(now=now), "closed": case_files.closed(now=now), "figures": figures,
               "appeals": queries.open_appeals(), "alerts": queries.open_model_alerts()}  # fmt: skip
    return render(request, "console/mirror.html", context)


@require_GET
@access.staff_page(*MAY)
def case(request: HttpRequest, case_id: str) -> HttpResponse:
    """One case: leads with their evidence, the story, the ring, what can be done next."""
    file = case_files.case_file(case_id, now=clock.now())
    if file is None:
        raise Http404("no such case")
    me = request.user.get_username()
    moves = [
        {"move": name, "title": (move.zh, move.en), "needs_note": move.note}
        for name in casework.moves_from(file.view.state)
        if not (move := casework.move_of(file.view.state, name)).second or me != file.proposed_by
    ]
    drawn = _ring(file.leads[-1]["application_key"]) if file.leads else {"nodes": [], "edges": []}
    context = {
        "file": file,
        "view": file.view,
        "moves": moves,
        "ring": drawn,
        "words": _ring_words(),
        "edges": _edge_rows(drawn),
    }
    return render(request, "console/mirror_case.html", context)


@require_POST
@access.staff_page(*MAY)
def act(request: HttpRequest, case_id: str) -> HttpResponse:
    """A move, a note, or the tipping-off lock."""
    by, now, posted = request.user.get_username(), clock.now(), request.POST
    note = posted.get("note", "")
    verbs: dict[str, Callable[[], object]] = {
        "note": lambda: operations.add_note(case_id, note, by=by, now=now, kind=posted.get("kind", "note")),
        "lock": lambda: operations.lock_tipping_off(case_id, on=posted.get("on") == "1", by=by, now=now, note=note),
        "move": lambda: operations.move_case(case_id, posted.get("move", ""), by=by, now=now, note=note),
    }
    _told(request, verbs.get(posted.get("verb", "move"), verbs["move"]), _("已完成。"))
    return redirect("console:mirror_case", case_id=case_id)


@require_GET
@access.staff_page(*MAY)
def ring(request: HttpRequest, application_key: str) -> HttpResponse:
    """The ring of any application."""
    drawn = _ring(application_key)
    if not drawn["nodes"]:
        raise Http404("no such application")
    context = {"ring": drawn, "application_key": application_key, "words": _ring_words(), "edges": _edge_rows(drawn),
               "answer": queries.assessment_of(application_key), "payee": payees.named(application_key)}  # fmt: skip
    return render(request, "console/mirror_ring.html", context)


@require_POST
@access.staff_page(*MAY)
def raise_lead(request: HttpRequest, application_key: str) -> HttpResponse:
    """A person's lead on an application."""
    posted, now = request.POST, clock.now()

    def write() -> str:
        return operations.raise_lead(
            posted.get("source", "person"),
            application_key,
            told=posted.get("told", ""),
            by=request.user.get_username(),
            now=now,
        )

    case_id = _told(request, write, _("线索已登记。"))
    return (
        redirect("console:mirror_case", case_id=case_id)
        if case_id
        else redirect("console:mirror_ring", application_key=application_key)
    )


@require_POST
@access.staff_page(*MAY)
def name_payee(request: HttpRequest, application_key: str) -> HttpResponse:
    """Whom a loan of direct payment goes to."""
    told = operations.PayeeDraft(*(request.POST.get(name, "") for name in ("name", "account", "reason")))
    by, now = request.user.get_username(), clock.now()
    _told(request, lambda: operations.name_payee(application_key, told, by=by, now=now), _("收款方已登记。"))
    return redirect("console:mirror_ring", application_key=application_key)


@require_GET
@access.staff_page(*MAY)
def lists(request: HttpRequest) -> HttpResponse:
    """Entries that stand now."""
    rows = list_entries.standing(clock.now()).order_by("-recorded_at")[:_MOST_LISTED]
    return render(request, "console/mirror_lists.html", {"rows": list_entries.views(rows)})


@require_POST
@access.staff_page(access.ADMIN)
def end_listing(request: HttpRequest, listing_id: str) -> HttpResponse:
    """Take an entry off, with a reason."""
    by, now, reason = request.user.get_username(), clock.now(), request.POST.get("reason", "")
    _told(request, lambda: operations.end_listing(listing_id, reason=reason, by=by, now=now), _("已移出名单。"))
    return redirect("console:mirror_lists")


@require_POST
@access.staff_page(*MAY)
def answer_appeal(request: HttpRequest, appeal_id: str) -> HttpResponse:
    """A person's answer to an appeal."""
    posted, by, now = request.POST, request.user.get_username(), clock.now()
    upheld, text = posted.get("upheld") == "1", posted.get("answer", "")
    _told(
        request,
        lambda: operations.answer_appeal(appeal_id, upheld=upheld, answer=text, by=by, now=now),
        _("申诉已答复。"),
    )
    return redirect("console:mirror")


@require_GET
@access.staff_page(*MAY)
def measures(request: HttpRequest) -> HttpResponse:
    """Leads by source: how many were right, how long it took, what sum was at stake."""
    context = {"rows": lead_measures.measures(now=clock.now()), "days": casework.figures()["measured"]["days"]}
    return render(request, "console/mirror_measures.html", context)


@require_GET
@access.staff_page(*MAY)
def rules(request: HttpRequest) -> HttpResponse:
    """The rules that decide now with precision and recall on what is confirmed, and the versions under way."""
    now = clock.now()
    rows = sorted(dry_run.worth_by_rule(now=now), key=lambda rule: -rule["hits"])
    live = versions.live_if_any(rulebook.KIND, now)
    context = {
        "rows": rows,
        "live": live,
        "versions": versions.versions(rulebook.KIND),
        "may_write": access.role_of(request) in AUTHORS,
        "base_rate": casework.figures()["simulated"]["base_rate"],
    }
    return render(request, "console/mirror_rules.html", context)


@require_POST
@access.staff_page(*AUTHORS)
def begin(request: HttpRequest) -> HttpResponse:
    """A draft of the shipped rulebook, where none is published yet."""
    now = clock.now()
    policy.open_rulebook(rulebook.KIND, name_zh="反欺诈规则", name_en="anti-fraud rules", now=now)
    fresh = policy.draft_version(rulebook.KIND, rulebook.shipped_texts(), author=request.user.get_username(), now=now)
    return redirect("console:policy_edit", version_id=fresh)


@require_GET
@access.staff_page(*MAY)
def dry(request: HttpRequest, version_id: str) -> HttpResponse:
    """A version over the assessments on record, beside what decides now."""
    try:
        view = versions.version(version_id)
    except Refused as refused:
        raise Http404(str(refused)) from refused
    found = dry_run.run(versions.policy_of(view.content_hash), now=clock.now())
    names = sorted({*found.before, *found.after}, key=lambda name: -found.after.get(name, 0))
    shares = [(name, found.before.get(name, 0), found.after.get(name, 0)) for name in names]
    hits = sorted((rule for rule in found.rules if rule.hits), key=lambda rule: -rule.hits)
    context = {"view": view, "found": found, "shares": shares, "hits": hits, "limits": casework.figures()["publishing"]}
    return render(request, "console/mirror_dry_run.html", context)


def _told(request: HttpRequest, write: Callable[[], Any], done: str) -> Any:
    try:
        written = write()
    except Refused as refused:
        messages.error(request, spoken(refused.refusal.message))
        return None
    messages.success(request, done)
    return written


def _ring_words() -> dict[str, str]:
    """What the picture needs in the reader's tongue."""
    return {"bad": str(_("已确认欺诈")), "good": str(_("已排除")), "application": str(_("申请")), "weight": str(_("强度")),
            "since": str(_("建立于")), "by": str(_("共用"))}  # fmt: skip


def _ring(application_key: str) -> dict[str, Any]:
    """The ring with the wall clock of the reader, as every other time of the page."""
    drawn = case_files.ring_of(application_key)
    return {
        **drawn,
        "nodes": [_here(each) for each in drawn["nodes"]],
        "edges": [_here(each) for each in drawn["edges"]],
    }


def _here(part: dict[str, Any]) -> dict[str, Any]:
    if not part["at"]:
        return part
    return part | {"at": f"{timezone.localtime(datetime.fromisoformat(part['at'])):%Y-%m-%d %H:%M}"}


def _edge_rows(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    """The table beside the picture: every edge with its reason."""
    nodes = {node["id"]: node for node in drawn["nodes"]}
    return [
        edge | {"from": nodes[edge["source"]]["shown"], "to": nodes[edge["target"]]["shown"]} for edge in drawn["edges"]
    ]
