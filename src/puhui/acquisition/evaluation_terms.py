"""`tables/evaluation.toml`: how effects are looked at from day to day."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def terms() -> dict[str, Any]:
    """The version in force."""
    return tomllib.loads(resources.files("puhui.acquisition").joinpath("tables/evaluation.toml").read_text("utf-8"))
