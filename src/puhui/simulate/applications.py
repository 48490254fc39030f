"""A sample file of applications (虚构进件), in the columns that `journeys.intake_file` reads.

The firms are those of a folder (invented or the masked real ones), the owners are always invented. Same seed, same bytes.

>>> import tempfile
>>> from puhui.simulate.town import build_town
>>> with tempfile.TemporaryDirectory() as place:
...     town = build_town(Path(place) / "town", firms=5, seed=1)
...     file = sample_applications(Path(place), evidence=town.folder, count=2, seed=1)
...     file.name, file.read_text(encoding="utf-8").splitlines()[1].startswith("虚构·")
('applications.csv', True)
"""

import csv
from pathlib import Path

import numpy as np

from puhui.simulate.owners import invented_owner

COLUMNS = (
    "name", "id_number", "phone", "shop_name", "requested_yuan", "months", "consent",
    "evidence_code", "channel", "campaign", "click_id", "reference",
)  # fmt: skip
_FROM = (("wechat", "spring"), ("street", "poster"), ("", ""))  # the last: came by itself


def sample_applications(folder: Path | str, *, evidence: Path | str, count: int = 12, seed: int) -> Path:
    """Write `applications.csv` into `folder` for `count` firms of `evidence`/firms.csv; returns the file.

    A folder with fewer firms gives fewer rows. Each owner has consented; amounts are 100,000 to 500,000 yuan.
    """
    with (Path(evidence) / "firms.csv").open(encoding="utf-8-sig", newline="") as table:
        firms = [(row["firm"], row["name"]) for row in csv.DictReader(table)]
    dice = np.random.default_rng([seed, len(firms)])
    chosen = sorted(dice.permutation(len(firms))[:count].tolist())
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    file = target / "applications.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(firms[place], dice, seed=seed) for place in chosen)
    return file


def _row(firm: tuple[str, str], dice: np.random.Generator, *, seed: int) -> tuple[str, ...]:
    code, name = firm
    owner = invented_owner(code, seed=seed)
    channel, campaign = _FROM[int(dice.integers(len(_FROM)))]
    return (
        owner.name,
        owner.id_number,
        owner.phone,
        name,
        str(10_000 * int(dice.integers(10, 51))),
        str((6, 9, 12)[int(dice.integers(3))]),
        "yes",
        code,
        channel,
        campaign,
        f"click-{code}" if channel else "",
        f"sample-{code}",
    )
