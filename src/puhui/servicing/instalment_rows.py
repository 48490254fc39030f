"""Writes the instalments of one loan as a fold has left them: only rows that differ.

Rule kept: instalments are derived; the facts they follow from are not touched here.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from puhui.servicing import models
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.rows import Row, rows_of


def write_ahead(loan: models.Loan, after: Folded, *, day: date) -> None:
    """Only the plan of what falls due after `day`: interest that runs on what is overdue is asked with the next instalment."""
    write(loan, [row for row in rows_of(after) if row.due_on > day], whole=False)


_COLUMNS = [name for name in Row.__dataclass_fields__ if name != "n"]


def write(loan: models.Loan, wanted: Sequence[Row], *, whole: bool) -> None:
    """Rows that differ are updated, new ones inserted; of a `whole` plan, those that are no more are removed."""
    stored = {row[0]: row[1:] for row in models.Instalment.objects.filter(loan=loan).values_list("n", *_COLUMNS)}
    fresh, changed = [], []
    for row in wanted:
        values = tuple(getattr(row, name) for name in _COLUMNS)
        if row.n not in stored:
            fresh.append(row)
        elif stored[row.n] != values:
            changed.append(row)
    gone = stored.keys() - {row.n for row in wanted} if whole else set()
    if gone:
        models.Instalment.objects.filter(loan=loan, n__in=gone).delete()
    owner = {"loan": loan, "institution_id": loan.institution_id}
    models.Instalment.objects.bulk_create(models.Instalment(**owner, **asdict(row)) for row in fresh)
    rows = [models.Instalment(**owner, **asdict(row)) for row in changed]
    if rows:
        models.Instalment.objects.bulk_update(rows, _COLUMNS)
