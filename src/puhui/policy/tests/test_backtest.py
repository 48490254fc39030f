"""The backtest over what is stored: swap sets and money by exact figures, and a snapshot that proves itself."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.policy import backtest, operations, scorers, snapshot, versions
from puhui.policy.backtest import Question
from puhui.policy.core.policy_text import read_policy
from puhui.policy.tests import credit_policy
from puhui.policy.tests.credit_policy import HEAD, KIND, NOW, ON, RULES

LOOSE = (
    HEAD
    + "MINOR,age_years < 18,refuse,grave,未成年,a minor\nIN_DEBT,debt_ratio > 0.7,refuse,warn,负债过高,too much debt\n"
)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(snapshot, "folder_of", lambda kind: tmp_path / "snapshots" / kind)
    scorers.register("tests.flat", credit_policy.flat_scorer)


def question(rules: str = LOOSE, *, terms: str = credit_policy.TERMS, **more: object) -> Question:
    old = versions.policy_of(versions.live(KIND, NOW).content_hash)
    return Question(old, read_policy(credit_policy.texts(rules, terms)), KIND, **more)  # type: ignore[arg-type]


class TestASnapshot:
    def test_is_filled_from_the_record_and_then_by_what_is_new(self) -> None:
        credit_policy.published()
        credit_policy.decide_days(40, 2)
        assert snapshot.fill(KIND) == snapshot.Filled(80, 80, "")
        operations.decide(KIND, credit_policy.applications(20, seed=5), on=date(2026, 4, 1), now=NOW)
        assert snapshot.fill(KIND) == snapshot.Filled(100, 20, "")
        assert snapshot.fill(KIND) == snapshot.Filled(100, 0, "")
        frame, _ = snapshot.scan(KIND, since=date(2026, 4, 1))
        assert frame.collect().height == 20
        assert sorted(file.name[:7] for file in snapshot.folder_of(KIND).glob("*.parquet")) == ["2026-03", "2026-04"]

    def test_holds_what_was_seen_value_for_value(self) -> None:
        credit_policy.published()
        batch = credit_policy.applications(30)
        operations.decide(KIND, batch, on=ON, now=NOW)
        columns = versions.columns_of(KIND)
        frame = snapshot.scan(KIND)[0].collect()
        policy = versions.policy_of(versions.live(KIND, NOW).content_hash)
        assert frame.select(list(columns)).equals(
            policy.columns.frame([each.inputs for each in batch]), null_equal=True
        )

    @pytest.mark.parametrize("what", ["file", "manifest", "seal"])
    def test_that_was_edited_is_refused_and_rebuilt(self, what: str) -> None:
        credit_policy.published()
        credit_policy.decide_days(20, 1)
        snapshot.fill(KIND)
        folder = snapshot.folder_of(KIND)
        if what == "file":
            file = next(folder.glob("*.parquet"))
            pl.read_parquet(file).with_columns(pl.lit(40).alias("age_years")).write_parquet(file)
        elif what == "manifest":
            text = (folder / "manifest.json").read_text()
            (folder / "manifest.json").write_text(text.replace('"rows": 20', '"rows": 19'))
        else:
            (folder / "manifest.seal").unlink()
        filled = snapshot.fill(KIND)
        assert (filled.rows, filled.added) == (20, 20)
        assert "改动" in filled.rebuilt


class TestABacktest:
    def test_names_who_is_swapped_in_and_what_it_brings(self) -> None:
        credit_policy.published()
        batch = [
            operations.Application(
                f"s{n}", {"age_years": 40, "asked_minor": 1_000_000, "debt_ratio": ratio, "stress": 0.0, "months": 12}
            )
            for n, ratio in enumerate(["0.1", "0.6", "0.9"])
        ]
        operations.decide(KIND, batch, on=ON, now=NOW)
        found = backtest.run(question())
        whole = found.comparison.lines[0]
        assert (whole.n, whole.passed.old, whole.passed.new, whole.swap_in, whole.swap_out) == (3, 1.0, 2.0, 1, 0)
        assert (whole.swap_in_minor, whole.limit.difference) == (1_000_000, 1_000_000.0)
        # no model: pd 0. Old: 1,000,000 × 0.5 × (8 % − 4 %) = 20,000; the one swapped in pays 12 %: 40,000 more
        assert (round(whole.profit.old), round(whole.profit.new), whole.profit.low) == (20_000, 60_000, None)
        assert found.comparison.swaps.select("subject", "swap", "old_limit", "new_limit").rows() == [
            ("s1", "in", 0, 1_000_000)
        ]
        assert found.comparison.mix == {"MINOR": (0, 0), "IN_DEBT": (2, 1)}

    def test_of_a_version_with_itself_changes_nothing(self) -> None:
        credit_policy.published()
        credit_policy.decide_days(100, 1)
        found = backtest.run(question(RULES, segment="city"))
        for line in found.comparison.lines:
            assert (line.swap_in, line.swap_out, line.profit.difference, line.passed.difference) == (0, 0, 0.0, 0.0)
        assert [line.segment for line in found.comparison.lines][1:] == sorted(
            ["甲", "乙", "缺失 missing"],
            key=lambda name: -next(line.n for line in found.comparison.lines if line.segment == name),
        )
        assert sum(line.n for line in found.comparison.lines[1:]) == 100

    def test_answers_as_the_record_does_for_the_version_that_decided(self) -> None:
        credit_policy.published()
        answers = credit_policy.decide_days(150, 2)
        whole = backtest.run(question()).comparison.lines[0]
        assert whole.passed.old == sum(answer.outcome == "pass" for answer in answers)
        assert whole.limit.old == sum(answer.limit_minor for answer in answers)

    def test_values_both_sides_by_one_referee_and_gives_intervals(self) -> None:
        scored = '[scorer]\nname = "tests.flat"\nversion = "{}"\n' + credit_policy.TERMS
        credit_policy.published(terms=scored.format(1))
        credit_policy.decide_days(200, 1)
        by_new, by_old = (
            backtest.run(question(terms=scored.format(2), referee=referee)).comparison.lines[0]
            for referee in ("new", "old")
        )
        assert by_new.loss.old == pytest.approx(2 * by_old.loss.old)
        assert by_new.loss.low is not None
        assert by_new.loss.low < by_new.loss.difference < by_new.loss.high  # type: ignore[operator]

    def test_says_which_columns_were_not_on_record(self) -> None:
        credit_policy.published()
        credit_policy.decide_days(10, 1)
        texts = credit_policy.texts(LOOSE + "NEW,new_column > 3,review,warn,新,new\n")
        texts["columns.csv"] += "new_column,integer,,yes,,,新字段,new\n"
        found = backtest.run(Question(question().old, read_policy(texts), KIND))
        assert (found.not_on_record, found.comparison.lines[0].passed.new) == (("new_column",), 0.0)

    def test_of_nothing_or_by_an_unknown_segment_is_refused(self) -> None:
        credit_policy.published()
        for more, code in (
            ({}, "NOTHING_ON_RECORD"),
            ({"segment": "shoe"}, "SEGMENT_UNKNOWN"),
            ({"referee": "me"}, "REFEREE"),
        ):
            with pytest.raises(Refused) as caught:
                backtest.run(question(**more))
            assert caught.value.refusal.code == code
