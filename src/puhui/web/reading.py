"""What the frame of every page reads: three facts about the house that are nobody's secret, whoever asks."""

from datetime import date

from django.core.cache import cache
from django.db import connection

from puhui.parties import queries as parties
from puhui.servicing import queries as servicing
from puhui.store import tenancy
from puhui.underwriting import queries as underwriting
from puhui.underwriting.views import AppraisalView


def business_date() -> date | None:
    """The open business date, or None before the books are opened."""
    with tenancy.scope(tenancy.PLATFORM):
        return servicing.business_date()


def invented_data() -> bool:
    """True when the standing firms come from a load that was made up; said on every page, also to who may not see them."""
    with tenancy.scope(tenancy.PLATFORM):
        loads = underwriting.loads()
    return bool(loads) and loads[0].invented


def invented_people() -> bool:
    """True when owners, and with them applications and loans, are made up though the firms may be real."""

    def asked() -> bool:
        with tenancy.scope(tenancy.PLATFORM):
            return parties.any_invented()

    # Where nobody is made up, the answer costs a look at everybody: ask once a minute.
    return bool(cache.get_or_set(f"invented-people-{connection.settings_dict['NAME']}", asked, timeout=60))


def standing() -> AppraisalView | None:
    """The appraisal that the console shows and applicants are judged against."""
    return underwriting.standing_appraisal()
