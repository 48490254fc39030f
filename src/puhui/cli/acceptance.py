"""puhui acceptance: how many customers leave at which rate, learned from our own offers, with intervals."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from puhui.cli import attachment


def register(app: typer.Typer) -> None:
    app.command()(acceptance)


def acceptance(as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False) -> None:
    """报价接受曲线：从自己的报价估计各利率下客户离开的比例 · how many leave at which rate, from our own offers."""
    with attachment.platform():
        from puhui.underwriting import operations

        found = operations.learn_acceptance(now=datetime.now(UTC))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    print(
        f"报价 offers {found['offers']}，离开 left {found['left']}"
        + ("；斜率为零 slope held at zero" if found["slope_held"] else "")
    )
    for letter, row in found["points"]["by_rating"].items():
        for rate, middle, low, high in zip(
            found["points"]["rates"], row["churn"], row["low"], row["high"], strict=True
        ):
            print(f"{letter}\t{rate:.2%}\t{middle:.1%}\t[{low:.1%}, {high:.1%}]")
