"""Writes the instalments of one loan as a fold has left them: only rows that differ.

Rule kept: instalments are derived; the facts they follow from are not touched here.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

import polars as pl

from puhui.servicing import columns, models
from puhui.servicing.core.fold import Folded
from puhui.servicing.core.rows import Row, rows_of


def write_ahead(loan: models.Loan, after: Folded, *, day: date) -> None:
    """Only the plan of what falls due after `day`: interest that runs on what is overdue is asked with the next instalment."""
    write(loan, [row for row in rows_of(after) if row.due_on > day], whole=False)


_COLUMNS = [name for name in Row.__dataclass_fields__ if name != "n"]
_DATES = ("starts_on", "due_on", "penalty_to", "settled_on")
_SCHEMA = {
    "loan_id": pl.String,
    **{name: pl.Date if name in _DATES else pl.Int64 for name in Row.__dataclass_fields__},
}


def write(loan: models.Loan, wanted: Sequence[Row], *, whole: bool) -> None:
    """Rows that differ are updated, new ones inserted; of a `whole` plan, those that are no more are removed."""
    kept = models.Instalment.objects.filter(loan=loan)
    if not whole:
        kept = kept.filter(n__in=[row.n for row in wanted])
    stored = {row[0]: row[1:] for row in kept.values_list("n", *_COLUMNS)}
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
    if changed:
        by_name = {name: [getattr(row, name) for row in changed] for name in ("n", *_COLUMNS)}
        frame = pl.DataFrame({"loan_id": [loan.id] * len(changed)} | by_name, schema=_SCHEMA)
        columns.update_rows("servicing_instalment", frame, keys=["loan_id", "n"])
