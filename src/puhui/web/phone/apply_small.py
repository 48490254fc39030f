"""Applying from the phone as a small owner: who you are, then a few questions a page, saved at every step, photos if you like.

Rules kept: one question says one thing in plain words; what is left out is unknown and may stay so; the person is asked for at
the end and never stands in what is saved; consent is a box of its own, not ticked. The same questions come in by partners and
files (`underwriting.core.questionnaire`).
"""

from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from puhui.journeys import apply as applying
from puhui.journeys.apply import Intake
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties.operations import PersonDraft, ShopDraft
from puhui.store.sealed import blind_index
from puhui.underwriting import operations as underwriting
from puhui.underwriting import queries
from puhui.underwriting.core import questionnaire
from puhui.underwriting.core.lending_policy import SEGMENTS
from puhui.underwriting.queries import SavedAnswers
from puhui.web import clock
from puhui.web.phone import collected
from puhui.web.phone import owner as owners
from puhui.web.phone.apply import (
    FILLING,
    MONTHS,
    Asked,
    amount,
    bureau,
    filling,
    months,
    refuse_another_persons_number,
    refuse_without_consent,
    with_bureau,
)
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show

_SENT = "small_sent"
_PERSON = ("name", "id_number", "shop_name", "credit_code", "requested_yuan", "months")
_WHERE = {"CONSENT_MISSING": "consent", "AMOUNT_NOT_POSITIVE": "requested_yuan"}
CONSENT = Asked(
    applying.ASSESSMENT_PURPOSE, _("同意用我的资料做信用评估"),
    _("包括身份、联系方式、您填的生意和家庭情况、本人的贷款和还款情况、照片，只用来判断能不能借、能借多少。不同意就无法评估，但不影响使用其他功能。"),
    applying.OWNER_TEXT, needed=True,
)  # fmt: skip


@require_GET
@owner_page
def start(request: HttpRequest, owner: Owner) -> HttpResponse:
    """Which of these are you; or go on where you left."""
    saved = queries.saved_answers(_index(owner), now=clock.now())
    context = {"tab": "home", "segments": list(questionnaire.SEGMENT_WORDS.items()), "saved": saved,
               "saved_words": questionnaire.SEGMENT_WORDS[saved.segment] if saved else None}  # fmt: skip
    return show(request, owner, "phone/start.html", context)


@require_http_methods(["GET", "POST"])
@owner_page
def step(request: HttpRequest, owner: Owner, segment: str, name: str) -> HttpResponse:
    """One page of questions; sent, they are saved and the next page follows."""
    if segment not in SEGMENTS or name not in questionnaire.STEPS:
        raise Http404
    saved = _saved(owner, segment)
    if request.method == "GET":
        return _questions(request, owner, name, saved)
    asked = questionnaire.asked(segment, name)
    typed = {each.name: request.POST.get(each.name, "").strip() for each in asked}
    told = {**saved.answers, **typed}
    try:
        photos = saved.photos | _photos(request, [each.name for each in asked if each.photo])
        questionnaire.evidence(
            {each.name: typed[each.name] for each in asked} | _beside(told), on=_today(), photos=photos
        )
        underwriting.save_answers(_index(owner), segment, told, photos=photos, now=clock.now())
    except Refused as refused:
        return _questions(request, owner, name, replace(saved, answers=told), refusal=refused.refusal)
    following = questionnaire.STEPS.index(name) + 1
    if following < len(questionnaire.STEPS):
        return redirect("phone:small_step", segment=segment, name=questionnaire.STEPS[following])
    return redirect("phone:small_send", segment=segment)


@sensitive_post_parameters("name", "id_number")
@require_http_methods(["GET", "POST"])
@owner_page
def send(request: HttpRequest, owner: Owner, segment: str) -> HttpResponse:
    """Who you are, how much, for how long, the consent; sent, the answer."""
    if segment not in SEGMENTS:
        raise Http404
    saved = _saved(owner, segment)
    sent = request.session.get(_SENT, {})
    if request.POST.get("key", "-") in sent:
        return redirect(sent[request.POST["key"]])
    if request.method == "GET":
        return _last(request, owner, saved, {"months": "12", "consents": [], "key": uuid4().hex})
    typed: dict[str, Any] = {name: request.POST.get(name, "").strip() for name in _PERSON}
    typed["consents"] = request.POST.getlist("consent")
    typed["key"] = key = request.POST.get("key", "")
    try:
        refuse_another_persons_number(owner, typed["id_number"])
        intake = _intake(request, owner, segment, typed, saved)
        applied = applying.apply(intake, key=f"phone/{owner.phone[-4:]}/{key}", now=clock.now())
    except Refused as refused:
        return _last(request, owner, saved, typed, refusal=refused.refusal)
    underwriting.forget_answers(_index(owner), now=clock.now())
    owners.remember(request, applied.person_id)
    if applied.offer_id:
        address = reverse("phone:offer", kwargs={"offer_id": applied.offer_id})
    else:
        address = reverse("phone:answer", kwargs={"application_id": applied.application_id})
    request.session[_SENT] = {key: address}  # a second tap finds the first one's answer, the saved ones being gone
    return redirect(address)


def _intake(request: HttpRequest, owner: Owner, segment: str, typed: dict[str, Any], saved: SavedAnswers) -> Intake:
    refuse_without_consent(typed)
    return Intake(
        entrance="phone",
        person=PersonDraft(typed["name"], typed["id_number"], owner.phone),
        shop=ShopDraft(typed["shop_name"], typed["credit_code"]),
        requested_minor=amount(typed["requested_yuan"]),
        months=months(typed["months"]),
        consents=(applying.owner_consent("phone"), *bureau(typed), *filling(request)),
        touch_id=owners.touch_of(request),
        signals=collected.signals_of(request),
        ip=collected.address_of(request),
        segment=segment,
        answers={name: text for name, text in saved.answers.items() if text},
        photos={name: shown for name, shown in saved.photos.items() if saved.answers.get(name)},
    )


def _questions(
    request: HttpRequest, owner: Owner, name: str, saved: SavedAnswers, *, refusal: Refusal | None = None
) -> HttpResponse:
    segment, asked = saved.segment, questionnaire.asked(saved.segment, name)
    rows = [{"asked": q, "value": saved.answers.get(q.name, ""), "shown": q.name in saved.photos} for q in asked]
    where = refusal.where if refusal else ""
    context = {
        "tab": "home", "segment": segment, "segment_words": questionnaire.SEGMENT_WORDS[segment], "rows": rows, "step": name,
        "step_words": questionnaire.STEP_WORDS[name], "number": questionnaire.STEPS.index(name) + 1, "of": len(questionnaire.STEPS) + 1,
        "back": _before(segment, name), "wrong": refusal.message if refusal else "",
        "wrong_where": where if where in {q.name for q in asked} else "",
    }  # fmt: skip
    return show(request, owner, "phone/small.html", context, status=422 if refusal else 200)


def _last(
    request: HttpRequest, owner: Owner, saved: SavedAnswers, typed: dict[str, Any], *, refusal: Refusal | None = None
) -> HttpResponse:
    where = _WHERE.get(refusal.code, refusal.where) if refusal else ""
    where = next((name for name in (*_PERSON, "consent") if where.startswith(name)), "") if where else ""
    lacking = set(questionnaire.missing(saved.segment, saved.answers))
    context = {
        "tab": "home", "segment": saved.segment, "typed": typed, "key": typed["key"], "months": MONTHS, "consents": with_bureau((CONSENT, FILLING)),
        "number": len(questionnaire.STEPS) + 1, "of": len(questionnaire.STEPS) + 1, "photos": len(saved.photos),
        "lacking": [each for each in questionnaire.QUESTIONS if each.name in lacking], "last_step": questionnaire.STEPS[-1],
        "wrong": refusal.message if refusal else "", "wrong_where": where,
    }  # fmt: skip
    return show(request, owner, "phone/small_send.html", context, status=422 if refusal else 200)


def _saved(owner: Owner, segment: str) -> SavedAnswers:
    """What this owner saved for this segment; another segment's answers do not carry over."""
    saved = queries.saved_answers(_index(owner), now=clock.now())
    return saved if saved and saved.segment == segment else SavedAnswers(segment, {}, {}, clock.now())


def _beside(told: dict[str, str]) -> dict[str, str]:
    """The trade stands on the first page and belongs to amounts on the others."""
    return {name: told[name] for name in ("trade",) if told.get(name)}


def _photos(request: HttpRequest, names: list[str]) -> dict[str, str]:
    kept = {}
    for name in names:
        file = request.FILES.get(f"photo_{name}")
        if file is not None:
            kept[name] = underwriting.keep_document(file.read(), now=clock.now())
    return kept


def _before(segment: str, name: str) -> str:
    place = questionnaire.STEPS.index(name)
    return questionnaire.STEPS[place - 1] if place else ""


def _index(owner: Owner) -> bytes:
    return blind_index(owner.phone, purpose="questionnaire")


def _today() -> Any:
    return clock.now().astimezone(applying.ZONE).date()
