"""Every room has the same furniture, empty __init__ files, no vague file names, and no pickled model.

Why: a file called utils.py excludes nothing and collects everything; a pickle runs whatever its writer wished.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("acquisition", "antifraud", "underwriting", "funding", "servicing", "arrears", "merchant", "insight")
VAGUE = {
    "utils.py",
    "util.py",
    "helpers.py",
    "common.py",
    "manager.py",
    "managers.py",
    "base.py",
    "service.py",
    "misc.py",
}
_PICKLE = re.compile(r"^\s*(import|from) (pickle|cloudpickle|joblib|dill)\b", re.MULTILINE)


def breaches(root: Path) -> Iterator[str]:
    """Lines `file: message`."""
    package = root / "src/puhui"
    for room in (*ROOMS, "parties", "policy", "journeys", "simulate", "web", "kernel", "store", "cli"):
        wanted = ["README.md", "__init__.py"] + (["core", "tests", "apps.py"] if room in ROOMS else [])
        for name in wanted:
            if not (package / room / name).exists():
                yield f"src/puhui/{room}/{name}: missing; every room has the same furniture"
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(root)
        front_door = path.parent.name in (
            "operations",
            "models",
        )  # verbs, or rows, one file each; nothing pure imports it
        if path.name == "__init__.py" and path.parent != package and not front_door and path.read_text().strip():
            yield f"{place}: not empty; importing a core must not pull in Django"
        if path.name in VAGUE:
            yield f"{place}: a name that excludes nothing; call it by its noun"
        if _PICKLE.search(path.read_text(encoding="utf-8")):
            yield f"{place}: pickle; store fitted models as JSON or rows"
