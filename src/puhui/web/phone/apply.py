"""Applying from the phone: plain questions, one box a consent and none ticked, invoices as files or by the shop's code.

Rule kept: the phone number is the proven one of this session and cannot be typed; an ID number that is registered under
another phone is refused here, so that nobody applies in another's name. Sending the form twice applies once.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from puhui.journeys import apply as applying
from puhui.journeys import outside_facts
from puhui.journeys.apply import Intake, OwnInvoices
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties import queries as parties
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.underwriting.core import questionnaire
from puhui.web import clock
from puhui.web.phone import collected
from puhui.web.phone import owner as owners
from puhui.web.phone.owner import Owner, owner_page
from puhui.web.phone.page import show
from puhui.web.templatetags.puhui import in_tongue_later

MONTHS = (3, 6, 12)
_FIELDS = ("name", "id_number", "shop_name", "credit_code", "requested_yuan", "months", "evidence_code",
           *questionnaire.OF_APPLICATION)  # fmt: skip
_MOST_BYTES = 10 * 1024 * 1024
_WHERE = {"FIRM_UNKNOWN": "evidence_code", "CONSENT_MISSING": "consent", "AMOUNT_NOT_POSITIVE": "requested_yuan"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A consent as the page asks for it."""

    purpose: str
    title: Any
    told: Any
    text_version: str
    needed: bool


FILLING = Asked(
    applying.FILLING_PURPOSE, _("同意用填写过程防范冒用"),
    _("只看填写用了多久、证件号码是否粘贴和改过几次、网络地址，用来防止别人冒用您的身份。不读通讯录、通话和应用列表。不同意也可以申请。"),
    applying.FILLING_TEXT, needed=False,
)  # fmt: skip
CONSENTS = (
    Asked(
        applying.ASSESSMENT_PURPOSE, _("同意用我的资料做信用评估"),
        _("包括身份、联系方式、经营信息和发票，只用来判断能不能借、能借多少。不同意就无法评估，但不影响使用其他功能。"),
        applying.ASSESSMENT_TEXT, needed=True,
    ),
    FILLING,
)  # fmt: skip


_BUREAU = Asked(
    outside_facts.BUREAU_PURPOSE, in_tongue_later("同意查询本人征信", "Ask the credit bureau about me"),
    in_tongue_later("向征信机构查一次您的信用报告，只用来判断这笔申请；查询会记在您的信用报告里，30天内再申请不会重复查。"
                    "不同意也可以申请，但要等工作人员核实。",
                    "Your credit report is asked for once, for this application only; the inquiry shows in your report, and is not "
                    "repeated within 30 days. You may apply without it, but staff will have to look."),
    outside_facts.BUREAU_TEXT, needed=False,
)  # fmt: skip


def with_bureau(consents: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """The consent to a credit report is asked for only where a bureau could be asked."""
    return (*consents, _BUREAU) if outside_facts.is_open("bureau") else consents


def bureau(typed: dict[str, Any]) -> tuple[ConsentDraft, ...]:
    """The consent to ask the bureau, where it was ticked."""
    ticked = outside_facts.BUREAU_PURPOSE in typed["consents"]
    return (outside_facts.bureau_consent("phone"),) if ticked and outside_facts.is_open("bureau") else ()


@sensitive_post_parameters("name", "id_number")
@require_http_methods(["GET", "POST"])
@owner_page
def apply(request: HttpRequest, owner: Owner) -> HttpResponse:
    """The form; sent, the answer."""
    if request.method == "GET":
        return _form(request, owner, {"months": "12", "consents": []}, key=uuid4().hex)
    typed: dict[str, Any] = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    typed["consents"] = request.POST.getlist("consent")
    key = request.POST.get("key", "")
    try:
        refuse_another_persons_number(owner, typed["id_number"])
        applied = applying.apply(_intake(request, owner, typed), key=f"phone/{owner.phone[-4:]}/{key}", now=clock.now())
    except Refused as refused:
        return _form(request, owner, typed, key=key, refusal=refused.refusal)
    owners.remember(request, applied.person_id)
    if applied.offer_id:
        return redirect("phone:offer", offer_id=applied.offer_id)
    return redirect("phone:answer", application_id=applied.application_id)


def _form(request: HttpRequest, owner: Owner, typed: dict[str, Any], *, key: str,
          refusal: Refusal | None = None) -> HttpResponse:  # fmt: skip
    where = ""
    if refusal is not None:
        where = _WHERE.get(refusal.code, refusal.where)
        where = next((name for name in (*_FIELDS, "consent", "sales", "purchases") if where.startswith(name)), "")
    context = {"typed": typed, "key": key, "months": MONTHS, "consents": with_bureau(CONSENTS), "tab": "home",
               "asked": [each for each in questionnaire.QUESTIONS if each.name in questionnaire.OF_APPLICATION],
               "wrong": refusal.message if refusal else "", "wrong_where": where}  # fmt: skip
    return show(request, owner, "phone/apply.html", context, status=422 if refusal else 200)


def _intake(request: HttpRequest, owner: Owner, typed: dict[str, Any]) -> Intake:
    refuse_without_consent(typed)
    return Intake(
        entrance="phone",
        person=PersonDraft(typed["name"], typed["id_number"], owner.phone),
        shop=ShopDraft(typed["shop_name"], typed["credit_code"], typed["evidence_code"]),
        requested_minor=amount(typed["requested_yuan"]),
        months=months(typed["months"]),
        consents=(applying.assessment_consent("phone"), *bureau(typed), *filling(request)),
        invoices=_invoices(request),
        touch_id=owners.touch_of(request),
        answers={name: typed[name] for name in questionnaire.OF_APPLICATION if typed[name]},
        signals=collected.signals_of(request),
        ip=collected.address_of(request),
    )


def filling(request: HttpRequest) -> tuple[ConsentDraft, ...]:
    """The consent to look at the filling in, where it was ticked."""
    return (applying.filling_consent("phone"),) if collected.allowed(request) else ()


def refuse_without_consent(typed: dict[str, Any]) -> None:
    """Nobody is assessed who has not ticked it."""
    if applying.ASSESSMENT_PURPOSE not in typed["consents"]:
        told = "需要您同意信用评估，才能申请 · your consent to the credit assessment is needed"
        raise Refused(Refusal("CONSENT_MISSING", told, where="consent"))


def amount(text: str) -> int:
    try:
        return parse_yuan(text.replace(",", "").replace("，", ""))
    except MoneyUnreadable:
        told = "请只写数字，比如 200000 · write digits only, such as 200000"
        raise Refused(Refusal("AMOUNT_UNREADABLE", told, where="requested_yuan")) from None


def months(text: str) -> int:
    if text not in map(str, MONTHS):
        raise Refused(Refusal("MONTHS_UNKNOWN", "请选择借多久 · choose for how long", where="months"))
    return int(text)


def _invoices(request: HttpRequest) -> OwnInvoices | None:
    """Both lists or none; one alone tells half a story."""
    files = {name: request.FILES.get(name) for name in ("sales", "purchases")}
    if not any(files.values()):
        return None
    content = {}
    for name, file in files.items():
        if file is None:
            raise Refused(Refusal("FILE_MISSING", "销售和进货两个清单都要上传 · both lists are needed", where=name))
        if (file.size or 0) > _MOST_BYTES:
            raise Refused(Refusal("FILE_TOO_LARGE", "文件超过 10 MB · the file is larger than 10 MB", where=name))
        content[name] = file.read()
    return OwnInvoices(sales=content["sales"], purchases=content["purchases"])


def refuse_another_persons_number(owner: Owner, id_number: str) -> None:
    known = parties.find_person(id_number)
    mine = parties.find_person(owner.phone)
    if known is not None and (mine is None or mine.id != known.id):
        told = (
            "此身份证号登记在另一个手机号下，请用那个手机号登录；手机号已换的，请联系客服 · this ID number is registered "
            "under another phone; log in with that one, or ask for help"
        )
        raise Refused(Refusal("REGISTERED_ELSEWHERE", told, where="id_number"))
