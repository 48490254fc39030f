"""The owner first: a points card over the owner's own credit and the strength of the shop's evidence (小微业主评分卡).

Used where there are no invoices and no outcomes to fit a model on. Rules kept: the card is data (`policy/owner_scorecard.toml`,
versioned; a decision keeps the card it used); not knowing never scores as well as knowing good; a gate that cannot be
read is no pass, since no summary at all is a refusal of its own; the same columns score one owner or a million.

>>> card = OwnerCard.in_force()
>>> clean = {"worst_overdue_days_24m": 0, "overdue_months_24m": 0, "inquiries_3m": 1, "history_months": 60, "debt_service": 0.1,
...          "credit_grade": 1, "evidence_groups": 3, "evidence_months": 12, "birge": 1.0}
>>> pd, shares = card.score({name: np.array([value], dtype=np.float64) for name, value in clean.items()})
>>> round(float(pd[0]), 4), card.letter(float(pd[0]))
(0.0266, 'A')
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from puhui.kernel import shipped
from puhui.underwriting.core.reasons import Reason

Columns = npt.NDArray[np.float64]
_TOLD = 3
_SMALL = 0.05


@dataclass(frozen=True, slots=True)
class OwnerCard:
    """`stored` is the JSON form of one version."""

    stored: dict[str, Any]

    @staticmethod
    def in_force() -> "OwnerCard":
        return OwnerCard(shipped.tree("puhui.underwriting", "policy/owner_scorecard.toml"))

    @property
    def version(self) -> str:
        return str(self.stored["version"])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(row["name"] for row in self.stored["characteristic"])

    def score(self, columns: Mapping[str, Columns]) -> tuple[Columns, Columns]:
        """(PD, log-odds of each characteristic by column); NaN is missing."""
        shares = np.column_stack([_log_odds(row, columns[row["name"]]) for row in self.stored["characteristic"]])
        total = np.full(shares.shape[0], float(self.stored["base_log_odds"]))
        for column in shares.T:
            total = total + column
        return 1 / (1 + np.exp(-total)), shares

    def letter(self, pd: float) -> str:
        return next(band["letter"] for band in self.stored["band"] if pd < band["below"])

    def closed_gates(self, seen: Mapping[str, Any]) -> list[Reason]:
        """Why this owner is refused outright, if so. What the summary does not say closes no gate: it costs points."""
        return [
            Reason(gate["code"], f"{gate['zh']}（{seen[gate['column']]} > {gate['above']}）",
                   f"{gate['en']} ({seen[gate['column']]} > {gate['above']})")
            for gate in self.stored["gate"] if seen.get(gate["column"]) is not None and seen[gate["column"]] > gate["above"]
        ]  # fmt: skip

    def reasons(self, columns: Mapping[str, Columns], shares: Columns, row: int) -> list[Reason]:
        """The characteristics that cost most, with their values."""
        order = [j for j in np.argsort(-shares[row], kind="stable") if shares[row, j] > _SMALL][:_TOLD]
        told = []
        for j in order:
            named, value = self.stored["characteristic"][j], float(columns[self.names[j]][row])
            zh, en = ("未知", "unknown") if np.isnan(value) else (f"{value:g}", f"{value:g}")
            share = float(shares[row, j])
            told.append(Reason(f"RISK_UP_{named['name'].upper()}",
                               f"{named['zh']}为{zh}，提高违约可能（对数几率{share:+.2f}）",
                               f"{named['en']}: {en} raises the risk of default (log-odds {share:+.2f})"))  # fmt: skip
        return told

    def as_json(self) -> dict[str, Any]:
        return self.stored


def _log_odds(row: dict[str, Any], values: Columns) -> Columns:
    points = np.array([*row["log_odds"], row["missing"]], dtype=np.float64)
    bins = np.digitize(values, row["bounds"])
    return points[np.where(np.isnan(values), len(points) - 1, bins)]
