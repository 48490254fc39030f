"""A made-up credit tape written as badly as tapes are: for tests only, drawn from a seed, with a known truth.

The outcome depends on income, debt ratio, region and months; everything else is noise, or a leak, or dirt.
"""

import numpy as np
import polars as pl

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def frame(rows: int = 3000, seed: int = 7) -> pl.DataFrame:
    """Every column is text, as a CSV would have it."""
    dice = np.random.default_rng(seed)
    income, debt = dice.lognormal(9, 0.6, rows), dice.uniform(0, 1, rows)
    region = dice.choice(["华东", "华南", "西北", "东北"], rows, p=[0.4, 0.3, 0.2, 0.1])
    day = np.sort(dice.integers(0, 1400, rows))
    odds = -1.6 - 0.9 * (np.log(income) - 9) + 2.2 * (debt - 0.5) + 0.8 * (region == "西北")
    bad = dice.uniform(size=rows) < 1 / (1 + np.exp(-odds))
    dates = [np.datetime64("2019-01-01") + int(d) for d in day]
    rare = np.where(dice.uniform(size=rows) < 0.004, "rare", "usual")
    columns = {
        "编号": [f"A{n:06d}" for n in range(rows)],
        "放款日期": [_written(value) for value in dates],
        "月收入 (元)": _holed([f"¥{value:,.2f}" for value in income], dice, ("N/A", "", "-999")),
        "负债率": _holed([f"{value:.1%}" for value in debt], dice, ("null", "NaN")),
        "地区": _holed(list(region), dice, ("缺失", "")),
        "full width": [str(int(v)).translate({48 + k: 0xFF10 + k for k in range(10)}) for v in dice.integers(1, 60, rows)],
        "constant": ["same"] * rows,
        "empty": [""] * rows,
        "rare": list(rare),
        "flag": list(np.where(dice.uniform(size=rows) < 0.5, "True", "False")),
        "mixed": _holed([f"{value:.3f}" for value in dice.normal(size=rows)], dice, ("inf", "-inf", "see file")),
        "free text": [f"remark {n} about {n % 7}" for n in range(rows)],
        "charge off date": ["2024-01-01" if b else "" for b in bad],
        "paid_term": [str(int(dice.integers(1, 60))) if b else str(12 * int(dice.integers(1, 6))) for b in bad],
        "结果": list(np.where(bad, "违约", "正常")),
    }  # fmt: skip
    return pl.DataFrame(columns)


def _written(value: np.datetime64) -> str:
    year, month, day = str(value).split("-")
    return f"{int(day)}-{MONTHS[int(month) - 1]}-{year[2:]}"


def _holed(values: list[str], dice: np.random.Generator, words: tuple[str, ...]) -> list[str]:
    drawn = dice.uniform(size=len(values))
    return [words[int(d * 1000) % len(words)] if d < 0.06 else value for value, d in zip(values, drawn, strict=True)]
