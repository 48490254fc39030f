"""Media-hosted RTA (sRTA): the same strategies where Tencent keeps our flags and runs our script.

An advertiser who spends too little to be asked uploads a flag per device and audience (columns of bytes, 64 at most) and
a Lua script; the script here says what core/rta.py decides, without the running scale of the coefficients: a grade goes
out as it stands, inside the range. Devices go out under the digests of Tencent's own rule.
"""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from puhui.acquisition.core import device_ids
from puhui.acquisition.core.rta import OPTED_OUT, Strategy
from puhui.kernel.refusal import Refusal, Refused

MOST_FLAGS = 64
_CASE: dict[str, Callable[[str], str]] = {"imei": str.lower, "meid": str.lower, "idfa": str.upper}
_LOW, _HIGH = 0.2, 5.0


def flags(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """One row a device: id_type, its digest, and a 0/1 column an audience (from source.rows). Doubtful ids stay here."""
    if len(names) > MOST_FLAGS:
        told = f"最多 {MOST_FLAGS} 个标志 · at most {MOST_FLAGS} flags"
        raise Refused(Refusal("AUDIENCES_TOO_MANY", told, where="audience"))
    digests = pl.struct("id", "id_type").map_elements(lambda row: _digest(row["id_type"], row["id"]), pl.String)
    found = rows.with_columns(digest=digests, id_type=pl.col("id_type").str.strip_suffix("_md5") + "_md5")
    found = found.filter(pl.col("digest").is_not_null()).with_columns(pl.col("audience").str.split("|"))
    marks = [pl.col("audience").list.contains(name).any().cast(pl.UInt8).alias(name) for name in names]
    return found.group_by("id_type", "digest", maintain_order=True).agg(marks)


def script(strategies: Iterable[Strategy], names: Sequence[str], protected: frozenset[str]) -> str:
    """The Lua of the live strategies at Tencent.

    >>> "new" in script([Strategy("tencent", "new", exclude=("declined",))], ["declined"], frozenset())
    True
    """
    place = {name: number for number, name in enumerate(names, 1)}
    lines = [
        "-- Made by puhui octopus rta export; flag columns: " + ", ".join(f"{n} {name}" for name, n in place.items()),
        "function main()",
        "  local data = srta.get_dsdata(srta.DS_DID)",
        "  local flag = (data and data[srta.U8]) or {}",
        "  local results = {}",
    ]
    hidden = [name for name in sorted(protected) if name != OPTED_OUT]
    if any(name in place for name in hidden):
        lines.append(f"  if {_any(hidden, place)} then return results end")
    lines.append("  for _, target in next, srta.get_targets() do")
    for strategy in strategies:
        if strategy.media == "tencent" and strategy.live:
            lines += _strategy(strategy, place)
    return "\n".join([*lines, "  end", "  return results", "end", ""])


def _strategy(strategy: Strategy, place: dict[str, int]) -> list[str]:
    rules = [f"target == {_text(strategy.name)}"]
    if strategy.include:
        rules.append(f"({_any(strategy.include, place)})")
    if any(name in place for name in strategy.exclude):
        rules.append(f"not ({_any(strategy.exclude, place)})")
    if strategy.personalised and OPTED_OUT in place:
        rules.append(f"not ({_any([OPTED_OUT], place)})")
    if strategy.buckets:
        rules.append(
            "(" + " or ".join(f"srta.get_expid() == {bucket + 1}" for bucket in sorted(strategy.buckets)) + ")"
        )
    lines = [f"    if {' and '.join(rules)} then", f"      local weight = {strategy.mean}"]
    off = f" and not ({_any([OPTED_OUT], place)})" if OPTED_OUT in place else ""
    for name, factor in strategy.grades:
        if name in place:
            lines.append(f"      if {_any([name], place)}{off} then weight = weight * {factor} end")
    lines += [
        f"      if weight < {_LOW} then weight = {_LOW} end",
        f"      if weight > {_HIGH} then weight = {_HIGH} end",
    ]
    given = ["[srta.TARGETINFO_ENABLE] = true", "[srta.TARGETINFO_USER_WEIGHT_FACTOR] = weight"]
    given += [f"[srta.TARGETINFO_CPA_PRICE] = {strategy.cpa_fen}"] if strategy.cpa_fen else []
    given += [f"[srta.TARGETINFO_CPC_PRICE] = {strategy.cpc_fen}"] if strategy.cpc_fen else []
    return [*lines, f"      results[target] = {{ {', '.join(given)} }}", "    end"]


def _any(names: Iterable[str], place: dict[str, int]) -> str:
    """Lua for "in any of these"; an audience without a column has nobody in it."""
    return " or ".join(f"flag[{place[name]}] == 1" for name in names if name in place) or "false"


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _digest(kind: str, text: str) -> str | None:
    """By Tencent's rule: an IMEI in lower case, an IDFA in upper case, others as they are; None where it is nobody's."""
    digest = text.lower() if kind.endswith("md5") else device_ids.digest(_CASE.get(kind, str)(text))
    return digest if device_ids.from_digest(digest) is not None else None
