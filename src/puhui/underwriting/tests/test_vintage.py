"""Vintages, first-payment default, roll rates: stories worked by hand, and real cards and loans against plain loops."""

import itertools
import os
from datetime import date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import roll_rate, vintage

DATA = Path(os.environ.get("PUHUI_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
JAN, FEB, MAR, APR = (date(2026, month, 1) for month in (1, 2, 3, 4))


def performance(story: str) -> pl.DataFrame:
    """A line a loan: name, month funded, then `balance/dpd` of every month on book; amounts in fen."""
    rows = []
    for line in story.strip().splitlines():
        loan, month, *states = line.split()
        initial = int(states[0].split("/")[0])
        for m, state in enumerate(states):
            balance, dpd = map(int, state.split("/"))
            rows.append((loan, date(2026, int(month), 1), m, initial, balance, dpd))
    return pl.DataFrame(rows, schema=list(vintage.PERFORMANCE), orient="row")


BOOK = performance("""
    pays     1  1000/0  900/0   800/0   700/0   600/0   500/0
    falls    1  1000/0  900/10  900/40  900/70  900/100 900/130
    returns  1  1000/0  900/10  900/40  900/95  500/5   400/0
    ends     1  1000/0  900/31  0/0
    later    2  2000/0  2000/0  1900/95 1900/125 1500/155
""")


class TestVintage:
    def test_m3_by_amount_net_of_what_was_recovered(self):
        found = vintage.vintage(BOOK, over_days=90, as_of=date(2026, 6, 30))
        assert found.filter(funded_month=JAN)["late_minor"].to_list() == [0, 0, 0, 900, 900 + 500, 900 + 400]
        assert found.filter(funded_month=JAN)["late_loans"].to_list() == [0, 0, 0, 1, 2, 2]
        assert found.filter(funded_month=JAN)["rate"].to_list() == [0, 0, 0, 0.225, 0.35, 0.325]
        assert found.filter(funded_month=FEB)["late_minor"].to_list() == [0, 0, 1900, 1900, 1500]

    def test_thirty_plus_and_a_loan_that_ended_owes_nothing(self):
        found = vintage.vintage(BOOK, over_days=30, as_of=date(2026, 6, 30)).filter(funded_month=JAN)
        assert found["late_minor"].to_list() == [0, 900, 1800, 1800, 1400, 1300]
        assert found["late_loans"].to_list() == [0, 1, 3, 3, 3, 3]

    def test_nothing_later_than_the_day_is_seen(self):
        early = vintage.vintage(BOOK, over_days=90, as_of=date(2026, 4, 30))
        whole = vintage.vintage(BOOK, over_days=90, as_of=date(2026, 6, 30))
        assert early.rows() == [row for row in whole.rows() if row[1] <= (3 if row[0] == JAN else 2)]
        assert vintage.vintage(BOOK, over_days=90, as_of=date(2026, 4, 29))["month_on_book"].to_list() == [
            0,
            1,
            2,
            0,
            1,
        ]

    def test_a_month_not_all_of_a_cohort_can_have_reached_is_not_shown(self):
        assert vintage.vintage(BOOK, over_days=90, as_of=date(2026, 1, 15)).height == 0

    def test_refuses_a_frame_without_its_columns_or_values(self):
        with pytest.raises(Refused, match="dpd"):
            vintage.vintage(BOOK.drop("dpd"), over_days=90, as_of=APR)
        with pytest.raises(Refused, match="balance_minor × 26"):
            vintage.vintage(BOOK.with_columns(balance_minor=None), over_days=90, as_of=APR)


class TestFirstPaymentDefault:
    LOANS = pl.DataFrame(
        [("a", JAN, date(2026, 2, 10), date(2026, 2, 10), 100), ("b", JAN, date(2026, 2, 10), date(2026, 2, 17), 300),
         ("c", JAN, date(2026, 2, 20), None, 600), ("d", FEB, date(2026, 3, 10), None, 500)],
        schema=list(vintage.FIRST_PAYMENTS), orient="row")  # fmt: skip

    @pytest.mark.parametrize(
        ("days", "as_of", "rows"),
        [
            (7, date(2026, 2, 16), []),
            (7, date(2026, 2, 17), [(JAN, 2, 1, 400, 300)]),
            (7, date(2026, 2, 27), [(JAN, 3, 2, 1000, 900)]),
            (1, date(2026, 2, 20), [(JAN, 2, 1, 400, 300)]),
            (30, date(2026, 4, 9), [(JAN, 3, 1, 1000, 600), (FEB, 1, 1, 500, 500)]),
        ],
    )
    def test_only_mature_loans_count(self, days, as_of, rows):
        found = vintage.first_payment_default(self.LOANS, days=days, as_of=as_of)
        assert found.select("funded_month", "mature", "late", "mature_minor", "late_minor").rows() == rows

    def test_a_payment_after_the_day_is_not_known(self):
        row = vintage.first_payment_default(self.LOANS, days=1, as_of=date(2026, 2, 12)).row(0, named=True)
        assert (row["mature"], row["late"], row["rate"], round(row["low"], 4)) == (2, 1, 0.5, 0.0945)

    def test_refuses_no_days(self):
        with pytest.raises(Refused, match="DAYS_INVALID"):
            vintage.first_payment_default(self.LOANS, days=0, as_of=APR)

    @pytest.mark.skipif(not (DATA / "superlender").exists(), reason="PUHUI_DATA has no superlender")
    def test_real_loans_against_a_plain_loop(self):
        raw = pl.read_csv(DATA / "superlender/trainprevloans.csv")
        day = lambda name: pl.col(name).str.slice(0, 10).str.to_date()  # noqa: E731
        loans = raw.select(
            pl.col("systemloanid").alias("loan"), day("approveddate").dt.truncate("1mo").alias("funded_month"),
            day("firstduedate").alias("first_due_on"), day("firstrepaiddate").alias("first_paid_on"),
            (pl.col("loanamount") * 100).cast(pl.Int64).alias("initial_minor"),
        )  # fmt: skip
        found = vintage.first_payment_default(loans, days=7, as_of=date(2018, 1, 1))
        late = 0
        for line in raw.iter_rows(named=True):
            due, paid = (datetime.fromisoformat(line[name][:10]) for name in ("firstduedate", "firstrepaiddate"))
            late += (paid - due).days >= 7
        assert (found["mature"].sum(), found["late"].sum()) == (18183, late) == (18183, 1302)


class TestRollRates:
    SNAPSHOTS = pl.DataFrame(
        [("a", JAN, 100, 0), ("a", FEB, 90, 0), ("a", MAR, 80, 0), ("b", JAN, 300, 0), ("b", FEB, 300, 12),
         ("b", MAR, 300, 43), ("c", JAN, 200, 25), ("c", FEB, 200, 55), ("d", FEB, 500, 0)],
        schema=list(roll_rate.SNAPSHOT), orient="row")  # fmt: skip

    def test_the_matrix_weighs_by_the_balance_it_started_from(self):
        matrix = roll_rate.roll_matrix(self.SNAPSHOTS)
        assert matrix.balance_minor[0].tolist() == [190, 300, 0, 0, 0, 0, 0, 0, 500]
        assert matrix.balance_minor[1].tolist() == [0, 0, 500, 0, 0, 0, 0, 0, 0]
        assert matrix.balance_minor[2].tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 200]
        assert matrix.loans.sum() == 7
        assert matrix.shares()[1].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
        assert np.isnan(matrix.shares()[7]).all()

    def test_rates_ratios_and_their_product(self):
        rates = roll_rate.roll_rates(self.SNAPSHOTS)
        assert rates.select("month", "bucket", "from_minor", "into_minor").rows() == [
            (JAN, "C", 400, 300), (JAN, "M1", 200, 200), (FEB, "C", 590, 0), (FEB, "M1", 300, 300), (FEB, "M2", 200, 0),
        ]  # fmt: skip
        assert roll_rate.expected_loss_rate(rates, charged_off_in="M2") == pytest.approx(300 / 990 * 500 / 500)
        assert roll_rate.expected_loss_rate(rates) is None
        ratios = roll_rate.delinquency_ratios(self.SNAPSHOTS).rows()
        assert (FEB, "M1", 300, pytest.approx(300 / 1090), pytest.approx(300 / 600)) in ratios
        assert (FEB, "M2", 200, pytest.approx(200 / 1090), None) in ratios
        assert (MAR, "M2", 300, pytest.approx(300 / 380), pytest.approx(300 / 600)) in ratios

    @pytest.mark.parametrize(
        ("dpd", "bucket"), [(0, 0), (1, 1), (30, 1), (31, 2), (90, 3), (91, 4), (180, 6), (181, 7), (999, 7)]
    )
    def test_buckets(self, dpd, bucket):
        assert pl.select(roll_rate.bucket_of(pl.lit(dpd))).item() == bucket

    @pytest.mark.skipif(not (DATA / "taiwan_cards").exists(), reason="PUHUI_DATA has no taiwan_cards")
    def test_real_cards_against_a_plain_loop(self):
        """30,000 cards, April to September 2005: `pay_k` is the months late, 0 and below not late. Cards, not loans."""
        cards = pl.read_parquet(DATA / "taiwan_cards/accounts.parquet").with_row_index("loan")
        status = ["pay_6", "pay_5", "pay_4", "pay_3", "pay_2", "pay_0"]
        months = [date(2005, month, 1) for month in range(4, 10)]
        frame = pl.concat([
            cards.select("loan", pl.lit(month).alias("month"),
                         (pl.col(f"bill_amt{6 - k}").clip(0) * 100).cast(pl.Int64).alias("balance_minor"),
                         (pl.col(name).clip(0) * 30).alias("dpd"))
            for k, (month, name) in enumerate(zip(months, status))
        ])  # fmt: skip
        matrix = roll_rate.roll_matrix(frame)
        by_loop = np.zeros((8, 9), dtype=np.int64)
        statuses = cards.select(pl.col(name).clip(0, 7) for name in status).rows()
        for line in statuses:
            for before, after in itertools.pairwise(line):
                by_loop[before, after] += 1
        assert matrix.loans.tolist() == by_loop.tolist()
        assert matrix.loans.sum() == 150_000
        # Two months late is where a card stays: 65 % of the balance of M2 is M2 again; 5 % of it goes on to M3.
        assert matrix.shares()[2, 2:4].round(2).tolist() == [0.65, 0.05]
