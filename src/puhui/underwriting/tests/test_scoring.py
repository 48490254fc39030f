"""Models: plain data, deterministic, the same bits for one firm and for many, honest checks."""

import json

import numpy as np
import polars as pl
import pytest

from puhui.underwriting.core import features, scoring, validation
from puhui.underwriting.core.scoring import FitTerms, LinearModel

TERMS = FitTerms(strength=0.3, rating_strength=0.1, winsor_low=0.02, winsor_high=0.98, folds=5, repeats=3)
SIGNS = [feature.sign for feature in features.MODEL_FEATURES]
NAMES = features.MODEL_NAMES


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """200 firms whose risk falls with the first column and rises with the seventh."""
    dice = np.random.default_rng(3)
    columns = dice.normal(size=(200, len(NAMES)))
    risk = -1.5 * columns[:, 0] + 1.0 * columns[:, 6] + dice.logistic(size=200)
    return columns, (risk > 1).astype(np.int64), np.digitize(risk, [-1, 0.5, 2])


class TestDefaultModel:
    def test_finds_the_direction_and_never_turns_it_round(self, sample: tuple[np.ndarray, ...]) -> None:
        model = scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS)
        assert model.weights[0] < -0.5
        assert model.weights[6] > 0.3
        assert all(weight * sign >= 0 for weight, sign in zip(model.weights, SIGNS, strict=True))

    def test_one_firm_scores_as_in_the_batch_to_the_last_bit(self, sample: tuple[np.ndarray, ...]) -> None:
        model = scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS)
        batch = scoring.default_probability(model, sample[0])
        alone = [scoring.default_probability(model, sample[0][i : i + 1])[0] for i in range(200)]
        assert batch.tolist() == alone

    def test_survives_json(self, sample: tuple[np.ndarray, ...]) -> None:
        model = scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS)
        again = LinearModel.from_json(json.loads(json.dumps(model.as_json())))
        assert again == model

    def test_is_the_same_when_fitted_again(self, sample: tuple[np.ndarray, ...]) -> None:
        first = scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS)
        assert scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS) == first

    def test_without_signs_it_is_scikit_learns_logistic_regression(self, sample: tuple[np.ndarray, ...]) -> None:
        from sklearn.linear_model import LogisticRegression

        model = scoring.fit_default(sample[0], sample[1], [0] * len(NAMES), names=NAMES, terms=TERMS)
        standard = (np.clip(sample[0], model.lows, model.highs) - model.means) / model.scales
        oracle = LogisticRegression(C=TERMS.strength, tol=1e-10, max_iter=5000).fit(standard, sample[1])
        assert model.weights == pytest.approx(oracle.coef_[0], abs=1e-5)
        assert -model.cuts[0] == pytest.approx(oracle.intercept_[0], abs=1e-5)

    def test_contributions_add_up_to_the_log_odds(self, sample: tuple[np.ndarray, ...]) -> None:
        model = scoring.fit_default(sample[0], sample[1], SIGNS, names=NAMES, terms=TERMS)
        total = scoring.contributions(model, sample[0]).sum(axis=1) - model.cuts[0]
        assert scoring.default_probability(model, sample[0]) == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-6)


class TestRatingModel:
    def test_chances_add_to_one_and_order_the_letters(self, sample: tuple[np.ndarray, ...]) -> None:
        model = scoring.fit_rating(sample[0], sample[2], SIGNS, names=NAMES, terms=TERMS)
        chances = scoring.rating_probabilities(model, sample[0])
        assert chances.sum(axis=1) == pytest.approx(1.0)
        assert list(model.cuts) == sorted(model.cuts)
        named = np.array([scoring.RATINGS.index(letter) for letter in scoring.likeliest_rating(model, sample[0])])
        assert np.corrcoef(named, sample[2])[0, 1] > 0.5

    def test_is_never_told_the_rating_of_the_default_model(self) -> None:
        assert not any("rating" in name or "default" in name or "silent" in name for name in NAMES)


class TestValidation:
    def test_auc_counts_pairs(self) -> None:
        score, label = np.array([0.1, 0.4, 0.4, 0.8, 0.3]), np.array([0, 0, 1, 1, 1])
        pairs = [(b > g) + 0.5 * (b == g) for b in score[label == 1] for g in score[label == 0]]
        assert validation.auc(score, label) == pytest.approx(np.mean(pairs))

    def test_every_firm_is_tested_once_a_repeat_and_never_trained_on_then(self, sample: tuple[np.ndarray, ...]) -> None:
        tested = np.zeros((TERMS.repeats, 200), dtype=int)
        for repeat, train, test in validation.splits(sample[1], terms=TERMS, seed=1):
            tested[repeat, test] += 1
            assert not set(train) & set(test)
            assert len(train) + len(test) == 200
        assert (tested == 1).all()

    def test_the_interval_holds_the_level(self, sample: tuple[np.ndarray, ...]) -> None:
        check = validation.cross_fit_default(sample[0], sample[1], terms=TERMS, seed=1)
        assert 0 < check.auc_low < check.auc < check.auc_high < 1
        assert check.brier < check.brier_of_base_rate

    def test_noise_is_found_to_be_noise(self) -> None:
        dice = np.random.default_rng(5)
        columns, label = dice.normal(size=(300, len(NAMES))), (dice.random(300) < 0.3).astype(np.int64)
        check = validation.cross_fit_default(columns, label, terms=TERMS, seed=1)
        assert check.auc_low < 0.5 < check.auc_high


class TestFeatures:
    def test_one_firm_has_the_features_it_has_in_the_batch(self) -> None:
        dice = np.random.default_rng(1)
        frame = pl.DataFrame({name: dice.lognormal(3, 2, size=50) for name in features.EVIDENCE})
        batch = features.model_columns(frame)
        for i in range(50):
            assert features.model_columns(frame[i : i + 1]).row(0) == batch.row(i)

    def test_empty_evidence_gives_finite_features(self) -> None:
        frame = pl.DataFrame(
            {name: [None] for name in features.EVIDENCE}, schema=dict.fromkeys(features.EVIDENCE, pl.Float64)
        )
        assert np.isfinite(features.model_columns(frame).to_numpy()).all()
        assert features.has_invoices(frame).to_list() == [False]
