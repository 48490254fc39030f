"""`tables/evaluation.toml`: how effects are looked at from day to day."""

from typing import Any

from puhui.kernel import shipped


def terms() -> dict[str, Any]:
    """The version in force."""
    return shipped.tree("puhui.acquisition", "tables/evaluation.toml")
