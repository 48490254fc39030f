"""Dense groups in a graph of applications and what they share, hard to hide in: Fraudar's weights, peeled layer by layer.

The density of a group is the weight of the ties inside it over the number of its nodes (applications and entities). A tie weighs the kind's
weight over log(5 + how many share the entity), so that a gang gains nothing by also using what everybody uses (Hooi et al., FRAUDAR, 2016).
The densest group is found by taking away all nodes of less than (1 + slack) times the mean and remembering the best rest (Bahmani, Kumar &
Vassilvitskii 2012): a few passes over arrays, at least 1/(2 + 2·slack) of the greatest density there is. Parts that no tie joins are groups
of their own. Then their ties go, and again.

>>> ties = Ties(np.array([0, 0, 1, 1, 2, 2, 3]), np.array([0, 1, 0, 1, 0, 1, 2]), np.ones(7))
>>> [(group.applications.tolist(), group.entities.tolist(), round(group.density, 2)) for group in densest(ties, most=2, least_density=0.6)]
[([0, 1, 2], [0, 1], 1.2)]
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

Positions = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
SLACK = 0.05


@dataclass(frozen=True, slots=True)
class Ties:
    """One a row: application, entity (each 0…n−1), weight; no pair twice."""

    application: Positions
    entity: Positions
    weight: Reals


@dataclass(frozen=True, slots=True)
class Group:
    """`density`: weight of its ties over its applications and entities together."""

    applications: Positions
    entities: Positions
    density: float


def hidden_in_crowds(entity: Positions, kind_weight: Reals) -> Reals:
    """Weights of ties: the kind's own over log(5 + sharers of the entity).

    >>> np.round(hidden_in_crowds(np.array([0, 0, 1]), np.array([1.0, 1.0, 0.5])), 3).tolist()
    [0.514, 0.514, 0.279]
    """
    many = np.bincount(entity)
    return np.asarray(kind_weight / np.log(5 + many[entity]), np.float64)


def densest(ties: Ties, *, most: int, least_density: float) -> list[Group]:
    """Groups, densest first as far as the peeling goes, until there are `most`; none below `least_density`; no tie is in two."""
    left, found = ties, list[Group]()
    while len(found) < most and len(left.weight):
        best = _densest_one(left)
        if best is None or best.density < least_density:
            break
        inside = np.isin(left.application, best.applications) & np.isin(left.entity, best.entities)
        found += _apart(_chosen(left, inside))
        left = _chosen(left, ~inside)
    return found


def _chosen(ties: Ties, rows: npt.NDArray[np.bool_]) -> Ties:
    return Ties(ties.application[rows], ties.entity[rows], ties.weight[rows])


def _apart(ties: Ties) -> list[Group]:
    """Connected parts as groups, densest first."""
    side = int(ties.application.max()) + 1
    nodes = side + int(ties.entity.max()) + 1
    joined = scipy.sparse.coo_array(
        (np.ones(len(ties.weight)), (ties.application, ties.entity + side)), shape=(nodes, nodes)
    )
    _, part = scipy.sparse.csgraph.connected_components(joined, directed=False)
    groups = []
    for number in np.unique(part[ties.application]):
        own = _chosen(ties, part[ties.application] == number)
        ends = np.unique(own.application), np.unique(own.entity)
        groups.append(Group(*ends, float(own.weight.sum()) / (len(ends[0]) + len(ends[1]))))
    return sorted(groups, key=lambda group: (-group.density, int(group.applications[0])))


def _densest_one(ties: Ties) -> Group | None:
    """One node set for both sides: applications first, then entities."""
    side = int(ties.application.max()) + 1
    src, dst = ties.application, ties.entity + side
    nodes = side + int(ties.entity.max()) + 1
    left = np.ones(len(src), np.bool_)
    alive = np.zeros(nodes, np.bool_)
    alive[src] = alive[dst] = True
    best, best_density = alive.copy(), 0.0
    while alive.any():
        weight = np.where(left, ties.weight, 0.0)
        total, count = weight.sum(), int(alive.sum())
        if total / count > best_density:
            best, best_density = alive.copy(), float(total / count)
        degree = np.bincount(src, weight, nodes) + np.bincount(dst, weight, nodes)
        goes = alive & (degree <= (1 + SLACK) * total / count)
        if not goes.any():  # rounding: the least one goes
            goes = alive & (degree == degree[alive].min())
        alive &= ~goes
        left &= alive[src] & alive[dst]
    chosen = np.flatnonzero(best)
    if not best_density:
        return None
    return Group(chosen[chosen < side], chosen[chosen >= side] - side, best_density)
