"""A columnar copy of the decisions of a kind (快照): Parquet by month under the installation's var folder, filled from the record.

Rules kept: the record in PostgreSQL is the truth; a snapshot is a copy that proves itself. Its manifest names, for each file,
the span of the chain that it holds and the hash of its bytes; an edited file, or one whose last row hash is not the record's,
is refused and written anew; the manifest is sealed with a key of the installation. It is filled incrementally and read lazily.

Columns: those the kind's versions ever declared, then `decided_on`, `subject`, `decision_id`, `sequence`, `old_outcome`,
`old_limit_minor`, `old_rate_bps`, `version`, `arm`.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection

from puhui.policy import models, versions
from puhui.policy.core.columns import Columns
from puhui.policy.operations.deciding import KIND_PREFIX
from puhui.store import places
from puhui.store.sealed import blind_index

_CHUNK = 50_000
_EXTRA = {
    "decided_on": pl.Date, "subject": pl.String, "decision_id": pl.String, "sequence": pl.Int64, "old_outcome": pl.String,
    "old_limit_minor": pl.Int64, "old_rate_bps": pl.Int64, "version": pl.String, "arm": pl.String,
}  # fmt: skip
_ROWS = """
SELECT decision.inputs::text, run.as_of, decision.subject, decision.id, decision.sequence, decision.output->>'outcome',
       (decision.output->>'limit_minor')::bigint, (decision.output->>'rate_bps')::bigint, run.policy_version, run.arm,
       decision.row_hash
  FROM policy_decision decision JOIN policy_batch run ON run.id = decision.batch_id
 WHERE run.kind = %s AND decision.sequence > %s ORDER BY decision.sequence
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: the rows of a month between two places of the chain."""

    name: str
    month: str
    rows: int
    first_sequence: int
    last_sequence: int
    last_hash: str
    file_hash: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What a fill did; `rebuilt` says why everything was written anew, "" where it was not."""

    rows: int
    added: int
    rebuilt: str


def fill(kind: str) -> Filled:
    """Bring the snapshot up to the record's end. A copy that does not prove itself is thrown away and rebuilt."""
    folder = folder_of(kind)
    columns = Columns(list(versions.columns_of(kind).values()))
    pieces, why = _proven(kind, folder, columns)
    if why:
        shutil.rmtree(folder, ignore_errors=True)
        pieces = []
    folder.mkdir(parents=True, exist_ok=True)
    last, before = max((piece.last_sequence for piece in pieces), default=0), sum(piece.rows for piece in pieces)
    for frame, last_hash in _frames(kind, last, columns):
        for (month,), part in frame.with_columns(pl.col("decided_on").dt.strftime("%Y-%m").alias("_m")).group_by(
            ["_m"], maintain_order=True
        ):
            pieces.append(
                _write(
                    folder,
                    str(month),
                    part.drop("_m"),
                    last_hash if part["sequence"][-1] == frame["sequence"][-1] else "",
                )
            )
        _save(folder, pieces, columns)
    if not pieces:
        _save(folder, pieces, columns)
    rows = sum(piece.rows for piece in pieces)
    return Filled(rows, rows - before, why)


def behind(kind: str) -> int:
    """How many decisions on record the snapshot does not hold yet."""
    path = folder_of(kind) / "manifest.json"
    pieces = json.loads(path.read_text())["pieces"] if path.exists() else []
    last = max((piece["last_sequence"] for piece in pieces), default=0)
    return models.Decision.objects.filter(batch__kind=KIND_PREFIX + kind, sequence__gt=last).count()


def scan(kind: str, *, since: date | None = None, until: date | None = None) -> tuple[pl.LazyFrame, Filled]:
    """The proven snapshot, filled first, from `since` to `until` (inclusive); read when it is collected."""
    filled = fill(kind)
    manifest = json.loads((folder_of(kind) / "manifest.json").read_text())
    columns = Columns(list(versions.columns_of(kind).values()))
    names = [
        piece["name"] for piece in manifest["pieces"]
        if (since is None or piece["month"] >= f"{since:%Y-%m}") and (until is None or piece["month"] <= f"{until:%Y-%m}")
    ]  # fmt: skip
    if not names:
        return pl.LazyFrame(schema=_schema(columns)), filled
    frame = pl.scan_parquet([folder_of(kind) / name for name in names])
    if since is not None:
        frame = frame.filter(pl.col("decided_on") >= since)
    if until is not None:
        frame = frame.filter(pl.col("decided_on") <= until)
    return frame, filled


def folder_of(kind: str) -> Path:
    """Where the snapshot of a kind lives."""
    return places.var_dir() / "snapshots" / kind


def _proven(kind: str, folder: Path, columns: Columns) -> tuple[list[Piece], str]:
    """The pieces that stand, and why they do not where they do not."""
    path = folder / "manifest.json"
    if not path.exists():
        return [], ""
    try:
        manifest = json.loads(path.read_text())
        pieces = [Piece(**piece) for piece in manifest["pieces"]]
    except (ValueError, KeyError, TypeError):
        return [], "清单损坏 · the manifest cannot be read"
    if not (folder / "manifest.seal").exists() or (folder / "manifest.seal").read_text() != _seal(path.read_text()):
        return [], "清单被改动 · the manifest was altered"
    if manifest["columns"] != _described(columns):
        return [], "字段有变 · the columns are other ones"
    for piece in pieces:
        file = folder / piece.name
        if not file.exists() or _hash_of(file) != piece.file_hash:
            return [], f"{piece.name} 被改动 · was altered"
    proofs = {piece.last_sequence: piece.last_hash for piece in pieces if piece.last_hash}
    stored = dict(models.Decision.objects.filter(sequence__in=list(proofs)).values_list("sequence", "row_hash"))
    if stored != proofs:
        return [], "与决策链不符 · it does not match the chain"
    last = max(proofs, default=0)
    count = models.Decision.objects.filter(batch__kind=KIND_PREFIX + kind, sequence__lte=last).count()
    if count != sum(piece.rows for piece in pieces):
        return [], "行数与决策链不符 · its rows are not those of the chain"
    return pieces, ""


def _frames(kind: str, after: int, columns: Columns) -> Iterator[tuple[pl.DataFrame, str]]:
    """The record's rows in chunks, typed, with the hash of each chunk's last."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ROWS, [KIND_PREFIX + kind, after])
        while rows := cursor.fetchmany(_CHUNK):
            inputs, *extra, hashes = zip(*rows, strict=True)
            yield (
                _typed(inputs, columns).with_columns(
                    pl.Series(name, values, dtype=dtype)
                    for (name, dtype), values in zip(_EXTRA.items(), extra, strict=True)
                ),
                hashes[-1],
            )


def _typed(inputs: tuple[str, ...], columns: Columns) -> pl.DataFrame:
    """JSON texts to typed columns, in one go; the values were checked when they were recorded."""
    raw = pl.Series("inputs", inputs, dtype=pl.String).str.json_decode(
        pl.Struct({name: _JSON.get(column.kind, pl.String) for name, column in columns.items()})
    )
    frame = pl.DataFrame({"inputs": raw}).unnest("inputs") if len(columns) else pl.DataFrame()
    return frame.select(_from_json(name, column) for name, column in columns.items())


_JSON: dict[str, Any] = {"integer": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean, "text": pl.String}


def _from_json(name: str, column: Any) -> pl.Expr:
    if column.kind == "decimal":
        return pl.col(name).cast(column.type)
    return pl.col(name).str.to_date("%Y-%m-%d") if column.kind == "date" else pl.col(name)


def _schema(columns: Columns) -> dict[str, Any]:
    return {name: column.type for name, column in columns.items()} | _EXTRA


def _write(folder: Path, month: str, part: pl.DataFrame, last_hash: str) -> Piece:
    first, last = part["sequence"][0], part["sequence"][-1]
    name = f"{month}-{first}-{last}.parquet"
    part.write_parquet(folder / name, compression="zstd", statistics=True)
    return Piece(name, month, part.height, first, last, last_hash, _hash_of(folder / name))


def _save(folder: Path, pieces: list[Piece], columns: Columns) -> None:
    text = json.dumps({"columns": _described(columns), "pieces": [asdict(piece) for piece in pieces]}, indent=1)
    for name, content in (("manifest.json", text), ("manifest.seal", _seal(text))):
        beside = folder / f"{name}.new"
        beside.write_text(content)
        beside.replace(folder / name)


def _seal(text: str) -> str:
    """A keyed hash: who can write the folder but has not the installation's key cannot write a manifest that stands."""
    return blind_index(text, purpose="policy_snapshot").hex()


def _described(columns: Columns) -> list[list[Any]]:
    return [[name, column.kind, column.scale] for name, column in columns.items()]


def _hash_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
