"""The collector's answers are read with the owner's own tick only; without it nothing is kept and the application goes on."""

from django.test import RequestFactory

from puhui.web.phone import collected

SENT = {"collected": '{"fill_seconds": 20, "pasted_identity": true}'}


def test_nothing_is_read_without_the_tick() -> None:
    request = RequestFactory().post("/m/apply", SENT, REMOTE_ADDR="203.0.113.9")
    assert (collected.signals_of(request), collected.address_of(request)) == ({}, "")


def test_with_the_tick_what_fits_is_read() -> None:
    request = RequestFactory().post(
        "/m/apply", SENT | {"consent": ["credit_assessment", "fraud_signals"]}, REMOTE_ADDR="203.0.113.9"
    )
    assert collected.signals_of(request) == {"fill_seconds": 20, "pasted_identity": True}
    assert collected.address_of(request) == "203.0.113.9"


def test_an_address_that_is_none_is_left_out() -> None:
    request = RequestFactory().post("/m/apply", {"consent": "fraud_signals"}, REMOTE_ADDR="")
    assert collected.address_of(request) == ""
