"""`puhui up`, `down`, `reset`, `serve`, `worker`: the running installation and its processes.

Each process is known by a pid file in var/; a pid is believed only when its command line is ours, so a recycled
number of somebody else's process is never touched.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused
from puhui.store import places

PROCESSES = ("web", "worker")


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    for command in (up, down, reset, serve, worker):
        app.command()(command)


def up(
    port: Annotated[int, typer.Option(help="Port of the web server on 127.0.0.1.")] = int(
        os.environ.get("PORT", "8000")
    ),
) -> None:
    """Everything up: database, data, main job, web server, worker. A second call repeats nothing."""
    from puhui.cli import first_run

    started = time.monotonic()
    address = f"http://127.0.0.1:{port}"
    os.environ.setdefault("PUHUI_SMS_URL", f"{address}/sandbox/sms")
    os.environ.setdefault("PUHUI_MEDIA_URL", f"{address}/sandbox/media")
    os.environ.setdefault("PUHUI_SANDBOX", "1")
    _robots_of_the_sandbox(address)
    (places.var_dir() / "serving").write_text(address)
    with attachment.platform(keep_running=True):
        first_run.prepare(now=datetime.now(UTC))
    for name in PROCESSES:
        _start(name, port=port)
    _wait_until_healthy(address)
    first_run.print_welcome(address, seconds=time.monotonic() - started)


def _robots_of_the_sandbox(address: str) -> None:
    """Alerts go to the sandbox's robots, unless a channel of this installation's own is set up."""
    os.environ.setdefault("PUHUI_ALERT_BASE", address)
    own = [name for name in os.environ if name.startswith("PUHUI_ALERT_") and name.endswith(("_URL", "_TO"))]
    if own or os.environ["PUHUI_SANDBOX"] != "1":
        return
    robots = f"{address}/sandbox/robots"
    os.environ["PUHUI_ALERT_WECOM_URL"] = f"{robots}/wecom/cgi-bin/webhook/send?key=sandbox-wecom"
    os.environ["PUHUI_ALERT_DINGTALK_URL"] = f"{robots}/dingtalk/robot/send?access_token=sandbox-dingtalk"
    os.environ["PUHUI_ALERT_FEISHU_URL"] = f"{robots}/feishu/open-apis/bot/v2/hook/sandbox-feishu"
    os.environ["PUHUI_ALERT_DINGTALK_SECRET"] = os.environ["PUHUI_ALERT_FEISHU_SECRET"] = "SEC-sandbox"


def down() -> None:
    """Stop the web server, the worker and the embedded database. Data stays."""
    from puhui.store import embedded

    (places.var_dir() / "serving").unlink(missing_ok=True)
    stopped = [name for name in PROCESSES if _stop(name)]
    if embedded.stop():
        stopped.append("database")
    print("stopped: " + ", ".join(stopped) if stopped else "nothing was running")


def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop, then delete the embedded database, keys, logs and made-up data of this installation."""
    if not yes:
        typer.confirm(f"Delete everything under {places.var_dir()} but backups?", abort=True)
    down()
    for place in places.var_dir().iterdir():
        if place.name == "backups":
            continue
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    if os.environ.get("DATABASE_URL"):
        print("DATABASE_URL names a database of yours: it was left as it is.")
    print("reset: the next `make up` begins afresh")


def serve(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8000) -> None:
    """The web server alone, in the foreground."""
    os.environ.update(_counts_added_up())
    os.execv(_beside_python("granian"), _web_command(port))


def worker(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Stop when no job is waiting.")] = False,
) -> None:
    """Run jobs from the database's queue, in the foreground."""
    attachment.django_on_database(keep_running=not until_idle)
    from django.core.management import call_command

    call_command("procrastinate", "worker", wait=not until_idle, name=f"worker-{os.getpid()}")


def _web_command(port: int) -> list[str]:
    """Granian with a worker a processor (two to four): Python threads of one process share one processor (decision 0180). Who is free
    takes the next request, since no connection outlives its answer (0183)."""
    workers = os.environ.get("PUHUI_WEB_WORKERS", str(min(max(os.cpu_count() or 1, 2), 4)))
    threads = os.environ.get("PUHUI_WEB_THREADS", "4")
    options = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", workers]
    options += ["--blocking-threads", threads, "--respawn-failed-workers", "--log-level", "warning"]
    options += ["--no-http1-keep-alive", "--backpressure", threads]
    return [_beside_python("granian"), *options, "puhui.web.wsgi:application"]


def _counts_added_up() -> dict[str, str]:
    """The environment in which prometheus_client adds the counts of all workers up: an empty folder of their own."""
    folder = places.var_dir() / "counts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


def _beside_python(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _start(name: str, *, port: int) -> None:
    """Start one process as a daemon, its output in var/log, unless it already runs."""
    if _pid_of(name):
        return
    log = places.var_dir() / "log"
    log.mkdir(exist_ok=True)
    command, environment = [_beside_python("puhui"), "worker"], dict(os.environ)
    if name == "web":
        command, environment = _web_command(port), environment | _counts_added_up()
    with (log / f"{name}.log").open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=places.var_dir(),
        )
    (places.var_dir() / f"{name}.pid").write_text(str(process.pid))


def _stop(name: str, *, patience_seconds: int = 10) -> bool:
    pid = _pid_of(name)
    (places.var_dir() / f"{name}.pid").unlink(missing_ok=True)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    for _ in range(patience_seconds * 10):
        if not _is_ours(pid):
            return True
        time.sleep(0.1)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return True


def _pid_of(name: str) -> int | None:
    try:
        pid = int((places.var_dir() / f"{name}.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if _is_ours(pid) else None


def _is_ours(pid: int) -> bool:
    """Alive, and started from this environment."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and any(
            str(Path(sys.executable).parent) in part for part in process.cmdline()
        )
    except psutil.Error:
        return False


def _wait_until_healthy(address: str, *, patience_seconds: int = 30) -> None:
    for _ in range(patience_seconds * 5):
        with suppress(OSError), urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise Refused(
        Refusal(
            "WEB_SILENT",
            f"the web server did not answer in {patience_seconds} s; see log/web.log in {places.var_dir()}",
        )
    )
