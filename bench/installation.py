"""A fresh installation of Puhui in a temporary folder, for one run of a bench: nothing measured touches the user's own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PUHUI = str(Path(sys.executable).parent / "puhui")
_ELSEWHERE = ("DATABASE_URL", "PUHUI_OWNER_URL", "PUHUI_APP_URL")  # a database of the user's, never the bench's


@dataclass(frozen=True)
class Installation:
    """The folder, and the environment in which a command finds it."""

    home: Path
    environment: dict[str, str]

    def migrated(self) -> "Installation":
        """With its tables made, and a server that stays up between the commands."""
        (self.home / "serving").touch()
        subprocess.run([PUHUI, "migrate"], env=self.environment, check=True, capture_output=True)
        return self


@contextmanager
def fresh() -> Iterator[Installation]:
    """An empty installation; stopped and removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="puhui-bench-"))
    home.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    environment["PUHUI_VAR"] = str(home)
    try:
        yield Installation(home, environment)
    finally:
        subprocess.run([PUHUI, "down"], env=environment, capture_output=True, check=False)
        shutil.rmtree(home, ignore_errors=True)
