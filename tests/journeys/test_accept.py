"""Accepting: only what was shown, read and consented to becomes a loan; else nothing moves."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from puhui.funding import operations as funding_operations
from puhui.funding import queries as funding
from puhui.journeys import accept as accepting
from puhui.journeys import close_day, disburse
from puhui.kernel.refusal import Refused
from puhui.parties import queries as parties
from puhui.parties.operations import ShopDraft
from puhui.servicing import operations as servicing_operations
from puhui.servicing import queries as servicing
from puhui.underwriting import queries as underwriting
from tests.journeys.conftest import NOW, READING, Lender, confirmation


def moved() -> tuple[int, int, int, int]:
    """Loans, jobs, quota used, consents to institutions: what an acceptance moves."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs")
        jobs = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM parties_consent WHERE institution_id <> ''")
        consents = cursor.fetchone()[0]
    return servicing.loans().total, jobs, sum(use.used_minor for use in funding.quota_use()), consents


class TestAnOffer:
    def test_shows_the_same_form_when_looked_at_again(self, lender: Lender) -> None:
        offer_id = lender.applied().offer_id or ""
        first = accepting.show_offer(offer_id, now=NOW)
        assert accepting.show_offer(offer_id, now=NOW + timedelta(hours=3)) == first
        assert len(funding.matches_of(first.application_id)) == 1

    def test_costs_what_its_instalments_cost_and_stays_below_the_legal_cap(self, lender: Lender) -> None:
        shown = accepting.show_offer(lender.applied().offer_id or "", now=NOW)
        assert Decimal(shown.apr_simple or 0) <= Decimal(shown.cap or 0) == Decimal("0.24")
        assert Decimal(shown.apr_compound or 0) > Decimal(shown.apr_simple or 0)

    def test_says_why_when_nobody_funds_it(self, lender: Lender) -> None:
        applied = lender.applied()
        for use in funding.quota_use():
            _use_up(use.code, use.quota_minor)
        shown = accepting.show_offer(applied.offer_id or "", now=NOW)
        assert (shown.institution_id, shown.disclosure_hash) == (None, None)
        assert "QUOTA_EXHAUSTED" in {each["refusal"] for each in shown.candidates}
        with pytest.raises(Refused, match="NO_FUNDER"):
            accepting.accept(applied.offer_id or "", confirmation(shown), key="k", now=NOW + READING)


REGIONAL = """
[[institution]]
code = "{code}"
name = "某村镇银行（虚构）"
name_en = "A Rural Bank (invented)"
lender_type = "bank"
sample = true
  [[institution.programme]]
  code = "{code}-only"
  name = "本地"
  rate_min = "0.01"
  rate_max = "0.15"
  rate_discount = "0.005"
  limit_min_yuan = "1000"
  limit_max_yuan = "1000000"
  ratings = ["A", "B", "C"]
  months = [12]
  quota_yuan = "50000000"
  valid_from = "2020-01-01"
  valid_until = "2030-01-01"
  whitelisted = true
  regions = ["{region}"]
"""


class TestAProgrammeOfARegion:
    """Two invented local lenders, each half a point cheaper than the samples, so that whoever may borrow there does."""

    @pytest.mark.parametrize(
        ("credit_code", "told", "chosen", "refused"),
        [
            ("92420500MA4A000007", {}, "hubei-only", {"hunan-only": "REGION_NOT_SERVED"}),
            ("92420500MA4A000007", {"place": "43"}, "hubei-only", {"hunan-only": "REGION_NOT_SERVED"}),
            ("", {"place": "43"}, None, {"hubei-only": "REGION_NOT_SERVED", "hunan-only": "REGION_UNKNOWN"}),
            ("", {}, None, {"hubei-only": "REGION_UNKNOWN", "hunan-only": "REGION_UNKNOWN"}),
            ("92110105MA4A000007", {}, None, {"hubei-only": "REGION_NOT_SERVED", "hunan-only": "REGION_NOT_SERVED"}),
        ],
    )
    def test_takes_its_own_and_leads_others_elsewhere_by_name(
        self, lender: Lender, credit_code: str, told: dict[str, str], chosen: str | None, refused: dict[str, str]
    ) -> None:
        for code, region in (("hubei", "42"), ("hunan", "4301")):
            funding_operations.load_programmes(REGIONAL.format(code=code, region=region), now=NOW)
        row = lender.approved[0]
        shop = ShopDraft(row.name, credit_code=credit_code, evidence_code=row.firm, invented=True)
        applied = lender.applied(shop=shop, answers=told)
        shown = accepting.show_offer(applied.offer_id or "", now=NOW)
        match = funding.matches_of(shown.application_id)[-1]
        local = {each["programme"]: each["refusal"] for each in shown.candidates if each["programme"].endswith("-only")}
        assert {code: refusal for code, refusal in local.items() if refusal} == refused
        assert match.programme_code == chosen if chosen else (match.programme_code or "").startswith("sample-")
        booked = lender.booked(applied)
        assert booked.institution_id == shown.institution_id


def _use_up(code: str, quota_minor: int) -> None:
    """Fill a programme's quota with made-up allotments of its largest amount and what is left."""
    programme = next(row for row in funding.programmes() if row.code == code)
    left, number = quota_minor, 0
    while left >= programme.limit_min_minor:
        amount, number = min(programme.limit_max_minor, left), number + 1
        request = funding_operations.MatchRequest(
            "app_x", f"offer_{code}_{number}", amount, programme.rate_max, programme.months[-1], programme.ratings[-1]
        )
        match = funding_operations.match(request, as_of=servicing.business_date(), now=NOW)  # type: ignore[arg-type]
        if match.programme_id is None:
            return
        funding_operations.reserve(match.id, as_of=match.as_of, now=NOW)
        left -= amount if match.programme_code == code else 0


class TestAccepting:
    def test_reserves_books_consents_and_enqueues_once(self, lender: Lender) -> None:
        applied = lender.applied()
        accepted = lender.booked(applied)
        assert moved() == (1, 1, applied.limit_minor, 1)
        assert parties.has_consent(applied.person_id, purpose="funding", institution_id=accepted.institution_id)
        assert underwriting.application(applied.application_id).state == "accepted"
        assert lender.booked(applied) == accepted
        assert moved() == (1, 1, applied.limit_minor, 1)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"disclosure_hash": "0" * 64}, "DISCLOSURE_DIFFERS"),
            ({"consent_institution_id": ""}, "CONSENT_MISSING"),
            ({"consent_institution_id": "inst_other"}, "CONSENT_MISSING"),
            ({"scrolled_to_end": False}, "READING_TOO_SHORT"),
            ({"shown_at": NOW + READING - timedelta(seconds=9)}, "READING_TOO_SHORT"),
        ],
    )
    def test_is_refused_when_anything_differs_from_what_was_shown(
        self, lender: Lender, changes: dict, code: str
    ) -> None:
        offer_id = lender.applied().offer_id or ""
        shown = accepting.show_offer(offer_id, now=NOW)
        before = moved()
        with pytest.raises(Refused, match=code):
            accepting.accept(offer_id, confirmation(shown, **changes), key="k", now=NOW + READING)
        assert moved() == before == (0, 0, 0, 0)
        assert underwriting.offer(offer_id).state == "open"

    def test_is_refused_when_the_form_is_of_an_earlier_business_date(self, lender: Lender) -> None:
        offer_id = lender.applied().offer_id or ""
        shown = accepting.show_offer(offer_id, now=NOW)
        close_day.close_day(now=NOW)
        with pytest.raises(Refused, match="DISCLOSURE_DIFFERS"):
            accepting.accept(offer_id, confirmation(shown), key="k", now=NOW + READING)
        assert moved() == (0, 0, 0, 0)

    def test_is_refused_after_the_offer_expired(self, lender: Lender) -> None:
        offer_id = lender.applied().offer_id or ""
        shown = accepting.show_offer(offer_id, now=NOW)
        late = underwriting.offer(offer_id).valid_until
        with pytest.raises(Refused, match="OFFER_EXPIRED"):
            accepting.accept(offer_id, confirmation(shown), key="k", now=late)
        assert moved() == (0, 0, 0, 0)

    def test_is_refused_when_the_offer_is_a_loan_already(self, lender: Lender) -> None:
        applied = lender.applied()
        lender.booked(applied)
        before = moved()
        with pytest.raises(Refused, match="OFFER_NOT_OPEN"):
            lender.booked(applied, key="another key")
        assert moved() == before

    def test_is_refused_after_declining(self, lender: Lender) -> None:
        offer_id = lender.applied().offer_id or ""
        shown = accepting.show_offer(offer_id, now=NOW)
        assert accepting.decline(offer_id, key="no", now=NOW) == "declined"
        assert accepting.decline(offer_id, key="no", now=NOW) == "declined"
        with pytest.raises(Refused, match="OFFER_NOT_OPEN"):
            accepting.accept(offer_id, confirmation(shown), key="yes", now=NOW + READING)
        assert moved() == (0, 0, 0, 0)

    def test_shows_the_form_it_was_accepted_under(self, lender: Lender) -> None:
        applied = lender.applied()
        open_ = accepting.show_offer(applied.offer_id or "", now=NOW)
        lender.booked(applied)
        settled = accepting.show_offer(applied.offer_id or "", now=NOW)
        assert (settled.state, settled.disclosure_hash) == ("accepted", open_.disclosure_hash)
        assert settled.instalments == open_.instalments


class TestPayingOut:
    def test_happens_once_however_often_it_is_run(self, lender: Lender) -> None:
        accepted = lender.booked(lender.applied())
        first = disburse.disburse(accepted.loan_id, now=NOW)
        assert disburse.disburse(accepted.loan_id, now=NOW + timedelta(hours=1)) == first
        assert len(servicing.journal(accepted.loan_id)) == 1
        assert underwriting.application(accepted.application_id).state == "funded"

    def test_is_done_by_the_end_of_day_when_no_worker_came(self, lender: Lender) -> None:
        accepted = lender.booked(lender.applied())
        assert close_day.close_day(now=NOW).disbursed == 1
        assert servicing.loan(accepted.loan_id).state == "active"

    def test_is_given_up_when_the_agreed_day_has_passed(self, lender: Lender) -> None:
        accepted = lender.booked(lender.applied())
        servicing_operations.close_day(now=NOW)  # behind the journey's back
        done = disburse.disburse(accepted.loan_id, now=NOW)
        assert (done.state, done.entry_id) == ("cancelled", None)
        assert disburse.disburse(accepted.loan_id, now=NOW) == done
        assert sum(use.used_minor for use in funding.quota_use()) == 0
        assert underwriting.application(accepted.application_id).state == "unfunded"
        assert servicing.journal(accepted.loan_id) == []
