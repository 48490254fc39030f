"""Names nobody could take for real: every firm's begins with 虚构 and ends with its number.

>>> firm_code(0), firm_name(0, 0)
('V1', '虚构·晨光便利店 0001')
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trade:
    """A line of business: its word, its VAT rate as a general taxpayer in per cent, its usual gross margin."""

    word: str
    vat_percent: int
    margin: float


TRADES = (
    Trade("便利店", 13, 0.18),
    Trade("五金店", 13, 0.22),
    Trade("餐馆", 6, 0.45),
    Trade("服装店", 13, 0.35),
    Trade("农资店", 9, 0.15),
    Trade("建材行", 13, 0.16),
    Trade("运输队", 9, 0.20),
    Trade("广告社", 6, 0.38),
    Trade("食品厂", 13, 0.20),
    Trade("电器行", 13, 0.14),
)
_BRANDS = ("晨光", "青禾", "白帆", "小满", "望山", "听雨", "橙子", "竹影", "星河", "暖阳", "半夏", "云雀")


def firm_code(n: int) -> str:
    """V1, V2 … (the real firms are E1 …)."""
    return f"V{n + 1}"


def firm_name(n: int, trade: int) -> str:
    return f"虚构·{_BRANDS[n % len(_BRANDS)]}{TRADES[trade].word} {n + 1:04d}"
