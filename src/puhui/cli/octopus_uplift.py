"""`puhui octopus uplift TABLE` and `puhui octopus evaluate LOGS`: what an offer did, and what a policy would earn. They need no database."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.kernel.refusal import Refusal, Refused

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Names = Annotated[
    str, typer.Option(help="Columns, by commas, that are not features (known only afterwards, or names).")
]


def register(group: typer.Typer) -> None:
    """Add the commands. Threads of the libraries wait asleep: on a busy machine waiting awake costs more than the work."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    group.command()(uplift)
    group.command()(evaluate)


def uplift(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV, Parquet or Excel: one row a person.")],
    treatment: Annotated[str, typer.Option(help="Column with the arm each person got; any number of arms.")],
    outcome: Annotated[str, typer.Option(help="Column with what came of it: a number, or two words.")],
    control: Annotated[
        str | None, typer.Option(help="The arm that was left alone; found by its name when left out.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The word of the outcome that counts as 1.")] = None,
    cost: Annotated[
        str | None,
        typer.Option(
            help="Cost of a contact: 0.5, or by arm: mens=0.5,womens=0.3, or a column with what each row cost."
        ),
    ] = None,
    value: Annotated[float, typer.Option(help="Money that one unit of outcome is worth.")] = 1.0,
    budget: Annotated[float | None, typer.Option(help="Money for contacts in all; no limit when left out.")] = None,
    drop: Names = "",
    keep: Annotated[str, typer.Option(help="Columns, by commas, used although they differ between arms.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="CSV to write: whom to contact with what, and who is held out by lot.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of folds, resamples and the hold-out.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Effects of offers, whether a ranking finds those they move (qini, AUUC), and the value of contacting the right people."""
    from puhui.acquisition import uplift_study
    from puhui.underwriting.workbench import tape

    asked = uplift_study.Asked(
        treatment, outcome, control, positive, cost, value, budget, listed(drop), listed(keep), seed
    )
    found = uplift_study.study(tape.read_tape(table).frame, asked)
    for name, reason in found.answer["left_out"].items():
        print(f"{name}: 未使用 · not used: {reason}", file=sys.stderr)
    if not found.answer["drawn_by_lot"]:
        print(
            "处理组并非随机分配：结论依赖于没有未记录的混杂因素 · the arms were not drawn by lot: effects hold only if no cause of both is unrecorded",
            file=sys.stderr,
        )
    if found.answer["outcome_missing_by_arm"]:
        shares = ", ".join(f"{arm} {share:.1%}" for arm, share in found.answer["outcome_missing_by_arm"].items())
        print(
            f"各组缺结果的比例不同（{shares}）：剩下的人已不是随机分配 · outcomes are missing more often in some arms: those left were not drawn by lot",
            file=sys.stderr,
        )
    if out is not None:
        found.targets.write_csv(out)
        print(f"→ {out}", file=sys.stderr)
    print(json.dumps(found.answer, ensure_ascii=False) if as_json else _uplift_told(found.answer))


def evaluate(
    logs: Annotated[
        Path,
        typer.Argument(
            metavar="LOGS", help="CSV, Parquet or Excel: action, propensity, reward and features, one row a decision."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            help="uniform, best, logged, always:ACTION, column:NAME, chances:PREFIX, or a JSON file of rules; for bids column:NAME or always:40."
        ),
    ],
    action: Annotated[str | None, typer.Option(help="Column of the logged action.")] = None,
    propensity: Annotated[
        str | None, typer.Option(help="Column of the chance with which the log took its action.")
    ] = None,
    reward: Annotated[str | None, typer.Option(help="Column of the reward.")] = None,
    positive: Annotated[str | None, typer.Option(help="The word of the reward that counts as 1.")] = None,
    drop: Names = "",
    seed: Annotated[int, typer.Option(help="Of folds.")] = 1,
    as_json: AsJson = False,
) -> None:
    """What a policy would have earned on logged decisions: IPS, SNIPS and doubly robust, with intervals and effective sample size."""
    from puhui.acquisition import policy_study
    from puhui.underwriting.workbench import tape

    asked = policy_study.Asked(policy, action, propensity, reward, positive, listed(drop), seed)
    answer = policy_study.evaluate(tape.read_tape(logs).frame, asked)
    for warning in answer["warnings"]:
        print(warning, file=sys.stderr)
    print(json.dumps(answer, ensure_ascii=False) if as_json else _policy_told(answer))


def listed(text: str) -> tuple[str, ...]:
    """Names by commas; empty text is none."""
    names = tuple(name.strip() for name in text.split(","))
    if text.strip() and not all(names):
        raise Refused(Refusal("NAMES_EMPTY", "列名为空 · an empty column name", text))
    return names if text.strip() else ()


def _uplift_told(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['rows']} 行 · rows; 对照 · control {answer['control']['arm']}: {answer['control']['rows']} rows, mean {answer['control']['mean']:.5g}"
    ]
    for arm in answer["arms"]:
        lines.append(
            f"{arm['arm']}: 效果 · effect {_shown(arm['average_effect'])}; qini {_shown(arm['qini'])}; AUUC {_shown(arm['auuc'])}; 排序 · ranking: {arm['verdict']}"
        )
    policy = answer["policy"]
    lines.append(f"名单 · plan: {policy['contacted']}, cost {policy['cost']:.2f}; value a head {_shown(policy)}")
    lines += [f"  比 · over {name}: {_shown(gain)}" for name, gain in policy["gain_over"].items()]
    lines.append(f"能否区分谁更受影响 · can those it moves be told apart: {answer['verdict']}")
    return "\n".join(lines)


def _policy_told(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['rows']} 行 · rows; logged {_shown(answer['logged'])}; effective sample size {answer['effective_sample_size']:.1f}"
    ]
    lines += [f"{name}: {_shown(answer[name])}" for name in ("ips", "snips", "direct", "dr") if name in answer]
    return "\n".join(lines)


def _shown(figure: dict[str, float]) -> str:
    return f"{figure['value']:.5g} ({figure['low']:.5g} … {figure['high']:.5g})"
