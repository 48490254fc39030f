"""Which pesticides may not be used, on a day (`rules/pesticides.csv`): names found in what a label or a farmer calls the product.

Rule kept: the longest name counts: 乙酰甲胺磷 is not 甲胺磷. What a table does not name is not thereby allowed: the label's registration counts.

>>> banned("50%甲胺磷乳油", on=date(2026, 1, 1))["name"], banned("乙酰甲胺磷", on=date(2026, 1, 1)), kept_from("乙酰甲胺磷", on=date(2026, 1, 1))["name"]
('甲胺磷', None, '乙酰甲胺磷')
"""

from datetime import date

from puhui.kernel.shipped import Row
from puhui.merchant import rule_files


def banned(product: str, *, on: date) -> Row | None:
    """The rule that forbids a product everywhere, or None."""
    return next((row for row in _named(product, on) if row["rule"] == "banned"), None)


def kept_from(product: str, *, on: date) -> Row | None:
    """The rule that forbids a product on vegetables, fruit, tea and medicinal herbs, or None."""
    return next((row for row in _named(product, on) if row["rule"] == "not_on_food"), None)


def paper(rule: Row) -> str:
    """The notice that a rule stands in, without remarks on how it was found."""
    return rule["source"].partition(";")[0]


def _named(product: str, on: date) -> list[Row]:
    """Rules in force whose name stands in the product and is no part of a longer name that does."""
    every = {name: row for row in rule_files.in_force("pesticides", on=on) for name in row["names"].split("|")}
    known = {name for row in rule_files.every("pesticides") for name in row["names"].split("|")}
    found = [name for name in known if name in product]
    whole = [name for name in found if not any(name != other and name in other for other in found)]
    return [every[name] for name in sorted(whole) if name in every]
