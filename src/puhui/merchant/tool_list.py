"""The tools by name, in the order of the zone's front page, each with its words and the page that shows it.

`home` and `import` are pages of the books themselves; `financing` needs the loan book's sums and is priced by journeys.compare_financing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Asked, ToolPage, Words
from puhui.merchant.tools import customers, dues, fields, goods, money, owed, payouts, people

Show = Callable[[Facts, Asked], ToolPage]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tile of the front page."""

    name: str
    words: Words
    group: str
    show: Show | None = None


GROUPS: dict[str, Words] = {
    "see": ("看清生意", "See the business"),
    "goods": ("货", "Goods"),
    "owed": ("账", "Promises"),
    "customers": ("客", "Customers"),
    "law": ("税和证照", "Taxes and licences"),
    "people": ("人和店面", "People and premises"),
    "money": ("钱", "Money"),
}
TOOLS: tuple[Tool, ...] = (
    Tool("board", ("经营看板", "Daily board"), "see", customers.board),
    Tool("margin", ("毛利与保本点", "Margin and break-even"), "see", goods.gross_margin),
    Tool("health", ("财务健康体检", "Financial health"), "see", money.health),
    Tool("stock", ("进销存", "Stock"), "goods", goods.stock),
    Tool("replenish", ("智能补货", "Replenishment"), "goods", goods.replenish),
    Tool("stock_take", ("盘点", "Stock-take"), "goods", goods.stock_take),
    Tool("pricing", ("定价计算器", "Prices"), "goods", goods.pricing),
    Tool("payouts", ("收款对账", "Payouts"), "owed", payouts.payouts),
    Tool("receivables", ("赊账本", "Owed to me"), "owed", owed.receivables),
    Tool("payables", ("欠供应商", "I owe"), "owed", owed.payables),
    Tool("members", ("会员与回头客", "Members"), "customers", customers.loyal),
    Tool("campaigns", ("优惠活动回报", "Campaigns"), "customers", customers.campaigns),
    Tool("vat", ("增值税测算", "VAT"), "law", dues.vat),
    Tool("income_tax", ("经营所得个税", "Income tax"), "law", dues.income_tax),
    Tool("calendar", ("申报与年报日历", "Filing calendar"), "law", dues.filing_days),
    Tool("papers", ("证照到期", "Licences"), "law", people.papers),
    Tool("payroll", ("工资与社保", "Payroll"), "people", people.wages),
    Tool("rota", ("排班与人效", "Rota"), "people", people.rota_page),
    Tool("rent", ("房租承压", "Rent"), "people", money.rent_page),
    Tool("forecast", ("13 周现金流", "Thirteen weeks of cash"), "money", money.forecast),
    Tool("financing", ("融资比较器", "Compare offers"), "money"),
    Tool("scam", ("防坑核验", "Scam check"), "money", money.scam_check),
    Tool("farm", ("农事账", "Farm book"), "money", fields.farm_book),
)


def tool(name: str) -> Tool:
    """One tool. Raises Refused TOOL_UNKNOWN."""
    found = next((each for each in TOOLS if each.name == name), None)
    if found is None:
        raise Refused(Refusal("TOOL_UNKNOWN", "没有这个工具 · no such tool", where=name))
    return found
