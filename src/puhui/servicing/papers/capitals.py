"""Amounts of money in capitals (大写金额), as contracts and receipts ask for: hard to alter by a stroke of the pen.

Rule kept: 支付结算办法 附一 (PBoC 1997): the words are read from whole fen, 零 stands once between two parts that are not
next to each other, 整 ends an amount without fen.

>>> in_capitals(10_000_000), in_capitals(888_488), in_capitals(1_000_050)
('人民币壹拾万元整', '人民币捌仟捌佰捌拾肆元捌角捌分', '人民币壹万元零伍角整')
>>> in_capitals(100_000_007), in_capitals(0)
('人民币壹佰万元零柒分', '人民币零元整')
"""

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def in_capitals(minor: int) -> str:
    """Whole fen, zero or more → the amount in words. Raises ValueError below zero."""
    if minor < 0:
        raise ValueError(f"an amount in capitals is not below zero: {minor}")
    yuan, fen = divmod(minor, 100)
    jiao, fen = divmod(fen, 10)
    words = f"{_whole(yuan)}元" if yuan or not (jiao or fen) else ""
    if yuan and (jiao or fen) and (not jiao or yuan % 10 == 0):
        words += "零"
    words += f"{_DIGITS[jiao]}角" if jiao else ""
    words += f"{_DIGITS[fen]}分" if fen else "整"
    return f"人民币{words}"


def _whole(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    words, gap = "", False
    for position in reversed(range(len(_GROUPS))):
        group = number // 10 ** (4 * position) % 10_000
        if group:
            words += "零" if words and (gap or group < 1000) else ""
            words += _group(group) + _GROUPS[position]
            gap = False
        elif words:
            gap = True
    return words


def _group(group: int) -> str:
    """1–9999 without the name of its place."""
    words, gap = "", False
    for position in reversed(range(4)):
        digit = group // 10**position % 10
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + _PLACES[position]
            gap = False
        else:
            gap = True
    return words
