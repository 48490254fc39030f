"""Backup and restore: one consistent dump, a manifest to compare against, and the keys beside it.

The manifest holds, per table, the number of rows and an order-free checksum taken in the same snapshot as the dump,
so a restore can prove that what came back is what was there.
"""

import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from puhui.kernel.refusal import Refusal, Refused
from puhui.store import embedded, keyring

_CHECKSUM = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text FROM {} t"


def write(folder: Path, *, now: datetime) -> dict[str, Any]:
    """Dump the attached database into a new folder; returns the manifest. Refused where the folder has files."""
    if folder.exists() and any(folder.iterdir()):
        raise Refused(Refusal("FOLDER_NOT_EMPTY", "choose a new or empty folder for the backup", where=str(folder)))
    folder.mkdir(parents=True, exist_ok=True)
    address = os.environ["PUHUI_OWNER_URL"]
    with psycopg.connect(address) as link:
        link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = link.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        _run("pg_dump", "--format=custom", f"--snapshot={row[0]}", f"--file={folder / 'database.dump'}", address)
        manifest = {"taken_at": now.isoformat(), "keys": sorted(keyring.load().keys), "tables": checksums(link)}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    shutil.copyfile(keyring.path(), folder / "keys.json")
    (folder / "keys.json").chmod(0o600)
    return manifest


def place_keys(folder: Path) -> None:
    """Put the backup's keys in place where this installation has none; refuse to overwrite other keys."""
    kept, ours = folder / "keys.json", keyring.path()
    if not (folder / "manifest.json").is_file() or not (folder / "database.dump").is_file():
        raise Refused(Refusal("NO_BACKUP_HERE", "no manifest.json and database.dump in this folder", where=str(folder)))
    if not ours.exists() and kept.is_file():
        ours.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, ours)
        ours.chmod(0o600)
        keyring.load.cache_clear()
    wanted, present = json.loads((folder / "manifest.json").read_text())["keys"], keyring.load().keys
    missing = [name for name in wanted if name not in present]
    if missing or (kept.is_file() and _differ(kept, present)):
        raise Refused(
            Refusal(
                "OTHER_KEYS_HERE",
                "this installation's keys do not open the backup; restore into an empty place (another PUHUI_VAR)",
                where=str(ours),
            )
        )


def read(folder: Path) -> dict[str, Any]:
    """Restore into the attached, empty database and compare; returns the manifest."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    address = os.environ["PUHUI_OWNER_URL"]
    with psycopg.connect(address) as link:
        if _tables(link):
            raise Refused(
                Refusal("DATABASE_NOT_EMPTY", "restore only goes into an empty database; nothing was changed")
            )
    dump = folder / "database.dump"
    _run(
        "pg_restore",
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={address}",
        str(dump),
    )
    with psycopg.connect(address) as link:
        found = checksums(link)
    if found != manifest["tables"]:
        differing = [name for name in manifest["tables"] if found.get(name) != manifest["tables"][name]]
        raise RuntimeError(
            f"the restored tables differ from the manifest: {', '.join(differing)}; do not use this copy"
        )
    return manifest


def checksums(link: "psycopg.Connection[Any]") -> dict[str, dict[str, Any]]:
    """Rows and checksum of every table."""
    found = {}
    for table in _tables(link):
        row = link.execute(sql.SQL(_CHECKSUM).format(sql.Identifier(table))).fetchone()
        assert row is not None
        found[table] = {"rows": row[0], "checksum": row[1]}
    return found


def _tables(link: "psycopg.Connection[Any]") -> list[str]:
    rows = link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename").fetchall()
    return [row[0] for row in rows]


def _differ(kept: Path, present: dict[str, str]) -> bool:
    return any(present.get(name) != value for name, value in json.loads(kept.read_text())["keys"].items())


def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's own programs, from the embedded distribution."""
    done = subprocess.run([embedded.program(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()[-800:]}")
