"""Graph tables from files: Parquet, CSV in any delimiter, SNAP-like text with comments, gzipped or not.

Rules kept: a column under another usual name is taken and told; a file without its columns, unreadable or empty is refused with what
was looked for and what is there. Folder or file, the reader says which file it means.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from puhui.kernel.refusal import Refusal, Refused

OTHER_NAMES = {
    "src": ("source", "from", "u", "txid1", "node1", "from_id", "src_id"),
    "dst": ("target", "destination", "to", "v", "txid2", "node2", "to_id", "dst_id"),
    "kind": ("type", "relation", "edge_type", "etype"),
    "at": ("time", "timestamp", "edge_time", "date", "ts"),
}
NODE_NAMES = {
    "id": ("node_id", "nodeid", "node", "txid"),
    "label": ("y", "class", "target", "is_fraud", "fraud"),
    "split": (),
}
_DELIMITERS = ("\t", ",", ";", "|", " ")


@dataclass(frozen=True, slots=True)
class Read:
    """`frame` as read, under the contract's names; `notes` on what was renamed or left unread."""

    frame: pl.DataFrame
    notes: tuple[str, ...]


def read_edges(path: Path) -> Read:
    """src, dst and where there kind and at; other columns are left unread, and named. `path`: a file, or a folder with edges.*."""
    file = _file(path, "edges")
    frame = _frame(file)
    renamed = _renamed(frame, OTHER_NAMES)
    frame = frame.rename(renamed)
    missing = [name for name in ("src", "dst") if name not in frame.columns]
    if missing:
        raise Refused(
            Refusal(
                "EDGE_COLUMNS_MISSING",
                f"缺少列 {', '.join(missing)}；文件有 {', '.join(frame.columns[:12])} · columns {', '.join(missing)} are missing; there "
                f"are {', '.join(frame.columns[:12])}",
                str(file),
            )
        )
    wanted = [name for name in ("src", "dst", "kind", "at") if name in frame.columns]
    unread = [name for name in frame.columns if name not in wanted]
    notes = [f"{old} → {new}" for old, new in renamed.items()]
    notes += [f"edges: left unread {', '.join(unread[:12])}"] if unread else []
    return Read(frame.select(wanted), tuple(notes))


def read_nodes(path: Path) -> Read:
    """The node table of a folder with all its columns, id, label and split under their names."""
    frame = _frame(_file(path, "nodes"))
    renamed = _renamed(frame, NODE_NAMES)
    return Read(frame.rename(renamed), tuple(f"nodes: {old} → {new}" for old, new in renamed.items()))


def read_table(path: Path, *, texts: bool) -> pl.DataFrame:
    """Any table of a file. `texts`: a text file's columns stay text (a phone is no number)."""
    return _frame(_file(path, "records"), texts=texts)


def _file(path: Path, stem: str) -> Path:
    if path.is_dir():
        found = [path / f"{stem}{suffix}" for suffix in (".parquet", ".csv", ".csv.gz", ".tsv", ".txt")]
        here = [file for file in found if file.is_file()]
        if not here:
            raise Refused(
                Refusal(
                    "GRAPH_FILE_ABSENT", f"文件夹中没有 {stem}.parquet · the folder has no {stem}.parquet", str(path)
                )
            )
        return here[0]
    if not path.is_file():
        raise Refused(Refusal("GRAPH_FILE_ABSENT", "文件不存在 · no such file", str(path)))
    return path


def _frame(file: Path, *, texts: bool = False) -> pl.DataFrame:
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
        frame = pl.read_parquet(file) if head == b"PAR1" else _text(file, zipped=head[:2] == b"\x1f\x8b", texts=texts)
    except Refused:
        raise
    except Exception as fault:
        short = (str(fault).splitlines() or [type(fault).__name__])[0][:160]
        raise Refused(
            Refusal("GRAPH_FILE_UNREADABLE", f"文件无法读取：{short} · the file cannot be read: {short}", str(file))
        ) from fault
    if not frame.width:
        raise Refused(Refusal("GRAPH_FILE_UNREADABLE", "文件没有列 · the file has no columns", str(file)))
    return frame


def _text(file: Path, *, zipped: bool, texts: bool) -> pl.DataFrame:
    content = file.read_bytes()
    content = _utf8(gzip.decompress(content) if zipped else content)
    lines = [line for line in content[:100_000].decode("utf-8-sig", errors="replace").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("#", "%"))]
    if not lines or "\x00" in lines[0]:
        raise Refused(Refusal("GRAPH_FILE_UNREADABLE", "不是表格文件，或为空 · not a table, or empty", str(file)))
    delimiter = next((mark for mark in _DELIMITERS if mark in lines[0].strip()), ",")
    fields = [field.strip().strip('"').lower() for field in lines[0].split(delimiter)]
    known = {name for names in OTHER_NAMES.values() for name in names} | set(OTHER_NAMES) | {"id", "label", "split"}
    headed = texts or bool(known & set(fields))
    prefix = "%" if content.lstrip()[:1] == b"%" else "#"
    frame = pl.read_csv(
        content,
        separator=delimiter,
        has_header=headed,
        comment_prefix=prefix,
        infer_schema=not texts,
        infer_schema_length=10_000,
    )
    if not headed:
        frame = frame.rename(dict(zip(frame.columns, ("src", "dst", "kind", "at"))))
    return frame


def _utf8(content: bytes) -> bytes:
    """Chinese programs write GB 18030; a file that is neither is left as it is, and refused where it is read."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return content.decode("gb18030").encode()
        except UnicodeDecodeError:
            return content
    return content


def _renamed(frame: pl.DataFrame, names: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Old name → the contract's, where the contract's is absent and exactly one column bears another usual name of it."""
    lower = {column.strip().lower(): column for column in frame.columns}
    made = {}
    for wanted, others in names.items():
        if wanted in frame.columns:
            continue
        found = [lower[name] for name in (wanted, *others) if name in lower and lower[name] not in made]
        if found:
            made[found[0]] = wanted
    return made
