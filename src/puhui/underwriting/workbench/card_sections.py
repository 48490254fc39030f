"""Sections of a model card as HTML: each says one thing, in both languages, and leaves itself out where nothing is known.

The facts are a plain mapping (`card.py` lists its keys). Every text goes through `escape`; a column called `<script>` is
a column called `<script>`.

>>> both("行数", "rows")
'<span class="zh" lang="zh-Hans">行数</span><span class="en" lang="en">rows</span>'
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from puhui.underwriting.workbench import card_pictures

Facts = dict[str, Any]
FIGURES = (
    ("auc", "AUC"),
    ("ks", "KS"),
    ("gini", "Gini"),
    ("brier", "Brier"),
    ("log_loss", "Log loss"),
    ("ece", "ECE"),
)
_MOST_FEATURES = 40


def both(chinese: str, english: str) -> str:
    """One text in two languages; the reader's choice hides the other."""
    return (
        f'<span class="zh" lang="zh-Hans">{escape(chinese)}</span><span class="en" lang="en">{escape(english)}</span>'
    )


def purpose(facts: Facts) -> str:
    tape = facts.get("tape", {})
    target = f"{tape.get('target', '')} = {tape.get('positive', '')}"
    told = both(
        f"估计一笔申请日后变坏（{target}）的概率，供授信排序、定价与限额参考。不得用于本数据所代表的人群之外，也不得替代人工复核。",
        f"The chance that an application turns bad ({target}), for ranking, price and limit. Not for people unlike those of "
        "this tape, and no substitute for a person's review.",
    )  # fmt: skip
    return _section(both("用途", "Purpose"), f"<p>{told}</p>")


def data(facts: Facts) -> str:
    tape, split = facts.get("tape", {}), facts.get("split", {})
    rows = [
        (both("数据", "tape"), tape.get("name")), (both("内容散列", "content hash"), tape.get("sha256")),
        (both("行数", "rows"), tape.get("rows")), (both("列数", "columns"), tape.get("columns")),
        (both("坏样本", "bads"), tape.get("bads")), (both("权重列", "weight column"), tape.get("weight")),
        (both("时间列", "time column"), tape.get("time")), (both("划分", "split"), split.get("told") or split.get("by") or split.get("kind")),
        (both("训练 / 验证 / 检验行数", "training / validation / test rows"), _parts(split)),
    ]  # fmt: skip
    note = both(
        "所有选择（分箱、变量、校准、停止）都没有看检验部分。",
        "Every choice (bins, columns, calibration, stopping) was made without the test part.",
    )
    return _section(both("数据与划分", "Data and split"), _list(rows) + f'<p class="note">{note}</p>')


def performance(facts: Facts) -> str:
    found = facts.get("evaluation")
    if not found:
        return ""
    ranges, shown = found.get("intervals", {}), []
    for key, name in FIGURES:
        if found.get(key) is None:
            continue
        reach = f"<small>{ranges[key][0]:.4f} – {ranges[key][1]:.4f}</small>" if key in ranges else ""
        shown.append(f"<li>{name}<b>{found[key]:.4f}</b>{reach}</li>")
    title = both("检验部分上的表现", "Performance on the test part")
    counted = both(f"{found['rows']:,} 行，{found['bads']:,} 个坏样本；小字为 95% 自助法区间。",
                   f"{found['rows']:,} rows, {found['bads']:,} bads; small print: 95 % bootstrap intervals.")  # fmt: skip
    pictures = (
        f"<figure><figcaption>{both('校准：预测（横）与实际（纵）', 'Calibration: promised (across), observed (up)')}</figcaption>"
        f"{card_pictures.calibration(found.get('calibration', []))}</figure>"
        f"<figure><figcaption>{both('增益：最高风险的人中抓住多少坏客户', 'Gain: bads caught among the riskiest')}</figcaption>"
        f"{card_pictures.gains(found.get('lift', []))}</figure>"
    )  # fmt: skip
    inside = f'<ul class="figures">{"".join(shown)}</ul><p class="note">{counted}</p><div class="pair">{pictures}</div>'
    return _section(
        title, inside + _lift(found.get("lift", [])) + _calibration(found.get("calibration", [])) + _segments(found)
    )


def features(facts: Facts) -> str:
    """Bins with their pictures for a scorecard; shares of gain for boosted trees."""
    card, boosted = facts.get("scorecard"), facts.get("importance")
    if card:
        ordered = sorted(card["features"], key=lambda one: -one["bins"]["iv"])
        drawn = [_feature(one) for one in ordered[:_MOST_FEATURES]]
        more = len(card["features"]) - len(drawn)
        tail = (
            f'<p class="note">{both(f"另有 {more} 个变量未画出。", f"{more} more columns are not drawn.")}</p>'
            if more > 0
            else ""
        )
        base = both(f"基础分 {card['base_points']}；得分 = 基础分 + 各项分数，越高越好。",
                    f"Base {card['base_points']} points; score = base + points of every column, higher is safer.")  # fmt: skip
        return _section(both("变量与分箱", "Columns and bins"), f"<p>{base}</p>" + "".join(drawn) + tail)
    if boosted:
        rows = [(one["name"], float(one["share"])) for one in boosted[:_MOST_FEATURES]]
        note = both("各变量在 SHAP 贡献中的份额。", "Each column's share of the SHAP contributions.")
        return _section(both("变量", "Columns"), f'<p class="note">{note}</p>{card_pictures.bars(rows)}')
    return ""


def stability(facts: Facts) -> str:
    found = facts.get("stability")
    if not found:
        return ""
    bands = found.get("bands", {})
    marks = [bands[name] for name in ("watch", "act") if name in bands]
    rows = [(one["column"], one["psi"]) for one in found.get("columns", [])[:15]]
    score = found.get("score_psi")
    head = (
        f"<p>{both('评分的 PSI（检验对训练）', 'PSI of the score, test against training')}: <b>{score:.4f}</b></p>"
        if score is not None
        else ""
    )
    note = both("虚线：关注与处置界限。", "Dashed: the lines for watching and for acting.")
    return _section(
        both("稳定性", "Stability"), head + card_pictures.bars(rows, marks=marks) + f'<p class="note">{note}</p>'
    )


def suspects(facts: Facts) -> str:
    found = facts.get("leaks", [])
    if not found:
        return _section(
            both("疑似泄漏的列", "Columns that may leak"), f"<p>{both('没有发现。', 'None was found.')}</p>"
        )
    rows = [
        [one["column"], one.get("told_zh", ""), one.get("told_en", ""), "✓" if one.get("kept") else "—"]
        for one in found
    ]
    body = "".join(
        f"<tr><td>{escape(str(name))}</td><td>{both(str(zh), str(en))}</td><td>{kept}</td></tr>"
        for name, zh, en, kept in rows
    )
    head = f"<tr><th>{both('列', 'column')}</th><th>{both('为什么', 'why')}</th><th>{both('仍用', 'used')}</th></tr>"
    return _section(both("疑似泄漏的列", "Columns that may leak"), _table(head, body))


def reject_inference(facts: Facts) -> str:
    found = facts.get("reject_inference")
    title = both("拒绝推断", "Reject inference")
    if not found:
        told = both("未使用：模型只学了已放款的申请，对会被拒绝的人可能偏乐观。",
                    "Not used: the model has learnt from granted loans alone and may be too hopeful about the refused.")  # fmt: skip
        return _section(title, f"<p>{told}</p>")
    rows = [(both("方法", "way"), found["method"]), (both("行数", "rows"), found.get("rows")),
            (both("超出已放款范围的被拒者", "refused beyond the accepted"), found.get("refused_beyond_accepted"))]  # fmt: skip
    return _section(title, f'<p class="notice">{both(found["caveat_zh"], found["caveat_en"])}</p>' + _list(rows))


def limits(facts: Facts) -> str:
    told = [
        ("检验部分来自同一份数据；其他时期、地区、产品上的表现未知，上线后须监控。",
         "The test part is of the same tape: other times, places and products are unknown, so watch it when it is live."),
        ("分组公平性（通过率、校准）由 puhui 的公平性报告给出，须按公开声明的分组另行检查；本卡不含。",
         "Fairness by declared group (approval, calibration) is another report of puhui's; this card does not contain it."),
        *facts.get("limits", []),
    ]  # fmt: skip
    items = "".join(f"<li>{both(zh, en)}</li>" for zh, en in told)
    return _section(both("局限", "Limits"), f"<ul>{items}</ul>")


def versions(facts: Facts) -> str:
    hashes = [
        (both(f"模型散列（{one['kind']}）", f"model hash ({one['kind']})"), one.get("digest"))
        for one in facts.get("models", [])
    ]
    rows = [
        *hashes, (both("训练时间", "fitted"), facts.get("fitted_at")), (both("随机种子", "seed"), facts.get("seed")),
        (both("建模政策版本", "workbench terms"), facts.get("terms_version")),
        (both("库版本", "libraries"), ", ".join(f"{name} {number}" for name, number in facts.get("libraries", {}).items())),
    ]  # fmt: skip
    return _section(both("版本", "Versions"), _list(rows))


def _feature(one: dict[str, Any]) -> str:
    table = one["bins"]["table"]
    total = sum(row["rows"] for row in table) or 1
    head = "".join(f"<th>{name}</th>" for name in (
        both("分箱", "bin"), both("占比", "share"), both("坏率", "bad rate"), "WOE", "IV", both("分数", "points")))  # fmt: skip
    body = "".join(
        f"<tr><td>{escape(str(row['label']))}</td><td>{row['rows'] / total:.1%}</td><td>{_rate(row)}</td>"
        f"<td>{row['woe']:+.3f}</td><td>{row['iv']:.4f}</td><td>{point:+d}</td></tr>"
        for row, point in zip(table, one["points"])
    )
    drawn = [row for row in table if row["rows"] > 0]
    points = [point for row, point in zip(table, one["points"]) if row["rows"] > 0]
    detail = f"<details><summary>{both('看表', 'table')}</summary>{_table(f'<tr>{head}</tr>', body)}</details>"
    return f'<h3>{escape(one["name"])} <span class="quiet">IV {one["bins"]["iv"]:.3f}</span></h3>{card_pictures.bins(drawn, points)}{detail}'


def _lift(rows: Sequence[dict[str, Any]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in (
        both("段（最高风险在前）", "slice, riskiest first"), both("行数", "rows"), both("坏率", "bad rate"),
        both("累计捕获", "gain"), both("提升", "lift")))  # fmt: skip
    body = "".join(
        f"<tr><td>{row['place']}</td><td>{row['rows']:,}</td><td>{row['bad_rate']:.2%}</td><td>{row['gain']:.1%}</td><td>{row['lift']:.2f}</td></tr>"
        for row in rows
    )
    return f"<details><summary>{both('提升表', 'lift table')}</summary>{_table(f'<tr>{head}</tr>', body)}</details>"


def _calibration(rows: Sequence[dict[str, Any]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in (
        both("预测区间", "promised, from – to"), both("行数", "rows"), both("平均预测", "mean promised"), both("实际", "observed"), "95 %"))  # fmt: skip
    body = "".join(
        f"<tr><td>{row['pd_from']:.2%} – {row['pd_to']:.2%}</td><td>{row['rows']:,}</td><td>{row['mean_pd']:.2%}</td>"
        f"<td>{row['bad_rate']:.2%}</td><td>{row['low']:.2%} – {row['high']:.2%}</td></tr>" for row in rows
    )  # fmt: skip
    return (
        f"<details><summary>{both('校准表', 'calibration table')}</summary>{_table(f'<tr>{head}</tr>', body)}</details>"
    )


def _segments(found: dict[str, Any]) -> str:
    rows = found.get("segments", [])
    if not rows:
        return ""
    head = "".join(f"<th>{name}</th>" for name in (
        both("客群", "segment"), both("行数", "rows"), both("坏率", "bad rate"), both("平均预测", "mean promised"), "AUC", "KS"))  # fmt: skip
    body = "".join(
        f"<tr><td>{escape(row['segment'])}</td><td>{row['rows']:,}</td><td>{row['bad_rate']:.2%}</td><td>{row['mean_pd']:.2%}</td>"
        f"<td>{_figure(row['auc'])}</td><td>{_figure(row['ks'])}</td></tr>" for row in rows
    )  # fmt: skip
    return f"<h3>{both('分客群', 'By segment')}</h3>{_table(f'<tr>{head}</tr>', body)}"


def _figure(value: float | None) -> str:
    return both("太少，不评", "too few") if value is None else f"{value:.4f}"


def _rate(row: dict[str, Any]) -> str:
    return f"{row['bads'] / row['rows']:.2%}" if row["rows"] > 0 else "—"


def _parts(split: dict[str, Any]) -> str | None:
    counts = [split.get(name) for name in ("training", "validation", "test")]
    return " / ".join(f"{count:,}" if isinstance(count, int) else "—" for count in counts) if any(counts) else None


def _list(rows: Sequence[tuple[str, Any]]) -> str:
    told = "".join(f"<dt>{name}</dt><dd>{escape(_text(value))}</dd>" for name, value in rows if value not in (None, ""))
    return f"<dl>{told}</dl>"


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _table(head: str, body: str) -> str:
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{title}</h2>{inside}</section>"
