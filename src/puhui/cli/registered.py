"""`puhui model segments | register | list | move | watch`: proposals to split, and the register of models in the database.

`segments` needs no database unless its proposal is to be kept (`--record`).
"""

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

Person = Annotated[str, typer.Option("--by", help="Who does it; a second person approves.")]


def add_to(group: typer.Typer) -> None:
    """Add this file's commands to `puhui model`."""
    group.command()(segments)
    group.command("register")(register_folder)
    group.command("list")(list_models)
    group.command()(move)
    group.command()(watch)


def segments(
    tape: Annotated[Path, typer.Argument(metavar="TAPE", help="CSV, Parquet, xlsx or xls.")],
    target: Annotated[str, typer.Option(help="Outcome column.")],
    positive: Annotated[str | None, typer.Option(help="Value of the outcome that means bad.")] = None,
    time: Annotated[str | None, typer.Option(help="Date of decision: the last dates are not looked at.")] = None,
    columns: Annotated[
        str,
        typer.Option("--columns", help="Columns that may tell segments apart, by commas; all inputs when left out."),
    ] = "",
    seed: Annotated[int, typer.Option(help="Of the folds.")] = 1,
    record: Annotated[
        bool, typer.Option("--record", help="Keep the proposal in the database for a person to answer.")
    ] = False,
    by: Person = "",
    as_json: Annotated[bool, typer.Option("--json", help="The whole study as one JSON object.")] = False,
) -> None:
    """Propose a split of the model where held-out likelihood surely gains. Nothing is split by itself."""
    from puhui.underwriting.core.modelling.preparing import Asked
    from puhui.underwriting.workbench import segment_study

    if record:
        _named(by)
    names = tuple(name.strip() for name in columns.split(",") if name.strip())
    found = segment_study.study_tape(tape, Asked(target, positive, time, seed=seed), by=names)
    if as_json:
        print(json.dumps(found.study, ensure_ascii=False))
    else:
        print(_told(found.study))
    if record:
        with attachment.platform():
            from puhui.underwriting import registry

            kept = registry.record_proposal(found.study, tape=(tape.name, found.tape_hash), target=target,
                                            terms_version=found.terms_version, by=by, now=datetime.now(UTC))  # fmt: skip
        print(f"{kept}: 等待人工决定 · waits for a person's answer", file=sys.stderr)


def register_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a fitted model.")],
    name: Annotated[str, typer.Option(help="Name in the register; versions count up.")],
    by: Person,
    tape: Annotated[
        Path | None, typer.Option(help="The training tape: for monitoring of drift and bins moved on screen.")
    ] = None,
) -> None:
    """Put a fitted model in the register; a second person approves it there or by `move`."""
    _named(by)
    with attachment.platform():
        from puhui.underwriting import tape_jobs
        from puhui.underwriting.workbench import registering

        found = registering.register_folder(folder, name=name, by=registering.By(by, datetime.now(UTC)), tape=tape)
        if tape is not None:
            tape_jobs.keep_tape(tape_jobs.TapeSent(tape.name, tape.read_bytes()))
    print("\n".join(found))


def list_models(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """All registered models: live ones first."""
    with attachment.platform():
        from puhui.underwriting import model_queries

        for one in model_queries.fitted_models():
            told = {"id": one.id, "name": one.name, "version": one.version, "kind": one.kind, "state": one.state,
                    "auc": one.evaluation.get("auc"), "ks": one.evaluation.get("ks"), "registered_by": one.registered_by}  # fmt: skip
            print(json.dumps(told, ensure_ascii=False) if as_json else "  ".join(str(value) for value in told.values()))


def move(
    model_id: Annotated[str, typer.Argument(metavar="MODEL_ID")],
    step: Annotated[str, typer.Argument(metavar="STEP", help="approve, reject, go_live or retire.")],
    by: Person,
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """One step in a model's life."""
    _named(by)
    with attachment.platform():
        from puhui.underwriting import registry

        print(registry.move_model(model_id, step, by=by, note=note, now=datetime.now(UTC)))


def watch(
    day: Annotated[str, typer.Option(help="YYYY-MM-DD: the last day that is looked at.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a model.")] = False,
) -> None:
    """Figures of every live model on a day, kept once; the worker does it every night."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Refused(Refusal("DAY_UNREADABLE", "日期应为 YYYY-MM-DD · a day is YYYY-MM-DD", where=day)) from None
    with attachment.platform():
        from puhui.journeys import watch_models

        for model_id, told in watch_models.watch_models(wanted, now=datetime.now(UTC)).items():
            if as_json:
                print(
                    json.dumps(
                        {"model": model_id, "day": day, "figures": told.figures, "missing": told.missing},
                        ensure_ascii=False,
                    )
                )
            else:
                print(
                    model_id,
                    *(f"{name} {value:.4g}" for name, value in told.figures.items() if value is not None),
                    sep="  ",
                )


def _told(study: dict) -> str:
    lines = []
    for one in study["tried"][:12]:
        sizes = ", ".join(f"{part['segment']} {part['rows']}/{part['bads']}" for part in one["segments"])
        mark = "值得 · pays" if one["pays"] else "—"
        lines.append(
            f"{one['candidate']}  {one['way']}  {one['gain']:+.2f} ({one['low']:+.2f} … {one['high']:+.2f}) nats/1000  {mark}  [{sizes}]"
        )
    for left in study["left_out"]:
        print(f"{left['candidate']}: {left['reason']}", file=sys.stderr)
    best = study["proposal"]
    lines.append(
        "没有值得拆分的客群 · no split pays" if best is None
        else f"建议 · proposal: {best['candidate']} ({best['way']})；须由人同意 · a person must accept it"
    )  # fmt: skip
    return "\n".join(lines)


def _named(by: str) -> None:
    if not by.strip():
        raise Refused(Refusal("PERSON_NEEDED", "请用 --by 写明是谁 · say who with --by", where="--by"))
