"""The page of fraud models: what waits, who may approve it, alerts that somebody sees."""

from datetime import UTC, date, datetime

import pytest

from puhui.antifraud import operations, queries
from puhui.antifraud.tests.test_model_watch import NIGHT, START, TRAINED, fill
from puhui.store import tenancy
from puhui.web.tests import visitors

pytestmark = pytest.mark.django_db


def states() -> list[tuple[str, str]]:
    with tenancy.scope(tenancy.PLATFORM):
        return [(row["state"], row["approved_by"]) for row in queries.fraud_models()]


def test_a_challenger_is_approved_by_another_and_its_alert_is_seen() -> None:
    visitors.staff("lin", "analyst")
    visitors.staff("gao", "admin")
    lin, gao = visitors.enter("lin"), visitors.enter("gao")
    assert "还没有模型" in lin.get("/mirror/models/").content.decode()
    lin.post("/mirror/models/train/")
    assert states() == []
    with tenancy.scope(tenancy.PLATFORM):
        fill(800, since=START, days=75, seed=1)
        made = operations.train_model(seed=1, by="lin", now=TRAINED)
    assert "须由训练者以外的人批准" in lin.get("/mirror/models/").content.decode()
    lin.post(f"/mirror/models/{made}/approve/")
    assert states() == [("challenger", "")]
    assert "批准为冠军" in gao.get("/mirror/models/").content.decode()
    gao.post(f"/mirror/models/{made}/approve/")
    assert states() == [("champion", "gao")]
    with tenancy.scope(tenancy.PLATFORM):
        fill(400, since=datetime(2026, 3, 26, tzinfo=UTC), days=25, seed=3, moved=2.0)
        operations.watch_models(date(2026, 4, 20), now=NIGHT)
        first, second = queries.open_model_alerts()
    assert (first["level"], second["level"]) == ("act", "watch")
    assert "欺诈评分分布显著偏移" in lin.get("/mirror/").content.decode()
    lin.post(f"/mirror/alerts/{first['alert_id']}/seen/")
    assert "欺诈评分分布显著偏移" not in lin.get("/mirror/models/").content.decode()
    with tenancy.scope(tenancy.PLATFORM):
        assert queries.open_model_alerts() == [second]
