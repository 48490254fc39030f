"""The farm book (农事账): what each plot cost, brought and should bring; profit a mu, insurance, and money needed until harvest.

Rules kept: plots are areas in mu, yields kilograms a mu, prices fen a kilogram; expected = area · yield · price, never below the sum insured
where there is one when a loss is told; what was harvested replaces what was expected (domain facts 2.10 and 4, optional tool 26).

>>> plot = Plot("东坡", "水稻", Decimal(12), Decimal(500), 280, 40_000)
>>> found = book(plot, cost_minor=960_000, harvested_kg=Decimal(0), sold_minor=0)
>>> found.expected_minor, found.profit_minor, found.profit_per_mu_minor, found.insured_minor
(1680000, 720000, 60000, 480000)
"""

from dataclasses import dataclass
from decimal import Decimal

from puhui.kernel.rounding import half_up


@dataclass(frozen=True, slots=True)
class Plot:
    """`price_minor` a kilogram, `insured_minor` a mu."""

    name: str
    crop: str
    area_mu: Decimal
    yield_kg: Decimal
    price_minor: int
    insured_minor: int = 0


@dataclass(frozen=True, slots=True)
class PlotBook:
    """All in fen. `left_kg` is what is still expected from the field."""

    plot: Plot
    cost_minor: int
    sold_minor: int
    left_kg: Decimal
    expected_minor: int
    profit_minor: int
    profit_per_mu_minor: int
    cost_per_kg_minor: int
    insured_minor: int


def book(plot: Plot, *, cost_minor: int, harvested_kg: Decimal, sold_minor: int) -> PlotBook:
    """A plot now: sold so far and what the rest should bring, less what it cost."""
    whole = plot.area_mu * plot.yield_kg
    left = max(Decimal(0), whole - harvested_kg)
    expected = sold_minor + half_up(left * plot.price_minor)
    profit = expected - cost_minor
    return PlotBook(
        plot=plot, cost_minor=cost_minor, sold_minor=sold_minor, left_kg=left, expected_minor=expected,
        profit_minor=profit, profit_per_mu_minor=half_up(profit / plot.area_mu) if plot.area_mu else 0,
        cost_per_kg_minor=half_up(cost_minor / max(whole, harvested_kg)) if max(whole, harvested_kg) else 0,
        insured_minor=half_up(plot.insured_minor * plot.area_mu),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loss:
    """What was lost on a part of a plot, fen: at the sum insured (0: not insured), at the price it should have brought, of what it had cost."""

    insured_minor: int
    harvest_minor: int
    cost_minor: int


def loss(plot: Plot, *, area_mu: Decimal, share: Decimal, cost_minor: int) -> Loss:
    """A loss of a share of the crop on some mu. What the insurer pays stands in the policy: stage of growth, deductible.

    >>> loss(Plot("东坡", "水稻", Decimal(12), Decimal(500), 280, 40_000), area_mu=Decimal(3), share=Decimal("0.6"), cost_minor=960_000)
    Loss(insured_minor=72000, harvest_minor=252000, cost_minor=144000)
    """
    lost = area_mu * share
    cost = half_up(cost_minor * lost / plot.area_mu) if plot.area_mu else 0
    return Loss(half_up(plot.insured_minor * lost), half_up(lost * plot.yield_kg * plot.price_minor), cost)
