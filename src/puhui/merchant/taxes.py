"""Front door, reads: what a shop owes in taxes, from figures somebody gives; every rate from the dated tables, with its source.

A request and an answer are plain objects, so that the command line, a file of JSON lines and a page ask the same thing. Amounts come
in yuan as written (`303000`, `"30.3万"`), answers give yuan as text and fen as `…_minor`. A day for which no rule is loaded is refused by
name, never guessed. All is an estimate: what the tax office assesses counts.

>>> vat({"quarter_gross": "303000", "on": "2026-03-31"})["tax"]
'3000.00'
>>> business_income({"taxable": "240000", "on": "2026-12-31"})["due"]
'18750.00'
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import rule_files
from puhui.merchant.core import business_income as business
from puhui.merchant.core import small_profit, surcharges, wage_income, written
from puhui.merchant.core.brackets import Bracket
from puhui.merchant.core.vat import VatRules, estimate
from puhui.policy import rule_table
from puhui.policy.rule_table import RuleAbsent

Record = Mapping[str, Any]
PLACES = {"city": "市区", "town": "县城、镇", "other": "其他地方"}
_NEAR_SHARE = 10  # warn when less than a tenth of the line is left


@dataclass
class Law:
    """Looks rules up for one day and remembers the sources of those used."""

    on: date
    sources: list[str] = field(default_factory=list)

    def rule(self, code: str, metric: str) -> rule_table.Rule:
        found = rule_table.find(code, metric=metric, on=self.on)
        self._note(found.source, found.confidence)
        return found

    def brackets(self, code: str) -> tuple[Bracket, ...]:
        rows = rule_files.in_force("brackets", on=self.on, code=code)
        self._note(rows[0]["source"], rows[0]["confidence"])
        return tuple(
            Bracket(int(row["up_to_minor"]) if row["up_to_minor"] else None, written.number(row["rate"], "rate"),
                    int(row["quick_minor"]))
            for row in rows
        )  # fmt: skip

    def _note(self, source: str, confidence: str) -> None:
        told = f"{source} [{confidence}]"
        if told not in self.sources:
            self.sources.append(told)


def vat(request: Record) -> dict[str, Any]:
    """VAT and surcharges of a small-scale taxpayer for a month or a quarter, from tax-inclusive sales.

    `quarter_gross` or `month_gross`; `special_gross`: the part on special invoices (专票), always taxed; `farm_gross`: own-grown
    produce, exempt but counted for the line; `place`: city, town or other, for the surcharges; `on`: a day of the period.
    """
    _known(request, "quarter_gross", "month_gross", "special_gross", "farm_gross", "place", "on")
    months = _one_of(request, "month_gross", "quarter_gross")
    law = _law(request)
    gross = written.amount(request["quarter_gross" if months == 3 else "month_gross"], "gross")
    special, farm = (
        written.amount(request.get(name) or 0, name, negative=False) for name in ("special_gross", "farm_gross")
    )
    if special + farm > gross:
        raise _refused("SALES_UNREADABLE", "销售额应不小于其中的部分 · the whole is at least its parts", "gross")
    rules = vat_rules(law, months)
    found = estimate(gross, rules, special_gross_minor=special)
    tax = found.tax_minor
    if farm and not found.exempt:  # own-grown produce counts for the line but is never taxed (增值税法 Art. 24)
        tax = estimate(gross - farm, VatRules(rules.rate, 0, "<")).tax_minor
    more = surcharges.on_vat(
        tax, surcharge_rules(law, str(request.get("place") or "city")), net_sales_minor=found.net_minor, months=months
    )
    answer = {
        "tool": "vat", "on": law.on.isoformat(), "months": months, **_yuan("gross", gross), **_yuan("net", found.net_minor),
        "exempt": found.exempt, "rate": str(rules.rate), **_yuan("tax", tax),
        **_yuan("construction", more.construction_minor), **_yuan("education", more.education_minor),
        **_yuan("local_education", more.local_education_minor), **_yuan("surcharges", more.total_minor),
        **_yuan("total", tax + more.total_minor), **_yuan("line_gross", found.cliff_gross_minor),
        **_yuan("room", found.room_minor), "worse_than_staying_below": found.worse_than_staying_below,
    }  # fmt: skip
    return answer | _told(_vat_notes(found.exempt, found.room_minor, found.cliff_gross_minor, rules, months,
                                     worse=found.worse_than_staying_below), law)  # fmt: skip


def vat_rules(law: Law, months: int) -> VatRules:
    """Rate and threshold of a month or a quarter. Raises RuleAbsent."""
    line = law.rule("VAT_SMALL_Q" if months == 3 else "VAT_SMALL_M", "net_sales_minor")
    return VatRules(law.rule("VAT_SMALL_RATE", "rate").value, int(line.value), line.op)


def surcharge_rules(law: Law, place: str) -> surcharges.SurchargeRules:
    """The rates of a place and the half of small payers."""
    if place not in PLACES:
        raise _refused("PLACE_UNKNOWN", f"地点为 city、town 或 other · one of {', '.join(PLACES)}: {place}", "place")
    return surcharges.SurchargeRules(
        construction=law.rule("SURCHARGE", f"build_{place}").value,
        education=law.rule("SURCHARGE", "education").value,
        local_education=law.rule("SURCHARGE", "local_education").value,
        small_factor=law.rule("SIX_TAXES_HALF", "factor").value,
        education_free_month_minor=int(law.rule("EDUCATION_EXEMPT", "month_net_sales_minor").value),
    )


def surcharge(request: Record) -> dict[str, Any]:
    """Surcharges on a VAT that is known. `vat`, `net_sales`, `months` (1 or 3), `place`, `on`."""
    _known(request, "vat", "net_sales", "months", "place", "on")
    law = _law(request)
    months = written.whole(request.get("months") or 3, "months", least=1)
    paid = written.amount(_needed(request, "vat"), "vat")
    sales = written.amount(_needed(request, "net_sales"), "net_sales")
    more = surcharges.on_vat(paid, surcharge_rules(law, str(request.get("place") or "city")), net_sales_minor=sales,
                             months=months)  # fmt: skip
    return {
        "tool": "surcharge", "on": law.on.isoformat(), **_yuan("vat", paid), **_yuan("construction", more.construction_minor),
        **_yuan("education", more.education_minor), **_yuan("local_education", more.local_education_minor),
        **_yuan("total", more.total_minor),
    } | _told([("教育费附加免征（月销售额不超过线）", "education surcharges are free at these sales")]
              if more.education_free else [], law)  # fmt: skip


def business_income(request: Record) -> dict[str, Any]:
    """Income tax on business income (经营所得). `taxable`, or `revenue`, `cost` and what else BusinessYear knows.

    `kind`: sole_trader (个体工商户, half up to the line) or partnership (合伙、独资, no half); `prepaid`; `months` for a
    quarter's prepayment; `losses`: {"2024": 30000}.
    """
    names = ("revenue", "cost", "mixed_cost", "owner_wage", "special_deductions")
    _known(request, "taxable", *names, "months", "losses", "has_other_income", "kind", "prepaid", "other_relief", "on")
    law = _law(request)
    rules = business_rules(law)
    kind = str(request.get("kind") or "sole_trader")
    if kind not in ("sole_trader", "partnership"):
        raise _refused(
            "KIND_UNKNOWN", f"sole_trader 个体工商户 或 partnership 合伙/独资 · one of the two: {kind}", "kind"
        )
    worked: dict[str, Any] = {}
    if request.get("taxable") is not None:
        taxable = max(0, written.amount(request["taxable"], "taxable", negative=True))
    else:
        amounts = {f"{name}_minor": written.amount(request.get(name) or 0, name) for name in names}
        _needed(request, "revenue")
        part = business.taxable(
            business.BusinessYear(
                year=law.on.year, months=_months_of_year(request),
                losses=_losses(request.get("losses") or {}),
                has_other_income=written.flag(request.get("has_other_income", False), "has_other_income"), **amounts,
            ), rules,
        )  # fmt: skip
        taxable = part.taxable_minor
        worked = {
            **_yuan("profit", part.profit_minor), **_yuan("not_deductible", part.not_deductible_minor),
            **_yuan("deduction", part.deduction_minor),
            "losses_used": {str(year): plain_yuan(minor) for year, minor in part.losses_used},
            "losses_lapsed": {str(year): plain_yuan(minor) for year, minor in part.losses_lapsed},
        }  # fmt: skip
    prepaid = written.amount(request.get("prepaid") or 0, "prepaid")
    found = business.tax(
        taxable, rules, sole_trader=kind == "sole_trader",
        other_relief_minor=written.amount(request.get("other_relief") or 0, "other_relief"),
    )  # fmt: skip
    answer = {
        "tool": "iit", "on": law.on.isoformat(), "kind": kind, **worked, **_yuan("taxable", taxable),
        "rate": str(found.rate), **_yuan("quick_deduction", found.quick_minor),
        **_yuan("before_relief", found.before_relief_minor), **_yuan("relief", found.relief_minor),
        **_yuan("due", found.due_minor), **_yuan("prepaid", prepaid), **_yuan("to_pay", max(0, found.due_minor - prepaid)),
        **_yuan("refund", max(0, prepaid - found.due_minor)),
    }  # fmt: skip
    return answer | _told(_income_notes(found, request, rules, kind), law)


def business_rules(law: Law) -> business.BusinessIncomeRules:
    """The law of business income on a day; without a relief in force nothing is halved."""
    try:
        line = int(law.rule("IIT_GETI_HALF", "taxable_minor").value)
        factor = law.rule("IIT_GETI_HALF", "factor").value
    except RuleAbsent:
        line, factor = 0, written.number(1, "factor")
    return business.BusinessIncomeRules(
        brackets=law.brackets("business"),
        year_deduction_minor=int(law.rule("IIT_BUSINESS", "year_deduction_minor").value),
        mixed_cost_share=law.rule("IIT_BUSINESS", "mixed_cost_share").value,
        loss_years=int(law.rule("IIT_BUSINESS", "loss_years").value),
        half_up_to_minor=line,
        half_factor=factor,
    )


def firm_income(request: Record) -> dict[str, Any]:
    """Corporate income tax (企业所得税) with the small low-profit line. `taxable`, `staff`, `assets`, `on`."""
    _known(request, "taxable", "staff", "assets", "on")
    law = _law(request)
    taxable = written.amount(_needed(request, "taxable"), "taxable", negative=True)
    rules = small_profit.SmallProfitRules(
        full_rate=law.rule("CIT", "rate").value,
        small_rate=law.rule("CIT_SMALL", "effective_rate").value,
        taxable_line_minor=int(law.rule("CIT_SMALL", "taxable_minor").value),
        staff_line=int(law.rule("CIT_SMALL", "staff").value),
        assets_line_minor=int(law.rule("CIT_SMALL", "assets_minor").value),
    )
    found = small_profit.firm_tax(taxable, rules, staff=written.whole(request.get("staff") or 0, "staff"),
                                  assets_minor=written.amount(request.get("assets") or 0, "assets"))  # fmt: skip
    notes = []
    if found.passed:
        notes.append((f"不再是小型微利企业（{'、'.join(found.passed)}），全部所得按 {rules.full_rate:%} 计税",
                      f"no small low-profit firm ({', '.join(found.passed)}): all income is taxed at {rules.full_rate:%}"))  # fmt: skip
    if found.worse_than_the_line:
        notes.append(("刚过线：税后所得少于正好在线上时", "just past the line: less is left than exactly at it"))
    return {
        "tool": "cit", "on": law.on.isoformat(), **_yuan("taxable", taxable), "small_low_profit": found.is_small,
        "rate": str(found.rate), **_yuan("due", found.due_minor), **_yuan("saved", found.saved_minor),
    } | _told(notes, law)  # fmt: skip


def stamp(request: Record) -> dict[str, Any]:
    """Stamp duty (印花税) of a contract. `contract`: purchase_sale, contract_work, lease, loan, capital; `amount`; `on`."""
    _known(request, "contract", "amount", "on", "small")
    law = _law(request)
    contract = str(_needed(request, "contract"))
    amount = written.amount(_needed(request, "amount"), "amount")
    small = written.flag(request.get("small", True), "small")
    try:
        rate = law.rule("STAMP", contract).value
    except RuleAbsent:
        kinds = "purchase_sale, contract_work, lease, loan, capital"
        raise _refused(
            "CONTRACT_UNKNOWN", f"合同种类为 · one of {kinds} (2022-07-01 on): {contract}", "contract"
        ) from None
    exempt = False
    if small and contract == "loan":
        try:
            exempt = law.rule("STAMP_LOAN_EXEMPT", "small_borrower").value == 1
        except RuleAbsent:
            exempt = False
    factor = law.rule("SIX_TAXES_HALF", "factor").value if small else written.number(1, "factor")
    due = surcharges.stamp(amount, rate, small_factor=factor, exempt=exempt)
    return {"tool": "stamp", "on": law.on.isoformat(), "contract": contract, **_yuan("amount", amount), "rate": str(rate),
            "exempt": exempt, **_yuan("due", due)} | _told([], law)  # fmt: skip


def wage(request: Record) -> dict[str, Any]:
    """Tax withheld from an employee's wages month by month. `gross`: a list of months, or one amount with `months`; `deducted` a month."""
    _known(request, "gross", "months", "deducted", "on")
    law = _law(request)
    gross = _series(_needed(request, "gross"), request, "gross")
    deducted = _series(request.get("deducted") or 0, {"months": len(gross)}, "deducted")
    if not 1 <= len(gross) <= 12:
        raise _refused("MONTHS_UNKNOWN", f"一年最多 12 个月 · a year has 12 months: {len(gross)}", "months")
    if len(gross) != len(deducted):
        raise _refused("MONTHS_DIFFER", "两列月数不同 · as many months deducted as paid", "deducted")
    month = int(law.rule("IIT_WAGE", "month_deduction_minor").value)
    taxes = wage_income.withheld(gross, deducted, month, law.brackets("wage"))
    return {
        "tool": "wage", "on": law.on.isoformat(), "withheld": [plain_yuan(minor) for minor in taxes],
        "withheld_minor": taxes, **_yuan("year", sum(taxes)),
    } | _told([], law)  # fmt: skip


TAXES: dict[str, Callable[[Record], dict[str, Any]]] = {
    "vat": vat, "surcharge": surcharge, "iit": business_income, "cit": firm_income, "stamp": stamp, "wage": wage,
}  # fmt: skip


def answer(request: Record) -> dict[str, Any]:
    """One object of a file: `tax` names which of TAXES; `id` is handed back. Raises Refused, RuleAbsent included."""
    rest = {name: value for name, value in request.items() if name not in ("tax", "id")}
    name = str(request.get("tax", ""))
    if name not in TAXES:
        raise _refused("TAX_UNKNOWN", f"税种为 · one of {', '.join(TAXES)}: {name}", "tax")
    return ({"id": request["id"]} if "id" in request else {}) | ask(name, rest)


def ask(name: str, request: Record) -> dict[str, Any]:
    """One tax by its name; an absent rule is a named refusal."""
    try:
        return TAXES[name](request)
    except RuleAbsent as absent:
        told = f"这一天没有已载入的税收规则，不作估算 · no rule is loaded for that day, nothing is estimated: {absent}"
        raise _refused("TAX_RULE_ABSENT", told, "on") from None


def _vat_notes(
    exempt: bool, room_minor: int, line_minor: int, rules: VatRules, months: int, *, worse: bool
) -> list[tuple[str, str]]:
    line, notes = plain_yuan(line_minor), []
    period = ("本季", "this quarter") if months == 3 else ("本月", "this month")
    if not exempt:
        notes.append((f"含税销售额达到 {line} 元，全额计税（不只是超出部分）",
                      f"gross sales reached {line} yuan: all of it is taxed, not only what lies above"))  # fmt: skip
    elif room_minor * _NEAR_SHARE < line_minor:
        tax = plain_yuan(estimate(line_minor, VatRules(rules.rate, 0, "<")).tax_minor)
        more = plain_yuan(room_minor + (rules.exempt_op == "<="))
        notes.append((f"{period[0]}再开 {more} 元将全额征税 {tax} 元",
                      f"another {more} yuan {period[1]} makes all of it taxable: {tax} yuan"))  # fmt: skip
    if worse:
        notes.append(
            ("刚过起征点：税后所得反而少于未达起征点时", "just past the line: less is left than just below it")
        )
    return notes


def _income_notes(
    found: business.BusinessTax, request: Record, rules: business.BusinessIncomeRules, kind: str
) -> list[tuple[str, str]]:
    notes = []
    if found.relief_minor and kind == "sole_trader":
        line = plain_yuan(rules.half_up_to_minor)
        notes.append(
            (f"个体工商户不超过 {line} 元的部分减半", f"a sole trader pays half on the part up to {line} yuan")
        )
    if request.get("owner_wage"):
        notes.append(("业主自己的工资不能扣除", "the owner's own wage is not deductible"))
    if request.get("mixed_cost"):
        part = f"{rules.mixed_cost_share:.0%}"
        notes.append(
            (f"分不清的家庭与经营费用按 {part} 扣除", f"{part} of costs of home and shop together is deductible")
        )
    return notes


def _law(request: Record) -> Law:
    return Law(written.day(_needed(request, "on"), "on"))


def _months_of_year(request: Record) -> int:
    months = written.whole(request.get("months") or 12, "months", least=1)
    if months > 12:
        raise _refused("MONTHS_UNKNOWN", f"一年最多 12 个月 · a year has 12 months: {months}", "months")
    return months


def _losses(given: Any) -> tuple[tuple[int, int], ...]:
    if not isinstance(given, Mapping):
        raise _refused("LOSSES_UNREADABLE", '写成 {"2024": 30000} · write {"2024": 30000}', "losses")
    return tuple((written.whole(year, "losses"), written.amount(loss, "losses")) for year, loss in given.items())


def _series(value: Any, request: Record, where: str) -> list[int]:
    if isinstance(value, list | tuple):
        return [written.amount(each, f"{where}[{i}]") for i, each in enumerate(value)]
    return [written.amount(value, where)] * _months_of_year({"months": request.get("months") or 1})


def _one_of(request: Record, month: str, quarter: str) -> int:
    given = [name for name in (month, quarter) if request.get(name) is not None]
    if len(given) != 1:
        raise _refused("SALES_MISSING", f"填 {month} 或 {quarter} 其中一个 · give one of the two", quarter)
    return 1 if given[0] == month else 3


def _known(request: Record, *names: str) -> None:
    for name in request:
        if name not in names:
            raise _refused("FIELD_UNKNOWN", f"没有这个字段；可用 · no such field; known: {', '.join(names)}", str(name))


def _needed(request: Record, name: str) -> Any:
    if request.get(name) is None:
        raise _refused("FIELD_MISSING", f"缺少 {name} · {name} is needed", name)
    return request[name]


def _yuan(name: str, minor: int) -> dict[str, Any]:
    return {name: plain_yuan(minor), f"{name}_minor": minor}


def plain_yuan(minor: int) -> str:
    """Fen as yuan without commas, as answers give them and requests take them."""
    sign, whole = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{whole // 100}.{whole % 100:02d}"


def _told(notes: list[tuple[str, str]], law: Law) -> dict[str, Any]:
    return {"notes": [{"zh": zh, "en": en} for zh, en in notes], "sources": law.sources, "estimate": True}


def _refused(code: str, message: str, where: str) -> Refused:
    return Refused(Refusal(code, message, where=where))
