"""Errors in plain words, mapped to HTTP once: a refusal is 409 or 422, a missing thing 404, a fault 500.

Every page names what happened, what to do, and the request's id for whoever is asked for help.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from puhui.kernel.refusal import Refusal

# Refusals about what was typed are 422; all others are about the state of things: 409.
_TYPED = ("MISSING", "UNREADABLE", "UNKNOWN", "INVALID", "WEAK", "NOT_POSITIVE")


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The page for a refusal that reached the edge."""
    return _page(request, status_of(refusal), _("这一步没有完成"), refusal.message, refusal.code)


def status_of(refusal: Refusal) -> int:
    """The one mapping of refusals to HTTP, for pages and for the partner API."""
    return 422 if refusal.code.endswith(_TYPED) else 409


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, _("请求有误"), _("服务器没有看懂这个请求。请返回上一页再试一次。"))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    told = str(exception) if exception and str(exception) else _("您的账号不能打开这个页面。如需权限，请联系管理员。")
    return _page(request, 403, _("没有权限"), told)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request, 403, _("页面已过期"), _("为安全起见，表单没有提交。请返回并刷新页面后再试；浏览器需要允许 Cookie。")
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, _("没有找到"), _("这个地址下没有内容，或者它不对您开放。"))


def too_many(request: HttpRequest, told: str, *, retry_after: int) -> HttpResponse:
    response = _page(request, 429, _("请稍等一下"), told)
    response["Retry-After"] = str(retry_after)
    return response


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """django-axes calls this after too many wrong passwords."""
    return too_many(
        request, _("密码连续输错太多次，此账号已暂停登录 15 分钟。如不是您本人操作，请联系管理员。"), retry_after=900
    )


def fault(request: HttpRequest) -> HttpResponse:
    """Rendered without the database or context processors, which may be what failed."""
    context = {"status": 500, "title": _("系统出了问题"), "request_id": getattr(request, "request_id", ""),
               "told": _("不是您的操作有误。我们已记录此问题，请过几分钟再试；已提交的数据没有丢失，也不会重复入账。")}  # fmt: skip
    return HttpResponse(loader.render_to_string("errors/error.html", context), status=500)


def _page(request: HttpRequest, status: int, title: str, told: str, code: str = "") -> HttpResponse:
    context = {"status": status, "title": title, "told": told, "code": code,
               "request_id": getattr(request, "request_id", "")}  # fmt: skip
    htmx = getattr(request, "htmx", False)
    template = "errors/fragment.html" if htmx else "errors/error.html"
    return render(request, template, context, status=status)
