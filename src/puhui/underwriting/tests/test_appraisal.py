"""Appraising a load: the optimum of the printed problem, reasons for all, once, and again from the record."""

import itertools
import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from puhui.kernel.refusal import Refused
from puhui.policy import replay
from puhui.policy.models import Decision
from puhui.underwriting import loading, models, operations, queries, report
from puhui.underwriting.operations import AppraisalOutcome, AppraisalTerms
from puhui.underwriting.tests.conftest import NOW, TERMS, TOWN
from puhui.underwriting.tests.invented_folder import CURVE, Town, write_folder


@pytest.fixture
def folder(tmp_path: Path, db: None) -> Path:
    return write_folder(tmp_path, TOWN)


def appraise(folder: Path, terms: AppraisalTerms = TERMS) -> AppraisalOutcome:
    return operations.appraise(loading.load_folder(folder, now=NOW).load_id, terms=terms, now=NOW)


class TestOptimum:
    def test_solving_from_the_printed_lines_gives_the_printed_profit(self, standing: AppraisalOutcome) -> None:
        *firms, summary = list(report.json_lines(standing))
        table = [line.split(",") for line in CURVE.splitlines()[1:]]
        value = []
        for firm in firms:
            if firm["rating"] == "D" or firm["pd"] is None:
                value.append(-1.0)
                continue
            column = "ABC".index(firm["rating"]) + 1
            value.append(max((1 - float(r[column])) * ((1 - firm["pd"]) * float(r[0]) - firm["pd"]) for r in table))
        n, caps = len(firms), np.array([firm["limit_cap_minor"] / 1e6 for firm in firms])
        unit = np.eye(n)
        rows = np.vstack([
            np.hstack([unit, -np.diag(caps)]), np.hstack([-unit, 10 * unit]), np.repeat([1.0, 0.0], n)[None, :]
        ])  # fmt: skip
        upper = np.concatenate([np.zeros(2 * n), [summary["budget_minor"] / 1e6]])
        oracle = milp(-1e4 * np.repeat([1.0, 0.0], n) * np.tile(value, 2), integrality=np.repeat([0, 1], n),
                      constraints=LinearConstraint(rows, -np.inf, upper),
                      bounds=Bounds(0, np.repeat([np.inf, 1.0], n)), options={"mip_rel_gap": 0.0})  # fmt: skip
        assert summary["expected_profit_minor"] == pytest.approx(-oracle.fun * 100, abs=n)
        assert summary["expected_profit_minor"] == sum(firm["expected_profit_minor"] for firm in firms)
        assert 0 < summary["dual_price"] < 0.05

    def test_the_limits_keep_the_rules(self, standing: AppraisalOutcome) -> None:
        assert sum(row.limit_minor for row in standing.rows) <= TERMS.budget_minor
        for row in standing.rows:
            if row.approved:
                assert 10_000_000 <= row.limit_minor <= row.limit_cap_minor <= 100_000_000
                assert row.rate in (0.04, 0.0465, 0.0585, 0.0825, 0.15)
            else:
                assert (row.limit_minor, row.rate, row.expected_profit_minor) == (0, None, 0)

    def test_rating_d_and_recorded_defaults_get_nothing(self, folder: Path) -> None:
        rows = appraise(folder, replace(TERMS, budget_minor=10**12)).rows
        assert any(row.rating == "D" and not row.rating_on_file for row in rows)
        for row in rows:
            if row.rating == "D" or row.defaulted == 1:
                assert not row.approved
                assert row.reasons[0]["code"] in ("RATING_REFUSED", "RECORDED_DEFAULT")

    def test_a_firm_without_invoices_is_refused_with_what_to_bring(self, folder: Path) -> None:
        with (folder / "firms.csv").open("a") as file:
            file.write("E99,虚构空企业,,\n")
        row = appraise(folder).rows[-1]
        assert (row.firm, row.pd, row.rating, row.limit_cap_minor, row.approved) == ("E99", None, None, 0, False)
        assert row.reasons[0]["code"] == "NO_INVOICES"
        assert "bring" in row.reasons[0]["text_en"]

    def test_every_firm_has_reasons_in_both_languages(self, standing: AppraisalOutcome) -> None:
        for row in standing.rows:
            assert row.reasons
            assert all(set(reason) == {"code", "text_zh", "text_en"} and all(reason.values()) for reason in row.reasons)

    def test_dearer_money_and_losses_lend_no_more(self, folder: Path) -> None:
        plain = appraise(folder, replace(TERMS, budget_minor=10**12))
        dear = appraise(folder, replace(TERMS, budget_minor=10**12, cost_of_funds=Decimal("0.03")))
        assert 0 < dear.view.expected_profit_minor < plain.view.expected_profit_minor


class TestOnce:
    def test_the_same_question_gives_the_stored_appraisal(self, standing: AppraisalOutcome, its_folder: Path) -> None:
        decisions = Decision.objects.count()
        again = appraise(its_folder, replace(TERMS, lgd=Decimal("1.00")))
        assert again == standing
        assert (models.Appraisal.objects.count(), Decision.objects.count()) == (1, decisions)

    def test_forced_it_answers_the_same_anew(self, standing: AppraisalOutcome) -> None:
        second = operations.appraise(standing.load_id, terms=TERMS, now=NOW, force=True)
        assert second.appraisal_id != standing.appraisal_id
        assert [(r.pd, r.limit_minor, r.rate) for r in second.rows] == [
            (r.pd, r.limit_minor, r.rate) for r in standing.rows
        ]

    def test_other_terms_are_another_appraisal(self, standing: AppraisalOutcome, its_folder: Path) -> None:
        assert standing.appraisal_id != appraise(its_folder, replace(TERMS, budget_minor=1)).appraisal_id


class TestRecord:
    def test_every_decision_replays_to_the_same_answer(self, standing: AppraisalOutcome) -> None:
        for row in itertools.islice(standing.rows, 0, None, 12):
            again = replay.replay(row.decision_id)
            assert again.same
            assert again.recorded["limit_minor"] == row.limit_minor

    def test_the_record_names_policy_inputs_and_reasons(self, standing: AppraisalOutcome) -> None:
        row = standing.rows[0]
        decision = Decision.objects.select_related("batch").get(id=row.decision_id)
        assert decision.batch.policy_version == "2026-11-22"
        assert {"policy", "scorecard", "churn", "lgd", "cost_of_funds", "budget_minor"} <= set(
            decision.batch.parameters
        )
        assert decision.inputs["evidence"]["sales_net_year"] > 0
        assert decision.reasons == row.reasons


class TestRefusals:
    @pytest.mark.usefixtures("db")
    def test_too_few_labels_say_what_is_needed(self, tmp_path: Path) -> None:
        folder = write_folder(tmp_path, Town(firms=20, labelled=6))
        with pytest.raises(Refused, match=r"TOO_FEW_LABELS.*at least 10"):
            appraise(folder)
        assert models.Appraisal.objects.count() == 0

    def test_a_named_scorecard_serves_a_folder_without_labels(self, standing: AppraisalOutcome, tmp_path: Path) -> None:
        card = standing.view.scorecard_id
        bare = write_folder(tmp_path / "bare", replace(TOWN, firms=20, labelled=0, seed=8))
        outcome = appraise(bare, replace(TERMS, scorecard_id=card))
        assert len(outcome.rows) == 20
        assert all(row.pd is not None for row in outcome.rows)

    @pytest.mark.usefixtures("db")
    def test_an_unknown_load_is_refused(self) -> None:
        with pytest.raises(Refused, match="LOAD_UNKNOWN"):
            operations.appraise("load_none", terms=TERMS, now=NOW)

    def test_a_folder_without_any_invoice_is_refused(self, folder: Path) -> None:
        for name in ("sales.csv", "purchases.csv"):
            header = (folder / name).read_text().splitlines()[0]
            (folder / name).write_text(header + "\n")
        with pytest.raises(Refused, match="NO_INVOICES"):
            appraise(folder)

    def test_a_day_before_all_evidence_refuses_to_guess(self, folder: Path) -> None:
        with pytest.raises(Refused, match="TOO_FEW_LABELS"):
            appraise(folder, replace(TERMS, as_of=date(2001, 1, 1)))


class TestQueries:
    def test_a_what_if_at_the_same_budget_is_the_appraisal(self, standing: AppraisalOutcome) -> None:
        found = queries.resolve(standing.appraisal_id, TERMS.budget_minor)
        assert (found.expected_profit_minor, found.dual_price) == (
            standing.view.expected_profit_minor, standing.view.dual_price,
        )  # fmt: skip
        assert {firm: limit for firm, (limit, _, _) in found.limits.items()} == {
            row.firm: row.limit_minor for row in standing.rows if row.approved
        }

    def test_the_curve_goes_through_the_asked_budget(self, standing: AppraisalOutcome) -> None:
        points = {p["budget_minor"]: p for p in queries.profit_curve(standing.appraisal_id)}
        assert points[TERMS.budget_minor]["expected_profit_minor"] == standing.view.expected_profit_minor
        assert points[0]["expected_profit_minor"] == 0

    def test_the_offer_book_is_searched_and_paged(self, standing: AppraisalOutcome) -> None:
        page = queries.offer_book_rows(standing.appraisal_id, page=2)
        assert (page.total, page.pages, [row.firm for row in page.rows][:2]) == (60, 2, ["E51", "E52"])
        assert [row.firm for row in queries.offer_book_rows(standing.appraisal_id, text="虚构企业60").rows] == ["E60"]
        approved = queries.offer_book_rows(standing.appraisal_id, approved=True)
        assert approved.total == standing.view.approved

    def test_a_firms_page_holds_evidence_flows_and_partners(self, standing: AppraisalOutcome) -> None:
        page = queries.firm_page(standing.load_id, "E3")
        flows = queries.monthly_flows(standing.load_id, "E3")
        buyers = queries.top_counterparties(standing.load_id, "E3", direction="sale", most=100)
        assert page.verdict is not None
        assert len(page.features) == 16
        assert sum(month["sales_minor"] for month in flows) == page.evidence["sales_net_all"]
        assert sum(buyer["share"] for buyer in buyers) == pytest.approx(1.0)
        with pytest.raises(queries.FirmUnknown):
            queries.firm_page(standing.load_id, "E999")


class TestReport:
    def test_prints_the_contract(self, standing: AppraisalOutcome) -> None:
        *firms, summary = [json.loads(json.dumps(line)) for line in report.json_lines(standing)]
        contract = [
            "firm",
            "rating",
            "pd",
            "approved",
            "limit_cap_minor",
            "limit_minor",
            "rate",
            "expected_profit_minor",
            "reasons",
        ]
        assert [list(firm)[:9] for firm in firms] == [contract] * 60
        assert list(summary)[:6] == [
            "budget_minor",
            "expected_profit_minor",
            "dual_price",
            "firms",
            "approved",
            "seconds",
        ]
        assert list(summary["seconds"]) == ["load", "features", "model", "optimise"]

    def test_says_that_the_firms_are_invented(self, standing: AppraisalOutcome) -> None:
        assert "虚构" in next(report.text_lines(standing))
