"""puhui fairness FILE: answers by declared group, with intervals; kept, printed, and read by nothing that decides."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

_HEAD = (
    "组 group",
    "户 n",
    "通过率 approved",
    "四分之五比 ratio",
    "平均额度 limit",
    "平均利率 rate",
    "违约 default",
    "实际/预期 seen/expected",
)


def register(app: typer.Typer) -> None:
    app.command()(fairness)


def fairness(
    file: Annotated[
        Path, typer.Argument(help="CSV: subject, group and perhaps defaulted; declared for this report only.")
    ],
    appraisal: Annotated[
        str, typer.Option(help="over the firms of this appraisal ('standing' for the one that stands)")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """公平性报告：按声明的群组比较通过、额度、价格、违约与校准 · answers by declared group, with intervals."""
    try:
        content = file.read_bytes()
    except OSError as fault:
        text = f"文件无法读取 · cannot be read ({fault.strerror})"
        raise Refused(Refusal("FILE_UNREADABLE", text, file.name)) from None
    with attachment.platform():
        from puhui.underwriting import operations, queries

        asked = _appraisal(appraisal, queries.standing_appraisal())
        report_id = operations.report_fairness(content, by="cli", now=datetime.now(UTC), appraisal_id=asked)
        found = next(row for row in queries.fairness_reports() if row.report_id == report_id)
    if as_json:
        print(json.dumps({"report_id": report_id, **found.content}, ensure_ascii=False))
        return
    print("\t".join(_HEAD))
    for group in found.content["groups"]:
        print("\t".join(_cells(group)))
    for small in found.content["too_small"]:
        print(f"{small['group']}\t{small['subjects']}\t(不足以报告 too small to report)")
    print(f"未找到 not found: {found.content['not_found']}/{found.content['declared']}; {report_id}")


def _appraisal(named: str, standing: object) -> str | None:
    if named == "standing":
        return getattr(standing, "appraisal_id", "none")
    return named or None


def _cells(group: dict) -> list[str]:  # type: ignore[type-arg]
    def told(name: str, form: str) -> str:
        part = group[name]
        if part["value"] is None:
            return "—"
        low, high = (format(part[end], form) if part[end] is not None else "—" for end in ("low", "high"))
        return f"{format(part['value'], form)} [{low}, {high}]"

    limit = group["limit_minor"]
    yuan = "—" if limit["value"] is None else f"{limit['value'] / 100:,.0f}"
    return [group["group"], str(group["subjects"]), told("approved_share", ".1%"), told("four_fifths", ".2f"), yuan,
            told("rate", ".2%"), told("default_share", ".1%"), told("calibration", ".2f")]  # fmt: skip
