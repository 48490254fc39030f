"""The model card 模型卡: one HTML file that opens anywhere, with pictures inside and no script, in Chinese and English.

    write(folder, facts)        → folder/card.html

Facts, all optional but `name`: `name`, `tape` {name, sha256, rows, columns, bads, target, positive, weight, time},
`split` {told, training, validation, test}, `leaks` [{column, told_zh, told_en, kept}], `reject_inference`
(`Augmented.as_json`), `limits` [(zh, en)], `libraries`, `terms_version`, `fitted_at`, `seed`, and `models`, one a kind:
{kind, digest, evaluation (`Evaluation.as_json` on the test part), scorecard (`Scorecard.as_json`) or importance
[{name, share}], stability {score_psi, columns [{column, psi}], bands}}. `card_facts.of` reads them off a model folder.

Rule kept: what is not known is left out or said, never invented; the same facts give the same file, byte for byte.

>>> "<script" in html({"name": "<script>", "models": [{"kind": "scorecard"}]})
False
"""

from html import escape
from pathlib import Path
from typing import Any

from puhui.kernel import shipped
from puhui.underwriting.workbench import card_sections

NAME = "card.html"
KIND_NAMES = {"scorecard": ("评分卡", "scorecard"), "boosting": ("提升树", "boosted trees")}
_BEFORE = (card_sections.purpose, card_sections.data)
_OF_KIND = (card_sections.performance, card_sections.features, card_sections.stability)
_AFTER = (card_sections.suspects, card_sections.reject_inference, card_sections.limits, card_sections.versions)


def write(folder: Path, facts: dict[str, Any]) -> Path:
    """Write the card beside the model; returns its path."""
    path = folder / NAME
    path.write_text(html(facts), encoding="utf-8")
    return path


def html(facts: dict[str, Any]) -> str:
    """The whole card as one text."""
    name, kinds = escape(str(facts["name"])), facts.get("models", [])
    inside = "".join(section(facts) for section in _BEFORE)
    for one in kinds:
        told = card_sections.both(*KIND_NAMES.get(one["kind"], ("模型", "model")))
        inside += (f"<h2>{told}</h2>" if len(kinds) > 1 else "") + "".join(section(one) for section in _OF_KIND)
    inside += "".join(section(facts) for section in _AFTER)
    shown = (
        "、".join(KIND_NAMES[one["kind"]][0] for one in kinds),
        ", ".join(KIND_NAMES[one["kind"]][1] for one in kinds),
    )
    return f"""<!doctype html>
<html lang="zh-Hans">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>{name} · 模型卡 model card · 普惠 Puhui</title>
<style>{_style()}</style>
</head>
<body>
<input class="tongue" type="radio" name="tongue" id="zh" checked aria-label="中文"><input class="tongue" type="radio" name="tongue" id="en" aria-label="English">
<header><div class="tongues"><label for="zh" lang="zh-Hans">中文</label><label for="en" lang="en">English</label></div>
<p class="quiet">{card_sections.both("普惠模型卡", "Puhui model card")} · {card_sections.both(*shown)}</p><h1>{name}</h1></header>
<main>{inside}</main>
</body>
</html>
"""


def _style() -> str:
    return shipped.text("puhui.underwriting.workbench", "card.css")
