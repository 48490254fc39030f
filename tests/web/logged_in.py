"""Who visits the pages of a test: an owner whose phone has been proved already."""

from django.test import Client


def owner(phone: str) -> Client:
    """Logged in by phone; the code itself is tested in test_phone_codes."""
    client = Client()
    client.get("/m/login/")
    session = client.session
    session["owner_phone"] = phone
    session.save()
    return client
