"""`puhui policy …`: check, draft, review, publish and backtest rulebooks; experiments; the snapshot that backtests read.

A policy is a folder (columns.csv, rules.csv, policy.toml, tables/, grids/) or one rules.csv, whose other texts are then those of
the version that is live; `shipped` is the credit policy that comes with Puhui. Exit status 2 and a named refusal for bad input; nothing moved.
"""

import getpass
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

Where = Annotated[
    Path, typer.Argument(metavar="FILE", help="A policy's folder, its rules as one CSV or xlsx file, or `shipped`.")
]
Kind = Annotated[str, typer.Option(help="The kind of decision.")]
By = Annotated[str, typer.Option("--by", help="Who does it; the name of the log-in here when left out.")]
Name = Annotated[str, typer.Argument(metavar="VERSION", help="application@3, or rbv_….")]
Note = Annotated[str, typer.Option(help="Why, in a sentence.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(help="Rulebooks: check, review, publish, backtest, experiment.", no_args_is_help=True)
    for command in (check, show, draft, submit, approve, publish, retire, backtest, snapshot):
        group.command()(command)
    group.command("list")(list_versions)
    group.command("send-back")(send_back)
    trial = typer.Typer(help="Champion and challenger, shadows, guard-rails.", no_args_is_help=True)
    for verb in (start, stop, watch):
        trial.command()(verb)
    group.add_typer(trial, name="experiment")
    app.add_typer(group, name="policy")


def check(file: Where, columns: Annotated[Path | None, typer.Option(help="columns.csv, where FILE is one rules.csv.")] = None,
          as_json: AsJson = False) -> None:  # fmt: skip
    """Read a policy and say all that can be said of it without running it. Needs no database."""
    from puhui.policy.core import policy_text

    texts = _texts(file, {"columns.csv": _read(columns)} if columns else None)
    policy = policy_text.read_policy(texts)
    findings = policy_text.check(policy)
    if as_json:
        told = [
            {"kind": each.kind, "rule": each.rule, "about": each.about, "zh": each.zh, "en": each.en}
            for each in findings
        ]
        _print({"rules": len(policy.book.rules), "columns": len(policy.columns), "findings": told})
        return
    print(f"{len(policy.book.rules)} rules over {len(policy.columns)} columns; {len(findings)} findings")
    for finding in findings:
        print(f"  {finding.kind:<15} {finding}")


def list_versions(kind: Annotated[str, typer.Option(help="Only this kind.")] = "", as_json: AsJson = False) -> None:
    """All versions, newest first; the live one is marked."""
    with attachment.platform():
        from puhui.policy import versions

        now = datetime.now(UTC)
        rows = versions.versions(kind or None)
        live = {each: _live_id(each, now) for each in {row.kind for row in rows}}
    if as_json:
        _print([versions.as_json(row) | {"live": live[row.kind] == row.version_id} for row in rows])
        return
    for row in rows:
        mark = "*" if live[row.kind] == row.version_id else " "
        print(f"{mark} {row.name:<18} {row.state:<10} {row.author:<12} {row.published_from or ''} {row.note}")


def show(version: Name) -> None:
    """A version with its life and its texts, as JSON."""
    with attachment.platform():
        from puhui.policy import versions

        view = versions.version(version)
        _print(
            versions.as_json(view, versions.moves_of(view.version_id)) | {"texts": versions.texts_of(view.version_id)}
        )


def draft(file: Where, kind: Kind = "application", by: By = "", note: Note = "") -> None:
    """Store a policy as a new draft; prints its name."""
    with attachment.platform():
        from puhui.policy import operations, versions

        now = datetime.now(UTC)
        live = _live_id(kind, now)
        texts = _texts(file, versions.texts_of(live) if live else None)
        operations.open_rulebook(kind, name_zh=kind, name_en=kind, now=now)
        version_id = operations.draft_version(kind, texts, author=_person(by), note=note, now=now, based_on=live)
        print(versions.version(version_id).name)


def submit(version: Name, by: By = "", note: Note = "",
           force: Annotated[bool, typer.Option("--force", help="In spite of grave findings.")] = False) -> None:  # fmt: skip
    """Hand a draft of one's own to a second person."""
    _move(version, "submit", by, note, force=force)


def approve(version: Name, by: By = "", note: Note = "") -> None:
    """The second person agrees."""
    _move(version, "approve", by, note)


def send_back(version: Name, by: By = "", note: Note = "") -> None:
    """The second person does not agree, and says why."""
    _move(version, "send_back", by, note)


def retire(version: Name, by: By = "", note: Note = "") -> None:
    """Take a published version out of use now."""
    _move(version, "retire", by, note)


def publish(version: Name, at: Annotated[str, typer.Option(help="From when, ISO with zone (2026-12-01T00:00+08:00); now when left out.")] = "",
            by: By = "", note: Note = "") -> None:  # fmt: skip
    """Let an approved version decide from a time on."""
    with attachment.platform():
        from puhui.policy import operations, versions

        now = datetime.now(UTC)
        view = versions.version(version)
        operations.publish_version(view.version_id, at=_time(at) if at else now, by=_person(by), note=note, now=now)
        print(f"{view.name}: published from {versions.version(version).published_from}")


def backtest(
    old: Annotated[str, typer.Option(help="A version (application@1), `live`, or a draft's file.")],
    new: Annotated[str, typer.Option(help="A version, or a draft's file.")],
    kind: Kind = "application",
    since: Annotated[str, typer.Option("--from", help="First day, 2026-01-31.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day.")] = "",
    segment: Annotated[str, typer.Option(help="A column to break the answer down by.")] = "",
    referee: Annotated[str, typer.Option(help="Whose chance of default values both: old or new.")] = "new",
    swaps: Annotated[Path | None, typer.Option(help="Write those who change sides to this CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Two versions over the applications on record: approvals, swaps, expected loss and profit, with intervals."""
    with attachment.platform():
        from puhui.policy import backtest as testing

        first, second = (_policy(each, kind) for each in (old, new))
        found = testing.run(testing.Question(first, second, kind, _day(since), _day(until), segment, referee))
        if swaps:
            testing.write_swaps(found.comparison, swaps)
    told = found.comparison.as_json() | {"not_on_record": list(found.not_on_record), "snapshot_rebuilt": found.rebuilt}
    if as_json:
        _print(told)
        return
    _tell(told)


def snapshot(kind: Kind = "application") -> None:
    """Bring the columnar copy of the record up to date; an altered one is thrown away and rebuilt."""
    with attachment.platform():
        from puhui.policy import snapshot as copy

        filled = copy.fill(kind)
    print(
        f"{filled.rows} applications, {filled.added} added" + (f"; rebuilt: {filled.rebuilt}" if filled.rebuilt else "")
    )


def start(version: Name, mode: Annotated[str, typer.Option(help="challenger or shadow.")] = "shadow",
          share: Annotated[str, typer.Option(help="Share of subjects, in percent.")] = "10",
          until: Annotated[str, typer.Option(help="End, ISO with zone.")] = "",
          guardrail: Annotated[list[str] | None, typer.Option(help="approval_rate 0.2..0.6 1440m n100 (again for more).")] = None,
          by: By = "") -> None:  # fmt: skip
    """Start an experiment; prints its id."""
    with attachment.platform():
        from puhui.policy import operations, versions
        from puhui.policy.core.guardrail import read_guardrail

        view = versions.version(version)
        wanted = operations.ExperimentDraft(view.version_id, mode, _buckets(share), _time(until) if until else None,
                                            [read_guardrail(text) for text in guardrail or []])  # fmt: skip
        print(operations.start_experiment(wanted, by=_person(by), now=datetime.now(UTC)))


def stop(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="exp_….")], reason: Note = "", by: By = ""
) -> None:
    """End an experiment early."""
    with attachment.platform():
        from puhui.policy import operations

        operations.stop_experiment(experiment, by=_person(by), reason=reason, now=datetime.now(UTC))
    print(f"{experiment}: stopped")


def watch(kind: Kind = "application") -> None:
    """Hold running challengers against their guard-rails now; prints those stopped and every experiment's arms."""
    with attachment.platform():
        from puhui.policy import experiments, operations

        now = datetime.now(UTC)
        stopped = operations.check_guardrails(now=now, kind=kind)
        _print(
            {
                "stopped": stopped,
                "experiments": [experiments.as_json(each) for each in experiments.experiments(kind, now)],
            }
        )


def _move(version: str, move: str, by: str, note: str, *, force: bool = False) -> None:
    with attachment.platform():
        from puhui.policy import operations, versions

        view = versions.version(version)
        state = operations.move_version(
            view.version_id, move, by=_person(by), now=datetime.now(UTC), note=note, force=force
        )
    print(f"{view.name}: {state}")


def _policy(name: str, kind: str) -> Any:
    from puhui.policy import versions
    from puhui.policy.core.policy_text import read_policy

    live = _live_id(kind, datetime.now(UTC))
    if name == "live":
        return versions.policy_of(versions.live(kind, datetime.now(UTC)).content_hash)
    if Path(name).exists():
        return read_policy(_texts(Path(name), versions.texts_of(live) if live else None))
    return versions.policy_of(versions.version(name).content_hash)


def _live_id(kind: str, now: datetime) -> str | None:
    from puhui.policy import versions

    try:
        return versions.live(kind, now).version_id
    except Refused:
        return None


def _texts(file: Path, others: dict[str, str] | None) -> dict[str, str]:
    if str(file) == "shipped" and not file.exists():
        from puhui.underwriting import shipped_policy

        return shipped_policy.texts()
    if file.is_dir():
        inside = sorted(each for each in file.rglob("*") if each.suffix in (".csv", ".toml", ".xlsx"))
        names = {
            each: str(each.relative_to(file).with_suffix(".csv" if each.suffix == ".xlsx" else each.suffix))
            for each in inside
        }
        return {name.replace("\\", "/"): _read(each) for each, name in names.items()}
    if others is None:
        told = "单个规则文件需要 columns.csv 或已发布的版本 · one rules file needs columns.csv, or a live version"
        raise Refused(Refusal("COLUMNS_MISSING", told, where=str(file.name)))
    return {**others, "rules.csv": _read(file)}


def _read(file: Path) -> str:
    try:
        if file.suffix == ".xlsx":
            from puhui.policy.core import sheet

            return sheet.sheet_text(sheet.read_workbook(file.read_bytes()))
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise Refused(Refusal("FILE_UNREADABLE", f"读不出 · cannot be read: {fault}", where=file.name)) from None


def _buckets(share: str) -> int:
    try:
        return round(float(share.removesuffix("%")) * 100)
    except (ValueError, OverflowError):
        raise Refused(Refusal("EXPERIMENT_SHARE", "份额为百分数 · a share is a percentage", where=share)) from None


def _parsed(text: str, read: Callable[[str], Any], like: str) -> Any:
    try:
        return read(text)
    except ValueError:
        raise Refused(Refusal("TIME_UNREADABLE", f"写成 {like} 的样子 · write it like {like}", where=text)) from None


def _time(text: str) -> datetime:
    found: datetime = _parsed(text, datetime.fromisoformat, "2026-12-01T00:00+08:00")
    return found


def _day(text: str) -> date | None:
    return _parsed(text, date.fromisoformat, "2026-01-31") if text else None


def _person(by: str) -> str:
    return by or getpass.getuser()


def _print(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _tell(told: dict[str, Any]) -> None:
    whole = told["lines"][0]
    print(
        f"{told['applications']} applications {told['from']} to {told['to']}; valued by the {told['referee']} version's model"
    )
    if told["not_on_record"]:
        print(f"not on record, so missing for all: {', '.join(told['not_on_record'])}")
    print(
        f"swapped in {whole['swap_in']} ({whole['swap_in_minor'] / 100:,.2f} yuan), out {whole['swap_out']} ({whole['swap_out_minor'] / 100:,.2f})"
    )
    for line in told["lines"]:
        print(f"{line['segment'] or '全部 all'} (n {line['n']})")
        for name, unit in (("passed", 1), ("limit", 100), ("loss", 100), ("profit", 100)):
            change = line[name]
            bounds = "" if change["low"] is None else f"  [{change['low'] / unit:,.0f} … {change['high'] / unit:,.0f}]"
            print(
                f"  {name:<7} {change['old'] / unit:>16,.0f} → {change['new'] / unit:>16,.0f}  {change['difference'] / unit:>+14,.0f}{bounds}"
            )
