"""What a log line looks like, and what never stands in one."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from puhui.kernel.masked import Secret
from puhui.web import logging_setup


@pytest.fixture
def lines() -> Any:
    """Log through the house's own formatter into a buffer; reads back the lines."""
    buffer = io.StringIO()
    logging_setup.configure()
    handler = logging.StreamHandler(buffer)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    logger = logging.getLogger("puhui.test")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]
    logger.removeHandler(handler)


class TestALogLine:
    def test_is_json_with_the_request_the_user_and_the_tenant(self, lines: Any) -> None:
        with structlog.contextvars.bound_contextvars(request_id="req_1", user=7, tenant="platform"):
            structlog.get_logger("puhui.test").info("loan booked", loan_id="loan_1", amount_minor=10_000_000)
        (line,) = lines()
        assert line["event"] == "loan booked"
        assert (line["request_id"], line["user"], line["tenant"], line["amount_minor"]) == (
            "req_1",
            7,
            "platform",
            10_000_000,
        )

    def test_masks_phones_ids_and_secrets_wherever_they_stand(self, lines: Any) -> None:
        log = structlog.get_logger("puhui.test")
        log.warning("call 13800138000", who={"id": ["11010519491231002X"], "name": Secret("王小明")}, phone=13800138000)
        logging.getLogger("puhui.test").warning("from %s: %s", "a library", "13900139000")
        try:
            raise ValueError("bad number 13700137000")
        except ValueError:
            log.exception("failed")
        text = json.dumps(lines(), ensure_ascii=False)
        for secret in ("13800138000", "11010519491231002X", "王小明", "13900139000", "13700137000"):
            assert secret not in text
        assert "138****8000" in text
        assert "ValueError" in text

    def test_leaves_other_numbers_alone(self, lines: Any) -> None:
        structlog.get_logger("puhui.test").info("x", id="loan_013800138000", cents=1, long=20260101123456789)
        (line,) = lines()
        assert (line["id"], line["cents"], line["long"]) == ("loan_013800138000", 1, 20260101123456789)
