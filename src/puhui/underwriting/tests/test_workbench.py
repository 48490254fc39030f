"""From a tape as bad as tapes are to scores: fit, score, report, rebin; and what is refused, with nothing left behind."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from puhui.kernel.refusal import Refused
from puhui.underwriting.core.modelling import boosting, terms
from puhui.underwriting.core.modelling.preparing import Asked
from puhui.underwriting.tests import nasty_tape
from puhui.underwriting.workbench import fitting, model_folder, rebinning, scoring

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "tape.csv"
    path.write_bytes(nasty_tape.frame().write_csv(separator=";").encode("gb18030"))
    return path


@pytest.fixture(scope="module")
def fitted(nasty: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fitting.Fitted]:
    out = tmp_path_factory.mktemp("model") / "m"
    return out, fitting.fit_tape(nasty, Asked("结果", time="放款日期"), kind="both", out=out, now=NOW)


class TestFit:
    def test_reads_a_nasty_tape_and_ranks(self, fitted):
        card, boosted = fitted[1].answers
        assert (card["rows"], card["columns"], card["positive"]) == (3000, 15, "违约")
        assert card["auc"] > 0.68
        assert boosted["auc"] > 0.66
        assert card["split"]["by"] == "time"
        assert card["split"]["training_rows"] + card["split"]["test_rows"] == 3000

    def test_says_what_became_of_every_column(self, fitted):
        profile = {column["name"]: column for column in model_folder.read_profile(fitted[0])}
        roles = {name: column["role"] for name, column in profile.items()}
        assert roles == {
            "编号": "identifier", "放款日期": "time", "月收入 (元)": "feature", "负债率": "feature", "地区": "feature",
            "full width": "feature", "constant": "constant", "empty": "empty", "rare": "feature", "flag": "feature", "mixed": "feature",
            "free text": "identifier", "charge off date": "leak", "paid_term": "leak", "结果": "target",
        }  # fmt: skip
        assert profile["月收入 (元)"]["specials"].keys() == {"-999"}
        assert profile["mixed"]["odd_words"] == ["-inf", "inf", "see file"]

    def test_names_the_leak_that_hides_in_divisibility(self, fitted):
        tests = {(one["column"], one["test"]) for one in fitted[1].answers[0]["leakage"]}
        assert {("paid_term", "form"), ("charge off date", "presence"), ("charge off date", "name")} <= tests

    def test_is_the_same_again_with_the_same_seed(self, nasty, fitted, tmp_path):
        again = fitting.fit_tape(nasty, Asked("结果", time="放款日期"), kind="scorecard", out=tmp_path / "m", now=NOW)
        assert (tmp_path / "m/scorecard.json").read_bytes() == (fitted[0] / "scorecard.json").read_bytes()
        assert again.answers[0]["auc"] == fitted[1].answers[0]["auc"]

    def test_keeps_a_suspect_when_told_to(self, nasty, tmp_path):
        kept = fitting.fit_tape(
            nasty,
            Asked("结果", time="放款日期", keep=("charge off date",)),
            kind="scorecard",
            out=tmp_path / "m",
            now=NOW,
        )
        assert kept.answers[0]["features"][0]["name"] == "charge off date"
        assert kept.answers[0]["auc"] > 0.95

    def test_coefficients_go_the_way_of_their_bins(self, fitted):
        stored = json.loads((fitted[0] / "scorecard.json").read_text())
        assert all(feature["coefficient"] < 0 for feature in stored["scorecard"]["features"])


class TestManyWords:
    @pytest.mark.parametrize(("told", "apart"), [(False, True), (True, False)])
    def test_words_that_fit_luck_stand_alone_and_words_that_tell_keep_their_groups(self, told, apart):
        dice = np.random.default_rng(5)
        sales, shops = dice.normal(size=6000), dice.integers(0, 200, (4, 6000))
        odds = 1.2 * (shops[0] % 2) - 1.2 if told else 0.5 * sales - 1.5
        bad = (dice.uniform(size=6000) < 1 / (1 + np.exp(-odds))).astype(np.int8)
        words = {f"shop {n}": np.array([f"w{k}" for k in range(200)])[code] for n, code in enumerate(shops)}
        values, none = pl.DataFrame({"sales": sales, **words}), dict.fromkeys(("sales", *words), tuple[float, ...]())
        rows = boosting.Training(values, bad, np.ones(6000), dice.uniform(size=6000) < 0.25, np.ones(6000))
        fitted = boosting.fit(rows, none, terms=terms.in_force(), seed=1)
        assert fitted.settings["tried"][-1]["words_apart"]
        assert all(("max_cat_to_onehot" in shape) == apart for shape in fitted.settings["shapes"])


class TestScore:
    @pytest.mark.parametrize("kind", ["scorecard", "boosting"])
    def test_one_by_one_equals_the_frame_to_the_last_bit(self, fitted, kind):
        model, _ = model_folder.read(fitted[0], kind)
        tape = nasty_tape.frame(rows=2000, seed=11)
        whole = scoring.score_frame(model, tape)
        alone = pl.concat([scoring.score_frame(model, tape.slice(n, 1)) for n in range(0, 2000, 33)])
        picked = whole[::33]
        assert alone["pd"].to_numpy().tobytes() == picked["pd"].to_numpy().tobytes()
        assert alone.drop("row_id").equals(picked.drop("row_id"))

    def test_says_unseen_unread_and_all_missing(self, fitted):
        model, _ = model_folder.read(fitted[0], "boosting")
        tape = nasty_tape.frame(rows=3, seed=3)
        odd = tape.with_columns(
            pl.Series("地区", ["火星", "华东", ""]), pl.Series("负债率", ["very high", "10%", ""]),
            *(pl.Series(name, [*tape[name].to_list()[:2], ""]) for name in ("月收入 (元)", "full width", "rare", "flag", "mixed")),
        )  # fmt: skip
        scores = scoring.score_frame(model, odd)
        assert set(scores["notes"][0].split(";")) == {"unread:负债率", "unseen:地区"}
        assert scores["notes"][2] == "all_missing"
        assert np.isfinite(scores["pd"].to_numpy()).all()

    def test_points_add_up_to_the_chance(self, fitted):
        model, _ = model_folder.read(fitted[0], "scorecard")
        scores = scoring.score_frame(model, nasty_tape.frame(rows=50, seed=5))
        # 600 points at odds of 50 to 1; 60 points double them
        odds = np.exp((scores["score"].to_numpy() - 261.36862861351653) / 86.5617024533378)
        assert scores["pd"].to_numpy() == pytest.approx(1 / (1 + odds), abs=1e-12)

    def test_missing_columns_are_named_and_nothing_is_written(self, fitted, tmp_path):
        nasty_tape.frame(rows=20).drop("负债率").write_csv(tmp_path / "t.csv")
        with pytest.raises(Refused) as refused:
            scoring.score_tape(fitted[0], tmp_path / "t.csv", out=tmp_path / "s.csv", kind=None)
        assert refused.value.refusal.code == "COLUMNS_MISSING"
        assert "负债率" in refused.value.refusal.message
        assert sorted(path.name for path in tmp_path.iterdir()) == ["t.csv"]


class TestReport:
    def test_gives_ranking_and_shift_on_another_tape(self, fitted, tmp_path):
        nasty_tape.frame(rows=2500, seed=23).write_parquet(tmp_path / "other.parquet")
        told = scoring.report_tape(fitted[0], tmp_path / "other.parquet", kind="scorecard")
        assert told["auc"] > 0.68
        assert told["psi"] < 0.05
        assert not told["fitted_on_this_tape"]

    def test_tells_how_scores_moved_where_nothing_went_bad_yet(self, fitted, tmp_path):
        young = nasty_tape.frame(rows=400, seed=9)
        young.with_columns(pl.lit("正常").alias("结果")).write_csv(tmp_path / "young.csv")
        young.drop("结果").write_csv(tmp_path / "none.csv")
        told = scoring.report_tape(fitted[0], tmp_path / "young.csv", kind="scorecard")
        assert (told["auc"], told["ks"], told["outcome"].split(":")[0]) == (None, None, "TARGET_ONE_CLASS")
        assert told["psi"] == scoring.report_tape(fitted[0], tmp_path / "none.csv", kind="scorecard")["psi"]
        young.with_columns(pl.Series("结果", ["好", "差"] * 200)).write_csv(tmp_path / "other.csv")
        with pytest.raises(Refused, match="POSITIVE_NEVER_SEEN"):
            scoring.report_tape(fitted[0], tmp_path / "other.csv", kind="scorecard")

    def test_knows_its_own_tape(self, fitted, nasty):
        told = scoring.report_tape(fitted[0], nasty, kind="scorecard")
        assert told["fitted_on_this_tape"]
        assert told["test_part"]["auc"] == fitted[1].answers[0]["auc"]


class TestRebin:
    def test_takes_edges_by_hand_and_counts_anew(self, fitted, nasty, tmp_path):
        edited = json.loads((fitted[0] / "bins.json").read_text())
        one = next(feature for feature in edited["features"] if feature["name"] == "负债率")
        one["edges"] = [0.5]
        (tmp_path / "bins.json").write_text(json.dumps(edited, ensure_ascii=False))
        answer = rebinning.rebin(fitted[0], tmp_path / "bins.json", nasty, out=tmp_path / "m", now=NOW)
        stored = json.loads((tmp_path / "m/bins.json").read_text())
        table = next(feature for feature in stored["features"] if feature["name"] == "负债率")["table"]
        assert [row["label"] for row in table] == ["[−∞, 0.5)", "[0.5, ∞)", "missing"]
        assert sum(row["rows"] for row in table) == answer["split"]["training_rows"]
        assert answer["before"]["auc"] == fitted[1].answers[0]["auc"]

    def test_refuses_edges_out_of_order(self, fitted, nasty, tmp_path):
        (tmp_path / "bins.json").write_text(json.dumps({"features": [{"name": "负债率", "edges": [0.5, 0.2]}]}))
        with pytest.raises(Refused, match="EDGES_NOT_RISING"):
            rebinning.rebin(fitted[0], tmp_path / "bins.json", nasty, out=tmp_path / "m", now=NOW)
        assert not (tmp_path / "m").exists()


def _refused(tape: pl.DataFrame, place: Path, asked: Asked) -> str:
    tape.write_csv(place / "t.csv")
    with pytest.raises(Refused) as refused:
        fitting.fit_tape(place / "t.csv", asked, kind="scorecard", out=place / "m", now=NOW)
    assert not (place / "m").exists()
    assert [path.name for path in place.iterdir()] == ["t.csv"]
    return str(refused.value)


class TestRefusals:
    @pytest.mark.parametrize(("asked", "code", "said"), [
        (Asked("结局"), "TARGET_ABSENT", "结果"),
        (Asked("constant"), "TARGET_ONE_CLASS", "same"),
        (Asked("结果", positive="坏账"), "POSITIVE_NEVER_SEEN", "违约"),
        (Asked("负债率"), "TARGET_NOT_TWO_CLASS", "--positive"),
        (Asked("结果", time="free text"), "DATES_DO_NOT_PARSE", "remark 0"),
        (Asked("结果", time="nothing like it"), "TIME_ABSENT", "nothing like it"),
        (Asked("结果", drop=("no such",)), "DROP_ABSENT", "no such"),
        (Asked("rare"), "TOO_FEW_LABELS", "bring more rows"),
        (Asked("结果", drop=("结果",)), "COLUMN_NAMED_TWICE", "both --target and --drop"),
        (Asked("结果", time="结果"), "COLUMN_NAMED_TWICE", "both --target and --time"),
        (Asked("结果", time="放款日期", keep=("放款日期",)), "COLUMN_NAMED_TWICE", "both --time and --keep"),
    ])  # fmt: skip
    def test_names_what_is_wrong_and_writes_nothing(self, tmp_path, asked, code, said):
        told = _refused(nasty_tape.frame(rows=600), tmp_path, asked)
        assert told.startswith(code)
        assert said in told

    @pytest.mark.parametrize(("content", "code"), [
        (b"", "TAPE_EMPTY"), (b"a,b,y\n", "TAPE_EMPTY"), (b"PAR1 not a parquet file", "TAPE_UNREADABLE"), (b"\x00\x01\x02", "TAPE_UNREADABLE"),
    ])  # fmt: skip
    def test_refuses_files_that_are_no_tape(self, tmp_path, content, code):
        (tmp_path / "t.csv").write_bytes(content)
        with pytest.raises(Refused, match=code):
            fitting.fit_tape(tmp_path / "t.csv", Asked("y"), kind="scorecard", out=tmp_path / "m", now=NOW)
        assert not (tmp_path / "m").exists()

    def test_does_not_overwrite_what_is_no_model(self, tmp_path):
        (tmp_path / "m").mkdir()
        (tmp_path / "m/letter.txt").write_text("mine")
        nasty_tape.frame(rows=400).write_csv(tmp_path / "t.csv")
        with pytest.raises(Refused, match="OUT_NOT_EMPTY"):
            fitting.fit_tape(tmp_path / "t.csv", Asked("结果"), kind="scorecard", out=tmp_path / "m", now=NOW)
        assert (tmp_path / "m/letter.txt").read_text() == "mine"

    def test_a_model_changed_by_hand_is_not_used(self, fitted, tmp_path):
        import shutil

        shutil.copytree(fitted[0], tmp_path / "m")
        path = tmp_path / "m/scorecard.json"
        path.write_text(path.read_text().replace('"base_points": ', '"base_points": 1'))
        with pytest.raises(Refused, match="MODEL_CHANGED"):
            model_folder.read(tmp_path / "m")
