"""The health of a small shop (小微财务健康指数): twelve items in three dimensions, 0 to 100, with the share of it that is known.

Rules kept: scales, weights and levels are dated data handed in; what is not known is left out, never taken for zero, and lowers the
confidence. An item is the mean of its known parts; a dimension the mean of its known items; the index the mean of known dimensions by
weight: MHI = Σ w·mean(items) ÷ Σ w (domain facts 5). It is no input of a credit decision.

>>> scale = Scale("cash_cover", "daily", "cash_days", Decimal(3), Decimal(60))
>>> round(score(Decimal(20), scale), 1), score(Decimal(90), scale), score(Decimal(0), scale)
(Decimal('29.8'), Decimal('100'), Decimal('0'))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

_FULL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Scale:
    """One part of an item: piecewise linear from `at_zero` (0) to `at_hundred` (100); either may be the greater."""

    item: str
    dimension: str
    part: str
    at_zero: Decimal
    at_hundred: Decimal


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """Scales, weights of dimensions (they add up to one), levels by their lowest index, and the guard's two lines."""

    scales: tuple[Scale, ...]
    weights: Mapping[str, Decimal]
    levels: tuple[tuple[str, Decimal], ...]  # highest first
    guard_index: Decimal
    guard_debt_service: Decimal
    action_step: Decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One next action: a part moves from `now` to `then`, and the index by `gain`."""

    scale: Scale
    now: Decimal
    then: Decimal
    gain: Decimal


@dataclass(frozen=True, slots=True)
class Health:
    """`parts`, `items`, `dimensions` are scores of what is known; `index` is None when nothing is.

    `confidence` is the share of the index, by weight, that is known; `guarded` means: offer a plan, no advertisement.
    """

    parts: dict[str, Decimal]
    items: dict[str, Decimal]
    dimensions: dict[str, Decimal]
    index: Decimal | None
    level: str
    confidence: Decimal
    guarded: bool
    steps: tuple[Step, ...]


def score(value: Decimal, scale: Scale) -> Decimal:
    """0 to 100, clipped at both ends."""
    share = (value - scale.at_zero) / (scale.at_hundred - scale.at_zero)
    return _FULL * min(Decimal(1), max(Decimal(0), share))


def assess(known: Mapping[str, Decimal], policy: HealthPolicy, *, steps: int = 3) -> Health:
    """The index of the parts that are known, by part name. Raises KeyError for a part without a scale."""
    scales = {scale.part: scale for scale in policy.scales}
    parts = {part: score(value, scales[part]) for part, value in known.items()}
    items = _means(parts, {part: scales[part].item for part in parts})
    dimension_of = {scale.item: scale.dimension for scale in policy.scales}
    dimensions = _means(items, {item: dimension_of[item] for item in items})
    index = _index(dimensions, policy)
    return Health(
        parts=parts,
        items=items,
        dimensions=dimensions,
        index=index,
        level=next((name for name, least in policy.levels if index is not None and index >= least), ""),
        confidence=_confidence(parts, policy),
        guarded=is_guarded(index, known.get("debt_service_rate"), policy),
        steps=_next_steps(known, parts, policy, steps) if index is not None else (),
    )


def is_guarded(index: Decimal | None, debt_service: Decimal | None, policy: HealthPolicy) -> bool:
    """Over-indebted: the index below its line and debt service above its own. Unknown debt service guards nobody."""
    if index is None or debt_service is None:
        return False
    return index < policy.guard_index and debt_service > policy.guard_debt_service


def _index(dimensions: Mapping[str, Decimal], policy: HealthPolicy) -> Decimal | None:
    weight = sum((policy.weights[name] for name in dimensions), Decimal(0))
    if not weight:
        return None
    return sum((policy.weights[name] * value for name, value in dimensions.items()), Decimal(0)) / weight


def _confidence(parts: Mapping[str, Decimal], policy: HealthPolicy) -> Decimal:
    """Each dimension's weight is shared evenly by its items, each item's by its parts."""
    total = Decimal(0)
    for name, weight in policy.weights.items():
        by_item: dict[str, list[bool]] = {}
        for scale in policy.scales:
            if scale.dimension == name:
                by_item.setdefault(scale.item, []).append(scale.part in parts)
        shares = [Decimal(sum(found)) / len(found) for found in by_item.values()]
        total += weight * sum(shares, Decimal(0)) / len(shares)
    return total


def _next_steps(
    known: Mapping[str, Decimal], parts: Mapping[str, Decimal], policy: HealthPolicy, count: int
) -> tuple[Step, ...]:
    """The greatest gains in the index when one part moves a step along its scale; one action an item, ties by the table."""
    before = assess_index(parts, policy)
    found: dict[str, Step] = {}
    for scale in policy.scales:
        if scale.part not in parts or parts[scale.part] >= _FULL:
            continue
        after = min(_FULL, parts[scale.part] + policy.action_step * _FULL)
        then = scale.at_zero + after / _FULL * (scale.at_hundred - scale.at_zero)
        gain = assess_index({**parts, scale.part: after}, policy) - before
        step = Step(scale, known[scale.part], then, gain)
        if scale.item not in found or gain > found[scale.item].gain:
            found[scale.item] = step
    return tuple(sorted(found.values(), key=lambda step: -step.gain)[:count])


def assess_index(parts: Mapping[str, Decimal], policy: HealthPolicy) -> Decimal:
    """The index of scores of parts (not of values); zero when nothing is known."""
    item_of = {scale.part: scale.item for scale in policy.scales}
    dimension_of = {scale.item: scale.dimension for scale in policy.scales}
    items = _means(parts, {part: item_of[part] for part in parts})
    return _index(_means(items, {item: dimension_of[item] for item in items}), policy) or Decimal(0)


def _means(values: Mapping[str, Decimal], group_of: Mapping[str, str]) -> dict[str, Decimal]:
    groups: dict[str, list[Decimal]] = {}
    for name, value in values.items():
        groups.setdefault(group_of[name], []).append(value)
    return {name: sum(each, Decimal(0)) / len(each) for name, each in groups.items()}


def median(values: Sequence[Decimal]) -> Decimal:
    """The middle one, or the mean of the two in the middle. Raises ValueError for none.

    >>> median([Decimal(3), Decimal(1), Decimal(2), Decimal(10)])
    Decimal('2.5')
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no middle of nothing")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
