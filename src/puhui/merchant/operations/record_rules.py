"""What a record must be beside the types of its fields: a barcode names one item, a plot is there, a safe interval is told, a banned pesticide is not planned.

Rule kept: a refusal says what is wrong and what to do; nothing is refused that has happened already (a banned spray that was done is
kept and shown in red), only what is still planned.
"""

from collections.abc import Mapping
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import pesticides, tool_facts
from puhui.merchant.core.tool_records import Record

_SCANNED = ("stock_in", "stock_out", "stock_count")


def completed(shop_id: str, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the item that its barcode names. Raises Refused BARCODE_UNKNOWN, BARCODE_OF_ANOTHER."""
    code, name = body.get("barcode"), body.get("name")
    if kind not in (*_SCANNED, "item") or not code:
        return dict(body)
    owner = tool_facts.barcodes(tool_facts.records(shop_id, "item")).get(code)
    if kind != "item" and owner is None:
        told = f"条码 {code} 还没登记：先到“进销存”的“商品”里，把条码和品名记上 · barcode {code} names no item yet: record it under Goods"
        raise Refused(Refusal("BARCODE_UNKNOWN", told, where="barcode"))
    if owner is not None and name and name != owner:
        told = f"条码 {code} 登记的是“{owner}”，不是“{name}” · barcode {code} is that of {owner}"
        raise Refused(Refusal("BARCODE_OF_ANOTHER", told, where="barcode"))
    return {**body, "name": name or owner}


def refuse(shop_id: str, fresh: Record) -> None:
    """Raises Refused FIELD_MISSING, PLOT_UNKNOWN, AREA_TOO_LARGE, LOSS_OUT_OF_RANGE, PESTICIDE_BANNED."""
    if fresh.kind == "loan_offer" and not {"rate", "lpr_points"} & set(fresh.body):
        told = "请填名义年利率，或 LPR 加几个点 · give the yearly rate, or the points over the LPR"
        raise Refused(Refusal("FIELD_MISSING", told, where="rate"))
    if fresh.kind in ("spray_plan", "spray_done", "crop_loss"):
        plot = _plot(shop_id, fresh.text("name"))
        if fresh.kind == "crop_loss":
            _refuse_loss(fresh, plot)
        else:
            _refuse_spray(fresh)


def _plot(shop_id: str, name: str) -> Record:
    found = next((each for each in reversed(tool_facts.records(shop_id, "plot")) if each.text("name") == name), None)
    if found is None:
        told = f"没有“{name}”这块地，先在“地块”里记上 · there is no plot {name}: record it first"
        raise Refused(Refusal("PLOT_UNKNOWN", told, where="name"))
    return found


def _refuse_loss(fresh: Record, plot: Record) -> None:
    area, there = fresh.number("area"), plot.number("area")
    if not 0 < area <= there:
        told = f"“{plot.text('name')}”一共 {there:f} 亩，受灾亩数要在 0 到 {there:f} 之间 · the plot has {there:f} mu"
        raise Refused(Refusal("AREA_TOO_LARGE", told, where="area"))
    if not 0 < fresh.number("loss") <= 1:
        told = "损失写成 1% 到 100% · a loss is between 1 % and 100 %"
        raise Refused(Refusal("LOSS_OUT_OF_RANGE", told, where="loss"))


def _refuse_spray(fresh: Record) -> None:
    if fresh.text("what") != "pest":
        return
    if "interval_days" not in fresh.body:
        told = "请看瓶子标签上的“安全间隔期”，填几天；标签没写就填 0 · give the safe interval on the label in days, 0 where it has none"
        raise Refused(Refusal("FIELD_MISSING", told, where="interval_days"))
    planned = fresh.day("planned_on")
    banned = pesticides.banned(fresh.text("product"), on=planned) if planned else None
    if banned is not None:
        told = f"{banned['name']} 国家禁止使用（{pesticides.paper(banned)}），换一种药 · {banned['name']} is banned: take another"
        raise Refused(Refusal("PESTICIDE_BANNED", told, where="product"))
