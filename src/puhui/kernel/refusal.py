"""A refusal is a value, a fault is an exception, a bug is an assert (card 28).

Operations return or raise the one thing a person can act on: what was wrong, where, and what to do.
>>> str(Refusal("LOAN_CLOSED", "贷款已结清 · the loan is closed", where="loan_1"))
'LOAN_CLOSED: 贷款已结清 · the loan is closed (loan_1)'
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` is stable and upper-case; `message` names what and what to do; `where` the file, row or field."""

    code: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.where})" if self.where else "")


def tongues(text: str) -> tuple[str, str]:
    """The Chinese and the English of `中文 · English`; the English is empty where the text is in one tongue only.

    >>> tongues("贷款已结清 · the loan is closed"), tongues("已结清")
    (('贷款已结清', 'the loan is closed'), ('已结清', ''))
    """
    zh, _dot, en = text.partition(" · ")
    return zh, en


class Refused(Exception):
    """An operation said no; its transaction is rolled back and nothing moved."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
