"""A tape brought on a page: kept in the installation's folder by its hash, fitted by a worker, registered, told step by step.

Rules kept: nothing is fitted inside a request; the request's row, its step and its job are written in one transaction;
a job may run twice (one that is done answers what it did); a refusal of the workbench is a step that says why.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from puhui.kernel.ids import new_id
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import places
from puhui.underwriting import model_queries, models

SUFFIXES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx", ".xls")
MOST_BYTES = 500_000_000
KINDS = ("scorecard", "boosting", "both")


@dataclass(frozen=True, slots=True)
class TapeSent:
    """A file as it arrived."""

    name: str
    content: bytes


def tapes_folder() -> Path:
    """Where tapes lie, by hash; readable by the installation alone."""
    folder = places.var_dir() / "tapes"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def keep_tape(sent: TapeSent) -> tuple[str, str]:
    """Store a tape's bytes; returns its hash and the name it lies under. Refuses an empty, huge or unknown kind of file."""
    suffix = Path(sent.name).suffix.lower()
    if suffix not in SUFFIXES:
        told = f"请上传 {', '.join(SUFFIXES)} 文件 · bring one of these kinds of file"
        raise Refused(Refusal("TAPE_KIND_UNKNOWN", told, where=sent.name[:100]))
    if not 0 < len(sent.content) <= MOST_BYTES:
        raise Refused(
            Refusal(
                "TAPE_SIZE_INVALID", "文件为空或超过 500 MB · the file is empty or above 500 MB", where=sent.name[:100]
            )
        )
    found = hashlib.sha256(sent.content).hexdigest()
    place = tapes_folder() / f"{found}{suffix}"
    if not place.exists():
        fresh = place.with_suffix(".part")
        fresh.write_bytes(sent.content)
        fresh.replace(place)
    return found, place.name


def tape_of(tape_hash: str) -> Path:
    """The stored tape with this hash. Refuses where it is not in this installation."""
    found = [path for path in tapes_folder().glob(f"{tape_hash}.*") if path.suffix in SUFFIXES]
    if not found:
        told = "训练数据不在本机；请先在本页上传同一文件 · the training tape is not here; bring the same file first"
        raise Refused(Refusal("TAPE_NOT_KEPT", told, where=tape_hash[:12]))
    return found[0]


@transaction.atomic
def ask_for_fit(sent: TapeSent, asked: dict[str, Any], *, name: str, by: str, now: datetime) -> str:
    """Queue a fit of this tape; returns the id of the request. `asked`: target, positive, time, weight, drop, keep, kind, seed."""
    if not name.strip() or len(name.strip()) > 60:
        raise Refused(
            Refusal("MODEL_NAME_INVALID", "模型名须为 1 至 60 字 · a name of 1 to 60 characters", where="name")
        )
    if not asked.get("target"):
        raise Refused(Refusal("TARGET_MISSING", "请填写结果列 · name the outcome column", where="target"))
    if asked.get("kind") not in KINDS:
        raise Refused(Refusal("KIND_UNKNOWN", f"模型种类须为 · the kind is one of {', '.join(KINDS)}", where="kind"))
    tape_hash, _stored = keep_tape(sent)
    return _queued(name.strip(), (sent.name, tape_hash), asked, by=by, now=now)


@transaction.atomic
def ask_for_rebin(model_id: str, cuts: dict[str, dict[str, Any]], *, by: str, now: datetime) -> str:
    """Queue the next version of a scorecard with other bins; returns the id of the request."""
    parent = model_queries.fitted_model(model_id)
    if parent.kind != "scorecard" or not cuts:
        raise Refused(Refusal("NOTHING_TO_REBIN", "没有可保存的分箱 · there are no bins to save", where=model_id))
    tape_of(parent.tape_hash)
    return _queued(
        parent.name, (parent.tape_name, parent.tape_hash), {"rebin_of": model_id, "cuts": cuts}, by=by, now=now
    )


def run(fit_id: str, *, now: datetime) -> str:
    """What the worker does; answers the last step. One that is done or refused is answered, nothing moves."""
    row = models.FitRequest.objects.get(id=fit_id)
    last = row.steps.order_by("-id").first()
    if last and last.step in ("done", "refused"):
        return last.step
    _step(row, "started", {}, now)
    try:
        registered = _rebinned(row, now) if "rebin_of" in row.asked else _fitted(row, now)
    except Refused as no:
        _step(row, "refused", {"code": no.refusal.code, "message": no.refusal.message, "where": no.refusal.where}, now)
        return "refused"
    _step(row, "done", {"models": registered}, now)
    return "done"


def _fitted(row: models.FitRequest, now: datetime) -> list[str]:
    from puhui.underwriting.core.modelling.preparing import Asked
    from puhui.underwriting.workbench import fitting, registering

    told, tape = row.asked, tape_of(row.tape_hash)
    asked = Asked(told["target"], told.get("positive") or None, told.get("time") or None, told.get("weight") or None,
                  tuple(told.get("drop", ())), tuple(told.get("keep", ())), int(told.get("seed", 1)))  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="puhui-fit-") as folder:
        out = Path(folder) / "model"
        fitting.fit_tape(tape, asked, kind=told["kind"], out=out, now=now)
        return registering.register_folder(
            out, name=row.name, by=registering.By(row.requested_by, now, row.tape_name), tape=tape
        )


def _rebinned(row: models.FitRequest, now: datetime) -> list[str]:
    from puhui.underwriting.workbench import registering

    parent = model_queries.fitted_model(row.asked["rebin_of"])
    by = registering.By(row.requested_by, now)
    whole = {"content": parent.content, "card": parent.card}
    return [
        registering.register_rebinned(
            whole, tape_of(row.tape_hash), row.asked["cuts"], name=row.name, made_from=parent.id, by=by
        )
    ]


def _queued(name: str, tape: tuple[str, str], asked: dict[str, Any], *, by: str, now: datetime) -> str:
    from puhui.underwriting import tasks

    row = models.FitRequest.objects.create(
        id=new_id("fit", now=now), name=name, tape_name=tape[0][:200], tape_hash=tape[1], asked=asked, requested_by=by, requested_at=now,
    )  # fmt: skip
    _step(row, "queued", {}, now)
    tasks.fit_model.configure(queueing_lock=f"fit:{row.id}").defer(fit_id=row.id)
    return row.id


def _step(row: models.FitRequest, step: str, told: dict[str, Any], now: datetime) -> None:
    models.FitStep.objects.create(request=row, step=step, told=told, at=now)
