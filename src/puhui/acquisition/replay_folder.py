"""A folder of a replay: `test.parquet`, `train_prices.csv`, `campaign.json`, maybe `train.parquet` → checked columns, or a refusal by name.

`test.parquet` and `train.parquet`: `click` 0 or 1, `market_price` a whole number ≥ 0, `pctr` a finite number ≥ 0, in time order.
`campaign.json`: `imp_train`, `cost_train`, and `clk_train` where it is known.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from puhui.acquisition.core.bidding import Training
from puhui.acquisition.core.replay import AuctionLog
from puhui.kernel.refusal import Refusal, Refused

_COLUMNS = ("click", "market_price", "pctr")
_HIGHEST_PRICE = 2**53  # whole numbers up to here are exact as floats


@dataclass(frozen=True, slots=True)
class Campaign:
    """Totals of the training period; money in the log's units. `clicks` None when not told."""

    impressions: int
    cost: int
    clicks: int | None


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """Everything of a folder, checked."""

    log: AuctionLog
    campaign: Campaign
    training: Training

    def budget(self, *, episode: int, share: Fraction) -> int:
        """cost_train / imp_train × episode × share, whole units, rounded down: prices are whole, so nothing is lost."""
        budget = int(Fraction(self.campaign.cost, self.campaign.impressions) * episode * share)
        if budget <= 0:
            raise _refused(
                "BUDGET_ZERO", f"每轮预算不足 1 个单位（份额 {share}） · the budget of an episode is below one unit of money at share {share}: "
                "give longer episodes or a larger share", "campaign.json")  # fmt: skip
        return budget


def read_folder(folder: Path) -> ReplayFolder:
    """Raises Refused; nothing is written."""
    if not folder.is_dir():
        raise _refused("REPLAY_FOLDER_ABSENT", "没有这个目录 · no such folder", str(folder))
    click, price, pctr = _rows(folder / "test.parquet")
    train_price, count = _histogram(folder / "train_prices.csv")
    rows = _rows(folder / "train.parquet") if (folder / "train.parquet").exists() else None
    campaign = _campaign(folder / "campaign.json")
    training = Training(train_price, count)
    if rows is not None:
        training = Training(train_price, count, rows[2], rows[1].astype(np.float64), rows[0].astype(np.float64))
    return ReplayFolder(AuctionLog(click.tolist(), price.tolist(), pctr.tolist()), campaign, training)


def _rows(path: Path) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if not path.is_file():
        raise _refused("REPLAY_FILE_ABSENT", "缺少文件 · the file is missing", path.name)
    try:
        frame = pl.read_parquet(path)
    except Exception as fault:
        raise _refused("REPLAY_FILE_UNREADABLE", f"不是可读的 Parquet：{_first_line(fault)} · not a Parquet file that can be read", path.name) from fault  # fmt: skip
    absent = [name for name in _COLUMNS if name not in frame.columns]
    if absent:
        raise _refused("REPLAY_COLUMN_MISSING", f"缺少列 {absent} · columns missing: {', '.join(absent)}; there are {', '.join(frame.columns[:12])}", path.name)  # fmt: skip
    if frame.height == 0:
        raise _refused("REPLAY_EMPTY", "没有数据行 · no rows", path.name)
    numbers = {name: _numbers(frame[name], path.name) for name in _COLUMNS}
    click, price, pctr = (numbers[name] for name in _COLUMNS)
    _each(np.isin(click, (0.0, 1.0)), "CLICK_NOT_BINARY", "click 只能是 0 或 1 · click is 0 or 1", path.name, click)
    _each((price >= 0) & (price == np.floor(price)) & (price <= _HIGHEST_PRICE), "PRICE_NOT_WHOLE",
          "market_price 须为非负整数 · market_price is a whole number from 0", path.name, price)  # fmt: skip
    _each(pctr >= 0, "PCTR_NEGATIVE", "pctr 不能为负 · pctr is at least 0", path.name, pctr)
    return click.astype(np.int64), price.astype(np.int64), pctr


def _numbers(column: pl.Series, where: str) -> NDArray[Any]:
    """As floats; a missing, infinite or textual value is refused with its row, counted from 1."""
    try:
        found = column.cast(pl.Float64, strict=True).to_numpy()
    except pl.exceptions.PolarsError:
        raise _refused("VALUE_NOT_A_NUMBER", f"列 {column.name} 不是数值 · column {column.name} is not numeric ({column.dtype})", where) from None  # fmt: skip
    _each(np.isfinite(found), "VALUE_MISSING", f"列 {column.name} 有缺失或非有限值 · column {column.name} has a missing or infinite value", where, found)  # fmt: skip
    return found


def _histogram(path: Path) -> tuple[NDArray[Any], NDArray[Any]]:
    if not path.is_file():
        raise _refused("REPLAY_FILE_ABSENT", "缺少文件 · the file is missing", path.name)
    try:
        frame = pl.read_csv(path, infer_schema_length=None)
    except Exception as fault:
        raise _refused("REPLAY_FILE_UNREADABLE", f"不是可读的 CSV：{_first_line(fault)} · not a CSV that can be read", path.name) from fault  # fmt: skip
    frame = frame.rename({name: name.strip().lower() for name in frame.columns})
    absent = [name for name in ("market_price", "count") if name not in frame.columns]
    if absent:
        raise _refused("REPLAY_COLUMN_MISSING", f"缺少列 {absent} · columns missing: {', '.join(absent)}", path.name)
    price, count = _numbers(frame["market_price"], path.name), _numbers(frame["count"], path.name)
    _each(price >= 0, "PRICE_NOT_WHOLE", "market_price 不能为负 · market_price is at least 0", path.name, price)
    _each(count >= 0, "COUNT_NEGATIVE", "count 不能为负 · count is at least 0", path.name, count)
    if count.sum() <= 0:
        raise _refused("REPLAY_EMPTY", "训练价格一个也没有 · not one training price", path.name)
    distinct, place = np.unique(price, return_inverse=True)
    counts = np.bincount(place, count)
    return distinct[counts > 0], counts[counts > 0]


def _campaign(path: Path) -> Campaign:
    if not path.is_file():
        raise _refused("REPLAY_FILE_ABSENT", "缺少文件 · the file is missing", path.name)
    try:
        told = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, UnicodeDecodeError) as fault:
        raise _refused("REPLAY_FILE_UNREADABLE", f"不是 JSON：{_first_line(fault)} · not JSON", path.name) from fault
    impressions, cost = _whole(told, "imp_train", path.name), _whole(told, "cost_train", path.name)
    if impressions <= 0:
        raise _refused("IMPRESSIONS_ZERO", "imp_train 须大于零 · imp_train is above zero", path.name)
    if cost <= 0:
        raise _refused("BUDGET_ZERO", "cost_train 为零，没有预算 · cost_train is zero: there is no budget", path.name)
    clicks = _whole(told, "clk_train", path.name) if told.get("clk_train") is not None else None
    return Campaign(impressions, cost, clicks or None)


def _whole(told: Any, name: str, where: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if value is None or isinstance(value, bool) or not whole or value < 0:
        raise _refused("CAMPAIGN_FIELD_BAD", f"{name} 须为非负整数 · {name} is a whole number from 0", where)
    return int(value)


def _each(good: NDArray[np.bool_], code: str, message: str, where: str, values: NDArray[Any]) -> None:
    if good.all():
        return
    row = int(np.argmin(good))
    raise _refused(code, f"{message}；第 {row + 1} 行 · row {row + 1}: {values[row]}", where)


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0][:120] if str(fault) else type(fault).__name__


def _refused(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code, message, where))
