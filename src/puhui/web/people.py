"""Staff log-ins: made by `puhui users`, never by a web form. A second factor is required of each.

>>> otp_key("JBSWY3DPEHPK3PXP")
'48656c6c6f21deadbeef'
"""

import base64
import binascii
import re

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from puhui.kernel.refusal import Refusal, Refused
from puhui.web.models import StaffProfile


@transaction.atomic
def create_staff(
    username: str, role: str, password: str, institution_id: str = "", totp_secret: str | None = None
) -> StaffProfile:
    """A log-in with its role. Without `totp_secret` (base32, or 40 hexadecimal digits) the first log-in enrols an authenticator.

    Refused by name: USERNAME_TAKEN, ROLE_UNKNOWN, INSTITUTION_MISSING, PASSWORD_WEAK, TOTP_SECRET_UNREADABLE.
    """
    users = get_user_model().objects
    if role not in dict(StaffProfile.ROLES):
        raise Refused(Refusal("ROLE_UNKNOWN", f"没有角色 {role} · no such role", where="role"))
    if (role == StaffProfile.INSTITUTION) != bool(institution_id):
        told = "资金机构用户须指明机构，其他角色不得指明 · an institution's user, and only that, names its institution"
        raise Refused(Refusal("INSTITUTION_MISSING", told, where="institution_id"))
    if users.filter(username=username).exists():
        raise Refused(Refusal("USERNAME_TAKEN", f"用户名 {username} 已存在 · the user name is taken", where="username"))
    try:
        validate_password(password)
    except ValidationError as weak:
        raise Refused(Refusal("PASSWORD_WEAK", " ".join(weak.messages), where="password")) from weak
    office = role == StaffProfile.ADMIN
    user = users.create_user(username=username, password=password, is_staff=office, is_superuser=office)
    if totp_secret is not None:
        TOTPDevice.objects.create(user=user, name="authenticator", key=otp_key(totp_secret), confirmed=True)
    return StaffProfile.objects.create(user=user, role=role, institution_id=institution_id)


def staff_exists(username: str) -> bool:
    return get_user_model().objects.filter(username=username).exists()


def otp_key(secret: str) -> str:
    """A base32 secret, as authenticators show it, → the hexadecimal key django-otp keeps; such a key stays as it is."""
    if re.fullmatch(r"[0-9a-f]{40}", secret):
        return secret
    cleaned = secret.replace(" ", "").upper()
    try:
        key = base64.b32decode(cleaned + "=" * (-len(cleaned) % 8)).hex()
    except (binascii.Error, ValueError):
        key = ""
    if not key:
        told = "动态口令密钥应为 Base32 · the secret must be base32"
        raise Refused(Refusal("TOTP_SECRET_UNREADABLE", told, where="totp_secret"))
    return key
