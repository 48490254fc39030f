"""Staff log-in: password, then the second factor. Without the second factor no page opens.

The order: log in → enrol an authenticator (once; the secret as a QR code drawn by us) → code on each log-in.
The session gets a new id at each step, so that an id seen before the log-in is worth nothing after it.
"""

from typing import Any

import segno
from django.contrib.auth import logout as end_session
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as remember_factor
from django_otp import match_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from puhui.web import errors
from puhui.web.staff.forms import CodeForm

_BACKUP_CODES = 8


class PasswordView(LoginView):
    """Step one. django-axes counts wrong passwords; the session id changes on success."""

    template_name = "staff/login.html"

    def get_success_url(self) -> str:
        self.request.session["after_login"] = super().get_success_url()
        return reverse("staff:code")


@login_required
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Step two, at each log-in."""
    user: Any = request.user
    if user.is_verified():
        return redirect(_destination(request))
    if not TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        return redirect("staff:enrol")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            device = match_token(user, form.cleaned_data["code"])
        if device is not None:
            return _let_in(request, device)
        wait = _seconds_to_wait(user)
        if wait > 1:
            told = _("口令连续输错，请在 %(seconds)s 秒后再试。") % {"seconds": wait}
            return errors.too_many(request, told, retry_after=wait)
        form.add_error("code", _("口令不对。请等动态口令更新后，输入新的 6 位数字。"))
    return render(request, "staff/code.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest) -> HttpResponse:
    """Once: scan, type the first code, write down the backup codes."""
    user: Any = request.user
    if TOTPDevice.objects.filter(user=user, confirmed=True).exists():
        return redirect("staff:code")
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "authenticator"})
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"]):
            device.confirmed = True
            device.save()
            remember_factor(request, device)
            request.session.cycle_key()
            return render(request, "staff/backup_codes.html",
                          {"codes": _new_backup_codes(user), "next": _destination(request)})  # fmt: skip
        form.add_error("code", _("口令不对。请核对手机时间是否自动同步，再输入新的 6 位数字。"))
    context = {"form": form, "qr": _qr_drawing(device.config_url), "secret": _spaced_secret(device)}
    return render(request, "staff/enrol.html", context, status=422 if form.errors else 200)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Ends the session, whole."""
    end_session(request)
    return redirect("staff:login")


def _let_in(request: HttpRequest, device: Any) -> HttpResponseRedirect:
    remember_factor(request, device)
    target = _destination(request)
    request.session.cycle_key()
    return HttpResponseRedirect(target)


def _destination(request: HttpRequest) -> str:
    wanted = str(request.session.pop("after_login", ""))
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe and wanted else reverse("console:home")


def _seconds_to_wait(user: Any) -> int:
    device = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    allowed, detail = device.verify_is_allowed() if device else (True, None)
    if allowed or not detail or "locked_until" not in detail:
        return 0
    from puhui.web import clock

    return max(0, round((detail["locked_until"] - clock.now()).total_seconds()))


def _new_backup_codes(user: Any) -> list[str]:
    device, _made = StaticDevice.objects.get_or_create(user=user, name="backup")
    device.token_set.all().delete()
    codes = [StaticToken.random_token() for _each in range(_BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=each) for each in codes)
    return codes


def _qr_drawing(address: str) -> str:
    """An SVG without style attributes, which the Content-Security-Policy would refuse."""
    drawing: str = segno.make(address, error="m").svg_inline(omitsize=True, border=3, dark="#000", light="#fff")
    return drawing


def _spaced_secret(device: TOTPDevice) -> str:
    import base64

    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))
