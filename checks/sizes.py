"""Files stay under 500 lines, functions under 60; whatever is longer today may never grow (a ratchet).

The record is checks/sizes.json: "path" or "path::function" → lines. Shrink something and lower its record; an entry
that is no longer needed must go. Why: files called `service.py` reach 1,000 lines one harmless commit at a time.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

FILE_LIMIT, FUNCTION_LIMIT = 500, 60
PLACES = ("src", "checks", "bench", "tests")


def breaches(root: Path) -> Iterator[str]:
    """Lines `file: message`."""
    record: dict[str, int] = json.loads((root / "checks/sizes.json").read_text())
    seen = {name: lines for path in _python_files(root) for name, lines in _measured(path, root)}
    for name, lines in sorted(seen.items()):
        limit = max(FUNCTION_LIMIT if "::" in name else FILE_LIMIT, record.get(name, 0))
        if lines > limit:
            yield f"{name}: {lines} lines, limit {limit}; split it by the nouns in it"
    for name, lines in sorted(record.items()):
        if seen.get(name, 0) < lines:
            yield f"checks/sizes.json: {name} is now {seen.get(name, 0)} lines; lower or remove its record of {lines}"


def _python_files(root: Path) -> Iterator[Path]:
    for place in PLACES:
        for path in sorted((root / place).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _measured(path: Path, root: Path) -> Iterator[tuple[str, int]]:
    text, name = path.read_text(encoding="utf-8"), str(path.relative_to(root))
    yield name, text.count("\n")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield f"{name}::{node.name}", node.end_lineno - node.lineno + 1
