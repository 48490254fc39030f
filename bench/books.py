"""A shop's books at size: 100,000 rows of a bill imported, sorted and tied out; the board of a shop with 500,000 entries.

The bill is made up (labelled so); the time is that of the operation, in the process that a web request would be. The limits are
those of the issue: five seconds, 300 milliseconds.
"""

import json
import os
import sys
import time
from datetime import UTC, date, datetime, timedelta

from bench import inside
from bench.installation import fresh

_ROWS, _SHOP_ENTRIES = 100_000, 500_000
_HEAD = "微信支付账单明细\n交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n"


def main(arguments: list[str]) -> None:
    """Without arguments: measure on a fresh installation, one JSON line a figure."""
    if arguments:
        for line in measure():
            print(json.dumps(line), flush=True)
        return
    import subprocess

    with fresh() as place:
        done = subprocess.run(
            [sys.executable, "-m", "bench.books", "here"],
            env=place.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        print(done.stdout, end="")
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)


def measure() -> list[dict[str, object]]:
    """Import and board, in this process and its attached database."""
    from puhui.cli import attachment

    now, today = datetime(2026, 11, 29, 8, tzinfo=UTC), date(2026, 11, 29)
    with attachment.platform():
        from django.db import connection

        from puhui.merchant import book_queries, operations
        from puhui.merchant.operations import BillFile

        operations.open_books("shop_bench", "person_bench", now=now)
        seconds = []
        for part in range(_SHOP_ENTRIES // _ROWS):
            content = _bill(part, today).encode()
            started = time.perf_counter()
            operations.import_bill("shop_bench", BillFile(content, "made up"), by="bench", today=today, now=now)
            seconds.append(time.perf_counter() - started)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE merchant_day_total")
        boards = []
        for _ in range(20):
            started = time.perf_counter()
            book_queries.board("shop_bench", as_of=today)
            boards.append((time.perf_counter() - started) * 1000)
        pages = _pages(today)
    slowest = max(pages, key=lambda name: pages[name])
    return [
        *(
            inside.figure(f"books.tool_{name}", ms, "ms", _SHOP_ENTRIES)
            for name, ms in pages.items()
            if name in ("board", "forecast", "health")
        ),
        inside.figure(f"books.tool_slowest_{slowest}", pages[slowest], "ms", _SHOP_ENTRIES),
        inside.figure("books.import_100000_first", seconds[0], "s", _ROWS),
        inside.figure("books.import_100000_into_400000", seconds[-1], "s", _ROWS),
        inside.figure("books.board_median", sorted(boards)[10], "ms", _SHOP_ENTRIES),
        inside.figure("books.board_worst", max(boards), "ms", _SHOP_ENTRIES),
    ]


def _pages(today: date) -> dict[str, float]:
    """Milliseconds of each tool's page over the same shop: the better of two tries, everything read anew."""
    from puhui.merchant import tool_list
    from puhui.merchant.tool_facts import Facts

    found: dict[str, float] = {}
    for tool in tool_list.TOOLS:
        for _ in range(2):
            started = time.perf_counter()
            if tool.show:
                tool.show(Facts("shop_bench", today), {})
                took = (time.perf_counter() - started) * 1000
                found[tool.name] = min(found.get(tool.name, took), took)
    return found


def _bill(part: int, today: date) -> str:
    """100,000 invented rows over two years, ending today."""
    lines = [_HEAD]
    start = datetime.combine(today - timedelta(days=730), datetime.min.time())
    for n in range(_ROWS):
        at = start + timedelta(seconds=n * 630 + part)
        minor = (n * 7919 + part * 104_729) % 30_000 + 1
        who, way = f"客人{n % 977}", "收入" if n % 5 else "支出"
        lines.append(
            f"{at},商户消费,{who},收款方备注:{n % 77},{way},¥{minor // 100}.{minor % 100:02d},零钱,支付成功,4200{part}{n:012d}\t,/,/\n"
        )
    return "".join(lines)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "puhui.web.settings")
    main(sys.argv[1:])
