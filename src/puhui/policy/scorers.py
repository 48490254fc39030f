"""The scorers that rooms offer to the policy floor, found by `name@version`.

Rule kept: the floor knows no room. A room registers a finder for its models' name when Django starts; a version of a policy
that names a scorer nobody offers is refused when it is submitted, not when an applicant waits.
"""

from collections.abc import Callable

from puhui.kernel.refusal import Refusal, Refused
from puhui.policy.core.scorer import Scorer

Finder = Callable[[str], Scorer | None]
_FINDERS: dict[str, Finder] = {}


def register(name: str, find: Finder) -> None:
    """Offer the models of this name: `find(version)` gives the scorer, or None. Called by a room's AppConfig.ready()."""
    _FINDERS[name] = find


def find(title: str) -> Scorer | None:
    """The scorer of `name@version`; None for "" (a policy without a model)."""
    if not title:
        return None
    name, _, version = title.rpartition("@")
    found = _FINDERS[name](version) if name in _FINDERS else None
    if found is None:
        known = "、".join(sorted(_FINDERS)) or "无 none"
        raise Refused(
            Refusal("SCORER_UNKNOWN", f"没有这个模型，已登记：{known} · no such scorer is offered", where=title)
        )
    return found
