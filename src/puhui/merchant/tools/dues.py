"""Pages about what is due: VAT and income tax of the books, the filing calendar."""

from datetime import date

from puhui.kernel.refusal import Refused
from puhui.merchant import filing_calendar, taxes
from puhui.merchant.core import filing
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Ask, Asked, Curve, Figure, Picture, ToolPage, Words, yuan, yuan_number

_DEDUCTED: dict[str, Words] = {
    "prepaid": ("今年已预缴（元）", "Prepaid this year (yuan)"),
    "special_deductions": ("社保和专项附加扣除（元）", "Insurance and special deductions (yuan)"),
    "mixed_cost": ("家里店里分不清的开支（元）", "Costs of home and shop together (yuan)"),
}


def vat(facts: Facts, asked: Asked) -> ToolPage:
    """This quarter's VAT and surcharges by the sales of the books, with the cliff ahead."""
    start = date(facts.as_of.year, (facts.as_of.month - 1) // 3 * 3 + 1, 1)
    asks = (Ask("special", ("其中开了专票的（元）", "On special invoices (yuan)"), asked.get("special", "")),
            Ask("farm", ("其中自产农产品（元）", "Own-grown produce (yuan)"), asked.get("farm", "")))  # fmt: skip
    gross = max(0, sum(minor for day, minor in facts.sales.items() if start <= day <= facts.as_of))
    title: Words = ("增值税测算", "VAT")
    try:
        found = taxes.ask(
            "vat",
            {"quarter_gross": taxes.plain_yuan(gross), "place": facts.about("place", "city"), "on": facts.as_of}
            | {f"{name}_gross": asked[name] for name in ("special", "farm") if asked.get(name)},
        )
    except Refused as refused:
        if asked:
            raise
        return ToolPage("vat", title, missing=(refused.refusal.message, refused.refusal.message))
    notes = tuple((each["zh"], each["en"]) for each in found["notes"])
    return ToolPage(
        "vat", title, Figure(("本季预计要交", "Due this quarter"), yuan(found["total_minor"]), "good" if found["exempt"] else "warn", ("没到起征点，免征" if found["exempt"] else "", "below the line: exempt" if found["exempt"] else "")),
        (Figure(("本季卖货（含税）", "Sales, tax included"), yuan(gross)), Figure(("离起征点还差", "Room below the line"), yuan(found["room_minor"]), "warn" if found["room_minor"] * 10 < found["line_gross_minor"] else ""),
         Figure(("增值税", "VAT"), yuan(found["tax_minor"])), Figure(("附加税费", "Surcharges"), yuan(found["surcharges_minor"]))),
        (*notes, ("按账本里的卖货估算，只适用于小规模纳税人；以税务机关为准", "an estimate for small-scale taxpayers; the tax office counts")), kinds=("profile",), asks=asks, sources=tuple(found["sources"]),
        picture=Picture(("本季卖货和起征点", "Sales of the quarter and the line"), ("本季卖货", "起征点"), (Curve(("含税金额", "Tax included"), (yuan_number(gross), yuan_number(found["line_gross_minor"]))),)),
    )  # fmt: skip


def income_tax(facts: Facts, asked: Asked) -> ToolPage:
    """Income tax on this year's profit of the books so far: the quarter's prepayment."""
    start = date(facts.as_of.year, 1, 1)
    revenue, cost = (
        max(0, sum(minor for day, minor in days.items() if start <= day <= facts.as_of))
        for days in (facts.sales, facts.costs)
    )
    title: Words = ("经营所得个税", "Income tax")
    firm = facts.about("entity", "sole_trader") == "firm"
    try:
        if firm:
            found = taxes.ask("cit", {"taxable": taxes.plain_yuan(revenue - cost), "on": facts.as_of})
        else:
            found = taxes.ask(
                "iit",
                {
                    "revenue": taxes.plain_yuan(revenue),
                    "cost": taxes.plain_yuan(cost),
                    "months": facts.as_of.month,
                    "on": facts.as_of,
                }
                | {name: asked[name] for name in _DEDUCTED if asked.get(name)}
                | ({"has_other_income": asked["has_other_income"]} if asked.get("has_other_income") == "yes" else {}),
            )
    except Refused as refused:
        if asked:
            raise
        return ToolPage("income_tax", title, missing=(refused.refusal.message, refused.refusal.message))
    figures = [
        Figure(("今年收入", "Revenue this year"), yuan(revenue)),
        Figure(("今年成本费用", "Costs this year"), yuan(cost)),
        Figure(("应纳税所得额", "Taxable"), yuan(found["taxable_minor"])),
    ]
    headline = Figure(("今年到现在应交", "Due for the year so far"), yuan(found["due_minor"]))
    asks: tuple[Ask, ...] = ()
    if not firm:
        if asked.get("prepaid"):
            headline = Figure(("扣掉已预缴，还要交", "To pay after what was prepaid"), yuan(found["to_pay_minor"]))
        asks = (*(Ask(name, words, asked.get(name, "")) for name, words in _DEDUCTED.items()),
                Ask("has_other_income", ("还领别的工资吗", "Other wages beside"), asked.get("has_other_income", "no"), (("no", ("没有", "No")), ("yes", ("有", "Yes")))))  # fmt: skip
        figures += [
            Figure(("减半前", "Before the half"), yuan(found["before_relief_minor"])),
            Figure(("减半优惠", "Relief"), yuan(found["relief_minor"]), "good"),
        ]
    notes = tuple((each["zh"], each["en"]) for each in found["notes"])
    return ToolPage(
        "income_tax", title, headline, tuple(figures),
        (*notes, ("已预缴的从中扣除；老板自己的工资和家用不能扣", "less what was prepaid; the owner's wage and household are no costs")), kinds=("profile",), asks=asks, sources=tuple(found["sources"]),
    )  # fmt: skip


def deadlines(facts: Facts) -> list[filing.Deadline]:
    """What this shop has to file in the coming year."""
    entity = facts.about("entity", "sole_trader")
    return filing_calendar.deadlines(facts.as_of, entity=entity, employer=bool(facts.of("staff")))


def filing_days(facts: Facts, asked: Asked) -> ToolPage:
    """The next deadlines, and the calendar to subscribe to."""
    del asked
    found = deadlines(facts)
    rows = []
    for each in found[:18]:
        left = (each.due_on - facts.as_of).days
        moved = f"（原 {each.planned:%m-%d}，遇假顺延）" if each.due_on != each.planned else ""
        unsure = "" if each.sure else "（放假安排未公布，可能再顺延）"
        rows.append(
            Figure(
                (each.zh, each.en),
                f"{each.due_on}",
                "bad" if left <= 3 else "warn" if left <= 10 else "",
                (
                    f"还有 {left} 天{moved}{unsure}",
                    f"{left} days left{'' if each.due_on == each.planned else f', moved from {each.planned}'}{'' if each.sure else ', holidays not published yet'}",
                ),
            )
        )
    head = Figure(
        (f"下一件：{found[0].zh}", f"Next: {found[0].en}"),
        f"{found[0].due_on}",
        "warn" if (found[0].due_on - facts.as_of).days <= 10 else "",
    )
    return ToolPage(
        "calendar",
        ("申报与年报日历", "Filing calendar"),
        head,
        notes=(("社保等期限各地不同，以当地通知为准", "cities differ: your tax office's notice counts"),),
        rows=tuple(rows),
        kinds=("profile",),
        link="calendar.ics",
    )
