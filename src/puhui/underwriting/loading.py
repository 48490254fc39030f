"""Loading: a folder (or one applicant's invoices) into the database, whole or not at all, and only once.

Rule kept: one load, one transaction, COPY for the rows. The content hash decides whether there is anything to do; a
Ctrl-C or a kill anywhere before the commit leaves the database as it was.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from django.db import connection, transaction

from puhui.kernel.ids import new_id
from puhui.store.copying import copy_frame
from puhui.underwriting import models
from puhui.underwriting.core import folder as folders
from puhui.underwriting.core.findings import Finding
from puhui.underwriting.core.folder import Folder
from puhui.underwriting.core.offer_book import ChurnCurve

Progress = Callable[[str, int, int], None]
_SLICE = 200_000
READING, STORING = "读取文件 reading", "写入发票 storing invoices"


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """`rejections` are rows left out because they are wrong; `notices` are duplicates and warnings."""

    load_id: str
    already_loaded: bool
    origin: str
    counts: dict[str, int]
    rejections: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    seconds: float


def load_folder(folder: Path | str, *, now: datetime, progress: Progress | None = None) -> LoadSummary:
    """Read, check and store a folder. Raises FolderRefused (a Refused) when it cannot be used as a whole."""
    report = progress or unwatched
    began = time.perf_counter()
    report(READING, 0, 1)
    known = models.Load.objects.filter(content_hash=folders.content_hash(Path(folder))).first()
    if known:
        report(READING, 1, 1)
        return summary_of(known, already_loaded=True)
    content = folders.read_folder(Path(folder))
    report(READING, 1, 1)
    return store(content, kind="folder", now=now, began=began, progress=report)


@transaction.atomic
def store(content: Folder, *, kind: str, now: datetime, began: float, progress: Progress) -> LoadSummary:
    """Append one load. A second writer of the same content waits, then finds it already there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7305))", [content.content_hash])
    known = models.Load.objects.filter(content_hash=content.content_hash).first()
    if known:
        return summary_of(known, already_loaded=True)
    load_id = new_id("load", now=now)
    load = models.Load(id=load_id, content_hash=content.content_hash, kind=kind, origin=content.origin,
                       name=content.name, counts=content.counts, loaded_at=now, seconds=0.0)  # fmt: skip
    # The load row is never edited, so it goes in last, when the seconds are known; its key is checked at commit.
    _store_firms(load_id, content.firms)
    _store_invoices(load_id, content.invoices, progress)
    _store_churn(load_id, content.churn)
    _store_findings(load_id, content.findings)
    load.seconds = round(time.perf_counter() - began, 3)
    load.save(force_insert=True)
    return summary_of(load, already_loaded=False)


def summary_of(load: models.Load, *, already_loaded: bool) -> LoadSummary:
    rows = models.Rejection.objects.filter(load=load).order_by("id")
    listed = [Finding(r.file, r.row, r.column, r.value, r.reason, r.severity) for r in rows]
    return LoadSummary(
        load.id, already_loaded, load.origin, load.counts,
        tuple(f for f in listed if f.severity == "rejected"), tuple(f for f in listed if f.severity != "rejected"),
        load.seconds,
    )  # fmt: skip


def churn_of(load_id: str) -> ChurnCurve:
    """The churn curve of a load, in order of rate."""
    points = list(models.ChurnPoint.objects.filter(load_id=load_id).order_by("annual_rate"))
    letters = {"A": "churn_a", "B": "churn_b", "C": "churn_c"}
    churn = {letter: tuple(getattr(point, name) for point in points) for letter, name in letters.items()}
    return ChurnCurve(tuple(point.annual_rate for point in points), churn)


def _store_firms(load_id: str, firms: pl.DataFrame) -> None:
    copy_frame(firms.select(load_id=pl.lit(load_id), code="code", name="name", rating="rating", defaulted="defaulted"),
               "underwriting_firm")  # fmt: skip


def _store_invoices(load_id: str, invoices: pl.DataFrame, progress: Progress) -> None:
    pairs = models.Firm.objects.filter(load_id=load_id).values_list("code", "id")
    ids = pl.DataFrame(list(pairs), schema={"firm": pl.String, "firm_id": pl.Int32}, orient="row")
    keyed = invoices.join(ids, on="firm").sort("firm_id", "direction", "issued_on", "number", maintain_order=True)
    keyed = keyed.with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("firm_id")).drop("firm")
    for start in range(0, keyed.height, _SLICE):
        progress(STORING, start, keyed.height)
        copy_frame(keyed.slice(start, _SLICE), "underwriting_invoice")
    _count_anew()
    progress(STORING, keyed.height, keyed.height)


def _count_anew() -> None:
    """Fresh statistics after a big load, or the first pages plan their queries blind until autovacuum comes round."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int >= 170000")
        if cursor.fetchone()[0]:  # the right to do so (MAINTAIN) exists from PostgreSQL 17 on
            cursor.execute("ANALYZE underwriting_firm, underwriting_invoice")


def _store_churn(load_id: str, curve: ChurnCurve) -> None:
    models.ChurnPoint.objects.bulk_create([
        models.ChurnPoint(load_id=load_id, annual_rate=rate, churn_a=a, churn_b=b, churn_c=c)
        for rate, a, b, c in zip(curve.rates, curve.churn["A"], curve.churn["B"], curve.churn["C"], strict=True)
    ])  # fmt: skip


def _store_findings(load_id: str, findings: tuple[Finding, ...]) -> None:
    models.Rejection.objects.bulk_create([
        models.Rejection(load_id=load_id, file=f.file, row=f.row, column=f.column, value=f.value.replace("\x00", "�"),
                         reason=f.reason, severity=f.severity)
        for f in findings
    ], batch_size=1000)  # fmt: skip


def unwatched(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
