"""`puhui mirror complaints` and `rules`: what a line may say, and what is refused in words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puhui.antifraud import application_json, models, operations
from puhui.antifraud.tests.test_assess import NOW
from puhui.cli import mirror_complaints
from puhui.cli.main import app
from puhui.kernel.refusal import Refused


@pytest.mark.django_db
def test_a_complaint_is_read_as_an_application_is_and_bad_lines_are_answered() -> None:
    sent = {"id_number": "11010119900307803X", "application_id": "j1", "shop_phone": "0571-1234 5678"}
    operations.assess(application_json.read(sent, now=NOW).facts, now=NOW)
    at = NOW.isoformat()
    lines = [
        {"text": "店铺电话冒用他人", "door": "branch", "shop_phone": "057112345678", "received_at": at},
        {"text": "店铺电话冒用他人", "door": "branch"},
        {"text": "冒名", "door": "branch", "application_id": "j1"},
        {"text": "冒名申请贷款", "door": "branch", "agent": "A1", "phone": "13800000000"},
        ["no object"],
        {"text": "冒名申请贷款", "door": "branch", "application_id": "j1", "received_at": "yesterday"},
        {"text": "冒名申请贷款", "door": "branch", "device": "0000-0000"},
        {"text": "冒名申请贷款", "door": ["branch"], "application_id": "j1"},
    ]
    told = [mirror_complaints._answered(json.dumps(line), "cli") for line in lines]
    assert [each.get("refused", {}).get("code") for each in told] == [
        None, "COMPLAINT_ABOUT_NOTHING", "NOTE_MISSING", "COMPLAINT_ABOUT_NOTHING", "COMPLAINT_UNREADABLE", "TIME_UNREADABLE",
        "ENTITY_UNREADABLE", "DOOR_MISSING",
    ]  # fmt: skip
    assert mirror_complaints._answered("{", "cli")["refused"]["code"] == "LINE_UNREADABLE"
    assert models.Complaint.objects.get().shown == "057****5678"
    assert operations.leads_from_complaints(now=NOW) == 1
    assert models.Lead.objects.get().application_key == "j1"


@pytest.mark.parametrize("command", ["complaints", "assess"])
def test_a_file_that_is_not_there_is_said_before_a_database_is_touched(command: str) -> None:
    with pytest.raises(Refused, match="FILE_UNREADABLE"):
        CliRunner().invoke(app, ["mirror", command, "/nowhere/c.jsonl"], catch_exceptions=False)


@pytest.mark.parametrize("asked", ["999", "1000001", "-5"])
def test_a_made_up_world_has_a_size(asked: str) -> None:
    with pytest.raises(Refused, match="SIZE_OUT_OF_RANGE") as found:
        CliRunner().invoke(app, ["mirror", "rules", "--simulate", asked], catch_exceptions=False)
    assert found.value.refusal.where == "--simulate"


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    from puhui.antifraud.graphs import history_export

    (tmp_path / "file").write_text("here")
    for folder, code in ((tmp_path / "file", "FOLDER_UNWRITABLE"), (tmp_path, "FOLDER_NOT_EMPTY")):
        with pytest.raises(Refused, match=code):
            history_export.write(folder)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
