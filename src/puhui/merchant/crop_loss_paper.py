"""What an insurer is handed of a loss on a plot: plain contents, the template that sets them, and the photos under their names.

Rules kept: every sum is worked out from what was recorded, by the farm book's own core; every photo stands with the SHA-256 it was kept
under and whether its bytes still have it; names and identity numbers are written in by hand (nothing sealed leaves by a file).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import photo_proof, record_kinds
from puhui.merchant.core.tool_records import Record
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import yuan
from puhui.merchant.tools import fields

TEMPLATE = Path(__file__).resolve().parent / "papers" / "crop_loss.typ"
_CHINA = ZoneInfo("Asia/Shanghai")
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/heic": "heic"}
_SET = ("jpg", "png", "webp")  # what can be set in type; others go along as they are


def crop_loss_of(facts: Facts, record_id: str) -> Record:
    """A recorded loss that stands, on a plot that stands. Raises Refused RECORD_UNKNOWN."""
    found = next((each for each in fields.losses_of(facts) if each.id == record_id), None)
    if found is None:
        raise Refused(Refusal("RECORD_UNKNOWN", "没有这条记录 · no such record", where=record_id))
    return found


def photos(facts: Facts, crop_loss: Record) -> dict[str, bytes]:
    """File name → bytes, in the order of the record."""
    kept = photo_proof.contents(facts.shop_id, crop_loss)
    told = [hashed for hashed in crop_loss.body.get("photo", ()) if hashed in kept]
    return {f"photo-{n}.{_ENDINGS[kept[hashed][0]]}": kept[hashed][1] for n, hashed in enumerate(told, 1)}


def contents(facts: Facts, crop_loss: Record, names: Sequence[str], *, shop_name: str) -> dict[str, Any]:
    """What the paper says, as plain JSON; `names` of its `photos`."""
    plot, lost = fields.plot_of(facts, crop_loss.text("name")), fields.loss_of(facts, crop_loss)
    causes = record_kinds.kind("crop_loss").choices_of("cause")
    proofs = photo_proof.photos(facts.shop_id, [crop_loss]).get(crop_loss.id, [])
    return {
        "shop": shop_name, "number": crop_loss.id, "happened_on": crop_loss.on.isoformat(), "cause": causes[crop_loss.text("cause")][0],
        "plot": plot.name, "crop": plot.crop, "plot_mu": f"{plot.area_mu.normalize():f}", "hit_mu": f"{crop_loss.number('area').normalize():f}",
        "loss": f"{(crop_loss.number('loss') * 100).normalize():f}%", "insurer": crop_loss.text("insurer"), "policy": crop_loss.text("policy"),
        "told": crop_loss.text("told"), "insured": yuan(lost.insured_minor) if plot.insured_minor else "", "insured_mu": yuan(plot.insured_minor),
        "harvest": yuan(lost.harvest_minor), "cost": yuan(lost.cost_minor), "yield_kg": f"{plot.yield_kg.normalize():f}", "price": yuan(plot.price_minor),
        "printed_on": facts.as_of.isoformat(),
        "photos": [{"name": name, "sha256": photo.sha256, "kept_at": f"{photo.added_at.astimezone(_CHINA):%Y-%m-%d %H:%M}" if photo.added_at else "",
                    "state": "没有改动" if photo.unchanged else "和记录对不上", "shown": name.rpartition(".")[2] in _SET}
                   for name, photo in zip(names, [each for each in proofs if each.id], strict=True)],
    }  # fmt: skip
