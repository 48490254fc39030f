"""Reject inference 拒绝推断: what the refused would have done is never known; three ways to guess, each with its caveat.

Every way takes the accepted (features, outcome 0/1, weights), the refused (the same features) and the chance of default a
model of the accepted gives to both, and returns the rows to fit the next model on. Rules kept: the caveat travels with
the answer and is printed in the card; no inferred outcome is ever used to judge a model, only to fit one; what had to be
guessed beyond the accepted is counted; chance comes in as a seed.

Sources. Hand & Henley, "Can reject inference ever work?", IMA J. Math. Appl. Bus. Ind. 5 (1993): the refused alone teach
nothing without further assumptions. Ehrhardt, Biernacki, Vandewalle, Heinrich & Beben, "Reject inference methods in
credit scoring", J. Appl. Stat. 48 (2021), arXiv 1903.10855: what each way assumes. Crook & Banasik, "Does reject
inference really improve the performance of application scoring models?", J. Bank. Finance 28 (2004), and Banasik & Crook,
"Reject inference, augmentation, and sample selection", EJOR 183 (2007): little or nothing gained, sometimes harm, by
re-weighting. Kozodoi, Katsas, Lessmann, Moreira-Matias & Papakonstantinou, "Shallow self-learning for reject inference in
credit scoring", ECML PKDD 2019: figures on the accepted mislead; judge on loans granted at random.

>>> sorted(METHODS)
['fuzzy', 'parcelling', 'reweighting']
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling import ranking
from puhui.underwriting.core.modelling.ranking import Floats


@dataclass(frozen=True, slots=True)
class RejectTerms:
    """Settings of the policy. `prudence` multiplies the bad rate of parcelled refusals (1 = as good as the accepted of
    the same score: rarely true); `bands` are of equal numbers of applicants; `most_weight` trims 1 / chance of acceptance."""

    prudence: float
    bands: int
    most_weight: float


@dataclass(frozen=True, slots=True)
class Applicants:
    """The accepted with their outcome, and the refused with the same columns; `pd_*` by a model of the accepted."""

    accepted: pl.DataFrame
    outcome: Floats
    weight: Floats
    refused: pl.DataFrame
    pd_accepted: Floats
    pd_refused: Floats


@dataclass(frozen=True, slots=True)
class Augmented:
    """Rows to fit on. `told` are figures for the card; `caveat` is (Chinese, English) and must be shown with the model."""

    method: str
    frame: pl.DataFrame
    outcome: Floats
    weight: Floats
    caveat: tuple[str, str]
    told: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"method": self.method, "rows": len(self.outcome), "weight": float(self.weight.sum()),
                "caveat_zh": self.caveat[0], "caveat_en": self.caveat[1], **self.told}  # fmt: skip


_UNKNOWABLE = (
    "被拒者的真实结果无人知晓；本模型的检验只用已放款的贷款，最可靠的检验是随机放行一小部分（Hand & Henley 1993；Kozodoi 等 2019）。",
    (
        "What the refused would have done is unknown; this model is judged on granted loans only, and the one sound test is "
        "to grant a few at random (Hand & Henley 1993; Kozodoi et al. 2019)."
    ),
)
CAVEATS = {
    "parcelling": (
        "分组推断：审慎系数无法从已放款数据中估计，只有选对时才有益，选错则有害（Ehrhardt 等 2021）。" + _UNKNOWABLE[0],
        "Parcelling: the prudence factor cannot be learnt from granted loans; it helps only where it happens to be right "
        "and harms where it is not (Ehrhardt et al. 2021). " + _UNKNOWABLE[1],
    ),
    "fuzzy": (
        "模糊扩充：没有理论依据；同样变量的逻辑回归重新拟合后系数不变，排序不变，只影响分箱与选变量（Ehrhardt 等 2021）。" + _UNKNOWABLE[0],
        "Fuzzy augmentation: it has no theoretical foundation. A logistic model refitted on the same columns keeps its "
        "coefficients and its ranking; only bins and selection can change (Ehrhardt et al. 2021). " + _UNKNOWABLE[1],
    ),
    "reweighting": (
        "重新加权：仅当是否放款只取决于模型看得到的变量、且人人都有机会获批时才成立；模型设定正确时无益，方差变大，"
        "实证中收益很小甚至为负（Crook & Banasik 2004；Banasik & Crook 2007）。" + _UNKNOWABLE[0],
        "Re-weighting: sound only if acceptance depends on nothing but what the model sees and everybody had some chance; "
        "it gains nothing where the model is well specified, adds variance, and in practice gained little or did harm "
        "(Crook & Banasik 2004; Banasik & Crook 2007). " + _UNKNOWABLE[1],
    ),
}  # fmt: skip


def augment(method: str, applicants: Applicants, *, terms: RejectTerms, seed: int) -> Augmented:
    """Rows to fit on by the named way. Refuses an unknown way, no refused applicants, columns that differ."""
    if method not in METHODS:
        told = f"没有这种拒绝推断 · no such way; there are {', '.join(sorted(METHODS))}"
        raise Refused(Refusal("REJECT_METHOD_UNKNOWN", told, where=method))
    if applicants.refused.height == 0:
        raise Refused(Refusal("NO_REJECTS", "没有被拒申请 · there are no refused applicants"))
    absent = [name for name in applicants.accepted.columns if name not in applicants.refused.columns]
    if absent:
        told = f"被拒申请缺少列 · the refused lack columns: {', '.join(absent)}"
        raise Refused(Refusal("COLUMNS_MISSING", told, where=", ".join(absent)))
    ranking.checked(applicants.outcome, applicants.pd_accepted)
    return METHODS[method](applicants, terms, seed)


def parcelling(applicants: Applicants, terms: RejectTerms, seed: int) -> Augmented:
    """Within a band of score, so many of the refused are called bad as the accepted's bad rate × prudence says; which
    ones is drawn. Where a band has no accepted, the model's own chance stands in, and those refused are counted."""
    bands, edges = _bands(applicants, terms.bands)
    of_accepted, of_refused = bands
    chance, called = np.random.default_rng(seed), np.zeros(applicants.refused.height)
    rows, guessed = [], 0
    for band in range(terms.bands):
        own, refused = of_accepted == band, np.flatnonzero(of_refused == band)
        mass = float(applicants.weight[own].sum())
        rate = float((applicants.weight * applicants.outcome)[own].sum()) / mass if mass > 0 else None
        if rate is None and len(refused):
            rate, guessed = float(applicants.pd_refused[refused].mean()), guessed + len(refused)
        raised = min(1.0, (rate or 0.0) * terms.prudence)
        bads = int(np.floor(raised * len(refused) + chance.random()))
        called[chance.permutation(refused)[:bads]] = 1.0
        rows.append({"up_to_pd": edges[band], "accepted": int(own.sum()), "refused": len(refused), "bad_rate": rate,
                     "called_bad": bads})  # fmt: skip
    told = {"prudence": terms.prudence, "bands": rows, "refused_beyond_accepted": guessed}
    return _together("parcelling", applicants, called, np.ones(len(called)), told)


def fuzzy(applicants: Applicants, terms: RejectTerms, seed: int) -> Augmented:
    """Every refused stands twice: bad with weight pd, good with weight 1 − pd."""
    pd, twice = applicants.pd_refused, pl.concat([applicants.refused, applicants.refused])
    doubled = Applicants(applicants.accepted, applicants.outcome, applicants.weight, twice, applicants.pd_accepted, pd)
    outcome = np.concatenate([np.ones(len(pd)), np.zeros(len(pd))])
    return _together("fuzzy", doubled, outcome, np.concatenate([pd, 1 - pd]), {"mean_pd_of_refused": float(pd.mean())})


def reweighting(applicants: Applicants, terms: RejectTerms, seed: int) -> Augmented:
    """Only the accepted, each standing for the refused of its band too: weight ÷ share accepted (Hsia 1978), trimmed."""
    bands, edges = _bands(applicants, terms.bands)
    accepted, refused = (np.bincount(side, minlength=terms.bands) for side in bands)
    share = np.divide(accepted, accepted + refused, out=np.ones(terms.bands), where=accepted + refused > 0)
    factor = np.minimum(1 / np.maximum(share, 1e-12), terms.most_weight)
    weight = applicants.weight * factor[bands[0]]
    rows = [{"up_to_pd": edges[k], "accepted": int(accepted[k]), "refused": int(refused[k]), "weight": float(factor[k])}
            for k in range(terms.bands)]  # fmt: skip
    told = {
        "bands": rows, "trimmed_rows": int(((1 / np.maximum(share, 1e-12)) > terms.most_weight)[bands[0]].sum()),
        "refused_beyond_accepted": int(refused[accepted == 0].sum()),
        "effective_rows": float(weight.sum() ** 2 / np.square(weight).sum()),
    }  # fmt: skip
    return Augmented("reweighting", applicants.accepted, applicants.outcome, weight, CAVEATS["reweighting"], told)


METHODS: dict[str, Callable[[Applicants, RejectTerms, int], Augmented]] = {
    "parcelling": parcelling, "fuzzy": fuzzy, "reweighting": reweighting,
}  # fmt: skip


def _bands(applicants: Applicants, bands: int) -> tuple[tuple[npt.NDArray[np.intp], ...], list[float]]:
    """Band of every accepted and refused by chance of default, of equal numbers of all applicants; and upper ends."""
    everybody = np.concatenate([applicants.pd_accepted, applicants.pd_refused])
    edges = np.quantile(everybody, np.arange(1, bands) / bands)
    found = tuple(np.searchsorted(edges, side, side="left") for side in (applicants.pd_accepted, applicants.pd_refused))
    return found, [*(float(edge) for edge in edges), 1.0]


def _together(method: str, applicants: Applicants, outcome: Floats, weight: Floats, told: dict[str, Any]) -> Augmented:
    """The accepted first, then the refused with what they are taken for."""
    refused = applicants.refused.select(applicants.accepted.columns)
    return Augmented(
        method, pl.concat([applicants.accepted, refused], how="vertical_relaxed"),
        np.concatenate([applicants.outcome, outcome]), np.concatenate([applicants.weight, weight]), CAVEATS[method], told,
    )  # fmt: skip
