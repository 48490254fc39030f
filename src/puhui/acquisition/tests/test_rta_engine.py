"""The engine: change over, the gate, promises, faults inside, and coefficients whose mean stays where it should."""

from pathlib import Path

import pytest

from puhui.acquisition.rta import counters, publication
from puhui.acquisition.rta.engine import Engine
from puhui.acquisition.rta.publication import Gate
from puhui.acquisition.tests.test_rta_adapters import (
    CUSTOMER,
    DAY,
    LOOKALIKE,
    NEW,
    NOW,
    TestOpenRtb,
    ask_tencent,
    engine,
    from_tencent,
    published,
)

__all__ = ["engine"]
bid = TestOpenRtb().ask


def reasons(engine: Engine, media: int = 0) -> dict[str, int]:
    counts = {name: engine._row[counters.reason_place(media, n)] for n, name in enumerate(counters.REASONS)}
    return {name: count for name, count in counts.items() if count}


class TestAChangeOver:
    def test_before_anything_is_published_the_answer_is_no(self, tmp_path: Path):
        bare = Engine(tmp_path, counters.Counters(1).row(0), workers=1, today=DAY)
        assert ask_tencent(bare, from_tencent(NEW)).code == 1
        bare.look(DAY)
        assert ask_tencent(bare, from_tencent(NEW)).code == 1
        assert reasons(bare) in ({"STOPPED": 1, "NOT_LOADED": 1}, {"NOT_LOADED": 2})

    def test_serves_the_next_publication(self, engine: Engine, tmp_path: Path):
        assert ask_tencent(engine, from_tencent(NEW)).code == 0
        assert not engine.look(DAY)
        publication.publish_strategies(tmp_path, "media,strategy,include\ntencent,only,lookalike\n", now=NOW)
        assert engine.look(DAY)
        assert ask_tencent(engine, from_tencent(NEW)).code == 1
        assert list(ask_tencent(engine, from_tencent(LOOKALIKE)).out_target_id) == ["only"]

    def test_to_something_broken_raises_and_the_old_stays(self, engine: Engine, tmp_path: Path):
        published(tmp_path)
        place = publication.current(tmp_path)
        assert place is not None
        place.audience.write_bytes(b"broken")
        with pytest.raises(Exception, match="AUDIENCE_UNREADABLE"):
            engine.look(DAY)
        assert ask_tencent(engine, from_tencent(NEW)).code == 0
        assert ask_tencent(engine, from_tencent(CUSTOMER)).code == 1
        assert engine.generation == 1

    def test_keeps_the_last_publications_only(self, tmp_path: Path):
        for _ in range(5):
            published(tmp_path)
        assert len(list(tmp_path.glob("*.rta"))) == publication.KEPT


class TestTheGate:
    @pytest.mark.parametrize("gate", [Gate(stopped=True), Gate(media=frozenset({"tencent"}))])
    def test_stops_everything_or_a_media(self, engine: Engine, tmp_path: Path, gate: Gate):
        publication.close_gate(tmp_path, gate)
        engine.look(DAY)
        reply = ask_tencent(engine, from_tencent(LOOKALIKE))
        assert (reply.code, reply.response_cache_time) == (1, 60)

    def test_stops_one_strategy_and_leaves_the_others(self, engine: Engine, tmp_path: Path):
        publication.close_gate(tmp_path, Gate(strategies=frozenset({("tencent", "new")})))
        engine.look(DAY)
        assert list(ask_tencent(engine, from_tencent(LOOKALIKE)).out_target_id) == ["priced"]
        assert ask_tencent(engine, from_tencent(NEW)).code == 1
        assert reasons(engine) == {"JOIN": 1, "STOPPED": 1}

    def test_that_cannot_be_read_is_shut(self, engine: Engine, tmp_path: Path):
        (tmp_path / "gate.json").write_text("{")
        engine.look(DAY)
        assert ask_tencent(engine, from_tencent(LOOKALIKE)).code == 1

    def test_lets_bids_promise_no_more_than_it_says_also_after_a_workers_death(self, engine: Engine, tmp_path: Path):
        publication.close_gate(tmp_path, Gate(promise_fen={"new": 7}))  # a bid is 20 yuan per thousand: 2 fen
        engine.look(DAY)
        device = {"device": {"ifa": NEW}}
        assert [("seatbid" in bid(engine, **device)) for _ in range(5)] == [True, True, True, False, False]
        born_again = Engine(tmp_path, engine._row, workers=1, today=DAY)
        born_again.look(DAY)
        assert "seatbid" not in bid(born_again, **device)
        publication.close_gate(tmp_path, Gate(promise_fen={"new": 2}))
        born_again.look(DAY)
        assert [("seatbid" in bid(born_again, **device)) for _ in range(2)] == [True, False]

    @pytest.mark.parametrize(("spare_has_looked", "left"), [(True, [True, False]), (False, [True, False])])
    def test_passes_what_the_dead_promised_to_the_spare(
        self, tmp_path: Path, *, spare_has_looked: bool, left: list[bool]
    ):
        published(tmp_path)
        seats = counters.Counters(2)
        dead, spare = (Engine(tmp_path, seats.row(seat), workers=1, today=DAY) for seat in range(2))
        publication.close_gate(tmp_path, Gate(promise_fen={"new": 7}))
        dead.look(DAY)
        if spare_has_looked:
            spare.look(DAY)
        device = {"device": {"ifa": NEW}}
        assert [("seatbid" in bid(dead, **device)) for _ in range(2)] == [True, True]
        counters.inherit(seats.row(1), seats.row(0))
        spare.look(DAY)
        assert [("seatbid" in bid(spare, **device)) for _ in range(2)] == left
        assert seats.total(counters.promised_place(dead._number[("openrtb", "new")])) == 6000

    def test_forgets_what_the_dead_promised_under_an_older_gate(self, tmp_path: Path):
        published(tmp_path)
        seats = counters.Counters(2)
        dead, spare = (Engine(tmp_path, seats.row(seat), workers=1, today=DAY) for seat in range(2))
        publication.close_gate(tmp_path, Gate(promise_fen={"new": 2}))
        dead.look(DAY)
        device = {"device": {"ifa": NEW}}
        assert "seatbid" in bid(dead, **device)
        publication.close_gate(tmp_path, Gate(promise_fen={"new": 2}))
        spare.look(DAY)
        counters.inherit(seats.row(1), seats.row(0))
        assert [("seatbid" in bid(spare, **device)) for _ in range(2)] == [True, False]


class TestAFaultInside:
    def test_is_a_rejection_briefly_kept(self, engine: Engine, monkeypatch: pytest.MonkeyPatch):
        def fault(*_: object) -> None:
            raise RuntimeError

        monkeypatch.setattr(engine._desks["tencent"].adapter, "prepare", fault)
        reply = ask_tencent(engine, from_tencent(NEW))
        assert (reply.code, reply.response_cache_time, reply.request_id) == (1, 60, "q1")
        assert reasons(engine) == {"ERROR": 1}


class TestTheMean:
    def test_of_the_weights_given_stays_one(self, engine: Engine):
        weights = []
        for number in range(4000):
            reply = ask_tencent(engine, from_tencent(LOOKALIKE if number % 4 == 0 else f"new {number}"))
            weights += [each.user_weight_factor for each in reply.target_infos if each.out_target_id == "new"]
        assert len(weights) == 4000
        assert all(0.2 <= round(weight, 4) <= 5.0 for weight in weights)
        assert sum(weights[64:]) / len(weights[64:]) == pytest.approx(1.0, abs=0.02)


class TestTheLog:
    def test_says_which_kinds_of_people_were_answered_what(self, engine: Engine):
        for oaid in (CUSTOMER, LOOKALIKE, LOOKALIKE):
            ask_tencent(engine, from_tencent(oaid))
        lines = {(*line["audiences"], line["answer"]): (line["strategies"], line["count"]) for line in engine.shown()}
        assert lines == {
            ("existing_customer", "EXCLUDED"): ([], 1),
            ("lookalike", "JOIN"): (["new", "priced"], 2),
        }
        assert engine.shown() == []
