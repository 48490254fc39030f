"""A barcode of retail goods (EAN-13, EAN-8, UPC-A) as typed or scanned → thirteen or eight digits, or what is wrong with it.

Rules kept: the last digit is the check digit of GB 12904 / ISO/IEC 15420 (weights 1 and 3 from the left of thirteen); twelve digits are an
American UPC-A, the same article as its EAN-13 with a nought before it; full-width digits, blanks and hyphens of a printed code are read.

>>> read("６９０１２３４ ５６７８９２", "barcode"), read("036000291452", "barcode")
('6901234567892', '0036000291452')
>>> read("6901234567891", "barcode")
Traceback (most recent call last):
puhui.kernel.refusal.Refused: BARCODE_WRONG_DIGIT: 条码最后一位是 1，按前面的数应该是 2，请再扫一次或对着包装核对 · the last digit should be 2: scan it again (barcode)
"""

import unicodedata
from typing import Any

from stdnum import ean

from puhui.kernel.refusal import Refusal, Refused

_LENGTHS = (8, 13)
_UPC = 12


def read(value: Any, where: str) -> str:
    """The code's digits. Raises Refused BARCODE_UNREADABLE, BARCODE_WRONG_DIGIT."""
    plain = "".join(unicodedata.normalize("NFKC", str(value)).split()).replace("-", "")
    digits = f"0{plain}" if len(plain) == _UPC else plain
    if not (digits.isascii() and digits.isdigit()) or len(digits) not in _LENGTHS:
        told = f"商品条码是 13 位（或 8 位、12 位）数字，现在是 {len(plain)} 位 · a barcode has 13, 12 or 8 digits"
        raise Refused(Refusal("BARCODE_UNREADABLE", told, where=where))
    right = ean.calc_check_digit(digits[:-1])
    if digits[-1] != right:
        told = f"条码最后一位是 {digits[-1]}，按前面的数应该是 {right}，请再扫一次或对着包装核对 · the last digit should be {right}: scan it again"
        raise Refused(Refusal("BARCODE_WRONG_DIGIT", told, where=where))
    return digits
