"""Why a node is scored as it is: the columns that raised its score most, in words (Chinese first), with their values.

Shares are SHAP values of the log-odds (Lundberg & Lee 2017; exact for trees) of the member that weighs most among the trees used. Own
features bear the names of the table; columns of the neighbourhood are said by `policy/graph_words.csv`.

>>> said("mean x3 of neighbours"), said("far1 x3 of neighbours"), said("neighbours kind phone"), said("x3")
('邻居的x3均值 mean x3 of neighbours', '更远一跳的x3均值 far1 x3 of neighbours', 'phone类邻居数 neighbours kind phone', 'x3')
"""

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from puhui.kernel import shipped

MOST = 3


def told(shares: npt.NDArray[np.float64], values: npt.NDArray[np.float32], names: tuple[str, ...]) -> list[str]:
    """One text a row: at most three columns that raised the score, strongest first; "" where none did.

    >>> told(np.array([[0.5, -1.0, 0.2]]), np.array([[3, 1, np.nan]], np.float32), ("neighbours", "x1", "x2"))
    ['邻居数 neighbours = 3 (+0.50); x2 = 缺失 missing (+0.20)']
    """
    strongest = np.argsort(-shares, axis=1, kind="stable")[:, :MOST]
    rows = []
    for row, places in enumerate(strongest):
        parts = [
            f"{said(names[place])} = {_value(values[row, place])} (+{shares[row, place]:.2f})"
            for place in places
            if shares[row, place] > 0.005
        ]
        rows.append("; ".join(parts))
    return rows


@lru_cache(maxsize=8_192)
def said(name: str) -> str:
    """A column's name in both tongues; an own feature's as it is."""
    for pattern, chinese in _words():
        found = pattern.fullmatch(name)
        if found:
            return f"{chinese.format(*found.groups())} {name}"
    return name


def _value(value: np.float32) -> str:
    return f"{float(value):.4g}" if np.isfinite(value) else "缺失 missing"


@lru_cache(maxsize=1)
def _words() -> list[tuple[re.Pattern[str], str]]:
    rows = shipped.rows("puhui.antifraud", "policy/graph_words.csv")
    return [(re.compile(row["pattern"]), row["zh"]) for row in rows]
