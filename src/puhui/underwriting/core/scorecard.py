"""A fitted scorecard: default model, rating model, the cross-fitted chances of labelled firms, and what they are worth.

Rule kept: the fitted thing is JSON and deterministic by seed; too few labels are refused with what is needed, because a
model of three defaults is a guess with decimals.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core import features, scoring, validation
from puhui.underwriting.core.policy_table import AppraisalPolicy
from puhui.underwriting.core.validation import DefaultCheck, RatingCheck

Columns = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_SIGNS = tuple(feature.sign for feature in features.MODEL_FEATURES)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`content` is the whole of it; `models` is the part that a decision needs."""

    content: dict[str, Any]

    @property
    def digest(self) -> str:
        return digest(self.content)

    @property
    def models(self) -> dict[str, Any]:
        return {"default": self.content["default"], "rating": self.content["rating"]}

    @property
    def cross_fitted(self) -> dict[str, float]:
        return dict(self.content["cross_fitted"])

    @property
    def checks(self) -> dict[str, Any]:
        return {"default": self.content["default_check"], "rating": self.content["rating_check"]}


def fit(firms: pl.DataFrame, evidence: pl.DataFrame, *, policy: AppraisalPolicy, seed: int) -> Scorecard:
    """Fit on the labelled firms that have invoices. `firms` (code, rating, defaulted) is row for row with `evidence`.

    Raises Refused TOO_FEW_LABELS when defaults, good firms or ratings are too few to fit and check a model.
    """
    columns = features.model_columns(evidence).to_numpy()
    usable = features.has_invoices(evidence).to_numpy()
    labelled = usable & firms["defaulted"].is_not_null().to_numpy()
    rated = usable & firms["rating"].is_not_null().to_numpy()
    defaulted = firms["defaulted"].fill_null(0).to_numpy()[labelled].astype(np.int64)
    letters = firms["rating"].to_numpy()[rated]
    rating = np.array([scoring.RATINGS.index(letter) for letter in letters], dtype=np.int64)
    _enough(defaulted, rating, policy)
    with threadpool_limits(limits=1):  # matrices this small lose thirty times over to the threads of a matrix library
        return _fitted(firms, columns, (labelled, defaulted), (rated, rating), policy=policy, seed=seed)


def _fitted(firms: pl.DataFrame, columns: Columns, by_default: tuple[Flags, Labels], by_letter: tuple[Flags, Labels], *,
            policy: AppraisalPolicy, seed: int) -> Scorecard:  # fmt: skip
    (labelled, defaulted), (rated, rating) = by_default, by_letter
    terms = policy.fit_terms
    default = scoring.fit_default(columns[labelled], defaulted, _SIGNS, names=features.MODEL_NAMES, terms=terms)
    by_rating = scoring.fit_rating(columns[rated], rating, _SIGNS, names=features.MODEL_NAMES, terms=terms)
    default_check = validation.cross_fit_default(columns[labelled], defaulted, terms=terms, seed=seed)
    rating_check = validation.cross_check_rating(columns[rated], rating, terms=terms, seed=seed)
    codes = firms["code"].to_numpy()[labelled]
    return Scorecard({
        "feature_version": features.FEATURE_VERSION, "policy_version": policy.version, "seed": seed,
        "default": default.as_json(), "rating": by_rating.as_json(),
        "cross_fitted": dict(zip(map(str, codes), default_check.out_of_fold, strict=True)),
        "default_check": default_check.as_json(), "rating_check": rating_check.as_json(),
        "caution": _caution(default_check, rating_check),
    })  # fmt: skip


def _enough(defaulted: Labels, rating: Labels, policy: AppraisalPolicy) -> None:
    bad, good = int(defaulted.sum()), int((defaulted == 0).sum())
    kinds = len(np.unique(rating))
    if bad >= policy.min_defaults and good >= policy.min_goods and kinds >= 2:
        return
    raise Refused(Refusal(
        "TOO_FEW_LABELS",
        f"有发票且带标签的企业：违约{bad}家、正常{good}家、评级{kinds}种；建模至少需要违约{policy.min_defaults}家、正常"
        f"{policy.min_goods}家、评级2种。请在 firms.csv 填写 defaulted 与 rating，或指定已存的模型 · labelled firms with "
        f"invoices: {bad} defaulted, {good} good, {kinds} ratings; a model needs at least {policy.min_defaults}, "
        f"{policy.min_goods} and 2: fill in defaulted and rating, or name a stored scorecard",
        "firms.csv, column defaulted, rating",
    ))  # fmt: skip


def _caution(default: DefaultCheck, rating: RatingCheck) -> dict[str, str]:
    """Small data, said in words beside the figures."""
    return {
        "zh": f"小样本：仅{default.firms}家有标签企业、{default.defaults}家违约；AUC {default.auc:.3f},95%区间"
              f"{default.auc_low:.3f}–{default.auc_high:.3f}；评级准确率{rating.accuracy:.1%}。",
        "en": f"Small data: {default.firms} labelled firms, {default.defaults} defaults; AUC {default.auc:.3f}, 95% interval "
              f"{default.auc_low:.3f}–{default.auc_high:.3f}; rating accuracy {rating.accuracy:.1%}.",
    }  # fmt: skip
