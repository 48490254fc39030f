"""The file of a crop loss to hand in: one archive with the paper as PDF, the photos as they were kept, and a list of their hashes."""

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import typst
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from puhui.merchant import crop_loss_paper
from puhui.merchant.tool_facts import Facts
from puhui.servicing.papers.printing import compiled

_UNREADABLE = "（图像坏了，印不出来，原文件照样附上）"


def crop_loss_file(facts: Facts, record_id: str, *, shop_name: str) -> HttpResponse:
    """The archive as a download. Raises Refused RECORD_UNKNOWN, PAPER_FONT_MISSING."""
    crop_loss = crop_loss_paper.crop_loss_of(facts, record_id)
    photos = crop_loss_paper.photos(facts, crop_loss)
    told = crop_loss_paper.contents(facts, crop_loss, list(photos), shop_name=shop_name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("报案材料.pdf", _printed(told, photos, facts))
        for name, content in photos.items():
            archive.writestr(f"照片/{name}", content)
        archive.writestr("sha256.txt", "".join(f"{each['sha256']}  照片/{each['name']}\n" for each in told["photos"]))
    response = HttpResponse(packed.getvalue(), content_type="application/zip")
    filename = f"报案材料-{crop_loss.text('name')}-{crop_loss.on}.zip"
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    return response


def _printed(told: dict[str, object], photos: dict[str, bytes], facts: Facts) -> bytes:
    """The PDF with its photos; one that cannot be shown does not keep the paper from being printed."""
    with TemporaryDirectory(prefix="puhui-loss-") as folder:
        place = Path(folder) / crop_loss_paper.TEMPLATE.name
        place.write_bytes(crop_loss_paper.TEMPLATE.read_bytes())
        for name, content in photos.items():
            (place.parent / name).write_bytes(content)
        try:
            return compiled(place, told, dated=facts.as_of)
        except typst.TypstError:
            bare = [{**each, "shown": False, "state": each["state"] + _UNREADABLE} for each in told["photos"]]  # type: ignore[attr-defined]
            return compiled(place, {**told, "photos": bare}, dated=facts.as_of)
