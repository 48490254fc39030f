"""Later rows say more of the future: weights of training rows that halve towards the past, where rows are split by time.

Rules kept: age is a share of the rows that are later, not of days, so that a tape with one busy year is not forgotten
outside it; weights have mean one; without dates every row weighs the same. Counts that are printed (bins) stay unweighted.

>>> weights(np.array([1.0, 2.0, 2.0, 3.0]), rows=4, halvings=2.0).round(2).tolist()
[0.44, 0.89, 0.89, 1.78]
>>> weights(None, rows=2, halvings=2.0).tolist()
[1.0, 1.0]
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def weights(days: Floats | None, *, rows: int, halvings: float) -> Floats:
    """One weight a row: 2^(−halvings · share of rows that are later), ties sharing their middle. The first row weighs
    2^−halvings of the last."""
    if days is None or rows < 2:
        return np.ones(rows)
    from scipy.stats import rankdata  # a slow import, needed only here

    age = 1.0 - (rankdata(days) - 1.0) / (rows - 1.0)
    found = np.exp2(-halvings * age)
    return np.asarray(found / found.mean(), dtype=np.float64)
