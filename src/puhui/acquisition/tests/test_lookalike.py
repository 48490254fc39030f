"""Look-alikes: good borrowers beside clickers, nobody who must not be sought, refusals."""

import numpy as np
import polars as pl
import pytest

from puhui.acquisition.lookalike_study import Asked, study
from puhui.kernel.refusal import Refused

ASKED = Asked("good", "device", size=100, beside="clicked", suppress=("vulnerable",))


def people(rows=4000, seed=2):
    """Simulated: the steady are good, the hurried click; half have no label yet."""
    dice = np.random.default_rng(seed)
    steady, hurried = dice.normal(size=rows), dice.normal(size=rows)
    good = (dice.random(rows) < 1 / (1 + np.exp(1.5 - 1.5 * steady + 0.7 * hurried))).astype(float)
    return pl.DataFrame(
        {
            "device": [f"d{number}" for number in range(rows)],
            "steady": steady,
            "hurried": hurried,
            "clicked": (dice.random(rows) < 1 / (1 + np.exp(1 - 1.5 * hurried))).astype(int),
            "vulnerable": (dice.random(rows) < 0.1).astype(int),
            "good": pl.Series(np.where(np.arange(rows) % 2 == 0, good, np.nan)).fill_nan(None),
        }
    )


def test_look_alikes_of_the_good_are_good_more_often_than_those_of_clickers():
    found = study(people(), ASKED).answer["held_out"]
    for ours, theirs in zip(found["good"], found["clicked"]):
        assert ours["precision"] > theirs["precision"]
    tenth, clickers = found["good"][2], found["clicked"][2]
    assert tenth["low"] > clickers["high"]
    assert tenth["lift"] > 1.5


def test_nobody_who_must_not_be_sought_or_is_known_already_is_in_the_list():
    frame = people()
    chosen = study(frame, ASKED).people
    rows = frame.filter(pl.col("device").is_in(chosen["person"].to_list()))
    assert len(rows) == 100
    assert rows["vulnerable"].sum() == 0
    assert rows["good"].null_count() == 100
    assert rows["steady"].mean() > 1
    assert chosen["score"].is_sorted(descending=True)


@pytest.mark.parametrize(
    ("frame", "asked", "code"),
    [
        (people(100), ASKED, "LABELS_TOO_FEW"),
        (people(400).with_columns(good=pl.col("steady")), ASKED, "LABEL_NOT_BINARY"),
        (people(400), Asked("good", "device", size=0), "SIZE_ZERO"),
        (people(400), Asked("good", "phone", size=5), "COLUMN_ABSENT"),
    ],
)
def test_a_table_that_cannot_teach_is_refused(frame, asked, code):
    with pytest.raises(Refused, match=code):
        study(frame, asked)
