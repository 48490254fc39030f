"""The credit policy for applications that comes with Puhui: its texts, ready to be drafted, changed, reviewed and published.

>>> sorted(texts())
['columns.csv', 'grids/price.csv', 'policy.toml', 'rules.csv', 'tables/cap.csv']
"""

from importlib import resources

KIND = "application"
_NAMES = ("columns.csv", "rules.csv", "policy.toml", "tables/cap.csv", "grids/price.csv")


def texts() -> dict[str, str]:
    """By file name, as the policy floor reads them."""
    folder = resources.files("puhui.underwriting").joinpath("policy/application")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in _NAMES}
