"""A render that does not come to its end: what is said of a piece that fails, and what is left of films."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from installation.answers import Threads
from installation.exhibition import parse
from installation.piece import Bar, Hit, Moment, Picture, Piece, Recording, Stage
from installation.programme import DISTRIBUTION, Installed, OnShow
from installation.render import PieceError, Plan, render
from installation.render_inputs import RenderError
from installation.testing import Room
from installation.texts import TextsError


class Dark(Piece):
    """Shows black, until what is wrong with it happens in its twelfth picture."""

    wrong: type[BaseException] | None = None

    def frame(self, moment: Moment) -> Picture:
        if self.wrong is not None and moment.frame == 12:
            raise self.wrong("the colours are gone")
        return np.zeros((moment.size[1], moment.size[0], 3), np.uint8)


class NeverOpens(Dark):
    def open(self, stage: object) -> None:
        raise LookupError("no colours")

    def close(self) -> None:
        raise AttributeError("there is nothing to close")


class NeverCloses(Dark):
    def close(self) -> None:
        raise LookupError("the door is stuck")


def film(out: Path, piece: type[Piece]) -> None:
    render((OnShow("dark", piece, piece.Settings()), None), Plan(2.0, size=(64, 36), rate_hz=10), out)


def failing(error: type[BaseException]) -> type[Piece]:
    return type("Failing", (Dark,), {"wrong": error, "__module__": __name__})


def test_a_piece_that_fails_is_named_with_the_second_and_its_line(tmp_path: Path) -> None:
    with pytest.raises(PieceError) as caught:
        film(tmp_path / "film.mp4", failing(ValueError))
    first, *way, last = str(caught.value).splitlines()
    assert first == "piece 'dark' failed at 1.20 s, in picture 12:"
    assert last == "ValueError: the colours are gone"
    assert "test_render.py" in way[0] and "raise self.wrong" in way[1] and "stage.py" not in "".join(way)
    with pytest.raises(PieceError, match=r"(?s)failed at 0\.00 s, in picture 0.*LookupError: no colours"):
        film(tmp_path / "film.mp4", NeverOpens)
    with pytest.raises(PieceError, match=r"(?s)failed at 2\.00 s.*LookupError: the door is stuck"):
        film(tmp_path / "film.mp4", NeverCloses)


class NeverMade(Dark):
    def __init__(self, settings: object) -> None:
        raise LookupError("no hands")


class MadeOfNothing(Dark):
    def __init__(self) -> None:
        """Takes no settings."""


class Muddled(Dark):
    def on_now(self) -> list[str]:
        if self.wrong is not None:
            raise self.wrong("which one?")
        return None  # type: ignore[return-value]


class Spelling(Dark):
    def on_now(self) -> str:
        return "rain"


def test_a_piece_that_cannot_be_made_is_named_like_one_that_cannot_be_opened(tmp_path: Path) -> None:
    for piece, said in ((NeverMade, "LookupError: no hands"), (MadeOfNothing, "TypeError: .*__init__.*")):
        with pytest.raises(PieceError, match=rf"(?s)^piece 'dark' failed at 0\.00 s, in picture 0:.*\n{said}$"):
            film(tmp_path / "film.mp4", piece)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["__init__", "open", "frame", "on_now", "close"])
def test_a_piece_that_calls_sys_exit_in_a_render_is_named(tmp_path: Path, where: str) -> None:
    """It ended the command in silence, with exit code 0 and no film."""

    def leaves(*_: object) -> None:
        sys.exit(0)

    leaving = type("Leaving", (Dark,), {where: leaves, "__module__": __name__})
    with pytest.raises(PieceError, match=r"(?s)piece 'dark' failed at .*sys\.exit\(0\).*SystemExit: 0"):
        film(tmp_path / "film.mp4", leaving)
    assert not list(tmp_path.iterdir())


def test_what_the_console_asks_of_a_piece_is_asked_in_a_render_too(tmp_path: Path) -> None:
    wrong = type("Wrong", (Muddled,), {"wrong": LookupError, "__module__": __name__})
    for piece, said in (
        (wrong, "LookupError: which one"),
        (Muddled, "Muddled.on_now returned None; wanted a list of names"),
        (Spelling, "Spelling.on_now returned 'rain'; wanted a list of names"),
    ):
        with pytest.raises(PieceError, match=rf"(?s)piece 'dark' failed at 0\.00 s, in picture 0:.*{said}"):
            film(tmp_path / "film.mp4", piece)


class LeavesAtWork(Dark):
    def open(self, stage: Stage) -> None:
        self.asked = stage.compute(sys.exit, "no key", seconds=0.5)

    def frame(self, moment: Moment) -> Picture:
        if self.asked.ready:
            self.asked.result()
        return super().frame(moment)


def test_long_work_that_calls_sys_exit_fails_where_its_answer_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PieceError, match=r"(?s)failed at 0\.50 s.*SystemExit: no key"):
        film(tmp_path / "film.mp4", LeavesAtWork)


class Forgets(Dark):
    def frame(self, moment: Moment) -> Picture:
        super().frame(moment)
        return None  # type: ignore[return-value]


class Mistypes(Dark):
    def open(self, stage: Stage) -> None:
        self.said = stage.texts["invitaton"]


def test_the_likeliest_mistakes_are_told_without_the_runtimes_own_way(tmp_path: Path) -> None:
    frameless = type("Frameless", (Piece,), {"__module__": __name__})
    for piece, said in (
        (Forgets, "Forgets.frame returned None; wanted uint8"),
        (frameless, "Frameless has no `frame`"),
    ):
        with pytest.raises(PieceError) as caught:
            film(tmp_path / "film.mp4", piece)
        first, last = str(caught.value).splitlines()
        assert first == "piece 'dark' failed at 0.00 s, in picture 0:" and said in last
    with pytest.raises(PieceError, match=r"no text 'invitaton'; did you mean 'invitation'\?"):
        film(tmp_path / "film.mp4", Mistypes)


class Asking(Dark):
    """Has a thread say its name, and looks for the answer in each picture."""

    def open(self, stage: Stage) -> None:
        super().open(stage)
        self.said: list[str] = []
        self.asked = stage.compute(lambda: threading.current_thread().name, seconds=0.5)
        asking.append(self)

    def frame(self, moment: Moment) -> Picture:
        if not self.said and self.asked.ready:
            self.said = [self.asked.result(), f"{moment.time:.1f}"]
        return super().frame(moment)


asking: list[Asking] = []


def test_long_work_is_done_on_the_spot_or_as_live_beside_the_pictures() -> None:
    for threads in (None, Threads()):
        show = (OnShow("asking", Asking, Asking.Settings()), None)
        render(show, Plan(30.0, size=(64, 36), rate_hz=10, threads=threads))
    on_the_spot, beside = (one.said for one in asking)
    assert on_the_spot == [threading.current_thread().name, "0.5"]
    assert beside[0].startswith("compute") and beside[0] not in {thread.name for thread in threading.enumerate()}


def test_the_film_of_before_is_left_alone_by_a_render_that_fails(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    with pytest.raises(PieceError):
        film(out, failing(ValueError))
    assert not list(tmp_path.iterdir())
    film(out, Dark)
    before = out.read_bytes()
    with pytest.raises(PieceError):
        film(out, failing(ValueError))
    assert out.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_whoever_stops_a_render_sees_what_there_is(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    film(out, Dark)
    whole = out.stat().st_size
    with pytest.raises(KeyboardInterrupt):
        film(out, failing(KeyboardInterrupt))
    assert 0 < out.stat().st_size < whole and [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


class Busy(Dark):
    """Takes a fiftieth of a second for each picture, and has long work done beside it."""

    def open(self, stage: Stage) -> None:
        self.stage = stage

    def frame(self, moment: Moment) -> Picture:
        self.stage.compute(time.sleep, 0.2, seconds=0.5)
        time.sleep(0.02)
        return super().frame(moment)


def test_how_long_a_picture_takes_is_said_without_long_work() -> None:
    report = render((OnShow("busy", Busy, Busy.Settings()), None), Plan(1.0, size=(64, 36), rate_hz=10))
    assert 20 <= report.frame_ms[0] <= report.frame_ms[1] < 150
    assert f"a picture of the piece {report.frame_ms[0]:.0f} ms" in str(report)


class Recorded(Dark):
    records: ClassVar[Recording | None] = Recording()


@pytest.mark.parametrize(
    ("seconds", "heard", "unheard"), [(30.0, False, True), (30.0, True, False), (2.0, False, False)]
)
def test_what_was_recorded_of_nobody_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, heard: bool, unheard: bool
) -> None:
    """Not where the film is too short for a visit."""
    soundfile.write(tmp_path / "voice.wav", np.zeros(48_000), 48_000)
    monkeypatch.setattr(Recorded, "heard", lambda self, visit: heard)
    show = OnShow("quiet", Recorded, Recorded.Settings())
    report = render((show, None), Plan(seconds, size=(64, 36), rate_hz=10, voice=tmp_path / "voice.wav"))
    assert (report.unheard, bool(report.visits)) == (unheard, heard)
    assert ("nobody was heard" in str(report)) is unheard


class Mirror(Recorded):
    """Remembers what was before the camera while somebody performed."""

    last: ClassVar[Mirror]

    def open(self, stage: Stage) -> None:
        self.stage, self.performing = stage, list[np.ndarray]()
        Mirror.last = self

    def frame(self, moment: Moment) -> Picture:
        if moment.booth.phase == "performing":
            self.performing.append(moment.camera.image.astype(np.float32))
        return super().frame(moment)


def test_a_voice_of_ones_own_is_performed_by_somebody(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "voice.wav", np.zeros(48_000), 48_000)
    show = (OnShow("mirror", Mirror, Mirror.Settings()), None)
    render(show, Plan(24.0, size=(64, 36), rate_hz=10, voice=tmp_path / "voice.wav"))
    pictures = np.array(Mirror.last.performing)
    assert len(pictures) > 50, "somebody stepped up"
    assert np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)).min() > 1, (
        "who is there to the end moves to the end"
    )


@pytest.mark.parametrize("named", [False, True])
def test_wording_that_cannot_be_used_ends_a_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    """All of the piece's words were left out, what it keeps of people as well, and the film was made."""
    (tmp_path / "glow").mkdir()
    (tmp_path / "glow" / "__init__.py").write_text("from installation.piece import Piece\nclass Glow(Piece): ...\n")
    (tmp_path / "glow" / "texts.yaml").write_text("en:\n  lines:\n    moved: [You moved\n")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("glow", "glow:Glow", "installation.pieces"), EntryPoint("hum", "h:H", "installation.pieces")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    glow = Installed()["glow"]
    exhibition = parse(b"pieces: beat", tmp_path / "x.yaml", {"beat": Mirror}) if named else None
    with pytest.raises(RenderError, match=r"texts.yaml:3:12: '\[' is never closed"):
        render((OnShow("glow", glow, glow.Settings()), exhibition), Plan(1.0, size=(64, 36), rate_hz=10))
    with pytest.raises(TextsError, match=r"texts.yaml:3:12: '\[' is"):
        Room(glow(glow.Settings()))


@pytest.mark.parametrize("records", [None, Recording(sound=False)])
def test_a_voice_that_nobody_would_hear_is_refused(tmp_path: Path, records: Recording | None) -> None:
    soundfile.write(tmp_path / "voice.wav", np.zeros(48_000), 48_000)
    deaf = type("Deaf", (Piece,), {"records": records})
    show = (OnShow("deaf", deaf, deaf.Settings()), None)
    with pytest.raises(RenderError, match="--voice is what visitors perform, and deaf keeps no sound of any"):
        render(show, Plan(1.0, size=(64, 36), rate_hz=10, voice=tmp_path / "voice.wav"))


def test_what_is_said_of_a_film_is_where_it_lies_and_how_long_and_large_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    show = (OnShow("dark", Dark, Dark.Settings()), None)
    report = render(show, Plan(1.0, size=(64, 36), rate_hz=10), Path("film.mp4"))
    size_mb = (tmp_path / "film.mp4").stat().st_size / 1e6
    assert str(report).startswith(f"{tmp_path}/film.mp4: 1 s, 64×36, {size_mb:.1f} MB; it took ")
    assert report.size_mb == size_mb and "sha256" not in str(report) and "visit" not in str(report)
    assert ", 1 visit; it" in str(replace(report, visits=1)) and ", 3 visits; it" in str(replace(report, visits=3))


class Chord(Dark):
    """Twelve tones in every bar, for half of it."""

    gain: ClassVar[float]

    def open(self, stage: Stage) -> None:
        seconds = np.arange(48_000) / 48_000
        for tone in range(12):
            samples = np.sin(2 * np.pi * 220 * 2 ** (tone / 12) * seconds).astype(np.float32)
            stage.sound.voice(f"tone {tone}", samples, 48_000)
        stage.sound.write(Bar(0, 120.0, tuple(Hit(0, f"tone {tone}", self.gain) for tone in range(12))))


class Crackle(Dark):
    """A bar of drums: short, and far above full scale."""

    def open(self, stage: Stage) -> None:
        stage.sound.voice("drum", np.full(9, 1.0, np.float32), 48_000)
        stage.sound.write(Bar(0, 120.0, tuple(Hit(step, "drum", 2.0) for step in range(16))))


@pytest.mark.parametrize(("gain", "seconds", "told"), [(0.3, 12.0, True), (0.05, 12.0, False), (0.3, 1.5, False)])
def test_whoever_renders_is_told_that_the_sound_is_too_loud(gain: float, seconds: float, told: bool) -> None:
    chord = type("Chord", (Chord,), {"gain": gain, "__module__": __name__})
    report = render((OnShow("chord", chord, chord.Settings()), None), Plan(seconds, size=(64, 36), rate_hz=10))
    assert (report.bent == pytest.approx(6.0, abs=0.3)) if told else (report.bent <= 1.0)
    said = "; the sound was too loud for 6 s and was bent (lower the gain of hits and beds)"
    assert str(report).endswith(said) is told


class Thinking(Dark):
    """Asks for work again and again, and says that it takes a hundredth of a second."""

    takes: ClassVar[float]

    def open(self, stage: Stage) -> None:
        self.stage, self.answer = stage, stage.compute(time.sleep, self.takes, seconds=0.01)

    def frame(self, moment: Moment) -> Picture:
        if self.answer.ready:
            self.answer = self.stage.compute(time.sleep, self.takes, seconds=0.01)
        return super().frame(moment)


@pytest.mark.parametrize("takes", [0.1, 0.0])
def test_whoever_renders_is_told_of_work_that_is_slower_than_its_word(takes: float) -> None:
    thinking = type("Slow", (Thinking,), {"takes": takes, "__module__": __name__})
    report = render((OnShow("slow", thinking, thinking.Settings()), None), Plan(1.0, size=(64, 36), rate_hz=10))
    assert ("work that it announces as 0.01 s mostly took 0.1" in str(report)) is (takes > 0)


def test_drums_that_are_bent_for_a_moment_are_not_told_of() -> None:
    report = render((OnShow("drums", Crackle, Crackle.Settings()), None), Plan(12.0, size=(64, 36), rate_hz=10))
    assert report.bent == 0.0 and "too loud" not in str(report)


@pytest.mark.parametrize("name", sorted(Installed(DISTRIBUTION)))
def test_what_the_built_in_pieces_let_be_heard_is_not_too_loud(name: str) -> None:
    piece = Installed()[name]
    report = render((OnShow(name, piece, piece.Settings()), None), Plan(20.0, size=(160, 90), rate_hz=10))
    assert report.bent == 0.0 and "too loud" not in str(report)
