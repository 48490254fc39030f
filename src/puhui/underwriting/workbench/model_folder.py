"""Where fitted models live: a folder of JSON and UBJSON, written whole or not at all.

    DIR/card.json      what was asked, what was found, figures, versions, hashes
    DIR/card.html      the same for people: pictures, both languages, no script
    DIR/profile.json   every column of the tape and what became of it
    DIR/<kind>.json    the model; DIR/<kind>_<n>.ubj its trees
    DIR/bins.json      the bins of the scorecard, to edit by hand for `puhui model rebin`

Rule kept: files go into a new folder beside the wanted one, which takes its place by one rename.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from puhui.kernel.canonical import digest
from puhui.kernel.refusal import Refusal, Refused
from puhui.underwriting.core.modelling.model import Model
from puhui.underwriting.workbench import card as card_page
from puhui.underwriting.workbench import card_facts

KINDS = ("scorecard", "boosting")
OURS = ("card.json", "profile.json", "bins.json", "card.html", "scorecard.json", "boosting.json")


def write(place: Path, card: dict[str, Any], profile: list[dict[str, Any]], models: Mapping[str, Model]) -> None:
    """Write a folder of models. An existing folder is replaced only if it holds nothing but a model."""
    free_or_ours(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        fresh.chmod(0o755)
        stored = {kind: model.as_json() for kind, model in models.items()}
        for kind, model in models.items():
            _put(fresh / f"{kind}.json", stored[kind])
            for number, content in enumerate(model.boosted.stored_boosters() if model.boosted else []):
                (fresh / f"{kind}_{number}.ubj").write_bytes(content)
        if "scorecard" in models:
            features = stored["scorecard"]["scorecard"]["features"]
            _put(fresh / "bins.json", {"features": [_editable(feature["bins"]) for feature in features]})
        _put(fresh / "profile.json", profile)
        whole = card | {"hashes": {kind: digest(content) for kind, content in stored.items()}}
        _put(fresh / "card.json", whole)
        card_page.write(fresh, card_facts.of(whole, stored))
        _take_place(fresh, place)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def free_or_ours(place: Path) -> None:
    """Refuses a place that holds anything but a model."""
    if place.is_file():
        raise Refused(Refusal("OUT_IS_A_FILE", "输出位置是一个文件 · the place for the model is a file", str(place)))
    if place.is_dir():
        strange = [entry.name for entry in place.iterdir() if entry.name not in OURS and entry.suffix != ".ubj"]
        if strange or (any(place.iterdir()) and not (place / "card.json").exists()):
            shown = ", ".join(sorted(strange)[:3])
            raise Refused(
                Refusal(
                    "OUT_NOT_EMPTY",
                    f"输出文件夹里有别的东西：{shown} · the folder holds other things: {shown}",
                    str(place),
                )
            )


def read(place: Path, kind: str | None = None) -> tuple[Model, dict[str, Any]]:
    """A model and its card. Raises Refused MODEL_ABSENT, KIND_ABSENT or MODEL_UNREADABLE."""
    card = read_card(place)
    taken = kind or card["kinds"][0]
    if taken not in card["kinds"]:
        raise Refused(
            Refusal(
                "KIND_ABSENT",
                f"文件夹中没有{taken}模型 · the folder has no {taken}; it has {', '.join(card['kinds'])}",
                str(place),
            )
        )
    try:
        stored = json.loads((place / f"{taken}.json").read_text(encoding="utf-8"))
        trees = sorted(place.glob(f"{taken}_*.ubj"), key=lambda path: int(path.stem.rsplit("_", 1)[1]))
        if digest(stored) != card["hashes"][taken]:
            raise Refused(
                Refusal(
                    "MODEL_CHANGED",
                    "模型文件与卡片中的哈希不符 · the model file is not the one its card names",
                    str(place),
                )
            )
        return Model.of(stored, [path.read_bytes() for path in trees]), card
    except (OSError, ValueError, KeyError) as fault:
        raise Refused(
            Refusal("MODEL_UNREADABLE", f"模型无法读取：{fault} · the model cannot be read: {fault}", str(place))
        ) from fault


def read_card(place: Path) -> dict[str, Any]:
    """What is known of the models of a folder."""
    try:
        return json.loads((place / "card.json").read_text(encoding="utf-8"))
    except OSError as fault:
        raise Refused(
            Refusal("MODEL_ABSENT", "文件夹中没有模型（缺 card.json） · no model there (no card.json)", str(place))
        ) from fault
    except ValueError as fault:
        raise Refused(
            Refusal("MODEL_UNREADABLE", f"card.json 无法读取：{fault} · card.json cannot be read: {fault}", str(place))
        ) from fault


def read_profile(place: Path) -> list[dict[str, Any]]:
    """The columns of the tape the models were fitted on."""
    return json.loads((place / "profile.json").read_text(encoding="utf-8"))


def _editable(bins: dict[str, Any]) -> dict[str, Any]:
    """What a person edits: the cuts of numbers, the groups of words; the table is for reading."""
    kept = {"name": bins["name"], "kind": bins["kind"]}
    kept |= (
        {"groups": bins["groups"]}
        if bins["kind"] == "category"
        else {"edges": bins["edges"], "specials": bins["specials"]}
    )
    return kept | {"iv": bins["iv"], "table": bins["table"]}


def _put(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False), encoding="utf-8")


def _take_place(fresh: Path, place: Path) -> None:
    if not place.exists():
        os.replace(fresh, place)
        return
    aside = place.with_name(f".{place.name}-old-{os.getpid()}")
    os.replace(place, aside)
    try:
        os.replace(fresh, place)
    except BaseException:
        os.replace(aside, place)
        raise
    shutil.rmtree(aside, ignore_errors=True)
