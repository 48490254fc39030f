"""A real browser against a real server on a database of its own.

The server runs in a thread of the test process, on a copy of the town that the house's own operations made once
(tests/browser/town.py). One browser serves a file of tests, and each visitor has a context of its own. Screenshots are for
people, no test reads them: with PUHUI_SHOTS=1 they are kept in var/screenshots.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test.testcases import LiveServerThread
from procrastinate.contrib.django import app

from tests import databases
from tests.browser.town import Town, settle

CHROMIUM = Path(os.environ.get("PUHUI_CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "var" / "screenshots"
README_SHOTS = ROOT / "docs" / "images"
_VISITS = count()
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright, started once a file.

    Playwright keeps an event loop in the thread that also asks the database; Django has other connections inside a
    loop than outside, so those outside are closed first, and the loop ends with the file.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: install Debian's chromium or name one in PUHUI_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        connections.close_all()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            yield browser
            browser.close()
            connections.close_all()


@pytest.fixture(scope="session")
def settled(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[tuple[str, Town]]:
    """The made-up town, settled once a run in a database that is only copied; its name, and what to know of it."""
    name = f"town_{os.getpid()}"
    with django_db_blocker.unblock(), databases.copied(databases.PRISTINE, name):  # type: ignore[attr-defined]
        with databases.moved_to(name):
            town = settle(tmp_path_factory.mktemp("browser") / "town")
        databases.seal(name)
        yield name, town


@pytest.fixture
def town(settled: tuple[str, Town], chromium: Any, django_db_blocker: pytest.FixtureRequest) -> Iterator[Town]:
    """The town in a database of this test's own, committed."""
    name = f"visited_{os.getpid()}_{next(_VISITS)}"
    with (
        django_db_blocker.unblock(),  # type: ignore[attr-defined]
        databases.copied(settled[0], name),
        databases.moved_to(name),
    ):
        yield settled[1]


@pytest.fixture
def address(town: Town, settings: Any) -> Iterator[str]:
    """Where the server of this test answers; its text messages go to its own sandbox."""
    settings.ROOT_URLCONF = "tests.browser.urls"
    settings.SANDBOX, settings.SMS_KEY = True, "key of the sandbox"
    server = LiveServerThread("127.0.0.1", _served_as_it_is)  # type: ignore[arg-type]
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    address = f"http://127.0.0.1:{server.port}"
    settings.SMS_URL = f"{address}/sandbox/sms"
    yield address
    server.terminate()


def _served_as_it_is(application: Any) -> Any:
    """No handler of Django's own: WhiteNoise serves the static files here too."""
    return application


@pytest.fixture
def work(address: str) -> Callable[[], None]:
    """Do the waiting jobs, as a worker with `--one-shot` does; worker processes are the subject of tests/journeys/test_jobs."""

    def done() -> None:
        with ThreadPoolExecutor(1) as pool:  # a loop runs in this thread already
            pool.submit(lambda: asyncio.run(_do_waiting_jobs())).result(60)

    return done


async def _do_waiting_jobs() -> None:
    def leaves_no_connection(job: Callable[[], Any], _context: Any, _worker: Any) -> Any:
        try:
            return job()
        finally:
            connections.close_all()

    with app.replace_connector(app.connector.get_worker_connector()) as jobs_app:
        async with jobs_app.open_async():
            await jobs_app.run_worker_async(
                wait=False, listen_notify=False, install_signal_handlers=False, task_middleware=[leaves_no_connection]
            )


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """open_page(viewport, language, dark) → a page of its own visitor. Any script error fails the test."""
    contexts, faults = [], []

    def opened(viewport: dict[str, int] = DESK, *, language: str = "zh-hans", dark: bool = False) -> Any:
        context = chromium.new_context(
            viewport=viewport, base_url=address, color_scheme="dark" if dark else "light", reduced_motion="reduce",
            device_scale_factor=1 if viewport is DESK else 2, locale="zh-CN",
        )  # fmt: skip
        context.add_cookies([{"name": "django_language", "value": language, "url": address}])
        context.set_default_timeout(30_000)  # a busy machine is slow to answer the first request
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda line: faults.append(line.text) if _is_fault(line) else None)
        contexts.append(context)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


def _is_fault(line: Any) -> bool:
    """Errors of our scripts and of the Content-Security-Policy; a page's own 4xx status is no error, nor a network taken away."""
    return line.type == "error" and not re.search(
        r"(status of|Status Error Code) 4\d\d|ERR_INTERNET_DISCONNECTED", line.text
    )


@pytest.fixture
def shoot() -> Callable[..., None]:
    """shoot(page, name) keeps a screenshot where wanted; the README's are kept in docs/images when PUHUI_README_SHOTS=1."""
    for_readme = os.environ.get("PUHUI_README_SHOTS") == "1"
    wanted = for_readme or os.environ.get("PUHUI_SHOTS") == "1"

    def kept(page: Any, name: str, *, readme: bool = False, full: bool = False) -> None:
        if not wanted:
            page.wait_for_load_state("load")
            return
        SHOTS.mkdir(parents=True, exist_ok=True)
        target = SHOTS / f"{name}.png"
        page.wait_for_load_state("networkidle")
        page.screenshot(path=str(target), full_page=full)
        if readme and for_readme:
            README_SHOTS.mkdir(parents=True, exist_ok=True)
            (README_SHOTS / f"{name}.png").write_bytes(target.read_bytes())

    return kept


def wait_for_text(place: Any, fits: Callable[[str], bool]) -> None:
    """Until the text of a locator fits, asked from here: our pages' policy lets no script be evaluated in them."""
    for _each in range(200):
        if fits(place.inner_text()):
            return
        place.page.wait_for_timeout(50)
    raise AssertionError(f"after ten seconds it still reads {place.inner_text()!r}")
