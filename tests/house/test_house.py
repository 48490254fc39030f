"""The house's rules as tests, so that `make test` (and CI) cannot pass where `make check` would fail."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("lint-imports",),
        ("python", "-m", "checks"),
        ("mypy",),
    ],
    ids=lambda command: " ".join(command),
)
def test_the_house_is_in_order(command: tuple[str, ...]) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


class TestOurOwnChecksCatchWhatTheyAreFor:
    def test_a_float_near_money(self, tmp_path: Path) -> None:
        from checks import floats

        place = tmp_path / "src/puhui/kernel"
        place.mkdir(parents=True)
        (place / "bad.py").write_text("fee = 0.1\nrate = float('1')\nimport numpy\nx = numpy.float64\n")
        assert [breach.split(": ")[1].split(" near")[0] for breach in floats.breaches(tmp_path)] == [
            "float constant 0.1",
            "float()",
            "float64",
        ]

    def test_a_function_that_grew_and_a_record_that_is_no_longer_needed(self, tmp_path: Path) -> None:
        from checks import sizes

        (tmp_path / "checks").mkdir()
        (tmp_path / "checks/sizes.json").write_text('{"src/a.py::small": 70}')
        (tmp_path / "src").mkdir()
        (tmp_path / "src/a.py").write_text("def small():\n    pass\ndef long():\n" + "    x = 1\n" * 61)
        found = list(sizes.breaches(tmp_path))
        assert [breach.split(":")[0] for breach in found] == ["src/a.py", "checks/sizes.json"]

    def test_a_vague_name_a_filled_init_and_a_pickle(self, tmp_path: Path) -> None:
        from checks import furniture

        room = tmp_path / "src/puhui/funding"
        room.mkdir(parents=True)
        (room / "__init__.py").write_text("import os\n")
        (room / "utils.py").write_text("import pickle\n")
        found = [breach for breach in furniture.breaches(tmp_path) if "missing" not in breach]
        assert [breach.split(": ")[1].split(" ")[0] for breach in found] == ["not", "a", "pickle;"]

    def test_a_path_of_somebody_s_machine(self, tmp_path: Path) -> None:
        from checks import places

        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
        (tmp_path / "a.txt").write_text("see /" + "home/me/x\n")
        subprocess.run(["git", "add", "a.txt"], cwd=tmp_path, check=True)
        assert [breach.split(": ")[0] for breach in places.breaches(tmp_path)] == ["a.txt:1"]
