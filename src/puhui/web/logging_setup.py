"""Structured logs: one JSON object a line on stderr, with personal data masked whatever path it came by.

Rule kept: a `Secret` prints ***; mainland phone numbers and resident ID numbers are masked in every text, tracebacks
included. The mask runs last, so nothing can be added after it.

>>> masked("电话 13800138000，证件 11010519491231002X，编号 20260101123456789")
'电话 138****8000，证件 110***********002X，编号 20260101123456789'
"""

import logging.config
import os
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

from puhui.kernel.masked import Secret, mask_id_number, mask_phone

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<![0-9A-Za-z])1[3-9]\d{9}(?![0-9A-Za-z])")
_DEPTH = 6


def configure() -> None:
    """Called once, by the settings."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(allow=("status_code",)),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    level = os.environ.get("PUHUI_LOG_LEVEL", "INFO").upper()
    logging.config.dictConfig({
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": _formatter, "shared": shared}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},  # 4xx are in the request line already
            "httpx": {"level": "WARNING"},
            "axes": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
        },
    })  # fmt: skip


def _formatter(shared: list[Any]) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_as_text),
        ],
    )


def mask_personal_data(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last processor before the line is written."""
    return {key: _masked_value(value, _DEPTH) for key, value in event.items()}


def masked(text: str) -> str:
    """A text with every phone and ID number in it masked."""
    text = _ID_NUMBER.sub(lambda found: mask_id_number(found.group()), text)
    return _PHONE.sub(lambda found: mask_phone(found.group()), text)


def _masked_value(value: Any, depth: int) -> Any:
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if len(str(abs(value))) not in (11, 18) else masked(str(value))
    if isinstance(value, str):
        return masked(value)
    if depth and isinstance(value, dict):
        return {key: _masked_value(each, depth - 1) for key, each in value.items()}
    if depth and isinstance(value, list | tuple | set):
        return [_masked_value(each, depth - 1) for each in value]
    return value if isinstance(value, float) else masked(str(value))


def _as_text(value: Any) -> str:
    return masked(str(value))
