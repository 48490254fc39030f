"""The farm book: what each plot cost and brings, what is to be sprayed and when it may be harvested, losses to hand in to an insurer."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from puhui.merchant import pesticides, photo_proof, record_kinds
from puhui.merchant.core import farm, spraying
from puhui.merchant.core.tool_records import Record
from puhui.merchant.tool_facts import Facts
from puhui.merchant.tool_page import Asked, Curve, Figure, Picture, Section, ToolPage, Words, yuan, yuan_number

_SOURCE = "食品安全法 Art. 49: growers keep the safe intervals of what they use [found]"
_KINDS = ("plot", "farm_cost", "harvest", "spray_plan", "spray_done", "crop_loss")
_SHOWN = 20


def farm_book(facts: Facts, asked: Asked) -> ToolPage:
    """Each plot: what it cost, what it brought and should bring, a mu; what is planned on it and what was lost."""
    del asked
    books = [_book(facts, each) for each in facts.newest("plot", "name")]
    rows = []
    for found in books:
        plot = found.plot
        told = (f"{plot.crop} {plot.area_mu.normalize():f} 亩 · 成本 {yuan(found.cost_minor)} · 每公斤成本 {yuan(found.cost_per_kg_minor)} · 保额 {yuan(found.insured_minor)}",
                f"{plot.crop}, {plot.area_mu.normalize():f} mu, cost {yuan(found.cost_minor)}, {yuan(found.cost_per_kg_minor)} a kg, insured {yuan(found.insured_minor)}")  # fmt: skip
        tone = "good" if found.profit_minor >= 0 else "bad"
        name = (f"{plot.name}：每亩", f"{plot.name}, a mu")
        rows.append(Figure(name, yuan(found.profit_per_mu_minor), tone, told))
    profit = sum(found.profit_minor for found in books)
    uninsured = [found.plot.name for found in books if not found.insured_minor]
    notes: list[Words] = _warnings(facts)
    if uninsured:
        notes.append((f"没上农险：{'、'.join(uninsured)}", f"not insured: {', '.join(uninsured)}"))
    return ToolPage(
        "farm", ("农事账", "Farm book"), Figure(("预计全年赚", "Profit expected"), yuan(profit), "bad" if profit < 0 else ""), notes=tuple(notes), rows=tuple(rows),
        picture=Picture(("每块地的成本和收入", "Cost and income by plot"), tuple(found.plot.name for found in books), (
            Curve(("成本", "Cost"), tuple(yuan_number(found.cost_minor) for found in books)), Curve(("预计收入", "Expected"), tuple(yuan_number(found.expected_minor) for found in books)),
        )) if books else None, kinds=_KINDS, missing=("" if rows else "先添加一块地", "" if rows else "add a plot first"),
        sections=tuple(section for section in (_plan(facts), _ripe(facts), _losses(facts)) if section.rows),
        sources=(_SOURCE,) if facts.of("spray_plan", "spray_done") else (),
    )  # fmt: skip


def plot_of(facts: Facts, name: str) -> farm.Plot:
    """A plot as it was told last. Raises KeyError."""
    return _plot({each.text("name"): each for each in facts.of("plot")}[name])


def cost_of(facts: Facts, name: str) -> int:
    """Fen spent on a plot."""
    return sum(row.minor("amount") for row in facts.of("farm_cost") if row.text("name") == name)


def losses_of(facts: Facts) -> list[Record]:
    """Recorded losses whose plot was not taken back."""
    plots = {each.text("name") for each in facts.of("plot")}
    return [each for each in facts.of("crop_loss") if each.text("name") in plots]


def loss_of(facts: Facts, crop_loss: Record) -> farm.Loss:
    """What a recorded loss comes to."""
    name = crop_loss.text("name")
    return farm.loss(plot_of(facts, name), area_mu=crop_loss.number("area"), share=crop_loss.number("loss"), cost_minor=cost_of(facts, name))  # fmt: skip


def _book(facts: Facts, told: Record) -> farm.PlotBook:
    name = told.text("name")
    sold = [row for row in facts.of("harvest") if row.text("name") == name]
    kg = sum((row.number("kg") for row in sold), Decimal(0))
    minor = sum(row.minor("amount") for row in sold)
    return farm.book(_plot(told), cost_minor=cost_of(facts, name), harvested_kg=kg, sold_minor=minor)


def _plot(told: Record) -> farm.Plot:
    return farm.Plot(
        told.text("name"), told.text("crop"), told.number("area"), told.number("yield_kg"), told.minor("price"), told.minor("insured"),
    )  # fmt: skip


def _sprays(records: Sequence[Record]) -> list[spraying.Spray]:
    return [
        spraying.Spray(
            each.text("name"), each.text("product"), each.day("planned_on") or each.on, int(each.body.get("interval_days") or 0)
        )
        for each in records
    ]  # fmt: skip


def _plan(facts: Facts) -> Section:
    """What is still to be sprayed or fed, by day: in time before the harvest, or red with the last day."""
    harvest = {each.text("name"): each.day("harvest_on") for each in facts.newest("plot", "name")}
    rows = []
    for each in spraying.open_plans(_sprays(facts.of("spray_plan")), _sprays(facts.of("spray_done")))[:_SHOWN]:
        tone, told = _in_time(each, harvest.get(each.plot), facts.as_of)
        if rule := pesticides.kept_from(each.product, on=each.on):
            tone = tone or "warn"
            told = (f"不能用在蔬菜、果树、茶叶、中草药上（{pesticides.paper(rule)}）；{told[0]}",
                    f"not on vegetables, fruit, tea and herbs; {told[1]}")  # fmt: skip
        rows.append(Figure((f"{each.plot} · {each.product}",) * 2, f"{each.on:%m-%d}", tone, told))
    return Section(("打药施肥计划", "To spray and feed"), tuple(rows))


def _in_time(each: spraying.Spray, harvest_on: date | None, as_of: date) -> tuple[str, Words]:
    if harvest_on and (last := spraying.last_day(each, harvest_on=harvest_on)) < each.on:
        return "bad", (f"离采收（{harvest_on}）不到 {each.interval_days} 天，最晚 {last} 用，或推迟采收",
                       f"less than {each.interval_days} days before the harvest of {harvest_on}: by {last} at the latest, or harvest later")  # fmt: skip
    ready = each.on + timedelta(days=each.interval_days)
    told = (f"安全间隔期 {each.interval_days} 天，用了以后最早 {ready} 采收", f"{each.interval_days} days: harvest from {ready}") if each.interval_days else ("没有间隔期", "no interval")  # fmt: skip
    if each.on < as_of:
        return "warn", (f"过了日子还没记做完；{told[0]}", f"its day has passed; {told[1]}")
    return "", told


def _ripe(facts: Facts) -> Section:
    """The first day on which each plot that was sprayed may be harvested."""
    done = _sprays(facts.of("spray_done"))
    rows = []
    for name in dict.fromkeys(each.plot for each in done):
        on = spraying.earliest_harvest([each for each in done if each.plot == name])
        assert on is not None, "it was sprayed"
        wait = (on - facts.as_of).days
        told = (f"还要等 {wait} 天", f"{wait} days to wait") if wait > 0 else ("可以采收了", "may be harvested")
        rows.append(Figure((name, name), f"{on}", "warn" if wait > 0 else "good", told))
    return Section(("最早哪天能采收", "May be harvested from"), tuple(rows))


def _warnings(facts: Facts) -> list[Words]:
    """Harvests within a safe interval, and products that may not be used at all or not on food."""
    done = facts.of("spray_done")
    harvested = [(each.text("name"), each.on) for each in facts.of("harvest")]
    notes: list[Words] = [
        (f"{plot} {day} 采收时，{each.product} 的安全间隔期（{each.interval_days} 天，从 {each.on} 起）还没过，这批先别卖",
         f"{plot} was harvested on {day} within the {each.interval_days} days of {each.product} (from {each.on}): do not sell it yet")
        for plot, day, each in spraying.too_early(harvested, _sprays(done))
    ]  # fmt: skip
    for each in done:
        if rule := pesticides.banned(each.text("product"), on=each.on):
            told = f"{each.on} 用的 {rule['name']} 是国家禁用的（{pesticides.paper(rule)}）"
            notes.append((told, f"{rule['name']} used on {each.on} is banned"))
    return notes


def _losses(facts: Facts) -> Section:
    """Each loss with what it comes to, and its file to hand in."""
    losses = losses_of(facts)[-_SHOWN:]
    photos = photo_proof.photos(facts.shop_id, losses)
    causes = record_kinds.kind("crop_loss").choices_of("cause")
    rows = []
    for each in reversed(losses):
        found, cause = loss_of(facts, each), causes[each.text("cause")]
        count, name = len(photos.get(each.id, ())), each.text("name")
        told = (f"{each.on} · 受灾 {each.number('area').normalize():f} 亩，损失 {each.number('loss'):.0%} · 少收约 {yuan(found.harvest_minor)} · 照片 {count} 张",
                f"{each.on}, {each.number('area').normalize():f} mu, {each.number('loss'):.0%} lost, about {yuan(found.harvest_minor)} less, {count} photos")  # fmt: skip
        rows.append(Figure((f"{name} {cause[0]}", f"{name}, {cause[1].lower()}"), yuan(found.insured_minor), "" if count else "warn", told, each.id))  # fmt: skip
    told = ("右边是按保额估的，赔多少看保单和查勘；请马上打保险公司电话报案", "to the right is an estimate at the sum insured; the policy and the insurer's look decide: call at once")  # fmt: skip
    return Section(
        ("农险报案", "Losses to hand in"), tuple(rows), told, ("下载报案材料（可打印）", "The file to hand in")
    )
