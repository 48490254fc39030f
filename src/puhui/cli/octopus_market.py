"""`puhui octopus market`: bidders in a made-up market with a known truth. It needs no database; every line says that it is simulated."""

import json
from typing import Annotated, Any

import typer

from puhui.kernel.refusal import Refusal, Refused


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(market)


def market(
    seeds: Annotated[int, typer.Option(help="Made-up worlds, seeds 1 to this number.")] = 50,
    days: Annotated[int, typer.Option(help="Days of bidding.")] = 30,
    a_day: Annotated[int, typer.Option(help="Auctions a day.")] = 1000,
    auction: Annotated[str, typer.Option(help="second: the winner pays the next bid; first: its own.")] = "second",
    media: Annotated[
        int, typer.Option(help="Media that share the budget; rivals pay more on some than on others.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Simulated 虚构: bids valued by loan profit beside bids valued by registrations and the optimum that knows the truth."""
    if seeds < 1 or days < 1 or a_day < 1:
        raise Refused(Refusal("NUMBER_TOO_SMALL", "个数至少为 1 · at least one seed, one day, one auction", "--seeds --days --a-day"))  # fmt: skip
    if auction not in ("second", "first"):
        raise Refused(
            Refusal("AUCTION_UNKNOWN", f"不认识的拍卖方式 {auction} · unknown auction; second or first", "--auction")
        )
    from puhui.simulate.market_trial import Setting, summary

    setting = Setting(days=days, a_day=a_day, auction=auction, media=media)
    if not 1 <= media <= setting.segments:
        raise Refused(
            Refusal("MEDIA_COUNT", f"媒体数为 1 至 {setting.segments} · from 1 to {setting.segments} media", "--media")
        )
    answer = summary(range(1, seeds + 1), setting)
    print(json.dumps(answer, ensure_ascii=False) if as_json else _told(answer))


def _told(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['data']}: {answer['auction']}-price auctions on {answer['media']} media, {answer['seeds']} seeds, {answer['days']} days, {answer['auctions_a_day']} auctions a day"
    ]
    for name in (
        "profit_per_yuan",
        "regret",
        "regret_to_known_worth",
        "regret_last_ten_days",
        "registrations_per_yuan",
    ):
        lines += [f"{name} {who}: {one['mean']:.3f} {_interval(one)}" for who, one in answer[name].items()]
    lines.append(f"profit bids earn more a yuan than registration bids in {answer['profit_per_yuan_gap']['seeds_better']} of {answer['seeds']} worlds")  # fmt: skip
    return "\n".join(lines)


def _interval(one: dict[str, float | None]) -> str:
    return "(one world: no interval)" if one["low"] is None else f"({one['low']:.3f} … {one['high']:.3f})"
