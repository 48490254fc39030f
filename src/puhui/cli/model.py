"""`puhui model profile | fit | score | report | rebin`: the analyst's workbench on any loan tape. It needs no database.

Results go to standard output (`--json`: one object a kind, a line each), what was left out and why to standard error.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import registered
from puhui.kernel.refusal import Refusal, Refused

TapeFile = Annotated[
    Path, typer.Argument(metavar="TAPE", help="CSV in any delimiter and encoding, Parquet, xlsx or xls.")
]
ModelDir = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a fitted model.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Kind = Annotated[str | None, typer.Option(help="scorecard or boosting; the first one fitted when left out.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands. Threads of the libraries wait asleep: on a busy machine waiting awake costs more than the work."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    group = typer.Typer(
        help="The analyst's workbench: from a loan tape to a scored, explained, reported model.", no_args_is_help=True
    )
    group.command()(profile)
    group.command()(fit)
    group.command()(score)
    group.command()(report)
    group.command()(rebin)
    registered.add_to(group)
    app.add_typer(group, name="model")


def profile(
    tape: TapeFile,
    target: Annotated[
        str | None, typer.Option(help="Outcome column: strengths and leak suspects are measured against it.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column with the date of decision.")] = None,
    positive: Annotated[str | None, typer.Option(help="Value of the outcome that means bad.")] = None,
    as_json: AsJson = False,
) -> None:
    """What every column is, how it is read, how strong it is alone, whether it knows the outcome; with --time, how it drifts by month."""
    from puhui.underwriting.workbench import fitting

    told = fitting.profile_tape(tape, target=target, time_column=time, positive=positive)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{told['rows']} rows, {told['columns']} columns" + "".join(f"; {note}" for note in told["notes"]))
    for column in told["profile"]:
        strength = "" if column["iv"] is None else f"  IV {column['iv']:.3f}  AUC {column['auc']:.3f}"
        print(
            f"{column['name']}: {column['kind']}, {column['role']}, missing {column['missing_share']:.1%}, {column['distinct']} values{strength}"
        )
        worst = column.get("drift_worst")
        if worst and worst["psi"] > 2 * worst["noise"]:
            print(
                f"    {worst['month']}: PSI {worst['psi']:.3f} (机会水平 · chance {worst['noise']:.3f}), "
                f"缺失 · missing {worst['missing_share']:.1%}"
            )
        for finding in column["findings"]:
            print(f"    {finding['level']}: {finding['zh']} · {finding['en']}")


def fit(
    tape: TapeFile,
    target: Annotated[str, typer.Option(help="Outcome column.")],
    out: Annotated[Path, typer.Option(help="Folder for the model and its card.")],
    time: Annotated[
        str | None, typer.Option(help="Date of decision: the last dates judge. Left out: a stratified draw.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="Value of the outcome that means bad.")] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Columns to leave out, separated by commas.")] = None,
    keep: Annotated[list[str] | None, typer.Option(help="Columns to keep although they are suspected.")] = None,
    weight: Annotated[str | None, typer.Option(help="Sampling weight column.")] = None,
    kind: Annotated[str, typer.Option(help="scorecard, boosting or both.")] = "scorecard",
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of draws and trees.")] = 1,
    rejects: Annotated[Path | None, typer.Option(help="Tape of refused applications, for reject inference.")] = None,
    reject_method: Annotated[
        str, typer.Option(help="parcelling, fuzzy or reweighting; each has its caveat.")
    ] = "reweighting",
    as_json: AsJson = False,
) -> None:
    """Fit a scorecard, boosted trees or both, judged on rows they never saw."""
    from puhui.underwriting.core.modelling.preparing import Asked
    from puhui.underwriting.workbench import fitting
    from puhui.underwriting.workbench.rejects import Rejects

    asked = Asked(target, positive, time, weight, _listed(drop), _listed(keep), seed)
    refused = None if rejects is None else Rejects(rejects, reject_method)
    fitted = fitting.fit_tape(tape, asked, kind=kind, out=out, now=datetime.now(UTC), rejects=refused)
    _warn(fitted.answers[0])
    if refused is not None:
        inferred = fitted.card["reject_inference"]
        print(f"{inferred['caveat_zh']} · {inferred['caveat_en']}", file=sys.stderr)
    for answer in fitted.answers:
        _against(answer)
        print(json.dumps(answer, ensure_ascii=False) if as_json else _told(answer))


def score(
    folder: ModelDir,
    tape: TapeFile,
    out: Annotated[Path, typer.Option(help="CSV to write: row_id, pd, score, reasons, reasons_text, notes.")],
    kind: Kind = None,
    no_reasons: Annotated[
        bool, typer.Option("--no-reasons", help="Chances and scores only; faster with trees.")
    ] = False,
) -> None:
    """Score a tape: chance of default, points and reasons a row."""
    from puhui.underwriting.workbench import scoring

    done = scoring.score_tape(folder, tape, out=out, kind=kind, reasons=not no_reasons)
    for note, rows in done.notes.items():
        print(f"{note}: {rows} 行 · rows", file=sys.stderr)
    print(f"{done.rows} rows → {out}, mean pd {done.mean_pd:.4f}")


def report(
    folder: ModelDir,
    tape: TapeFile,
    kind: Kind = None,
    by: Annotated[
        str | None, typer.Option(help="Column whose words are segments: figures of each beside the whole.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Figures of a fitted model on a tape: AUC, KS, Brier, and PSI against training."""
    from puhui.underwriting.workbench import scoring

    told = scoring.report_tape(folder, tape, kind=kind, by=by)
    print(
        json.dumps(told, ensure_ascii=False)
        if as_json
        else "\n".join(f"{name}: {value}" for name, value in told.items())
    )


def rebin(
    folder: ModelDir,
    tape: TapeFile,
    bins: Annotated[Path, typer.Option(help="A model's bins.json with edges or groups edited by hand.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the new model; the old one is replaced when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a scorecard again with bins edited by hand; the figures of before stand beside the new ones."""
    from puhui.underwriting.workbench import rebinning

    answer = rebinning.rebin(folder, bins, tape, out=out or folder, now=datetime.now(UTC))
    print(json.dumps(answer, ensure_ascii=False) if as_json else f"{_told(answer)}; before: {answer['before']}")


def _listed(given: list[str] | None) -> tuple[str, ...]:
    names = [name.strip() for text in given or [] for name in text.split(",")]
    if given and not all(names):
        raise Refused(Refusal("NAMES_EMPTY", "列名为空 · an empty column name", ",".join(given)))
    return tuple(names)


def _warn(answer: dict[str, Any]) -> None:
    """What was left out, on standard error: never silently."""
    for finding in answer["leakage"]:
        done = (
            "已排除 · left out"
            if {"column": finding["column"], "role": "leak"} in answer["left_out"]
            else "保留 · kept"
        )
        print(f"{finding['level']} {finding['column']} [{done}]: {finding['zh']} · {finding['en']}", file=sys.stderr)
    if answer["positive_by"] == "the_rarer":
        print(
            f"{answer['target']}: 以较少的“{answer['positive']}”为坏；如不对请用 --positive 指明 · the rarer value {answer['positive']!r} "
            "was taken as bad; say otherwise with --positive",
            file=sys.stderr,
        )
    if answer["told"].get("taken_as_good"):
        shown = ", ".join(f"{value} ({rows})" for value, rows in answer["told"]["taken_as_good"].items())
        print(
            f"{answer['target']}: 以下取值都算作好：{shown}；尚无结果的请先从数据中去掉 · all of these count as good: {shown}; leave out "
            "rows whose outcome is not known yet",
            file=sys.stderr,
        )
    if "time_also_reads_as" in answer["told"]:
        read, other = answer["told"]["time_read_as"], answer["told"]["time_also_reads_as"]
        print(
            f"时间列按 {read} 读取，也可按 {other} 读取：请改写成 2019-03-05 的样子以免误读 · the time column was read as {read}; it reads as "
            f"{other} as well: write it like 2019-03-05 to be sure",
            file=sys.stderr,
        )
    for name in answer["told"]["weight_recognised"]:
        print(
            f"{name}: 疑似抽样权重，未使用；用 --weight {name} 启用 · looks like a sampling weight; not used unless --weight {name}",
            file=sys.stderr,
        )
    others = [
        f"{one['column']} ({one['role']})"
        for one in answer["left_out"]
        if one["role"] not in ("leak", "time", "dropped")
    ]
    if others:
        print(f"未入模 · not modelled: {', '.join(others)}", file=sys.stderr)


def _against(answer: dict[str, Any]) -> None:
    """Columns of a scorecard whose points go the other way than their bins alone, on standard error."""
    for one in answer["features"]:
        if one.get("coefficient", -1.0) > 0:
            told = (
                f"{one['name']}: 与其他列一起看时方向与单独看相反，各段数据一致，予以保留 · beside the other columns it goes the other way than "
                f"alone, in every part of the rows: kept (coefficient {one['coefficient']})"
            )
            print(told, file=sys.stderr)


def _told(answer: dict[str, Any]) -> str:
    split = answer["split"]
    low, high = answer["intervals"].get("auc", (None, None))
    return (f"{answer['kind']}: AUC {answer['auc']:.4f} ({low}–{high}), KS {answer['ks']:.4f}, Brier {answer['brier']:.4f} on {split['test_rows']} rows "
            f"({split['test_bads']} bad), {len(answer['features'])} features, {answer['train_seconds']} s")  # fmt: skip
