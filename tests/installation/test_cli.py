"""The command line: exit codes, messages that help, and a standard output that machines can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from installation import cli
from installation.locking import locked
from installation.networks.weights import WeightsError
from installation.piece import Piece

GOOD = "title: Test\npieces:\n  - neural_beatbox\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Types a command in a folder of its own, with an exhibition file that is good."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exhibition.yaml").write_text(GOOD)

    def typed(*words: str) -> Result:
        return CliRunner().invoke(cli.app, list(words))

    yield typed


def measured(data: Path) -> dict[str, Any]:
    return {"accuracy": 0.9, "per_label": {"kick": 1.0}, "n": 3}


def quick() -> dict[str, Any]:
    return {"frames_per_second": 31.5}


def spoilt(data: Path, **options: Any) -> None:
    raise ValueError(f"{data}: no column 'label'")


def taught(data: Path, world: str | None = None) -> None:
    raise ValueError(f"{data} taught {world}")


def strict(data: Path, world: str | None = None, reference: Path | None = None) -> dict[str, Any]:
    if world == "lost":
        raise WeightsError("lost.safetensors: there is no world called 'lost'")
    return {"world": world, "reference": str(reference)}


class Drum(Piece):
    """A piece for tests."""

    trains: ClassVar[Mapping[str, str]] = {"hearing": "tests.installation.test_cli:spoilt"}
    evaluates: ClassVar[Mapping[str, str]] = {
        "hits": "tests.installation.test_cli:measured",
        "broken": "tests.installation.test_cli:spoilt",
    }
    benches: ClassVar[Mapping[str, str]] = {"speed": "tests.installation.test_cli:quick"}


@pytest.fixture
def with_drum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Installed", lambda: {"drum": Drum})


# ---- check ------------------------------------------------------------------------------------------------------


def test_a_good_file_is_good(run: Any) -> None:
    done = run("check")
    assert done.exit_code == 0 and done.stdout == "exhibition.yaml: all is well\n"


def test_every_mistake_is_said_with_its_place_and_what_was_meant(run: Any) -> None:
    Path("exhibition.yaml").write_text(
        "title: Test\npieces:\n  - neural_beatbox:\n      tempoo: [90, 100]\nscreeen: {}\nlanguages: [en, 7]\n"
    )
    done = run("check")
    assert done.exit_code == 2
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and all(line.startswith("exhibition.yaml:") for line in lines)
    assert "exhibition.yaml:4:7: unknown setting 'tempoo' of piece 'neural_beatbox'; did you mean 'tempo'?" in lines
    assert any("did you mean 'screen'?" in line for line in lines)


@pytest.mark.parametrize("words", [("check", "none.yaml"), ("run", "-e", "none.yaml"), ("doctor", "-e", "none.yaml")])
def test_a_file_that_is_not_there(run: Any, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.exit_code == 2 and "none.yaml" in done.output and "Traceback" not in done.output


@pytest.mark.parametrize("words", [(), ("run",), ("doctor",), ("render", "neural_beatbox")])
def test_a_bad_file_stops_whatever_needs_it(run: Any, words: tuple[str, ...]) -> None:
    Path("exhibition.yaml").write_text("title: [\n")
    done = run(*words)
    assert done.exit_code == 2 and not done.stdout and "exhibition.yaml:" in done.stderr


# ---- run --------------------------------------------------------------------------------------------------------


def test_two_at_once_on_one_store(run: Any) -> None:
    """The second says so and leaves."""
    with locked(Path("data"), "the first"):
        done = run("run")
    assert done.exit_code == 2 and "is in use by process" in done.stderr and "the first" in done.stderr


# ---- render -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        (("render", "neural_beatboks"), "no piece is called 'neural_beatboks'; there are "),
        (("render", "neural_beatbox", "--size", "big"), "--size 'big' is not a picture size"),
        (("render", "neural_beatbox", "--size", "31x17"), "must be even, not 31x17"),
        (("render", "neural_beatbox", "--camera", "none.mp4"), "none.mp4"),
        (("render", "neural_beatbox", "--voice", "none.wav"), "none.wav"),
        (("render", "neural_beatbox", "--seconds", "-1"), "seconds"),
        (("render", "neural_beatbox", "--press", "3:buton"), "'3:buton' is not a second and a control; did you mean"),
        (("render", "neural_beatbox", "--press", "3:button,next"), "'next' is not a second and a control; write for"),
        (("render", "neural_beatbox", "--press", "-1:next"), "'-1:next' is not a second and a control"),
        (("render", "neural_beatbox", "--press", "1:next,", "--seconds", "2"), "'' is not a second and a control"),
        (("render", "neural_beatbox", "--press", "9:next", "--seconds", "2"), "'9:next' comes after the end of the"),
        (("render",), "Missing argument"),
    ],
)
def test_what_cannot_be_rendered(run: Any, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.exit_code == 2 and message in done.output and "Traceback" not in done.output
    assert not list(Path().glob("*.mp4"))


# ---- figures ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_drum")
@pytest.mark.parametrize(
    "words, message",
    [
        (("evaluate", "drum.hits2", "--data", "x"), "there is no 'drum.hits2'; there are drum.hits, drum.broken"),
        (("evaluate", "nothing", "--data", "x"), "there are drum.hits"),
        (("evaluate", "drum.broken", "--data", "x.csv"), "drum.broken: x.csv: no column 'label'"),
        (("train", "drum.rhythm", "--data", "x"), "there is no 'drum.rhythm'; there are drum.hearing"),
        (("train", "drum.hearing", "--data", "x", "--steps", "3"), "drum.hearing: x: no column"),
        (("bench", "nothing"), "nothing to measure is called 'nothing'"),
        (("calibrate", "colour"), "nothing to calibrate is called 'colour'"),
    ],
)
def test_what_cannot_be_measured(run: Any, words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert done.exit_code == 2 and message in done.stderr and not done.stdout


class Worlds(Piece):
    """A piece with many networks of one kind."""

    trains: ClassVar[Mapping[str, str]] = {"world": "tests.installation.test_cli:taught"}
    evaluates: ClassVar[Mapping[str, str]] = {
        "world": "tests.installation.test_cli:strict",
        "plain": "tests.installation.test_cli:measured",
    }


def test_a_piece_without_a_figure_means_its_first(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Installed", lambda: {"worlds": Worlds, "none": Piece})
    done = run("evaluate", "worlds", "--data", "x", "--world", "sea", "--reference", "u.safetensors", "--json")
    assert json.loads(done.stdout) == {"world": "sea", "reference": "u.safetensors"}
    done = run("train", "worlds", "--data", "x", "--world", "rust")
    assert done.exit_code == 2 and "x taught rust" in done.stderr
    assert "there is no 'none'" in run("train", "none", "--data", "x").stderr


def test_an_option_that_a_network_does_not_know_is_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Installed", lambda: {"worlds": Worlds})
    done = run("train", "worlds", "--data", "x", "--world", "rust", "--steps", "5")
    assert done.exit_code == 2 and "worlds: takes no --steps" in done.stderr
    done = run("evaluate", "worlds.plain", "--data", "x", "--world", "sea")
    assert done.exit_code == 2 and "worlds.plain: takes no --world" in done.stderr


def test_weights_that_are_not_there_are_said_without_a_traceback(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Installed", lambda: {"worlds": Worlds})
    done = run("evaluate", "worlds", "--data", "x", "--world", "lost")
    assert done.exit_code == 2 and "no world called 'lost'" in done.stderr and "Traceback" not in done.output


@pytest.mark.usefixtures("with_drum")
def test_json_is_one_object_on_standard_output_and_nothing_else(run: Any) -> None:
    done = run("bench", "drum.speed", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout) == {"frames_per_second": 31.5}
    assert "measuring drum.speed" in done.stderr
    done = run("bench", "drum", "--json")
    assert json.loads(done.stdout) == {"frames_per_second": 31.5}
    done = run("evaluate", "drum.hits", "--data", "x", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"accuracy": 0.9, "per_label": {"kick": 1.0}, "n": 3}


@pytest.mark.usefixtures("with_drum")
def test_for_people_there_is_a_table(run: Any) -> None:
    done = run("evaluate", "drum.hits", "--data", "x")
    assert done.exit_code == 0 and "accuracy" in done.stdout and "per_label.kick" in done.stdout


def test_the_doctor_s_verdict_is_its_exit_code(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from installation import doctor

    found = [SimpleNamespace(name="camera", verdict="missing")]
    monkeypatch.setattr(doctor, "examine", lambda exhibition: found)
    monkeypatch.setattr(doctor, "table", lambda findings: "a table")
    for passes, code in ((True, 0), (False, 1)):
        monkeypatch.setattr(doctor, "passes", lambda findings, passes=passes: passes)
        assert run("doctor").exit_code == code
        done = run("doctor", "--json")
        assert done.exit_code == code and "camera" in json.dumps(json.loads(done.stdout))


def test_pieces_are_listed(run: Any) -> None:
    done = run("pieces")
    assert done.exit_code == 0 and "neural_beatbox" in done.stdout


def test_an_unknown_command(run: Any) -> None:
    done = run("rennder")
    assert done.exit_code == 2 and "rennder" in done.output


def test_every_command_has_help(run: Any) -> None:
    for name in ("run", "check", "doctor", "render", "calibrate", "train", "evaluate", "bench", "pieces"):
        done = run(name, "--help")
        assert done.exit_code == 0 and "Usage" in done.output, name
