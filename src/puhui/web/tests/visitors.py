"""Visitors of the tests: a Django client that checks CSRF or not, and staff that have passed both factors.

Each visit ends outside any tenant, as on a real server; what a test then asks the database runs in its own scope.
"""

from typing import Any

from django.test import Client
from django_otp.oath import totp

from puhui.web import people

SECRET, PASSWORD = "JBSWY3DPEHPK3PXP", "correct-horse-7"


def staff(username: str, role: str, institution_id: str = "") -> None:
    people.create_staff(username, role, PASSWORD, institution_id, SECRET)


def one_time_password(*, drift: int = 0) -> str:
    return f"{totp(bytes.fromhex(people.otp_key(SECRET)), drift=drift):06d}"


def give_password(client: Client, username: str, password: str = PASSWORD) -> Any:
    return client.post("/login/", {"username": username, "password": password})


def enter(username: str, *, drift: int = 0) -> Client:
    """Through the real log-in, both steps."""
    client = Client()
    give_password(client, username)
    answer = client.post("/login/code/", {"code": one_time_password(drift=drift)})
    assert answer.status_code == 302, answer.content.decode()
    return client
