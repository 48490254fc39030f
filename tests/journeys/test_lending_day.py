"""The invented lending day: real journeys, invented people; once, however often it is run."""

from datetime import timedelta

from puhui.funding import queries as funding
from puhui.journeys import close_day
from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.simulate import lending_day
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, Lender


class TestALendingDay:
    def test_lends_to_those_who_accept_and_repeats_nothing(self, lender: Lender) -> None:
        appraisal_id = lender.outcome.appraisal_id
        seen: list[tuple[str, int, int]] = []
        day = lending_day.lend(appraisal_id, seed=1, now=NOW, progress=lambda *told: seen.append(told))
        assert sum(day.outcomes.values()) == day.approved_firms == len(lender.approved)
        assert 0 < day.loans_booked == day.outcomes["lent"] == servicing.loans().total
        assert seen[-1] == (lending_day.STAGE, day.approved_firms, day.approved_firms)
        assert day.outcomes["left"] > 0

        loans = servicing.loans()
        assert {loan.state for loan in loans.loans} == {"active"}
        person = parties.person(loans.loans[0].person_id)
        assert person is not None
        assert person.invented
        assert "虚构" in underwriting.application(loans.loans[0].application_id).partner_ref
        assert sum(use.confirmed_minor for use in funding.quota_use()) == day.lent_minor
        assert sum(day.by_institution.values()) == day.loans_booked

        again = lending_day.lend(appraisal_id, seed=1, now=NOW + timedelta(hours=1))
        assert (again.loans_booked, again.lent_minor, again.by_institution) == (0, 0, {})
        assert servicing.loans().total == day.loans_booked
        assert underwriting.applications()[1] == day.approved_firms

        closed = close_day.close_day(now=NOW + timedelta(hours=2))
        assert (closed.day.loans, closed.disbursed) == (day.loans_booked, 0)
        assert servicing.verify() == []

    def test_comes_out_the_same_from_the_same_seed(self, lender: Lender) -> None:
        drawn = [lending_day.draw(1, row.firm) for row in lender.approved]
        assert drawn == [lending_day.draw(1, row.firm) for row in lender.approved]
        assert drawn != [lending_day.draw(2, row.firm) for row in lender.approved]
        assert all(0 <= share < 1 for share in drawn)
