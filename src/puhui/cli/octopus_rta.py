"""`puhui octopus rta …`: answer the media in real time, load audiences, stop strategies. None needs a database."""

import json
import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from puhui.kernel.refusal import Refusal, Refused
from puhui.store import places

_CHINA = ZoneInfo("Asia/Shanghai")
_PATIENCE_S = 20.0
Folder = Annotated[Path | None, typer.Option(help="Where publications stand; var/rta when left out.")]
StrategiesFile = Annotated[
    Path | None,
    typer.Option("--strategies", help="strategies.csv; those published before, or the sample, when left out."),
]


def register(group: typer.Typer) -> None:
    """Add this file's commands."""
    rta = typer.Typer(help="Real-time questions of the media (RTA, OpenRTB).", no_args_is_help=True)
    for command in (serve, load, strategies, export, stop, resume, limit, show):
        rta.command()(command)
    group.add_typer(rta, name="rta")


def serve(
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8100,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=64)] = 2,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    folder: Folder = None,
) -> None:
    """Answer POST /rta/tencent, /rta/ocean_engine, /rta/baidu and /openrtb, and GET /health and /metrics.

    Without an audience every question is answered with a no: who may not be shown anything is not known yet.
    """
    from puhui.acquisition.rta.supervisor import Serving, Supervisor

    supervisor = Supervisor(Serving(_folder(folder), host, port, workers, _today))
    supervisor.run(
        ready=lambda found: print(f"puhui octopus rta: http://{host}:{found} ({workers} workers)", flush=True)
    )


def load(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="AUDIENCE_FILE", help="CSV, TSV, list, Parquet (columns id, id_type, audience) or .rta."
        ),
    ],
    rules: StrategiesFile = None,
    audience: Annotated[str, typer.Option(help="The audience of rows that name none.")] = "existing_customer",
    folder: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Replace what is served, at once and whole; running servers change over without dropping a question."""
    _stand_back()
    from puhui.acquisition.rta import publication, source, tables

    began, place, today = time.monotonic(), _folder(folder), _today()
    before = publication.current(place)
    if rules:
        text = _text(rules)
    else:
        text = before.strategies if before else tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8")
    rows = tables.strategies(text, today, name=rules.name if rules else "strategies.csv")
    if not file.is_file():
        raise Refused(Refusal("FILE_UNREADABLE", "没有这个文件 · no such file", where=str(file)))
    found = source.read(file, audience=audience, doubtful=tables.doubtful_keys(today))
    published, info = publication.publish(place, found.table, text, now=datetime.now(UTC))
    told = {
        "generation": published.generation, "ids": info.ids, "audiences": info.sizes, "rows": found.rows,
        "left_out": found.left_out, "strategies": len(rows), "workers_changed": _wait(place, published.generation),
        "seconds": round(time.monotonic() - began, 2), "notes": _notes(rows, info.names),
    }  # fmt: skip
    _say(told, as_json=as_json)


def strategies(
    file: Annotated[Path, typer.Argument(metavar="STRATEGIES_FILE", help="strategies.csv.")], folder: Folder = None
) -> None:
    """Serve the same audiences under other strategies."""
    from puhui.acquisition.rta import publication, tables

    place, text = _folder(folder), _text(file)
    rows = tables.strategies(text, _today(), name=file.name)
    published = publication.publish_strategies(place, text, now=datetime.now(UTC))
    print(
        f"generation {published.generation}: {len(rows)} strategies, {_wait(place, published.generation)} workers changed"
    )


def export(
    file: Annotated[Path, typer.Argument(metavar="AUDIENCE_FILE", help="As for `load`.")],
    into: Annotated[Path, typer.Argument(metavar="FOLDER", help="Gets flags.csv and strategies.lua.")],
    rules: StrategiesFile = None,
    audience: Annotated[str, typer.Option(help="The audience of rows that name none.")] = "existing_customer",
) -> None:
    """The same strategies for Tencent's media-hosted RTA, for advertisers too small to answer themselves."""
    from puhui.acquisition.rta import media_hosted, source, tables

    today = _today()
    text = _text(rules) if rules else tables.SHIPPED_STRATEGIES.read_text(encoding="utf-8")
    read = tables.strategies(text, today, name=rules.name if rules else "strategies.csv")
    rows, names = source.rows(file, audience=audience)
    script = media_hosted.script(read, names, tables.protected_audiences(today))
    flags = media_hosted.flags(rows, names)
    into.mkdir(parents=True, exist_ok=True)
    (into / "strategies.lua").write_text(script, encoding="utf-8")
    flags.write_csv(into / "flags.csv")
    print(f"{flags.height} devices, {len(names)} flags: {', '.join(names)}")


def stop(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="all, a media, or MEDIA:STRATEGY.")], folder: Folder = None
) -> None:
    """The kill switch: from now on the answer is no. It is asked after everything else."""
    from puhui.acquisition.rta import counters, publication

    place = _folder(folder)
    gate = publication.read_gate(place)
    media, _, name = what.partition(":")
    if what != "all" and media not in counters.MEDIA:
        told = f"没有这个媒体 · no such media; all, or one of {', '.join(counters.MEDIA)}"
        raise Refused(Refusal("MEDIA_UNKNOWN", told, where=what))
    strategies = gate.strategies | ({(media, name)} if name else frozenset())
    medias = gate.media | ({media} if what != "all" and not name else frozenset())
    publication.close_gate(
        place, replace(gate, stopped=gate.stopped or what == "all", media=medias, strategies=strategies)
    )
    print(f"{what}: stopped")


def resume(folder: Folder = None) -> None:
    """Lift every stop that a person made; those of campaigns follow the campaigns."""
    from puhui.acquisition.rta import publication

    place = _folder(folder)
    publication.close_gate(
        place, replace(publication.read_gate(place), stopped=False, media=frozenset(), strategies=frozenset())
    )
    print("all: serving")


def limit(
    strategy: Annotated[str, typer.Argument(metavar="STRATEGY", help="An OpenRTB strategy.")],
    yuan: Annotated[
        str, typer.Argument(metavar="YUAN", help="What its bids may promise from now on; `none` lifts it.")
    ],
    folder: Folder = None,
) -> None:
    """A hard limit on what OpenRTB bids promise, over all workers; also a dead worker's promises count."""
    from puhui.acquisition.rta import publication
    from puhui.kernel.money import MoneyUnreadable, parse_yuan

    place = _folder(folder)
    gate = publication.read_gate(place)
    promised = {name: fen for name, fen in gate.promise_fen.items() if name != strategy}
    if yuan != "none":
        try:
            promised[strategy] = parse_yuan(yuan)
        except MoneyUnreadable as fault:
            raise Refused(Refusal("BUDGET_AMOUNT", f"金额读不出 · {fault}", where=yuan)) from None
        if promised[strategy] < 0:
            raise Refused(Refusal("BUDGET_AMOUNT", "限额不能为负 · a limit is not negative", where=yuan))
    publication.close_gate(place, replace(gate, promise_fen=promised))
    print(f"{strategy}: {yuan}")


def show(folder: Folder = None) -> None:
    """What is published, which servers run, and what is stopped, as JSON."""
    from puhui.acquisition.rta import audience_file, publication

    place = _folder(folder)
    published, gate = publication.current(place), publication.read_gate(place)
    told: dict[str, Any] = {"published": None, "servers": _servers(place), "stopped": gate.stopped,
                            "stopped_media": sorted(gate.media), "stopped_strategies": sorted(gate.strategies), "stopped_by_campaigns": sorted(gate.by_campaigns)}  # fmt: skip
    if published:
        info = audience_file.check(published.audience)
        told["published"] = {
            "generation": published.generation, "at": published.published_at, "ids": info.ids,
            "audiences": info.sizes, "content": info.content,
        }  # fmt: skip
    _say(told, as_json=True)


def _stand_back() -> None:
    """The servers beside it come first."""
    from puhui.acquisition.rta import turns

    terms = turns.terms()["loading"]
    os.nice(terms["niceness"])
    turns.ask(terms["turn_us"])
    os.environ.setdefault("POLARS_MAX_THREADS", str(terms["threads"]))


def _wait(place: Path, generation: int) -> int:
    """Workers that serve the generation; waits for all of every running server."""
    last = time.monotonic() + _PATIENCE_S
    while True:
        states = [worker["generation"] >= generation for server in _servers(place) for worker in server["workers"]]
        if all(states) or time.monotonic() > last:
            return sum(states)
        time.sleep(0.05)


def _servers(place: Path) -> list[dict[str, Any]]:
    found = []
    for file in sorted(place.glob("serving-*.json")):
        try:
            server = json.loads(file.read_text())
            os.kill(server["pid"], 0)
        except (OSError, ValueError):
            continue
        found.append(server)
    return found


def _notes(rows: Any, names: tuple[str, ...]) -> list[str]:
    """What an attentive colleague would say of the strategies."""
    told = []
    for each in rows:
        absent = sorted({*each.include, *each.exclude, *(name for name, _ in each.grades)} - set(names))
        if absent:
            told.append(
                f"{each.media}/{each.name}: 没有人群 · no such audience loaded, so nobody is in it: {', '.join(absent)}"
            )
        if each.mean != 1.0:
            told.append(f"{each.media}/{each.name}: 平均系数 {each.mean} · the media expects coefficients of about 1")
    return told


def _folder(folder: Path | None) -> Path:
    return folder.resolve() if folder else places.var_dir() / "rta"


def _today() -> date:
    return datetime.now(_CHINA).date()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise Refused(Refusal("FILE_UNREADABLE", f"读不出 · cannot be read: {fault}", where=file.name)) from None


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    notes = told.pop("notes", [])
    for name, value in told.items():
        print(f"{name:<16} {value}")
    for note in notes:
        print(f"  ! {note}")
