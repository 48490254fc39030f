"""Prometheus: requests by view, decisions, jobs by state, loans by state, the business date.

Counters of requests live in the process: `puhui serve` and `up` set PROMETHEUS_MULTIPROC_DIR to an empty folder, and
prometheus_client adds the workers up. The other figures are read from the database at each scrape.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

from django.db import connection
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from puhui.store import tenancy

_COUNTS = CollectorRegistry()
_REQUESTS = Counter("puhui_http_requests", "Requests answered", ["view", "method", "status"], registry=_COUNTS)
_SECONDS = Histogram("puhui_http_seconds", "Time to answer", ["view"], registry=_COUNTS,
                     buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0))  # fmt: skip
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# name, help, label, query; a table that is not there yet is left out, never reported as zero
_FIGURES = (
    ("puhui_decisions", "Decisions recorded", "kind",
     "SELECT b.kind, count(*) FROM policy_decision d JOIN policy_batch b ON b.id = d.batch_id GROUP BY 1", "policy_decision"),
    ("puhui_jobs", "Background jobs", "state",
     "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1", "procrastinate_jobs"),
    ("puhui_loans", "Loans", "state", "SELECT state, count(*) FROM servicing_loan GROUP BY 1", "servicing_loan"),
)  # fmt: skip


def count_request(view: str, method: str, status: int, seconds: float) -> None:
    _REQUESTS.labels(view, method if method in _METHODS else "other", str(status)).inc()
    _SECONDS.labels(view).observe(seconds)


def exposition() -> bytes:
    """The text a Prometheus server reads."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        counts = generate_latest(registry)
    else:
        counts = generate_latest(_COUNTS)
    figures = CollectorRegistry()
    figures.register(_Figures())
    with tenancy.scope(tenancy.PLATFORM):
        return counts + generate_latest(figures)


class _Figures(Collector):
    """Read from the database when asked."""

    def collect(self) -> Iterator[Any]:
        with connection.cursor() as cursor:
            for name, told, label, query, table in _FIGURES:
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
                if not cursor.fetchone()[0]:
                    continue
                gauge = GaugeMetricFamily(name, told, labels=[label])
                cursor.execute(query)
                for value, count in cursor.fetchall():
                    gauge.add_metric([str(value)], float(count))
                yield gauge
        yield from self._business_date()

    @staticmethod
    def _business_date() -> Iterator[Any]:
        from puhui.web import reading

        day = reading.business_date()
        if day is not None:
            gauge = GaugeMetricFamily("puhui_business_date_seconds", "Business date as Unix time at 00:00 UTC")
            gauge.add_metric([], datetime.combine(day, time(), tzinfo=UTC).timestamp())
            yield gauge
