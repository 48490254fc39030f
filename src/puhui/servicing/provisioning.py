"""How each legal entity provides (计提方法): by the five classes, by expected loss, or by the greater, as dated rows; and the rates of loss.

Rule kept: a method is found by institution, then by its type of lender, then for any, as of a day: policy/provision.toml for types,
servicing_provision_choice for institutions. No row for a day is an answer (`ProvisionAbsent`), never a silent default. The type of
a lender is that of the cost forms it has shown.

>>> table = read('''[[method]]
... lender_type = "any"
... method = "class"
... effective_from = 2020-01-01
... [[method]]
... lender_type = "bank"
... method = "greater"
... effective_from = 2026-01-01
... ''')
>>> table.by_type(date(2025, 12, 31)), table.by_type(date(2026, 1, 1))
((('any', 'class'),), (('any', 'class'), ('bank', 'greater')))
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from puhui.kernel import shipped
from puhui.servicing.core.provision import METHODS, EclRates, EclTable
from puhui.servicing.core.terms import RATE_SCALE, Whole
from puhui.store import prepared

_CHOSEN = "SELECT institution_id, method FROM servicing_provision_choice WHERE effective_from <= %s ORDER BY effective_from, id"
_SHOWN = "SELECT lender_type FROM servicing_disclosure WHERE institution_id = %s LIMIT 1"
_POSITIONS = {name: place for place, name in enumerate(METHODS)}
_STAGES = (1, 2, 3)


class ProvisionAbsent(LookupError):
    """The policy has no method, or no rates of loss, in force on that day."""


class ProvisionWrong(ValueError):
    """The policy file contradicts itself; nothing was read from it."""

    expected = True


@dataclass(frozen=True, slots=True)
class Dated:
    """One row of the file. Both ends of its dates are inclusive."""

    effective_from: date
    confidence: str = ""
    source: str = ""
    effective_to: date | None = None
    lender_type: str = ""
    method: str = ""
    product: str = ""
    stage: int = 0
    pd_12m: str = "0"
    lgd: str = "0"

    def covers(self, on: date) -> bool:
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    @property
    def about(self) -> tuple[str, str, int]:
        """What the row decides: two rows about one thing follow each other, the later one holds."""
        return self.lender_type, self.product, self.stage


@dataclass(frozen=True, slots=True)
class ProvisionPolicy:
    """The whole file, read and checked; rows in the order of their first days."""

    methods: tuple[Dated, ...]
    rates: tuple[Dated, ...]

    def by_type(self, on: date) -> tuple[tuple[str, str], ...]:
        """(type of lender, method) in force; of two rows about one type the one that began later."""
        return tuple(sorted({row.lender_type: row.method for row in self.methods if row.covers(on)}.items()))

    def ecl(self, on: date) -> EclTable:
        """Rates of loss in force, by product and stage."""
        held = {(row.product, row.stage): row for row in self.rates if row.covers(on)}
        if any(("any", stage) not in held for stage in _STAGES):
            raise ProvisionAbsent(f"no rates of expected loss for any product are in force on {on.isoformat()}")
        return EclTable(
            tuple(
                (product, stage, EclRates(_millionths(row.pd_12m), _millionths(row.lgd)))
                for (product, stage), row in sorted(held.items())
            )
        )


@dataclass(frozen=True, slots=True)
class MethodTable:
    """The methods of one day: those of single institutions, then those of types of lender."""

    institutions: tuple[tuple[str, str], ...]
    types: tuple[tuple[str, str], ...]
    _known: dict[str, str] = field(default_factory=dict, compare=False)

    def of(self, names: Sequence[str]) -> Whole:
        """Positions in METHODS, one an institution."""
        return np.array([_POSITIONS[self.name_of(name)] for name in names], np.int64)

    def name_of(self, institution_id: str) -> str:
        """class, ecl or greater. Raises ProvisionAbsent."""
        if institution_id not in self._known:
            self._known[institution_id] = self._find(institution_id)
        return self._known[institution_id]

    def _find(self, institution_id: str) -> str:
        own, by_type = dict(self.institutions), dict(self.types)
        found = own.get(institution_id) or by_type.get(_lender_type(institution_id)) or by_type.get("any")
        if found is None:
            raise ProvisionAbsent(f"no method of provision is in force for {institution_id}")
        return found


def methods_on(day: date) -> MethodTable:
    """The methods in force on a day, with what single institutions have chosen."""
    chosen = dict(prepared.rows(_CHOSEN, [day]))
    return MethodTable(tuple(sorted(chosen.items())), policy().by_type(day))


@lru_cache(maxsize=512)
def ecl_table(day: date) -> EclTable:
    """The rates of expected loss in force on a day."""
    return policy().ecl(day)


@lru_cache(maxsize=1)
def policy() -> ProvisionPolicy:
    """The policy of this release."""
    return read(shipped.text("puhui.servicing", "policy/provision.toml"))


def read(text: str) -> ProvisionPolicy:
    """A policy file as values; raises ProvisionWrong with every contradiction found."""
    table: dict[str, list[dict[str, Any]]] = tomllib.loads(text)
    methods, rates = (
        tuple(sorted((Dated(**row) for row in table.get(kind, [])), key=lambda row: row.effective_from))
        for kind in ("method", "ecl")
    )
    wrong = [f"{row.lender_type}: no method {row.method}" for row in methods if row.method not in METHODS]
    wrong += [f"{row.product}: no stage {row.stage}" for row in rates if row.stage not in _STAGES]
    for row in rates:
        if not all(0 <= _millionths(share) <= RATE_SCALE for share in (row.pd_12m, row.lgd)):
            wrong.append(f"{row.product}/{row.stage}: shares lie between 0 and 1")
    for rows in (methods, rates):
        firsts = [(row.about, row.effective_from) for row in rows]
        wrong += [f"{about}: two rows from {day}" for about, day in firsts if firsts.count((about, day)) > 1]
    if wrong:
        raise ProvisionWrong("; ".join(wrong))
    return ProvisionPolicy(methods, rates)


def _lender_type(institution_id: str) -> str:
    """That of any cost form it has shown; of an institution without one, any."""
    shown = prepared.first(_SHOWN, [institution_id])
    return str(shown[0]) if shown else "any"


def _millionths(share: str) -> int:
    return int(Decimal(share) * RATE_SCALE)
