"""Columns of a tape by month: figures as PSI's own module gives them, months told, small ones left out."""

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.policy.core import stability
from puhui.underwriting.core.modelling import drift
from puhui.underwriting.workbench import fitting

LIMITS = {"base_share": 0.5, "least_rows": 50, "parts": 4}
JANUARY, FEBRUARY, MARCH, APRIL = 17897.0, 17928.0, 17956.0, 17987.0


def _moving() -> tuple[pl.DataFrame, np.ndarray]:
    dice = np.random.default_rng(4)
    size = dice.normal(size=640)
    size[320:] += 1.0
    sizes = pl.Series("size", [None if 480 <= n < 560 else value for n, value in enumerate(size)])
    return pl.DataFrame(sizes), np.repeat([JANUARY, FEBRUARY, MARCH, APRIL], [160, 160, 290, 30])


class TestByMonth:
    def test_is_psi_against_the_first_months_with_missing_shares(self):
        values, days = _moving()
        found = drift.by_month(values, days, None, dated=True, limits=LIMITS)
        assert found.base == ("2019-01", "2019-02")
        assert [one.month for one in found.columns["size"]] == ["2019-03"]  # April has 30 rows
        march = found.columns["size"][0]
        numbers = values["size"].fill_null(np.nan).to_numpy()
        assert march.psi == round(stability.psi(numbers[:320], numbers[320:610]), 6)
        assert (march.rows, march.missing_share) == (290, round(80 / 290, 6))
        assert march.noise == round(10 * (1 / 320 + 1 / 290), 6)  # ten deciles and missing
        assert found.worst("size") == march

    def test_tells_the_bad_rate_of_every_month(self):
        values, days = _moving()
        bad = (np.arange(640) % 4 == 0).astype(np.int8)
        found = drift.by_month(values, days, bad, dated=True, limits=LIMITS)
        assert found.rates == (
            ("2019-01", 160, 0.25),
            ("2019-02", 160, 0.25),
            ("2019-03", 290, 0.251724),
            ("2019-04", 30, 0.233333),
        )

    def test_parts_stand_for_months_where_time_is_a_number(self):
        values = pl.DataFrame({"trade": ["shop"] * 100 + ["shop", "cart"] * 50})
        found = drift.by_month(values, np.arange(200.0), None, dated=False, limits=LIMITS)
        assert found.base == ("0 – 49", "50 – 99")
        assert [(one.month, round(one.psi, 6)) for one in found.columns["trade"]] == [
            ("100 – 149", 2.626133),
            ("150 – 199", 2.626133),
        ]

    def test_stands_in_the_profile_of_a_tape(self, tmp_path):
        values, days = _moving()
        dates = pl.Series("when", days).cast(pl.Int32).cast(pl.Date).dt.to_string("%Y年%m月%d日")
        bad = pl.Series("bad", ["Y" if n % 4 == 0 else "N" for n in range(640)])
        values.with_columns(dates, bad).write_csv(tmp_path / "t.csv")
        told = fitting.profile_tape(tmp_path / "t.csv", target="bad", time_column="when", positive=None)
        size = next(column for column in told["profile"] if column["name"] == "size")
        assert size["drift_worst"] == told["drift"]["columns"]["size"][0]
        assert (told["drift"]["base"], size["drift_worst"]["month"]) == (["2019-01", "2019-02"], "2019-03")
        with pytest.raises(Refused, match="DATES_DO_NOT_PARSE"):
            fitting.profile_tape(tmp_path / "t.csv", target=None, time_column="bad", positive=None)
