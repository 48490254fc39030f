"""Who holds a loan now, and what stands as provision for each of them.

Rule kept: the parts of a loan re-add to the whole; a funder's provision is its part of the target of its own method (provisioning.py).
"""

from collections.abc import Sequence
from datetime import date

import numpy as np

from puhui.servicing import models, one_loan
from puhui.servicing.core.provision import standing
from puhui.servicing.core.shares import Holdings
from puhui.servicing.core.terms import Whole
from puhui.servicing.provisioning import methods_on


def holders(loan: models.Loan) -> tuple[Holdings, list[str]]:
    """The parts of a loan, first to last, and the institutions that they point into."""
    rows = models.Share.objects.filter(loan_id=loan.id, end=None).order_by("from_weight")
    return one_loan.holdings(loan, list(rows.values_list("institution_id", "from_weight", "to_weight", "of_weight")))


def provision_parts(loan: models.Loan, held: Holdings, names: Sequence[str], closed_on: date) -> Whole:
    """What stands as provision for each part, by the methods of the last end of day."""
    methods = methods_on(closed_on).of(names)[held.institution]
    by_class, by_loss = (np.full(len(held.loan), minor) for minor in (loan.provision_minor, loan.ecl_minor))
    return held.part_at(standing(by_class, by_loss, methods))
