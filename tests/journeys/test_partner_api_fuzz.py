"""Schemathesis over our own OpenAPI description: whatever comes, the answer is one that is described, and never a 5xx."""

from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from puhui.funding import partners
from puhui.journeys import disburse
from tests.journeys.conftest import NOW, Lender
from tests.journeys.partner_client import PartnerClient
from tests.journeys.test_partner_api import APPLICATIONS, body, offered, register

EXAMPLES = 15  # of each operation and mode: about half a minute in all
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def signed(application: Callable[..., Iterable[bytes]], partner: PartnerClient) -> Callable[..., Iterable[bytes]]:
    """The same WSGI application with every request signed on its way in."""

    def door(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        for name in ("PATH_INFO", "QUERY_STRING"):  # the test transport hands on text; PEP 3333 wants bytes as Latin-1
            environ[name] = environ[name].encode("utf-8", "surrogateescape").decode("latin-1")
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(sent)
        path = WSGIRequest(environ).get_full_path()
        environ["wsgi.input"] = BytesIO(sent)
        for name, value in partner.headers(environ["REQUEST_METHOD"], path, sent).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return application(environ, start_response)

    return door


@pytest.fixture
def described(committed: Lender) -> Any:
    """The description with a partner that has an application, an offer and a loan to be found."""
    partner = register(calls_a_minute=1_000_000)
    shown = offered(committed, partner)
    booked = committed.booked(committed.applied(skip=3))
    disburse.disburse(booked.loan_id, now=NOW)
    partners.claim_application(partner.shown.id, booked.application_id, now=NOW)
    known = {"application_id": shown["application_id"], "offer_id": shown["offer_id"], "loan_id": booked.loan_id}
    person = body(committed, 5)["person"]
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", signed(get_wsgi_application(), partner))

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        """Half of the ids are real ones."""
        return path_parameters and {
            name: known[name] if name in known and str(value)[-1:] in "01234567" else value
            for name, value in path_parameters.items()
        }

    @schema.hook
    def map_body(context: Any, body: Any) -> Any:
        """A valid person, where one was drawn, so that the call goes further in."""
        if isinstance(body, dict) and isinstance(body.get("person"), dict) and len(body["person"]) == 3:
            return body | {"person": person}
        return body

    return schema


@pytest.mark.slow
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_a_described_one(described: Any, mode: GenerationMode) -> None:
    for operation in described.get_all_operations():
        calls(operation.ok(), mode)()


def calls(operation: Any, mode: GenerationMode) -> Callable[[], None]:
    """Calls of one operation, drawn by Hypothesis from its description; a broken answer is shrunk and shown."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def run(case: Any) -> None:
        case.call_and_validate(checks=CHECKS)

    return run


def test_the_schema_names_every_operation(described: Any) -> None:
    paths = {operation.ok().path for operation in described.get_all_operations()}
    assert APPLICATIONS in paths
    assert len(paths) == 7
