"""Where Puhui keeps what it owns on this machine: database files, keys, logs, process ids.

`PUHUI_VAR` names the folder; without it, `var` beside pyproject.toml in a checkout, else the user's data folder.
"""

import os
from pathlib import Path


def project_root() -> Path | None:
    """The checkout this package runs from, or None when it is installed as a plain wheel."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").is_file() else None


def var_dir() -> Path:
    """The folder of everything this installation owns; made on first use, readable by its owner's group at most."""
    named = os.environ.get("PUHUI_VAR")
    root = project_root()
    if named:
        place = Path(named).expanduser()
    elif root is not None:
        place = root / "var"
    else:
        place = Path.home() / ".local" / "share" / "puhui"
    place.mkdir(parents=True, exist_ok=True)
    return place.resolve()


def data_dir() -> Path | None:
    """The folder of real data (`PUHUI_DATA`, default `../shared/data` beside the checkout), or None where it is absent."""
    named = os.environ.get("PUHUI_DATA")
    if named:
        return Path(named).expanduser().resolve()
    root = project_root()
    beside = root.parent / "shared" / "data" if root is not None else None
    return beside if beside is not None and beside.is_dir() else None
