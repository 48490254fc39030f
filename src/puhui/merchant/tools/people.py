"""Pages about people and papers: payroll, rota, licences that expire."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from puhui.kernel.refusal import Refusal, Refused
from puhui.kernel.rounding import half_up
from puhui.merchant import rule_files
from puhui.merchant.core import payroll, rota, wage_income, written
from puhui.merchant.taxes import Law
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Ask, Asked, Curve, Figure, Picture, ToolPage, percent, yuan

_ALERTS = (7, 30, 90)


def wages(facts: Facts, asked: Asked) -> ToolPage:
    """Each payslip of this month: insurance, tax, paid out; what all cost the shop."""
    cities = rule_files.in_force("minimum_wages", on=facts.as_of)
    city = asked.get("city", "any")
    if city not in {row["city"] for row in cities}:
        city = "any"
    law = Law(facts.as_of)
    minimum = int(rule_files.in_force("minimum_wages", on=facts.as_of, city=city)[0]["month_minor"])
    rows, cost, paid = [], 0, 0
    for who, slip in _slips(facts, law, _rates(insurance(facts.as_of), asked), minimum):
        cost, paid = cost + slip.employer_cost_minor, paid + slip.net_minor
        told = (f"应发 {yuan(slip.gross_minor)}，社保 {yuan(slip.insurance_minor)}，个税 {yuan(slip.tax_minor)}；店里共花 {yuan(slip.employer_cost_minor)}",
                f"gross {yuan(slip.gross_minor)}, insurance {yuan(slip.insurance_minor)}, tax {yuan(slip.tax_minor)}; costs {yuan(slip.employer_cost_minor)}")  # fmt: skip
        rows.append(Figure((who, who), yuan(slip.net_minor), "bad" if slip.below_minimum else "", told))
    low = sum(row.tone == "bad" for row in rows)
    done = sum(each.minor("amount") for each in facts.of("wage_paid") if each.on >= facts.as_of.replace(day=1))
    notes = [
        (
            "社保比例按全国通常水平，当地以社保局为准；个税按全年同样工资累计预扣",
            "insurance by usual rates, your city's count; tax as if every month of the year paid the same",
        )
    ]
    if low:
        notes.insert(0, (f"{low} 人低于当地最低工资 {yuan(minimum)}", f"{low} below the minimum wage {yuan(minimum)}"))
    choices = tuple((row["city"], (row["zh"], row["en"])) for row in cities)
    return ToolPage(
        "payroll", ("工资与社保", "Payroll"), Figure(("这个月要发", "To pay out"), yuan(paid)),
        (Figure(("店里一共花", "Cost to the shop"), yuan(cost)), Figure(("这个月已记发放", "Paid so far this month"), yuan(done))),
        tuple(notes), rows=tuple(rows), kinds=("staff", "wage_paid"),
        asks=(
            Ask("city", ("城市", "City"), city, choices),
            Ask("own", ("当地个人交多少（不填按通常）", "Your city's employee rate (empty: usual)"), asked.get("own", "")),
            Ask("employer", ("当地单位交多少（不填按通常）", "Your city's employer rate (empty: usual)"), asked.get("employer", "")),
        ), sources=tuple(law.sources),
        missing=("" if rows else "先添加员工", "" if rows else "add an employee first"),
    )  # fmt: skip


def _slips(
    facts: Facts, law: Law, rates: payroll.InsuranceRates, minimum_minor: int
) -> Iterator[tuple[str, payroll.Payslip]]:
    """This month's payslip of each employee."""
    month, brackets = int(law.rule("IIT_WAGE", "month_deduction_minor").value), law.brackets("wage")
    for each in facts.newest("staff", "who"):
        gross = each.minor("base") + each.minor("commission") + half_up(each.minor("day_wage") * each.number("days"))
        own = payroll.payslip(
            gross, base_minor=each.minor("insured_base"), rates=rates, tax_minor=0, minimum_minor=minimum_minor
        ).insurance_minor
        so_far = [gross] * facts.as_of.month  # the months of this year at the same wage
        tax = wage_income.withheld(so_far, [own] * len(so_far), month, brackets)[-1]
        yield (
            each.text("who"),
            payroll.payslip(
                gross, base_minor=each.minor("insured_base"), rates=rates, tax_minor=tax, minimum_minor=minimum_minor
            ),
        )


def withheld_month(facts: Facts) -> int:
    """Fen of tax withheld from all wages of this month, insurance at the usual rates. Raises RuleAbsent."""
    return sum(slip.tax_minor for _, slip in _slips(facts, Law(facts.as_of), insurance(facts.as_of), 0))


def _rates(usual: payroll.InsuranceRates, asked: Asked) -> payroll.InsuranceRates:
    """The usual rates, or those that the owner's city has."""
    own = written.share(asked["own"], "own") if asked.get("own") else usual.employee
    employer = written.share(asked["employer"], "employer") if asked.get("employer") else usual.employer
    if not (0 <= own < 1 and 0 <= employer < 1):
        raise Refused(Refusal("RATE_OUT_OF_RANGE", "比例在 0 到 100% 之间 · between 0 and 100 %", where="own"))
    return replace(usual, employee=own, employer=employer)


def insurance(on: date) -> payroll.InsuranceRates:
    """The usual rates of a day, all parts together."""
    rows = rule_files.in_force("insurance_rates", on=on, city="any")
    return payroll.InsuranceRates(
        employee=sum((Decimal(row["employee"]) for row in rows), Decimal(0)),
        employer=sum((Decimal(row["employer"]) for row in rows), Decimal(0)),
        floor_minor=int(rows[0]["floor_minor"]),
        ceiling_minor=int(rows[0]["ceiling_minor"]),
    )


def rota_page(facts: Facts, asked: Asked) -> ToolPage:
    """People needed by hour, from the payments of four weeks; what labour costs of sales."""
    per_person = written.number(asked.get("per_person") or "12", "per_person", least=1)
    by_hour = {hour: Decimal(count) / 28 for hour, count in facts.orders_by_hour().items()}
    need = rota.staff_by_hour(by_hour, per_person=per_person)
    hours = Decimal(sum(need.values()))
    sales, wages_paid = facts.summed(facts.sales, 28), facts.account("wages", 28)
    each = rota.sales_per_hour(sales // 28, hours)
    figures = [Figure(("每个工时带来", "Sales an hour of work"), yuan(each) if each is not None else "—")]
    if sales:
        figures.append(Figure(("工资占卖货", "Wages of sales"), percent(wages_paid / sales)))
    labels = tuple(f"{hour} 点" for hour in need)
    return ToolPage(
        "rota", ("排班与人效", "Rota"), Figure(("一天共需工时", "Hours of work a day"), f"{hours}"), tuple(figures),
        picture=Picture(("每小时的单数和人手", "Payments and people by hour"), labels, (
            Curve(("平均单数", "Payments"), tuple(round(float(by_hour[hour]), 1) for hour in need)),
            Curve(("需要人手", "People"), tuple(need.values()), "line"),
        ), "") if need else None, asks=(Ask("per_person", ("一个人一小时能接几单", "Orders one person serves an hour"), str(per_person)),),
        missing=("" if need else "导入带时间的收款账单后就能排班", "" if need else "import bills that carry the time"),
    )  # fmt: skip


def papers(facts: Facts, asked: Asked) -> ToolPage:
    """Licences, contracts and insurances by the day they end: 90, 30 and 7 days ahead."""
    del asked
    rows = []
    for each in sorted(
        [*facts.newest("paper", "name"), *facts.newest("insurance", "what")], key=lambda row: row.text("expires_on")
    ):
        ends = each.day("expires_on") or facts.as_of
        left = (ends - facts.as_of).days
        near = next((days for days in _ALERTS if left <= days), None)
        tone = "bad" if left <= _ALERTS[0] else "warn" if near else "good"
        told = (
            f"{ends} 到期，" + (f"已过期 {-left} 天" if left < 0 else f"还有 {left} 天"),
            f"until {ends}, {left} days left",
        )
        rows.append(
            Figure(
                (each.text("name") or each.text("what"),) * 2,
                "已过期" if left < 0 else "快到期" if near else "有效",
                tone,
                told,
            )
        )
    soon = sum(row.tone != "good" for row in rows)
    notes = []
    for debt in facts.newest("debt", "who"):
        repaid = debt.day("ends_on")
        for lease in facts.newest("lease", "name"):
            until = lease.day("ends_on")
            if repaid and until and until < repaid:
                notes.append(
                    (
                        f"{lease.text('name')} 的租约 {until} 到期，早于向 {debt.text('who')} 的借款 {repaid}",
                        f"the lease of {lease.text('name')} ends {until}, before the debt to {debt.text('who')} ({repaid})",
                    )
                )
    return ToolPage(
        "papers", ("证照到期", "Licences"), Figure(("要办的", "To renew"), str(soon), "warn" if soon else "good"), notes=tuple(notes), rows=tuple(rows),
        kinds=("paper", "insurance"), missing=("" if rows else "把证照的到期日记下来，到时提醒您", "" if rows else "record when your licences end"),
    )  # fmt: skip
