"""Each node's place in the graph as a few numbers: leading singular vectors of the normalised adjacency.

D^−½ A D^−½ by randomised singular values (Halko, Martinsson & Tropp 2011, scikit-learn's); the same for the same seed. On graphs of shared
work or shared devices these tell groups apart that no average over neighbours shows.
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from puhui.antifraud.core.graph.adjacency import Matrix as Sparse
from puhui.antifraud.core.graph.adjacency import degrees


def places(seen: Sparse, *, width: int, seed: int) -> npt.NDArray[np.float32]:
    """Nodes by at most `width` numbers, scaled to unit mean square over nodes."""
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    width = min(width, seen.shape[0] - 1)
    if width < 1 or not seen.nnz:
        return np.zeros((seen.shape[0], 0), np.float32)
    scale = (1 / np.sqrt(np.maximum(degrees(seen), 1))).astype(np.float32)
    lengths = np.diff(seen.indptr)
    data = np.repeat(scale, lengths) * scale[seen.indices]
    given = sparse.csr_matrix((data, seen.indices, seen.indptr), shape=seen.shape)
    with threadpool_limits(
        1
    ):  # the sparse products are the work; threads for the thin dense rest cost more than they bring
        vectors, _, _ = randomized_svd(given, width, n_iter=4, random_state=seed)
    return (vectors * np.sqrt(seen.shape[0])).astype(np.float32)
