"""Provisions posted by each method: exact journals of an end of day, entity by entity; a change of method; the day's record."""

from datetime import date

import numpy as np
import pytest

from puhui.kernel.refusal import Refused
from puhui.servicing import book, models, provisioning, queries
from puhui.servicing.core.provision import METHODS
from puhui.servicing.operations.choose_provision import Choice, choose_provision
from puhui.servicing.tests.bookings import NOW, disbursed, disbursed_in_bulk
from puhui.servicing.tests.test_record_fact import end_of, lent, say

pytestmark = pytest.mark.django_db
POLICY = """
[[method]]
lender_type = "any"
method = "class"
effective_from = 2002-01-01
[[ecl]]
product = "any"
stage = 1
pd_12m = "0.03"
lgd = "0.45"
effective_from = 2002-01-01
"""


def choose(institution_id: str, method: str, since: str, *, key: str = "") -> str:
    choice = Choice(institution_id, method, date.fromisoformat(since), "董事会决议 2026-3", "admin")
    return choose_provision(choice, key=key or f"{institution_id}-{method}-{since}", now=NOW)


def provisions(institution_id: str) -> list[tuple[str, str, str, int]]:
    """Postings of ends of day that touch the provision: (day, debit, credit, amount)."""
    rows = models.Posting.objects.filter(institution_id=institution_id, entry__kind="provision").order_by("id")
    return [
        (str(day), debit, credit, minor)
        for day, debit, credit, minor in rows.values_list("business_date", "debit", "credit", "amount_minor")
    ]


def balance(institution_id: str) -> int:
    lines = queries.trial_balance(institution_id)
    return next(line.credit_minor for line in lines if line.account == "loan_loss_provision")


class TestByMethod:
    def test_three_entities_three_methods_one_loan_each(self) -> None:
        """100,000.00: 1.5 % of normal and 3 % of special mention by class; 3 % × 45 % by expected loss, which 91 days late makes 45 %."""
        for name, method in (("inst_a", "class"), ("inst_b", "ecl"), ("inst_c", "greater")):
            disbursed(name=name, institution_id=name)
            choose(name, method, "2026-01-15")
        end_of("2026-05-17")  # 91 days after 15 February
        up = ("impairment_loss", "loan_loss_provision")
        assert provisions("inst_a") == [
            ("2026-01-15", *up, 150_000),
            ("2026-02-16", *up, 150_000),
            ("2026-05-17", *up, 2_700_000),
        ]
        assert provisions("inst_b") == [("2026-01-15", *up, 135_000), ("2026-05-17", *up, 4_365_000)]
        assert provisions("inst_c") == [
            ("2026-01-15", *up, 150_000),
            ("2026-02-16", *up, 150_000),
            ("2026-05-17", *up, 4_200_000),
        ]
        assert queries.verify() == []

    def test_stage_two_looks_at_the_remaining_life(self) -> None:
        disbursed()
        choose("inst_a", "ecl", "2026-01-15")
        end_of("2026-03-17")  # 30 days late: the first stage still
        assert balance("inst_a") == 135_000
        end_of("2026-03-18")
        assert balance("inst_a") == 135_000  # ten months left: one year begun, and the chance of a year
        assert queries.loan(models.Loan.objects.get().id).days_past_due == 31
        assert models.Loan.objects.get().stage == 2

    def test_a_loan_of_two_entities_is_provided_for_by_each_in_its_own_way(self) -> None:
        choose_before = (("inst_a", "class"), ("inst_b", "ecl"))
        loan_id = lent(policy=None, funders=(("inst_a", 2), ("inst_b", 1)))
        for name, method in choose_before:
            choose(name, method, "2026-01-15")
        end_of("2026-01-15")
        assert (balance("inst_a"), balance("inst_b")) == (100_000, 45_000)  # 2/3 of 150,000 and 1/3 of 135,000
        assert book.risk(loan_id)["provision_minor"] == 145_000
        end_of("2026-05-17")
        assert (balance("inst_a"), balance("inst_b")) == (2_000_000, 1_500_000)
        say(loan_id, "write_off", "2026-05-18")
        assert (balance("inst_a"), balance("inst_b")) == (0, 0)
        end_of("2026-05-19")
        moves = models.DayRun.objects.get(business_date="2026-05-18", institution_id="inst_b").provision_moves
        assert moves["used"] + moves["released"] == 1_500_000
        assert queries.verify() == []


class TestAChange:
    def test_from_a_day_on_looks_at_every_loan_and_posts_the_difference(self) -> None:
        disbursed_in_bulk(20)
        end_of("2026-01-20")
        before = balance("inst_a")
        choose("inst_a", "ecl", "2026-01-22")
        end_of("2026-01-21")
        assert balance("inst_a") == before
        end_of("2026-01-22")
        loans = models.Loan.objects.filter(institution_id="inst_a")
        assert balance("inst_a") == sum(loans.values_list("ecl_minor", flat=True)) < before
        assert provisions("inst_a")[-1] == (
            "2026-01-22", "loan_loss_provision", "impairment_loss", before - balance("inst_a"),
        )  # fmt: skip
        other = models.Loan.objects.filter(institution_id="inst_b")
        assert balance("inst_b") == sum(other.values_list("provision_minor", flat=True))
        end_of("2026-02-20")
        assert queries.verify() == []

    def test_that_cannot_be_is_refused_and_nothing_moves(self) -> None:
        disbursed()
        for refused, code in (
            (("inst_a", "guess", "2026-01-15"), "PROVISION_METHOD_UNKNOWN"),
            (("inst_a", "ecl", "2026-01-14"), "DATES_OUT_OF_ORDER"),
        ):
            with pytest.raises(Refused, match=code):
                choose(*refused)
        assert not models.ProvisionChoice.objects.exists()
        assert choose("inst_a", "ecl", "2026-01-15", key="k") == choose("inst_a", "ecl", "2026-01-15", key="k") == "ecl"
        with pytest.raises(Refused, match="DUPLICATE_KEY_OTHER_CONTENT"):
            choose("inst_a", "class", "2026-01-15", key="k")
        assert models.ProvisionChoice.objects.count() == 1


class TestTheDaysRecord:
    def test_says_by_class_and_stage_and_what_moved(self) -> None:
        one, two = (disbursed(name=name) for name in ("1", "2"))
        end_of("2026-02-15")
        say(one, "repay", "2026-02-16", 888_488 + 1_000)
        end_of("2026-02-16")
        found = book.book_at(date(2026, 2, 16))
        assert found is not None
        funder = found.funders[0]
        assert funder.provision_by_class["normal"] == 138_173  # 1.5 % of 92,115.12
        assert funder.provision_by_class["special_mention"] == 300_000
        assert funder.provision_by_stage == {"1": 438_173, "2": 0, "3": 0}
        assert sum(funder.provision_by_class.values()) == funder.provision_minor == balance("inst_a")
        assert funder.provision_moves == {"provided": 150_000, "released": 11_827, "used": 0, "restored": 0}
        assert funder.provision_method == "greater"  # its cost forms say that it is a bank
        say(two, "write_off", "2026-02-17")
        end_of("2026-02-17")
        day = book.roll(until=date(2026, 2, 17))[-1]
        moves: dict[str, int] = day["provision_moves"]
        assert moves == {"provided": 0, "released": 0, "used": 300_000, "restored": 0}
        told = queries.day_history(limit=1)[0]
        assert told["provision_by_class"]["normal"] == sum(told["provision_by_class"].values()) == 138_173
        assert (told["provision_minor"], told["provision_moves"]) == (138_173, moves)
        was, now = funder.provision_minor, day["provision_minor"]
        assert now == was + moves["provided"] + moves["restored"] - moves["released"] - moves["used"]


class TestThePolicy:
    def test_of_this_release_knows_a_bank_and_any_other(self) -> None:
        before, after = (provisioning.policy().by_type(day) for day in (date(2020, 12, 31), date(2021, 1, 1)))
        assert (dict(before).get("bank"), dict(after)["bank"], dict(after)["any"]) == (None, "greater", "class")

    @pytest.mark.parametrize(
        "wrong", ['method = "guess"', "stage = 4", 'lgd = "1.01"', 'lender_type = "any"\nmethod = "ecl"']
    )
    def test_that_contradicts_itself_is_not_read(self, wrong: str) -> None:
        kind = "[[method]]" if "method" in wrong else "[[ecl]]"
        row = f"{kind}\n{wrong}\neffective_from = 2002-01-01\n{'stage = 2' if 'lgd' in wrong else ''}"
        with pytest.raises(provisioning.ProvisionWrong):
            provisioning.read(POLICY + row)

    def test_products_may_have_rates_of_their_own(self) -> None:
        rows = "".join(
            f'[[ecl]]\nproduct = "{product}"\nstage = {stage}\npd_12m = "{pd}"\nlgd = "{lgd}"\neffective_from = 2002-01-01\n'
            for product, stage, pd, lgd in (
                ("any", 2, "0.03", "0.45"), ("any", 3, "1", "0.45"), ("invoice", 1, "0.01", "0.20"),
            )
        )  # fmt: skip
        table = provisioning.read(POLICY + rows).ecl(date(2026, 1, 1))
        found = table.of(np.array(["", "invoice", "invoice"]), np.array([1, 1, 2]))
        assert [list(map(int, column)) for column in (found.pd_12m, found.lgd)] == [  # type: ignore[arg-type]
            [30_000, 10_000, 30_000], [450_000, 200_000, 450_000],
        ]  # fmt: skip

    def test_without_rates_for_a_day_is_an_answer(self) -> None:
        with pytest.raises(provisioning.ProvisionAbsent):
            provisioning.read(POLICY).ecl(date(2026, 1, 1))
        assert list(METHODS) == ["class", "ecl", "greater"]
