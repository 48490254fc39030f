"""A town of firms that never existed (虚构小镇), written as a folder in the very format of the real invoice data.

It stands in where no real data is at hand. `INVENTED.txt` in the folder marks it; everything computed from it is
labelled as invented. Same seed, same bytes. Nothing here was fitted to real firms; the shapes are ours:
- a latent quality moves size, growth, margin, concentration, churn of buyers, void and red shares, and the rating;
- sales have a season (a dip in February, peaks in May–June and at the year's end) and noise; purchases follow sales;
- some firms start late, some of those that default fall silent before the end, a few deal with themselves;
- about 29 % carry a rating and a default flag, and nearly all of rating D defaulted.

>>> import tempfile
>>> with tempfile.TemporaryDirectory() as place:
...     town = build_town(Path(place) / "town", firms=30, seed=1)
...     sorted(path.name for path in town.folder.iterdir())
['INVENTED.txt', 'firms.csv', 'purchases.parquet', 'rate_churn.csv', 'sales.parquet']
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.simulate import invoices, names
from puhui.simulate.quality import Firms, draw_firms

MARKER = "INVENTED.txt"
FILES = (MARKER, "firms.csv", "sales.parquet", "purchases.parquet", "rate_churn.csv")
ORIGIN = "puhui.simulate.town"
ENDS = date(2026, 2, 21)  # the last day on which an invoice may be issued
MONTHS = 41  # three years and five months, as of ENDS


@dataclass(frozen=True, slots=True)
class Town:
    """What was written. `defaults` counts the labelled firms only."""

    folder: Path
    firms: int
    sales: int
    purchases: int
    labelled: int
    defaults: int


def build_town(folder: Path | str, *, firms: int = 500, seed: int, origin: str = ORIGIN) -> Town:
    """Write the folder (a town already in it is replaced) and say what is in it.

    `origin` goes into the marker file: who made this town and for what. Refused where unmarked data lies.
    """
    if firms < 1:
        raise ValueError(f"a town needs at least one firm, got {firms}")
    place = Path(folder)
    _refuse_foreign(place)
    dice = np.random.default_rng([seed, firms])
    people = draw_firms(dice, firms, months=MONTHS)
    books = invoices.draw(dice, people, ends=ENDS)
    with _moved_in_whole(place) as part:
        (part / MARKER).write_text(_marker(firms, seed, origin), encoding="utf-8")
        _firm_table(people).write_csv(part / "firms.csv")
        books.sales.write_parquet(part / "sales.parquet")
        books.purchases.write_parquet(part / "purchases.parquet")
        churn_curve().write_csv(part / "rate_churn.csv")
    return Town(
        folder=place,
        firms=firms,
        sales=books.sales.height,
        purchases=books.purchases.height,
        labelled=int(people.labelled.sum()),
        defaults=int((people.labelled & people.defaulted).sum()),
    )


def churn_curve() -> pl.DataFrame:
    """Invented share of customers who leave, by yearly rate: 0.97·(1 − exp(−((r − 4 %)/s)^0.9)), s by rating."""
    rates = np.round(np.arange(40, 151, 5) / 1000, 3)
    share = {
        f"churn_{rating}": np.round(0.97 * (1 - np.exp(-(((rates - 0.04) / scale) ** 0.9))), 6)
        for rating, scale in (("a", 0.044), ("b", 0.050), ("c", 0.057))
    }
    return pl.DataFrame({"annual_rate": rates, **share})


def _refuse_foreign(place: Path) -> None:
    """Never write over data that is not marked as invented: it may be real."""
    taken = [name for name in FILES if (place / name).exists()]
    if taken and MARKER not in taken:
        message = "文件夹里已有未标明虚构的数据，请换一个 · holds data not marked as invented; choose another folder"
        raise Refused(Refusal("TOWN_FOLDER_TAKEN", message, where=str(place / taken[0])))


@contextmanager
def _moved_in_whole(place: Path) -> Iterator[Path]:
    """A folder beside `place` to write in; a new town appears by one rename, an old one is replaced file by file."""
    part = place.with_name(f".{place.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if place.exists():
            for name in FILES:  # the marker goes first
                os.replace(part / name, place / name)
        else:
            os.replace(part, place)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _firm_table(people: Firms) -> pl.DataFrame:
    rating = np.where(people.labelled, people.rating, "")
    defaulted = np.where(people.labelled, people.defaulted.astype(np.int64).astype(str), "")
    return pl.DataFrame(
        {
            "firm": [names.firm_code(n) for n in range(people.count)],
            "name": [names.firm_name(n, trade) for n, trade in enumerate(people.trade)],
            "rating": pl.Series(rating.tolist()).replace("", None),
            "defaulted": pl.Series(defaulted.tolist()).replace("", None),
        }
    )


def _marker(firms: int, seed: int, origin: str) -> str:
    return (
        "本文件夹中的企业、发票与利率流失曲线均为虚构，不对应任何真实的人或企业。\n"
        "Every firm, invoice and churn figure in this folder is invented; none stands for a real person or business.\n"
        f"origin: {origin}\nseed: {seed}\nfirms: {firms}\n"
    )
