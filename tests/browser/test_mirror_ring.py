"""A ring whose style comes late is drawn when it has a size, and not before: ECharts' graph reads from nothing in a box without one."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_console import log_in
from tests.browser.test_mirror import apply
from tests.browser.town import Town

pytestmark = pytest.mark.browser


def test_a_ring_waits_for_the_size_of_its_box(town: Town, open_page: Callable[..., Any]) -> None:
    apply(1, device="shared-device")
    page = open_page()
    log_in(page, "lin.analyst")
    page.route("**/mirror*.css", lambda route: route.fulfill(status=200, content_type="text/css", body=""))
    page.goto("/mirror/rings/ring_1/")
    page.wait_for_selector("[data-ring].drawn", state="attached")
    page.wait_for_load_state("load")
    assert page.locator("[data-ring] canvas").count() == 0
    page.evaluate("document.querySelector('[data-ring]').style.height = '300px'")
    page.wait_for_selector("[data-ring].drawn canvas")
