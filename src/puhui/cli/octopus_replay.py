"""`puhui octopus replay DIR`: our bidder on a real log of auctions, beside the published ones and hindsight. It needs no database."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from puhui.kernel.refusal import Refusal, Refused


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(replay)


def replay(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="test.parquet, train_prices.csv, campaign.json; train.parquet if there is one."
        ),
    ],
    episode: Annotated[int, typer.Option(help="Auctions that share one budget.")] = 1000,
    share: Annotated[
        str, typer.Option(help="Budgets as parts of the average training cost, by commas.")
    ] = "1/32,1/16,1/8,1/4,1/2",
    seed: Annotated[
        int, typer.Option(help="Said in the answer; the bidder draws nothing, so every seed gives the same bids.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a share, a line each.")] = False,
) -> None:
    """Replay a campaign's auctions: second price, a budget an episode, what is left over is lost."""
    shares = _shares(share)
    if episode < 1:
        raise Refused(
            Refusal("EPISODE_TOO_SHORT", "每轮至少 1 次竞价 · an episode has at least one auction", "--episode")
        )
    from puhui.acquisition import replay_folder, replaying

    found = replay_folder.read_folder(folder)
    for one in shares:
        found.budget(episode=episode, share=one)  # refused before the first line is printed
    if not as_json:
        print("share  impressions  clicks       cost     ecpc  hindsight  ratio   mcpc / lin / ortb / rlb clicks")
    for one in shares:
        line = replaying.replay_share(found, episode=episode, share=one) | {"seed": seed}
        print(json.dumps(line) if as_json else _told(line), flush=True)


def _shares(text: str) -> list[Fraction]:
    shares = []
    for part in text.split(","):
        try:
            value = Fraction(part.replace(" ", ""))
        except (ValueError, ZeroDivisionError):
            raise Refused(
                Refusal("SHARE_UNREADABLE", "份额应如 1/32 或 0.25 · a share is like 1/32 or 0.25", part)
            ) from None
        if value <= 0:
            raise Refused(Refusal("BUDGET_ZERO", "份额须大于零 · a share is above zero", part))
        shares.append(value)
    return shares


def _told(line: dict) -> str:
    ecpc, ratio = line["ecpc"], line["ratio"]
    others = " / ".join(str(one["clicks"]) for one in line["baselines"].values())
    return (
        f"{line['share_of_cost']:>5}  {line['impressions']:>11}  {line['clicks']:>6}  {line['cost']:>9}  "
        f"{'—' if ecpc is None else f'{ecpc:.1f}':>7}  {line['hindsight_clicks']:>9}  {'—' if ratio is None else f'{ratio:.3f}':>5}   {others}"
    )
