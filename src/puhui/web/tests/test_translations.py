"""Every text on a page has an English one, and the compiled catalogue is that of the source."""

import ast
import gettext
import re
from pathlib import Path

from django.utils.translation.template import templatize

WEB = Path(__file__).resolve().parents[1]
CATALOGUE = WEB / "locale" / "en" / "LC_MESSAGES"
_CALL = re.compile(r"""(?:gettext|_)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_CALLS = frozenset({"_", "ngettext"})


def source_texts() -> dict[str, tuple[str, ...]]:
    """msgid → its English forms (one, or singular and plural) of django.po, read by a parser of its own."""
    texts: dict[str, tuple[str, ...]] = {}
    for block in (CATALOGUE / "django.po").read_text(encoding="utf-8").split("\n\n"):
        parts: dict[str, str] = {}
        kind = ""
        for line in block.splitlines():
            if line.startswith("msg"):
                kind, _space, line = line.partition(" ")
            if line.startswith('"'):
                parts[kind] = parts.get(kind, "") + ast.literal_eval(line)
        if parts.get("msgid"):
            texts[parts["msgid"]] = tuple(text for kind, text in parts.items() if kind.startswith("msgstr"))
    return texts


def used_texts() -> dict[str, str]:
    """Every text marked for translation → a file it stands in."""
    used: dict[str, str] = {}
    for page in sorted((WEB / "templates").rglob("*.html")):
        for found in _CALL.finditer(templatize(page.read_text(encoding="utf-8"))):
            used.setdefault(ast.literal_eval(found.group(1)), page.name)
    for module in sorted(WEB.rglob("*.py")):
        if "tests" not in module.parts:
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id in _CALLS
                    and node.args
                ):
                    first = node.args[0]
                    assert isinstance(first, ast.Constant), (
                        f"{module.name}:{node.lineno}: only plain texts are translated"
                    )
                    used.setdefault(str(first.value), module.name)
    return used


class TestTheEnglishCatalogue:
    def test_has_a_text_for_every_text_of_the_pages_and_no_other(self) -> None:
        texts, used = source_texts(), used_texts()
        assert {text: place for text, place in used.items() if not all(texts.get(text, ()) or [""])} == {}
        assert sorted(set(texts) - set(used)) == []

    def test_keeps_the_names_of_what_is_filled_in(self) -> None:
        names = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")
        for text, forms in source_texts().items():
            for english in forms:
                assert set(names.findall(text)) == set(names.findall(english)), text

    def test_is_compiled_from_its_source(self) -> None:
        with (CATALOGUE / "django.mo").open("rb") as compiled:
            catalogue = gettext.GNUTranslations(compiled)
        texts = source_texts()
        assert len(texts) > 300
        compiled_forms = {
            text: (catalogue.gettext(text),)
            if len(forms) == 1
            else tuple(catalogue.ngettext(text, text, count) for count in (1, 2))
            for text, forms in texts.items()
        }
        assert compiled_forms == texts
