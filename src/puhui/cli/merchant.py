"""`puhui merchant tax … | health | calendar | forecast | scam`: the shopkeeper's sums from the command line. JSON out; needs no database.

Amounts are yuan as written (303000, "30.3万"), shares `8%` or 0.08. Every rate is looked up for the day of `--on` in a dated table,
and the answer names its source. Bad input is refused by name on standard error with exit status 2. Files hold one JSON object a
line, or one array; each object is answered in order, and a refused one by an object with `refusal`.
"""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.kernel.refusal import Refusal, Refused

Record = dict[str, Any]
On = Annotated[str, typer.Option("--on", help="The law of this day, 2026-03-31; today when left out.")]
OneLine = Annotated[bool, typer.Option("--json", help="On one line.")]
Lines = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="JSON objects, one a line, or an array; - is standard input.")
]
Place = Annotated[str, typer.Option(help="For the surcharges: city 市区, town 县城镇, other 其他.")]


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    group = typer.Typer(help="The shopkeeper's tools: taxes, health and more, as JSON.", no_args_is_help=True)
    tax = typer.Typer(
        help="Taxes of a small shop, estimated: vat, surcharge, iit, cit, stamp, wage; or a file of questions.",
        no_args_is_help=True,
    )
    for command in (vat, surcharge, iit, cit, stamp, wage):
        tax.command()(command)
    tax.command("file")(tax_file)
    group.add_typer(tax, name="tax")
    for verb in (health, forecast, scam):
        group.command()(verb)
    group.command("calendar")(filing)
    app.add_typer(group, name="merchant")


def vat(
    quarter_gross: Annotated[str, typer.Option("--quarter-gross", "--quarter", help="Tax-inclusive sales of the quarter, yuan.")] = "",
    month_gross: Annotated[str, typer.Option("--month-gross", "--month", help="Or of one month.")] = "",
    special_gross: Annotated[str, typer.Option("--special-gross", "--special", help="The part on special invoices 专票; always taxed.")] = "",
    farm_gross: Annotated[str, typer.Option("--farm-gross", "--farm", help="Own-grown produce; exempt, but counts for the line.")] = "",
    place: Place = "city",
    on: On = "",
    as_line: OneLine = False,
) -> None:  # fmt: skip
    """VAT of a small-scale taxpayer 小规模纳税人, with the cliff at the threshold 起征点, and the surcharges.

    puhui merchant tax vat --quarter-gross 303000 --on 2026-03-31   → tax 3000.00
    """
    _tax("vat", locals())


def surcharge(
    vat: Annotated[str, typer.Option(help="VAT paid, yuan.")],
    net_sales: Annotated[str, typer.Option(help="Sales without VAT of the period, yuan.")],
    months: Annotated[str, typer.Option(help="1 or 3.")] = "3",
    place: Place = "city",
    on: On = "",
    as_line: OneLine = False,
) -> None:
    """Surcharges 附加税费 on a VAT that is known."""
    _tax("surcharge", locals())


def iit(
    taxable: Annotated[str, typer.Option(help="Taxable income of the year, yuan; or give --revenue and costs.")] = "",
    revenue: Annotated[str, typer.Option(help="Revenue, yuan.")] = "",
    cost: Annotated[str, typer.Option(help="Deductible costs, without the owner's own wage.")] = "",
    mixed_cost: Annotated[str, typer.Option(help="Costs of home and shop that cannot be told apart.")] = "",
    owner_wage: Annotated[str, typer.Option(help="The owner's own wage: not deductible, only told.")] = "",
    special_deductions: Annotated[str, typer.Option(help="Insurance and special deductions of the owner.")] = "",
    months: Annotated[str, typer.Option(help="Months of the year so far, for a quarter's prepayment.")] = "12",
    loss: Annotated[list[str] | None, typer.Option(help="A former year's loss, 2024=30000 (again for more).")] = None,
    has_other_income: Annotated[bool, typer.Option("--has-other-income", help="There is comprehensive income 综合所得: no yearly deduction here.")] = False,
    kind: Annotated[str, typer.Option(help="sole_trader 个体工商户, or partnership 合伙、独资.")] = "sole_trader",
    prepaid: Annotated[str, typer.Option(help="Paid already this year.")] = "",
    other_relief: Annotated[str, typer.Option(help="Other reliefs of tax, yuan.")] = "",
    on: On = "",
    as_line: OneLine = False,
) -> None:  # fmt: skip
    """Income tax on business income 经营所得, with the half for sole traders.

    puhui merchant tax iit --taxable 240000   → due 18750.00
    """
    given = {name: value for name, value in locals().items() if name != "loss"}
    if taxable:  # the default would be a field that has no meaning beside a taxable income
        given.pop("months")
    losses = {}
    for text in loss or []:
        year, _, amount = text.partition("=")
        losses[year] = amount
    _tax("iit", given | ({"losses": losses} if losses else {}))


def cit(
    taxable: Annotated[str, typer.Option(help="Taxable income of the year, yuan.")],
    staff: Annotated[str, typer.Option(help="People, average of the year.")] = "",
    assets: Annotated[str, typer.Option(help="Total assets, average of the year, yuan.")] = "",
    on: On = "",
    as_line: OneLine = False,
) -> None:
    """Corporate income tax 企业所得税, with the line of small low-profit firms 小型微利企业."""
    _tax("cit", locals())


def stamp(
    contract: Annotated[str, typer.Option(help="purchase_sale, contract_work, lease, loan or capital.")],
    amount: Annotated[str, typer.Option(help="Yuan, without VAT where it is shown apart.")],
    small: Annotated[bool, typer.Option("--small/--not-small", help="A small payer: half.")] = True,
    on: On = "",
    as_line: OneLine = False,
) -> None:
    """Stamp duty 印花税 of one contract."""
    _tax("stamp", locals())


def wage(
    gross: Annotated[
        list[str], typer.Option(help="Wage of a month, yuan; again for each month, or once with --months.")
    ],
    months: Annotated[str, typer.Option(help="Months with the same wage.")] = "",
    deducted: Annotated[str, typer.Option(help="Insurance and special deductions a month.")] = "",
    on: On = "",
    as_line: OneLine = False,
) -> None:
    """Tax withheld from an employee's wages, month by month 累计预扣."""
    given = dict(locals())
    if len(gross) == 1:
        given["gross"] = gross[0]
    else:
        given |= {"months": "", "deducted": [deducted or 0] * len(gross)}
    _tax("wage", given)


def tax_file(file: Lines = None) -> None:
    """Questions from a file: {"tax": "vat", "quarter_gross": 303000, "on": "2026-03-31"} a line; `id` is handed back."""
    from puhui.merchant import taxes

    _answers(file, taxes.answer)


def health(
    file: Lines = None,
    cash_days: Annotated[str, typer.Option(help="Days of outflow that cash covers 现金够用天数.")] = "",
    surplus_rate: Annotated[str, typer.Option("--surplus-rate", "--margin", help="(in − out) ÷ in, 8%.")] = "",
    on_time_rate: Annotated[str, typer.Option("--on-time-rate", "--on-time", help="Customers' debts paid on time ÷ due.")] = "",
    booked_days: Annotated[str, typer.Option(help="Days with an entry of the last 90.")] = "",
    private_share: Annotated[str, typer.Option(help="Owner's withdrawals ÷ money out.")] = "",
    sales_cv: Annotated[str, typer.Option(help="Coefficient of variation of monthly sales.")] = "",
    top_share: Annotated[str, typer.Option(help="Share of the largest customer or platform.")] = "",
    insured_share: Annotated[str, typer.Option(help="Share of the insurances that matter and are held.")] = "",
    reserve_months: Annotated[str, typer.Option(help="Months of fixed cost in reserve.")] = "",
    debt_service_rate: Annotated[str, typer.Option("--debt-service-rate", "--dsr", help="Instalments ÷ operating inflow after cost of goods.")] = "",
    debt_apr: Annotated[str, typer.Option("--debt-apr", "--apr", help="Weighted yearly cost of debts.")] = "",
    lender_count: Annotated[str, typer.Option("--lender-count", "--lenders", help="Number of lenders.")] = "",
    due_soon_share: Annotated[str, typer.Option(help="Share of debt due within 90 days.")] = "",
    standing_share: Annotated[str, typer.Option(help="Licence, annual report, tax grade, no abnormal mark: share in order.")] = "",
    on: On = "",
    as_line: OneLine = False,
) -> None:  # fmt: skip
    """The health index of a shop 小微财务健康指数, 0 to 100: twelve items, confidence, three next actions, a guard.

    What is left out lowers the confidence and is never taken for zero. From a file: {"cash_days": 20, "surplus_rate": "8%", …},
    or {"told": {…}, "books": {…}, "books_days": 120}: books replace what is told from 90 days on.

    puhui merchant health --cash-days 20 --surplus-rate 8% --on-time-rate 85% --booked-days 60
    """
    given = {name: value for name, value in locals().items() if name not in ("file", "on", "as_line") and value}
    from puhui.merchant import health as healths

    if file is not None:
        if given:
            told = "文件与选项二选一 · a file or options, not both"
            raise Refused(Refusal("INPUT_TWICE", told, where=", ".join(given)))
        _answers(file, lambda record: healths.assess({"on": on or _today()} | record))
        return
    _print(healths.assess(given | {"on": on or _today()}), as_line)


def forecast(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a heading: a day and an amount a line (2026-01-31,1234.50); - is standard input.")],
    as_line: OneLine = False,
) -> None:  # fmt: skip
    """Thirteen weeks ahead of takings by day: p10, p50, p90 of each week, and how often past bands held.

    Days of one week are summed; weeks end on the file's last day, and a week that is not whole at its beginning is left out.
    """
    from puhui.merchant import series_forecast

    _print(series_forecast.ahead(_text(file)), as_line)


def filing(
    since: Annotated[str, typer.Option("--from", help="From this day; today when left out.")] = "",
    entity: Annotated[str, typer.Option(help="sole_trader 个体工商户, or firm 公司.")] = "sole_trader",
    employer: Annotated[bool, typer.Option("--employer", help="There are employees.")] = False,
    months: Annotated[int, typer.Option(help="How many months ahead.", min=1, max=36)] = 12,
    ical: Annotated[bool, typer.Option("--ical", help="As an iCalendar file.")] = False,
    as_line: OneLine = False,
) -> None:
    """What has to be filed and when, moved by holidays."""
    from datetime import UTC, datetime

    from puhui.merchant import filing_calendar
    from puhui.merchant.core import written

    found = filing_calendar.deadlines(
        written.day(since or _today(), "from"), entity=entity, employer=employer, months=months
    )
    if ical:
        sys.stdout.write(filing_calendar.ical(found, owner="puhui", now=datetime.now(UTC)).decode())
        return
    _print({"deadlines": [
        {"code": each.code, "zh": each.zh, "en": each.en, "planned": each.planned, "due_on": each.due_on, "sure": each.sure,
         "source": each.source} for each in found
    ]}, as_line)  # fmt: skip


def scam(
    text: Annotated[str, typer.Argument(help="What they sent you; - reads standard input.")],
    on: On = "",
    as_line: OneLine = False,
) -> None:
    """Signs of a lending scam in a message or a contract: red, yellow or green."""
    from puhui.merchant import scam_signs
    from puhui.merchant.core import written

    _print(scam_signs.judged(sys.stdin.read() if text == "-" else text, written.day(on or _today(), "on")), as_line)


def _tax(name: str, given: Record) -> None:
    from puhui.merchant import taxes

    as_line = bool(given.pop("as_line"))
    asked = {key: value for key, value in given.items() if value not in ("", None, [], False) or key == "small"}
    _print(taxes.ask(name, asked | {"on": given["on"] or _today()}), as_line)


def _answers(file: Path | None, calculate: Callable[[Record], Record]) -> None:
    """One line out an object in; exit status 2 when any was refused."""
    refused = 0
    for number, record in enumerate(_objects(file), 1):
        try:
            said = calculate({"on": _today()} | record)
        except Refused as told:
            refused += 1
            print(f"{number}: {told.refusal}", file=sys.stderr)
            said = {"id": record.get("id"), "refusal": {
                "code": told.refusal.code, "message": told.refusal.message, "where": told.refusal.where}}  # fmt: skip
        _print(said, True)
    if refused:
        raise typer.Exit(2)


def _objects(file: Path | None) -> Iterable[Record]:
    name, text = str(file or "-"), _text(file)
    try:
        whole = json.loads(text, parse_float=Decimal)
        found = whole if isinstance(whole, list) else [whole]
    except json.JSONDecodeError:
        found = [_line(line, number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not found or not all(isinstance(each, dict) for each in found):
        raise Refused(Refusal("OBJECT_EXPECTED", "每项须为一个 JSON 对象 · JSON objects are expected", where=name))
    return found


def _text(file: Path | None) -> str:
    name = str(file or "-")
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise Refused(Refusal("FILE_UNREADABLE", f"读不出 · cannot be read: {fault}", where=name)) from None


def _line(line: str, number: int) -> Any:
    try:
        return json.loads(line, parse_float=Decimal)
    except json.JSONDecodeError as fault:
        raise Refused(Refusal("JSON_UNREADABLE", f"不是 JSON · not JSON: {fault}", where=f"line {number}")) from None


def _print(value: Record, as_line: bool) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=None if as_line else 2, default=str), flush=True)


def _today() -> str:
    return date.today().isoformat()
