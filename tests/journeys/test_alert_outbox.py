"""Alerts on their way to people: once a channel, grouped, quiet at night, later when a channel is down, never personal."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from puhui.acquisition import operations as acquisition
from puhui.antifraud.models import FraudModel, FraudModelAlert, FraudModelDay
from puhui.journeys import models
from puhui.journeys.alerts import board, outbox, raised, terms, wording
from puhui.journeys.alerts.channels import LATER, REFUSED, TAKEN, Channel, Outcome
from puhui.journeys.alerts.raised import Raised
from puhui.journeys.alerts.wording import Letter
from puhui.journeys.models import AlertMessage, AlertNotice, AlertTold
from puhui.kernel.refusal import Refused
from puhui.policy.models import Alert, Experiment, Rulebook, Version
from puhui.underwriting.models import FittedModel, ModelAlert, ModelDay

NOON = datetime(2026, 12, 1, 4, tzinfo=UTC)  # noon in China
DAY = date(2026, 12, 1)


@dataclass
class Box:
    """A receiver of ours: it answers as it is told to, and keeps what came."""

    outcome: Outcome = field(default_factory=lambda: Outcome(TAKEN, "ok"))
    letters: list[Letter] = field(default_factory=list)
    where: str = "a box"

    def send(self, letter: Letter, *, now: datetime) -> Outcome:
        self.letters.append(letter)
        return self.outcome


def alert(
    key: str, at: datetime, *, severity: str = "act", cause: str = "policy/exp_1/guardrail", zh: str = "护栏"
) -> Raised:
    return Raised(key, "policy", severity, cause, zh, "a guard-rail", "policy", "application", at)


def note(channels: dict[str, Channel], found: list[Raised], *, now: datetime) -> int:
    return outbox.note(channels, lambda moment, now: [each for each in found if each.raised_at >= moment], now=now)


def send(channels: dict[str, Channel], *, now: datetime) -> dict[str, int]:
    return outbox.send_due(
        outbox.Way(channels, lambda page, subject: f"https://puhui.example/{page}/{subject}"), now=now
    )


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def set_up(db: None, box: Box) -> dict[str, Channel]:
    """One channel, set up at noon."""
    channels: dict[str, Channel] = {"wecom": box}
    assert note(channels, [], now=NOON) == 0
    return channels


class TestAnAlert:
    def test_is_told_once_a_channel_however_often_it_is_found(self, set_up: dict[str, Channel], box: Box) -> None:
        other = Box()
        both = set_up | {"feishu": other}
        assert note(both, [], now=NOON) == 0
        assert note(both, [alert("a", minutes(1))], now=minutes(1)) == 2
        assert note(both, [alert("a", minutes(1))], now=minutes(2)) == 0
        assert send(both, now=minutes(2.9)) == {}  # the time of grouping is not over
        assert send(both, now=minutes(3)) == {"sent": 2}
        assert send(both, now=minutes(9)) == {}
        assert note(both, [alert("a", minutes(1))], now=minutes(9)) == 0
        assert (len(box.letters), len(other.letters)) == (1, 1)
        assert AlertTold.objects.count() == 2

    def test_of_one_cause_shares_a_message_until_that_leaves(self, set_up: dict[str, Channel], box: Box) -> None:
        found = [alert(f"a{n}", minutes(1)) for n in range(3)] + [alert("b", minutes(1), cause="model/m")]
        assert note(set_up, found, now=minutes(1)) == 4
        assert note(set_up, [alert("late", minutes(2))], now=minutes(2)) == 1
        assert send(set_up, now=minutes(3)) == {"sent": 2}
        assert note(set_up, [alert("next", minutes(3))], now=minutes(3)) == 1
        assert send(set_up, now=minutes(5)) == {"sent": 1}
        assert sorted(letter.text.count("•") for letter in box.letters[:2]) == [1, 4]
        assert box.letters[2].text.count("•") == 1
        assert len({letter.number for letter in box.letters}) == 3

    def test_that_is_graver_takes_the_waiting_message_along(self, set_up: dict[str, Channel], box: Box) -> None:
        note(set_up, [alert("mild", minutes(0), severity="watch")], now=minutes(0))
        assert send(set_up, now=minutes(5)) == {}
        note(set_up, [alert("grave", minutes(5))], now=minutes(5))
        assert send(set_up, now=minutes(7)) == {"sent": 1}
        assert "需要处理：2 条告警 · act: 2 alert(s)" in box.letters[0].text

    def test_from_before_its_channel_was_set_up_is_not_sent(self, db: None, box: Box) -> None:
        old = [alert(f"old{n}", minutes(-n - 1), cause=f"c{n}") for n in range(500)]
        assert note({"wecom": box}, old, now=NOON) == 0
        assert note({"wecom": box}, [*old, alert("new", NOON)], now=minutes(1)) == 1
        assert send({"wecom": box}, now=minutes(9)) == {"sent": 1}
        assert box.letters[0].text.count("•") == 1
        late = Box()
        assert note({"wecom": box, "feishu": late}, [alert("new", NOON)], now=minutes(10)) == 0
        assert late.letters == []

    def test_older_than_the_look_back_stands_on_the_pages_only(self, set_up: dict[str, Channel]) -> None:
        back = terms.number("look_back", DAY)
        found = [alert("lost", minutes(1)), alert("kept", minutes(3))]
        assert note(set_up, found, now=minutes(2) + timedelta(hours=back)) == 1


class TestWithoutAChannel:
    def test_nothing_is_queued(self, db: None) -> None:
        assert note({}, [alert("a", NOON)], now=NOON) == 0
        assert send({}, now=minutes(60)) == {}
        assert (AlertNotice.objects.count(), AlertMessage.objects.count()) == (0, 0)

    def test_what_waited_for_one_that_is_gone_is_withdrawn_and_not_sent_when_it_comes_back(
        self, set_up: dict[str, Channel], box: Box
    ) -> None:
        note(set_up, [alert("a", minutes(1))], now=minutes(1))
        assert note({}, [], now=minutes(2)) == 0
        assert AlertMessage.objects.get().state == "withdrawn"
        assert note({}, [alert("b", minutes(3))], now=minutes(3)) == 0
        both = [alert("a", minutes(1)), alert("b", minutes(3))]
        assert note(set_up, both, now=minutes(4)) == 0
        assert send(set_up, now=minutes(60)) == {}
        assert box.letters == []


class TestQuietHours:
    @pytest.mark.parametrize(
        ("severity", "at", "due"),
        [
            ("watch", "2026-12-01T12:00", "2026-12-01T12:15"),
            ("watch", "2026-12-01T20:44", "2026-12-01T20:59"),
            ("watch", "2026-12-01T20:45", "2026-12-02T08:30"),
            ("watch", "2026-12-02T03:00", "2026-12-02T08:30"),
            ("watch", "2026-12-02T08:14", "2026-12-02T08:30"),
            ("watch", "2026-12-02T08:15", "2026-12-02T08:30"),
            ("watch", "2026-12-31T23:59", "2027-01-01T08:30"),
            ("act", "2026-12-02T03:00", "2026-12-02T03:02"),
        ],
    )
    def test_hold_back_what_can_wait_for_the_morning(self, severity: str, at: str, due: str) -> None:
        now = datetime.fromisoformat(at).replace(tzinfo=terms.CHINA)
        found = terms.due_at(terms.severity(severity, now.date()), now)
        assert found == datetime.fromisoformat(due).replace(tzinfo=terms.CHINA)

    def test_end_with_one_message_of_a_cause(self, set_up: dict[str, Channel], box: Box) -> None:
        night = datetime(2026, 12, 1, 15, tzinfo=UTC)  # eleven at night
        for hour in range(6):
            at = night + timedelta(hours=hour)
            note(set_up, [alert(f"a{hour}", at, severity="watch")], now=at)
        morning = datetime(2026, 12, 2, 0, 30, tzinfo=UTC)
        assert send(set_up, now=morning - timedelta(minutes=1)) == {}
        assert send(set_up, now=morning) == {"sent": 1}
        assert box.letters[0].text.count("•") == 6


class TestAChannelThatIsDown:
    def test_is_tried_again_after_ever_longer_waits_and_given_up(self, set_up: dict[str, Channel], box: Box) -> None:
        box.outcome = Outcome(LATER, "ConnectError")
        note(set_up, [alert("a", minutes(0))], now=minutes(0))
        at, waits = minutes(2), []
        for _try in range(8):
            assert send(set_up, now=at - timedelta(seconds=1)) == {}
            ended = send(set_up, now=at)
            due = AlertMessage.objects.get().due_at
            waits.append(round((due - at).total_seconds() / 60))
            at = due
        assert waits[:7] == [2, 4, 8, 16, 32, 64, 128]
        assert ended == {"given_up": 1}
        assert len(box.letters) == 8
        assert len({letter.number for letter in box.letters}) == 1
        assert "第 8 次发送，编号相同即为同一条" in box.letters[-1].text
        assert "次发送" not in box.letters[0].text
        assert send(set_up, now=at + timedelta(days=1)) == {}
        outbox.again(box.letters[0].number, set_up, now=at)
        box.outcome = Outcome(TAKEN, "ok")
        assert send(set_up, now=at) == {"sent": 1}
        assert box.letters[-1].number == box.letters[0].number

    def test_does_not_make_another_wait(self, set_up: dict[str, Channel], box: Box) -> None:
        box.outcome, other = Outcome(LATER, "ReadTimeout"), Box()
        both = set_up | {"feishu": other}
        note(both, [], now=NOON)
        note(both, [alert(f"a{n}", minutes(0), cause=f"c{n}") for n in range(3)], now=minutes(0))
        assert send(both, now=minutes(2)) == {"later": 1, "sent": 3}
        assert (len(box.letters), len(other.letters)) == (1, 3)

    def test_hears_no_more_a_minute_than_it_bears(self, set_up: dict[str, Channel], box: Box) -> None:
        note(set_up, [alert(f"a{n:02}", minutes(0), cause=f"c{n:02}") for n in range(23)], now=minutes(0))
        assert [send(set_up, now=minutes(at)) for at in (2, 2.5, 3, 4)] == [{"sent": 10}, {}, {"sent": 10}, {"sent": 3}]


class TestARefusedMessage:
    def test_is_settled_shown_and_offered_again_by_a_person(self, set_up: dict[str, Channel], box: Box) -> None:
        box.outcome = Outcome(REFUSED, "200 93000 invalid webhook url")
        note(set_up, [alert("a", minutes(0))], now=minutes(0))
        assert send(set_up, now=minutes(2)) == {"refused": 1}
        assert send(set_up, now=minutes(99)) == {}
        (line,) = board.messages(now=minutes(99))
        assert [(each.number, each.outcome, each.answer) for each in line.tries] == [
            (1, "refused", "200 93000 invalid webhook url")
        ]
        assert line.may_go_again
        assert line.silent_tries == 0
        with pytest.raises(Refused, match="ALERT_CHANNEL_OFF"):
            outbox.again(line.message.id, {}, now=minutes(99))
        outbox.again(line.message.id, set_up, now=minutes(99))
        box.outcome = Outcome(TAKEN, "ok")
        assert send(set_up, now=minutes(99)) == {"sent": 1}
        with pytest.raises(Refused, match="ALERT_MESSAGE_NOT_FAILED"):
            outbox.again(line.message.id, set_up, now=minutes(99))
        assert AlertMessage.objects.get().state == "sent"


class TestASender:
    def test_that_was_thought_dead_does_not_undo_what_its_heir_wrote(
        self, set_up: dict[str, Channel], box: Box
    ) -> None:
        note(set_up, [alert("a", minutes(0))], now=minutes(0))
        bears = terms.channels(DAY)["wecom"]
        slow = outbox._claim(bears, minutes(2))
        assert slow is not None
        assert outbox._claim(bears, minutes(6.9)) is None
        assert send(set_up, now=minutes(7)) == {"sent": 1}
        outbox._settle(slow, Outcome(LATER, "ReadTimeout"), bears, minutes(8), milliseconds=1)
        assert AlertMessage.objects.get().state == "sent"

    def test_that_dies_at_every_try_gives_the_message_up(self, set_up: dict[str, Channel], box: Box) -> None:
        note(set_up, [alert("a", minutes(0)), alert("b", minutes(0), cause="model/m")], now=minutes(0))
        bears = terms.channels(DAY)["wecom"]
        AlertMessage.objects.filter(cause="model/m").update(due_at=minutes(600))
        for number in range(bears.tries):
            claimed = outbox._claim(bears, minutes(2 + 5 * number))
            assert claimed is not None
            assert claimed.attempts == number + 1
        assert send(set_up, now=minutes(600)) == {"sent": 1}
        assert sorted(AlertMessage.objects.values_list("state", flat=True)) == ["given_up", "sent"]
        assert len(box.letters) == 1

    def test_of_a_channel_with_a_bug_tries_later_and_the_others_now(self, set_up: dict[str, Channel], box: Box) -> None:
        class Bug(Box):
            def send(self, letter: Letter, *, now: datetime) -> Outcome:
                raise ZeroDivisionError

        both: dict[str, Channel] = {"mail": Bug(), **set_up}
        note(both, [], now=NOON)
        note(both, [alert("a", minutes(0))], now=minutes(0))
        assert send(both, now=minutes(2)) == {"later": 1, "sent": 1}
        assert AlertMessage.objects.get(channel="mail").answer == "ZeroDivisionError：见日志 · see the log"


PERSONAL = ("张三丰", "110101199003078515", "13800138000", "6222021234567890123", "zhang@example.cn")


class TestAMessage:
    def test_holds_nothing_of_a_fault_that_quotes_an_applicant(self, db: None) -> None:
        """A challenger that fails may put an applicant's inputs into its fault; the page shows it, a message never does."""
        fault = f"ValueError: cannot read {' '.join(PERSONAL)}"
        experiment = challenger(mode="challenger")
        Alert.objects.create(experiment=experiment, kind="fault", metric="fault_count", n=1, told=fault, raised_at=NOON)
        (found,) = raised.by_rooms(NOON, now=NOON)
        box = Box()
        channels: dict[str, Channel] = {"wecom": box}
        note(channels, [], now=NOON)
        note(channels, [found], now=NOON)
        assert send(channels, now=minutes(2)) == {"sent": 1}
        text = box.letters[0].text + box.letters[0].subject
        assert [each for each in PERSONAL if each in text] == []
        assert "挑战策略运行出错，已由现行策略代为决定：n_line@7（fault_count, n=1）" in text
        assert "https://puhui.example/policy/n_line" in text

    def test_masks_what_looks_like_a_persons_number_even_in_a_name(self) -> None:
        line = wording.Line(
            f"模型 {PERSONAL[1]}", f"a model of {PERSONAL[2]}, {PERSONAL[3]}, {PERSONAL[4]}", "12-01 12:00"
        )
        content = wording.Content("am_1", ("测试", "test"), [line], "https://x", 1)
        found = wording.letter(content, most_lines=10, most_bytes=2048).text
        assert "• 12-01 12:00 模型 *** · a model of ***, ***, ***" in found

    @pytest.mark.parametrize("most_bytes", [400, 700, 2048])
    def test_fits_its_channel_and_counts_what_it_leaves_out(self, most_bytes: int) -> None:
        lines = [wording.Line("评分分布显著偏移" * 3, "the score has moved far", "12-01 12:00") for _n in range(40)]
        content = wording.Content(
            "am_" + "0" * 32, ("请留意：40 条告警", "watch: 40 alert(s)"), lines, "https://puhui.example/x", 3
        )
        text = wording.letter(content, most_lines=10, most_bytes=most_bytes).text
        told = text.count("•")
        assert len(text.encode()) <= most_bytes
        assert f"另有 {40 - told} 条 · and {40 - told} more" in text
        assert "编号 Ref: am_" + "0" * 32 in text
        assert "https://puhui.example/x" in text
        assert told == {400: 1, 700: 3, 2048: 10}[most_bytes]


class TestWhatRoomsRaise:
    def test_comes_with_severity_cause_and_page(self, db: None) -> None:
        for mode, kind in (("challenger", "guardrail"), ("shadow", "fault")):
            experiment = challenger(mode=mode)
            Alert.objects.create(experiment=experiment, kind=kind, metric="pass_rate", value=0.91, bound=0.8, n=120, told="x", raised_at=NOON)  # fmt: skip
        models.DayAttempt.objects.create(business_date=DAY, started_at=NOON, milliseconds=1, fault="ValueError: 张三")
        models.DayAttempt.objects.create(business_date=DAY, started_at=NOON, milliseconds=1, fault="")
        found = raised.by_rooms(NOON, now=NOON)
        assert sorted((each.source, each.severity, each.zh, each.page, each.subject) for each in found) == [
            ("closing", "act", "日终未能完成：2026-12-01", "closing", ""),
            (
                "policy",
                "act",
                "挑战策略越过护栏，已自动停止：n_line@7（pass_rate 0.91 / 0.8, n=120）",
                "policy",
                "n_line",
            ),
            ("policy", "watch", "影子策略运行出错：n_line@7（pass_rate 0.91 / 0.8, n=120）", "policy", "n_line"),
        ]
        assert len({each.key for each in found}) == 3
        assert raised.by_rooms(NOON + timedelta(seconds=1), now=NOON) == []

    def test_of_a_kind_that_the_table_does_not_know_is_told_all_the_same(self, db: None) -> None:
        Alert.objects.create(
            experiment=challenger(mode="shadow"), kind="new", metric="m", n=3, told="x", raised_at=NOON
        )
        (found,) = raised.by_rooms(NOON, now=NOON)
        assert (found.severity, found.zh) == ("act", "其他告警：n_line@7（m, n=3）")

    def test_of_a_watched_model_is_named_by_model_and_figure(self, db: None) -> None:
        model = FittedModel.objects.create(
            id="model_1", name="小店申请卡", version=3, kind="scorecard", digest="d", content={}, card={}, tape_name="t",
            tape_hash="h", registered_by="lin", registered_at=NOON,
        )  # fmt: skip
        day = ModelDay.objects.create(model=model, day=DAY, told={}, policy_version="1", computed_at=NOON)
        ModelAlert.objects.create(
            model_day=day, figure="psi_score", value=0.31, above=0.25, level="act", raised_at=NOON,
            message="评分分布显著偏移（psi_score 0.31 > 0.25） · the score has moved far (psi_score 0.31 > 0.25)",
        )  # fmt: skip
        (found,) = raised.by_rooms(NOON, now=NOON)
        assert (found.key, found.severity, found.page, found.subject) == ("model/model_1/2026-12-01/psi_score", "act", "model", "model_1")  # fmt: skip
        assert found.zh == "模型监控告警：小店申请卡 v3，评分分布显著偏移（psi_score 0.31 > 0.25）"
        assert found.en == "a model passed a line: 小店申请卡 v3, the score has moved far (psi_score 0.31 > 0.25)"

    def test_of_a_fraud_model_is_raised_until_somebody_has_seen_it(self, db: None) -> None:
        model = FraudModel.objects.create(id="fm_1", trained_at=NOON, trained_by="lin", content={}, measures={}, state="challenger")  # fmt: skip
        day = FraudModelDay.objects.create(model=model, day=DAY, figures={}, details={}, policy_version="1", computed_at=NOON)  # fmt: skip
        for figure, seen_by in (("psi_score", ""), ("auc_drop", "lin")):
            FraudModelAlert.objects.create(
                model_day=day, figure=figure, value=0.3, above=0.25, level="watch", message="评分偏移 · the score moved",
                raised_at=NOON, seen_by=seen_by,
            )  # fmt: skip
        (found,) = raised.by_rooms(NOON, now=NOON)
        assert (found.severity, found.cause, found.page) == ("watch", "mirror/fm_1", "mirror")
        assert (found.zh, found.en) == ("反欺诈模型提醒：评分偏移", "a fraud model passed a line: the score moved")
        assert raised.by_rooms(NOON + timedelta(seconds=1), now=NOON) == []

    def test_of_media_data_is_raised_as_the_day_ends_by_the_same_key_whenever_asked(self, db: None) -> None:
        report = acquisition.MediaReportDraft("tencent", "春季", date(2026, 11, 30), 100, 40, 1)
        acquisition.record_media_report(report, key="k", now=NOON)
        midnight = datetime(2026, 11, 30, 16, tzinfo=UTC)
        (found,) = raised.of_media(midnight, now=NOON)
        assert (found.key, found.raised_at, found.subject) == (
            "octopus/2026-11-30/tencent/loss",
            midnight,
            "2026-11-30",
        )
        assert found.zh == "获客数据质量告警：tencent 11-30 我方点击少于媒体统计（1 > 0.05 share）"
        assert raised.of_media(midnight, now=NOON + timedelta(hours=3)) == [found]
        assert raised.of_media(midnight + timedelta(seconds=1), now=NOON) == []


def challenger(*, mode: str) -> Experiment:
    Rulebook.objects.get_or_create(kind="n_line", defaults={"name_zh": "线", "name_en": "line", "created_at": NOON})
    version, _new = Version.objects.get_or_create(
        id="rbv_n", defaults={"rulebook_id": "n_line", "number": 7, "texts": {}, "content_hash": "h", "author": "lin",
                              "state": "draft", "created_at": NOON},
    )  # fmt: skip
    return Experiment.objects.create(
        id=f"exp_{mode}", rulebook_id="n_line", version=version, mode=mode, salt="s", share_buckets=1, starts_at=NOON,
        started_by="lin",
    )  # fmt: skip
