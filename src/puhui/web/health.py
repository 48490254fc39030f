"""Is it well? /healthz for whoever starts and stops us, /metrics for Prometheus.

Healthy means: the database answers and is at this version. Waiting jobs and the worker's heartbeat are told, and a
silent worker makes the answer `degraded` but not unhealthy: pages still work.
"""

import hmac
import os
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from puhui.web import metrics

_SILENT_AFTER_SECONDS = 60


def healthz(request: HttpRequest) -> JsonResponse:
    """200 with `ok` or `degraded`; 503 with what is wrong."""
    try:
        found = _examined()
    except DatabaseError:
        return JsonResponse({"status": "down", "database": "no answer"}, status=503)
    if found["migrations_missing"]:
        return JsonResponse({"status": "down", **found}, status=503)
    heartbeat = found["worker_heartbeat_seconds"]
    alive = heartbeat is not None and heartbeat <= _SILENT_AFTER_SECONDS
    return JsonResponse({"status": "ok" if alive else "degraded", **found})


def metrics_page(request: HttpRequest) -> HttpResponse:
    """With PUHUI_METRICS_TOKEN: whoever bears it. Without: this machine only, and not through a proxy."""
    token = os.environ.get("PUHUI_METRICS_TOKEN", "")
    if token:
        allowed = hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    else:
        local = request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1", "")
        allowed = local and "X-Forwarded-For" not in request.headers
    if not allowed:
        return HttpResponseForbidden(
            "set PUHUI_METRICS_TOKEN and send it as a bearer token\n", content_type="text/plain"
        )
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


def _examined() -> dict[str, Any]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        waiting = beat = None
        cursor.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
        if cursor.fetchone()[0]:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
            waiting = cursor.fetchone()[0]
            cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
            beat = cursor.fetchone()[0]
    return {
        "database": "ok",
        "migrations_missing": len(missing),
        "jobs_waiting": waiting,
        "worker_heartbeat_seconds": None if beat is None else round(float(beat), 1),
    }
