"""No path of anybody's machine and no package-registry address in what we ship.

Why: a lock file with addresses breaks behind another mirror, and a path tells more of a machine than readers need.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_PATTERNS = (
    ("", "work/"),
    ("", "root/"),
    ("", "home/[a-z]"),
    ("index", "-url"),
    ("registry[.]", "npm"),
    ("pypi[.]", "org"),
    ("files[.]python", "hosted"),
    ('"resolved"', r"\s*:"),
)  # in two pieces each, so that this file does not find itself
_BAD = re.compile("|".join((head or "/") + tail for head, tail in _PATTERNS))


def breaches(root: Path) -> Iterator[str]:
    """Lines `file:line: message`, over the files git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        if path.suffix in {".png", ".mo", ".dump", ".parquet"} or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if _BAD.search(line):
                yield f"{name}:{number}: names a machine's path or a registry: {line.strip()[:80]}"
