"""Write the filled database of a release: `python -m tests.upgrade.fill VERSION` before a release is tagged.

A town of 200 invented firms, appraised under a small budget, with loans booked and a day closed, backed up with keys of its own.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def fill(version: str) -> Path:
    """The new release folder; refuses to overwrite one, since a released database cannot change."""
    place = HERE / "releases" / version
    if place.exists():
        raise SystemExit(f"{place} exists: the database of a release is never made again")
    with tempfile.TemporaryDirectory(prefix="puhui-fill-") as home:
        Path(home).chmod(0o755)
        environment = os.environ | {
            "PUHUI_VAR": home,
            "PUHUI_DATA": str(Path(home) / "none"),
            "PUHUI_TOWN_FIRMS": "200",
        }
        environment.pop("DATABASE_URL", None)
        puhui = str(Path(sys.executable).parent / "puhui")
        try:
            subprocess.run([puhui, "up", "--port", "8899"], env=environment, check=True)
            subprocess.run([puhui, "backup", str(place)], env=environment, check=True)
        finally:
            subprocess.run([puhui, "down"], env=environment, check=True)
    return place


if __name__ == "__main__":
    print(fill(sys.argv[1]))
