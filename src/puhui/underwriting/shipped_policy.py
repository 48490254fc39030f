"""The credit policy for applications that comes with Puhui: its texts, ready to be drafted, changed, reviewed and published.

>>> sorted(texts())
['columns.csv', 'grids/price.csv', 'policy.toml', 'rules.csv', 'tables/cap.csv']
"""

from puhui.kernel import shipped

KIND = "application"
_NAMES = ("columns.csv", "rules.csv", "policy.toml", "tables/cap.csv", "grids/price.csv")


def texts() -> dict[str, str]:
    """By file name, as the policy floor reads them."""
    return {name: shipped.text("puhui.underwriting", f"policy/application/{name}") for name in _NAMES}
