"""The shop owner's log-in: phone number, then the code that came by text message."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from puhui.acquisition import operations as acquisition
from puhui.kernel.masked import mask_phone
from puhui.kernel.refusal import Refused
from puhui.store import tenancy
from puhui.web import callers, clock, errors, phone_codes
from puhui.web.phone import owner

_PENDING, _NEXT = "pending_phone", "owner_next"


@require_GET
def hello(request: HttpRequest) -> HttpResponse:
    """Where an advertisement or a poster's QR code lands: the touch is kept once a visit and goes with the application."""
    told = {name: request.GET.get(name, "").strip()[:100] for name in ("channel", "campaign", "click_id")}
    if told["channel"] and owner.touch_of(request) == "":
        if request.session.session_key is None:
            request.session.create()
        now = clock.now()
        draft = acquisition.TouchDraft(**told, device_hash=None, landed_at=now)
        with tenancy.scope(tenancy.PLATFORM):
            owner.keep_touch(
                request, acquisition.record_touch(draft, key=f"phone/{request.session.session_key}", now=now)
            )
    return redirect("phone:home")


@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Step one: the number. A code is queued; whether the number is known here is not told."""
    if request.method == "GET":
        request.session[_NEXT] = request.GET.get("next", "")
        return render(request, "phone/login.html", {"phone": ""})
    phone = request.POST.get("phone", "")
    try:
        with tenancy.scope(tenancy.PLATFORM):
            number = phone_codes.send(phone, address=callers.address_of(request), now=clock.now())
    except Refused as refused:
        return render(request, "phone/login.html", {"phone": phone, "wrong": refused.refusal.message}, status=422)
    except phone_codes.TooMany as limit:
        return errors.too_many(request, _wait(limit.seconds), retry_after=limit.seconds)
    request.session[_PENDING] = number
    return redirect("phone:code")


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Step two: the code."""
    number = request.session.get(_PENDING)
    if not number:
        return redirect("phone:login")
    context = {"phone": mask_phone(number), "sandbox": settings.SANDBOX}
    if request.method == "POST":
        with tenancy.scope(tenancy.PLATFORM):
            good = phone_codes.check(number, request.POST.get("code", ""), now=clock.now())
        if good:
            target = _destination(request)
            owner.enter(request, number)
            return redirect(target)
        context["wrong"] = _("验证码不对，或者已经过期。请核对短信里的 6 位数字；输错 5 次后需要重新获取。")
    return render(request, "phone/code.html", context, status=422 if "wrong" in context else 200)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    owner.leave(request)
    return redirect("phone:login")


def _destination(request: HttpRequest) -> str:
    wanted = str(request.session.get(_NEXT, ""))
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe and wanted.startswith("/m/") else reverse("phone:home")


def _wait(seconds: int) -> str:
    if seconds < 120:
        return _("验证码发得太勤了，请 %(seconds)s 秒后再试。") % {"seconds": seconds}
    return _("今天或这一小时内获取验证码的次数太多了，请 %(minutes)s 分钟后再试。") % {"minutes": -(-seconds // 60)}
