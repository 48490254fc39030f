"""Was the treatment drawn by lot, and which columns came after it?

What was known before a draw by lot differs between arms only by chance. A column that differs more was not there before (a
result, a leak); if many do, nothing was drawn. The test is Welch's, an arm against the rest, over all arms and columns (Bonferroni).

>>> dice = np.random.default_rng(1)
>>> arm = dice.integers(0, 2, 4000)
>>> columns = np.column_stack((dice.normal(size=4000), arm + dice.normal(size=4000)))
>>> Design_ = Design(columns, ("before", "after"), ("before", "after"), {})
>>> check(Design_, arm, level=0.001, spread_min=0.02)
{'after': 'differs between arms'}
"""

import numpy as np
import scipy
from numpy.typing import NDArray

from puhui.acquisition.core.table_design import Design


def check(design: Design, arm: NDArray[np.int64], *, level: float, spread_min: float) -> dict[str, str]:
    """Columns that differ between arms: source name → reason. `arm` (rows,) counts from 0."""
    arms = int(arm.max()) + 1
    trials = max(1, len(design.names) * arms)
    found = {}
    for place, source in enumerate(design.source):
        values = design.values[:, place]
        spread = float(values.std()) or 1.0
        for one in range(arms):
            inside, outside = values[arm == one], values[arm != one]
            gap = float(inside.mean() - outside.mean())
            error = float(np.sqrt(inside.var() / len(inside) + outside.var() / len(outside)))
            chance = 2 * scipy.stats.norm.sf(abs(gap) / error) if error > 0 else float(gap == 0)
            if chance < level / trials and abs(gap) > spread_min * spread:
                found[source] = "differs between arms"
    return found
