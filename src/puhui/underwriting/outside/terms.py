"""On which terms a keeper is asked: how often one applicant, how long we wait, how many tries, when it is left alone. Dated rows,
no number in code.

>>> terms("bureau", on=date(2026, 3, 1)).window_days
30
"""

from dataclasses import dataclass
from datetime import date, timedelta

from puhui.kernel import shipped
from puhui.underwriting.core import breaker


class TermsAbsent(LookupError):
    """`policy/keepers.csv` has no row of this keeper on this day."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One applicant once in `window_days`; each of `attempts` waits `timeout_ms` for the next byte, all of them together `deadline_ms`;
    in vain `break_after` times in a row, nobody asks for `rest_ms`."""

    window_days: int
    timeout_ms: int
    attempts: int
    pause_ms: int
    deadline_ms: int
    break_after: int
    rest_ms: int

    @property
    def patience(self) -> timedelta:
        """After which a question without an answer was left by an asker that died."""
        return timedelta(milliseconds=2 * self.deadline_ms)

    @property
    def breaker(self) -> breaker.Rules:
        return breaker.Rules(self.break_after, timedelta(milliseconds=self.rest_ms), self.patience)


_NUMBERS = tuple(Terms.__annotations__)


def terms(keeper: str, *, on: date) -> Terms:
    """The row in force on a day; raises TermsAbsent."""
    for row in shipped.rows("puhui.underwriting", "policy/keepers.csv"):
        if row["keeper"] == keeper and shipped.holds(row, on):
            return Terms(**{name: int(row[name]) for name in _NUMBERS})
    raise TermsAbsent(f"policy/keepers.csv has no row of {keeper} on {on}")
