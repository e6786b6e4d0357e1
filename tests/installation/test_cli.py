"""The command line: exit codes, messages that help, and a standard output that machines can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from installation import cli, piece_commands, programme
from installation.locking import locked
from installation.networks.weights import WeightsError
from installation.piece import Piece


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
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"drum": Drum})


# ---- check ------------------------------------------------------------------------------------------------------


def test_a_good_file_is_good(run: Any) -> None:
    done = run("check")
    first, *rest = done.stdout.splitlines()
    assert done.exit_code == 0 and first == "exhibition.yaml: all is well"
    assert "  open        always" in rest and "  on show     neural_beatbox" in rest


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


@pytest.mark.parametrize("command", ["check", "run -e", "doctor -e", "doctor", "render dark -e", "listen sea.jpg -e"])
def test_a_file_that_is_not_there(run: Any, command: str) -> None:
    words = f"{command} none.yaml".split()
    done = run(*words)
    assert done.exit_code == 2 and "none.yaml" in done.output and "Traceback" not in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["check", "doctor", "run"])
@pytest.mark.parametrize("words", [("other.yaml",), ("-e", "other.yaml")])
def test_a_file_is_named_with_and_without_a_dash(run: Any, command: str, words: tuple[str, ...]) -> None:
    Path("other.yaml").write_text("pieces: [neural_beatboxx]\n")
    done = run(command, *words)
    assert done.exit_code == 2 and "other.yaml:1:10:" in done.output


@pytest.mark.parametrize("words", [(), ("run",), ("doctor",), ("render", "neural_beatbox")])
def test_a_bad_file_stops_whatever_needs_it(run: Any, words: tuple[str, ...]) -> None:
    Path("exhibition.yaml").write_text("title: [\n")
    done = run(*words)
    assert done.exit_code == 2 and not done.stdout and "exhibition.yaml:" in done.stderr


# ---- run --------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_said_and_the_rest_is_shown(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a night without power nobody is there to restore a file: the other world is shown."""
    Path("exhibition.yaml").write_text("pieces:\n  - learning_to_see: {worlds: [sea, rust]}\n")
    supervisor = SimpleNamespace(folder=Path(), every_turn=None, run=lambda: 0)
    monkeypatch.setattr("installation.supervisor.Supervisor", lambda *_: supervisor)
    done = run("run")
    assert done.exit_code == 0
    assert "exhibition.yaml:2:37:" in done.stderr and "learning_to_see.rust.safetensors: there is no" in done.stderr
    assert done.stderr.rstrip().endswith("Starting all the same, with what is here.")
    assert "rust" in run("check", "-e", "exhibition.yaml").output
    assert run("visits").stderr == "", "nothing is started for a list"


def test_the_file_may_be_named_without_a_command(run: Any) -> None:
    Path("other.yaml").write_text("pieces: [neural_beatboxx]\n")
    assert "other.yaml:1:10:" in run("-e", "other.yaml").stderr
    assert "check -e FILE" in run("-e", "other.yaml", "check").output.replace("\n", " ")


def test_two_at_once_on_one_store(run: Any) -> None:
    """The second says so and leaves."""
    with locked(Path("data"), "the first"):
        done = run("run")
    assert done.exit_code == 2 and "is in use by process" in done.stderr and "the first" in done.stderr


def test_run_says_plainly_that_the_data_folder_cannot_be(run: Any) -> None:
    Path("exhibition.yaml").write_text("pieces: neural_beatbox\ndata: /proc/nix\n")
    done = run("run")
    assert done.exit_code == 2
    assert done.stderr == "/proc/nix cannot be written (No such file or directory); choose another `data:` folder\n"


# ---- render -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, message",
    [
        (("render", "neural_beatboks"), "no piece is called 'neural_beatboks'; there are "),
        (("render", "neural_beatbox", "--size", "big"), "--size 'big' is not a picture size"),
        (("render", "neural_beatbox", "--size", "31x17"), "must be even, not 31x17"),
        (("render", "neural_beatbox", "--size", "10x10"), "must be at least 32 pixels a side, not 10x10"),
        (("render", "neural_beatbox", "--size=-4x-4"), "must be at least 32 pixels a side, not -4x-4"),
        (("render", "neural_beatbox", "--size", "99999x99999"), "at most 8192 pixels a side and must be even, not"),
        (("render", "neural_beatbox", "--seed", "-1"), "--seed"),
        (("render", "neural_beatbox", "--voice", ""), "--voice: there is no file ."),
        (("render", "neural_beatbox", "--voice", __file__), "is no sound that can be read; save it as WAV or FLAC"),
        (("render", "neural_beatbox", "--out", "/nix/x.mp4"), "there is no folder /nix; make it"),
        (("render", "neural_beatbox", "--out", "exhibition.yaml/x.mp4"), "exhibition.yaml is a file, not a folder"),
        (("render", "neural_beatbox", "--out", "film.txt"), "film.txt is no name for the film; end --out in .mp4"),
        (("render", "neural_beatbox", "--out", "film"), "end --out in .mp4"),
        (("render", "neural_beatbox", "--camera", "none.mp4"), "none.mp4"),
        (("render", "neural_beatbox", "--voice", "none.wav"), "none.wav"),
        (("render", "neural_beatbox", "--seconds", "-1"), "seconds"),
        (("render", "neural_beatbox", "--press", "3:buton"), "'3:buton' is not a second and a control; did you mean"),
        (("render", "neural_beatbox", "--pointer", "gone.csv"), "--pointer: gone.csv cannot be read: No such file"),
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
    assert not list(Path().glob("*.mp4")) and not list(Path().glob("film*"))


def test_a_profile_that_finds_no_room_is_said_in_a_line(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from calibration import delay

    def full(exhibition: Any) -> None:
        raise OSError(28, "No space left on device", "delay.yaml")

    monkeypatch.setattr(delay, "measure", full)
    done = run("calibrate", "delay")
    assert done.exit_code == 1 and "No space left" in done.stderr and "Traceback" not in done.output


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
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"worlds": Worlds, "none": Piece})
    done = run("evaluate", "worlds", "--data", "x", "--world", "sea", "--reference", "u.safetensors", "--json")
    assert json.loads(done.stdout) == {"world": "sea", "reference": "u.safetensors"}
    done = run("train", "worlds", "--data", "x", "--world", "rust")
    assert done.exit_code == 2 and "x taught rust" in done.stderr
    assert "there is no 'none'" in run("train", "none", "--data", "x").stderr


def test_an_option_that_a_network_does_not_know_is_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"worlds": Worlds})
    done = run("train", "worlds", "--data", "x", "--world", "rust", "--steps", "5")
    assert done.exit_code == 2 and "worlds: takes no --steps" in done.stderr
    done = run("evaluate", "worlds.plain", "--data", "x", "--world", "sea")
    assert done.exit_code == 2 and "worlds.plain: takes no --world" in done.stderr


# ---- a piece that is not as it should be --------------------------------------------------------------------------


class Half(dict[str, type[Piece]]):
    """Two pieces, of which one cannot be loaded."""

    def __getitem__(self, name: str) -> type[Piece]:
        if name == "broken":
            raise ModuleNotFoundError("No module named 'shapely'")
        return super().__getitem__(name)


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: Half(broken=Piece, drum=Drum))


def test_a_piece_that_says_nothing_of_itself_is_listed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"mute": type("Mute", (Piece,), {}), "drum": Drum})
    done = run("pieces")
    assert done.exit_code == 0 and "mute" in done.stdout and "A piece for tests." in done.stdout


FAULT = "piece 'broken' cannot be loaded: ModuleNotFoundError: No module named 'shapely'"


@pytest.mark.usefixtures("half")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pieces",), 1, "drum"),
        (("bench", "drum"), 0, "31.5"),
        (("index", "."), 2, "no piece on this machine indexes"),
        (("listen", "x.png"), 2, "no piece on this machine listens"),
        (("train", "nothing"), 2, "there are drum.hearing"),
        (("evaluate", "broken"), 2, ""),
        (("train", "broken.x"), 2, ""),
        (("render", "broken"), 2, ""),
    ],
)
def test_a_piece_that_cannot_be_loaded_is_named_and_the_others_go_on(
    run: Any, words: tuple[str, ...], code: int, said: str
) -> None:
    done = run(*words)
    assert done.exit_code == code and said in done.output
    assert done.stderr.count(FAULT) == 1 and "Traceback" not in done.output


def test_a_piece_that_would_end_the_program_is_named_and_the_others_go_on(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exits_at_once.py").write_text("import sys\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [EntryPoint("gone", "exits_at_once:Gone", "installation.pieces"),
              EntryPoint("drum", f"{__name__}:Drum", "installation.pieces")]  # fmt: skip
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    done = run("pieces")
    assert "drum" in done.stdout and "piece 'gone' cannot be loaded" in done.stderr
    done = run("bench", "gone")
    assert done.exit_code == 2 and "it calls sys.exit(0)" in done.stderr


@pytest.mark.usefixtures("half")
def test_who_asks_for_another_piece_hears_nothing_of_it(run: Any) -> None:
    done = run("evaluate", "drum.hits", "--data", "x")
    assert done.exit_code == 0 and not done.stderr


@pytest.mark.usefixtures("with_drum")
@pytest.mark.parametrize(
    "words", [("render", "slow_drawing"), ("train", "slow_drawing.strokes"), ("evaluate", "slow_drawing")]
)
def test_a_folder_that_is_not_registered_is_said_to_be_so(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    hint = "pieces/slow_drawing is there but not registered in pyproject.toml"
    assert hint not in run(*words).stderr
    (tmp_path / "pieces" / "slow_drawing").mkdir(parents=True)
    (tmp_path / "pieces" / "slow_drawing" / "piece.py").touch()
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    done = run(*words)
    assert done.exit_code == 2 and hint in done.stderr


@pytest.mark.usefixtures("with_drum")
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("slow-drawing", "Python cannot import pieces/slow-drawing: call the folder slow_drawing"),
        ("slow_drawing", 'names pieces/slow_drawing, but not as slow_drawing = "module:Class" under [project.'),
    ],
)
def test_a_folder_that_cannot_be_installed_is_said_to_be_so(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    (tmp_path / "pieces" / name).mkdir(parents=True)
    (tmp_path / "pieces" / name / "piece.py").touch()
    (tmp_path / "pyproject.toml").write_text(f'{name} = "pieces.{name}.piece:Drawing"\n')
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    done = run("render", name)
    assert done.exit_code == 2 and hint in " ".join(done.stderr.split())


@pytest.mark.usefixtures("with_drum")
def test_a_line_without_its_file_is_said_to_be_so(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registered first and written afterwards: `train` said only which networks there are."""
    (tmp_path / "pyproject.toml").write_text('slow_drawing = "pieces.slow.piece:Drawing"\n')
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    done = run("train", "slow_drawing.strokes", "--data", "x")
    hint = "pyproject.toml registers it, but there is no pieces/slow/piece.py"
    assert done.exit_code == 2 and hint in " ".join(done.stderr.split())
    assert hint not in run("train", "drawing.strokes", "--data", "x").stderr


@pytest.mark.usefixtures("with_drum")
def test_the_list_of_pieces_names_the_folders_that_are_not_in_it(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("slow", "quick", "drum", "empty"):
        (tmp_path / "pieces" / name).mkdir(parents=True)
        if name != "empty":
            (tmp_path / "pieces" / name / "piece.py").touch()
    (tmp_path / "pyproject.toml").write_text('slow = "pieces.slow.piece:Drawing"\n')
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    done = run("pieces")
    assert done.exit_code == 0 and "drum" in done.stdout
    assert done.stderr.splitlines() == [
        "pieces/quick is there but not registered in pyproject.toml",
        'pyproject.toml names pieces/slow, but not as slow = "module:Class" under '
        '[project.entry-points."installation.pieces"]',
    ]


def test_the_curator_is_told_so_too(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pieces" / "slow_drawing").mkdir(parents=True)
    (tmp_path / "pieces" / "slow_drawing" / "piece.py").touch()
    monkeypatch.setattr(programme, "FOLDER", tmp_path / "pieces")
    Path("exhibition.yaml").write_text("pieces: [slow_drawing]\n")
    done = run("check")
    assert done.exit_code == 2
    assert "unknown piece 'slow_drawing'; pieces/slow_drawing is there but not registered" in done.stdout


# ---- data -------------------------------------------------------------------------------------------------------


def from_nothing(steps: int = 10) -> dict[str, Any]:
    return {"steps": steps}


def from_data_or_not(data: Path | None = None, steps: int = 10) -> dict[str, Any]:
    return {"data": str(data), "steps": steps}


def into_a_file() -> Path:
    return Path("assets/weights/maker.file.safetensors")


class Maker(Piece):
    """A piece that makes what it learns from."""

    trains: ClassVar[Mapping[str, str]] = {
        "own": "tests.installation.test_cli:from_nothing",
        "either": "tests.installation.test_cli:from_data_or_not",
        "needs": "tests.installation.test_cli:taught",
        "file": "tests.installation.test_cli:into_a_file",
    }
    evaluates: ClassVar[Mapping[str, str]] = trains


def test_training_says_where_the_weights_are(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"maker": Maker})
    done = run("train", "maker.file")
    assert done.exit_code == 0 and done.stdout == f"{into_a_file()}, and its card beside it\n"
    monkeypatch.setenv("RANK", "1")
    assert run("train", "maker.file").stdout == "", "of several processes one does"


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("maker.own",), 0, ""),
        (("maker.either",), 0, "None"),
        (("maker.either", "--data", "films"), 0, "films"),
        (("maker.own", "--data", "films"), 2, "maker.own: takes no --data"),
        (("maker.needs",), 2, "maker.needs: needs --data"),
        (("maker.needs", "--data", "films"), 2, "films taught"),
    ],
)
def test_data_is_asked_for_where_it_is_needed(
    run: Any, monkeypatch: pytest.MonkeyPatch, command: str, words: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"maker": Maker})
    done = run(command, *words)
    assert done.exit_code == code and "Traceback" not in done.output
    if code or command == "evaluate":
        assert said in done.output
    assert code == 0 or len(done.stderr.splitlines()) == 1


def test_weights_that_are_not_there_are_said_without_a_traceback(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_commands, "Installed", lambda: {"worlds": Worlds})
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


def test_pieces_are_listed(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.out, "_width", 80)
    done = run("pieces")
    assert done.exit_code == 0 and "neural_beatbox" in done.stdout
    assert "imaginary_soundscape.space" in done.stdout and "…" not in done.stdout, "a name that is cut can't be typed"


def test_an_unknown_command(run: Any) -> None:
    done = run("rennder")
    assert done.exit_code == 2 and "rennder" in done.output


def test_every_command_has_help(run: Any) -> None:
    for name in ("run", "check", "doctor", "render", "calibrate", "train", "evaluate", "bench", "pieces"):
        done = run(name, "--help")
        assert done.exit_code == 0 and "Usage" in done.output, name


def test_what_a_curator_writes_in_brackets_is_said_as_it_is(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cli.out.print("Room [/2] [bold] :bell: is on: neural_beatbox.", highlight=False)
    assert capsys.readouterr().out == "Room [/2] [bold] :bell: is on: neural_beatbox.\n"
    cli.print_figures("a [/b]", {"sounds/[/rain].wav": 0.5}, as_json=False)
    said = capsys.readouterr().out
    assert "a [/b]" in said and "sounds/[/rain].wav" in said
    Path("exhibition.yaml").write_text("'[/b]': 3\n")
    done = run("visits")
    assert done.exit_code == cli.WRONG and "unknown setting '[/b]'" in done.stderr
