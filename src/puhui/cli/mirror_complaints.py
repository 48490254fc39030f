"""`puhui mirror complaints`: complaints as JSON lines in; what they are about becomes leads in the night, or at once with `--now`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import attachment
from puhui.cli.mirror_assess import lines, opened, read_line
from puhui.kernel.refusal import Refusal, Refused

_ABOUT = (
    "application_id",
    "id_number",
    "phone",
    "device",
    "card",
    "licence",
    "operator",
    "shop_phone",
    "address",
    "wifi",
    "agent",
)


def register(group: typer.Typer) -> None:
    """Add this file's command to the group `mirror`."""
    group.command()(complaints)


def complaints(
    path: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="JSON lines; standard input without it, or with -.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who brings them in.")] = "cli",
    at_once: Annotated[bool, typer.Option("--now", help="Raise leads now, not in the night.")] = False,
) -> None:
    """One complaint a JSON line: text, door (12378, branch, police …), received_at, and what it is about: application_id, or one of
    id_number, phone, device, card, licence, operator, shop_phone, address, wifi, agent."""
    source = sys.stdin if path is None or str(path) == "-" else opened(path)
    with attachment.platform():
        from puhui.antifraud import operations

        refused = 0
        for number, line in enumerate(lines(source), 1):
            if line.strip():
                told = _answered(line, by)
                refused += "refused" in told
                print(json.dumps({"line": number} | told, ensure_ascii=False), flush=True)
        if at_once:
            print(json.dumps({"leads": operations.leads_from_complaints(now=datetime.now(UTC))}))
    if refused:
        text = f"{refused} 行未能登记，见各行 refused · lines were refused; see each line"
        raise Refused(Refusal("LINES_REFUSED", text, where=str(path or "-")))


def _answered(line: str, by: str) -> dict[str, Any]:
    try:
        return {"complaint": _kept(line, by)}
    except Refused as found:
        refusal = found.refusal
        return {"refused": {"code": refusal.code, "message": refusal.message, "where": refusal.where}}


def _kept(line: str, by: str) -> str:
    from puhui.antifraud import application_json, operations

    now, sent = datetime.now(UTC), read_line(line)
    if not isinstance(sent, dict):
        raise Refused(Refusal("COMPLAINT_UNREADABLE", "应为一个 JSON 对象 · expected one JSON object a line"))
    about = [name for name in _ABOUT if sent.get(name)]
    if len(about) != 1:
        text = f"写明一个对象：{'、'.join(_ABOUT)} 之一 · name exactly one of them"
        raise Refused(Refusal("COMPLAINT_ABOUT_NOTHING", text, where="、".join(about) or "about"))
    text, door = (value if isinstance(value := sent.get(name), str) else "" for name in ("text", "door"))
    received_at, value = _time(sent.get("received_at"), now), sent[about[0]]
    if about[0] == "application_id":
        draft = operations.ComplaintDraft(text, door, received_at, application_key=str(value))
    else:
        kind, entity = application_json.named(about[0], value, now=now)
        draft = operations.ComplaintDraft(text, door, received_at, kind=kind, entity=entity)
    return operations.record_complaint(draft, by=by, now=now)


def _time(text: Any, now: datetime) -> datetime:
    if text in (None, ""):
        return now
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        told = "时间写成 2026-01-31T09:00:00+08:00 的样子 · times look like that"
        raise Refused(Refusal("TIME_UNREADABLE", told, where="received_at")) from None
