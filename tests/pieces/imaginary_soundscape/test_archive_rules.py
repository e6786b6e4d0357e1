"""What was indexed by rules of before is judged by those of today: once, and only what must be is listened to."""

import shutil
from itertools import takewhile
from pathlib import Path

import pytest

from pieces.imaginary_soundscape import archive, recordings
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.encoders import Encoder
from pieces.imaginary_soundscape.recordings import Listened, listened
from tests.pieces.imaginary_soundscape.test_archive import RATE_HZ, Loudness, run, write

BEFORE_LUFS = 9.0  # of everything, as rules of before have it here; of nothing that is heard


def indexed_before(folder: Path, monkeypatch: pytest.MonkeyPatch, encoder: Encoder | None = None) -> None:
    with monkeypatch.context() as before:
        before.setattr(archive, "KINDS_READ", 3)
        before.setattr(recordings, "loudness", lambda samples, rate_hz: BEFORE_LUFS)
        for _ in Index(folder).update(encoder or Loudness()):
            pass


class Noting:
    """Ears that note what they listen to."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def content(self, path: Path) -> str:
        return archive.content(path)

    def hear(self, path: Path) -> Listened:
        self.heard.append(path.name)
        return listened(path, Loudness())


def updated(folder: Path, ears: Noting | None = None) -> dict[str, float]:
    """The loudness of all that can be found after an update."""
    list(Index(folder).update(Loudness(), ears=ears))
    return {clip.path: clip.loudness_lufs for clip in Index(folder).usable()}


def test_what_was_indexed_and_cannot_be_played_is_named_by_the_next_run_and_the_rest_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, rate_hz in (("good.wav", RATE_HZ), ("slow.wav", 100), ("gone.wav", 100), ("same.wav", RATE_HZ)):
        write(tmp_path / name, 0.3, seconds=2.0, rate_hz=rate_hz)
    with monkeypatch.context() as before:
        before.setattr(archive, "KINDS_READ", 2)
        before.setattr("pieces.imaginary_soundscape.recordings.unplayable", lambda file: "")
        assert len(run(tmp_path).usable()) == 4
    (tmp_path / "gone.wav").rename(tmp_path / "moved.wav")
    encoder = Loudness()
    index = run(tmp_path, encoder)
    assert encoder.heard == 0
    assert [clip.path for clip in index.usable()] == ["good.wav", "same.wav"] and index.points().shape == (2, 4)
    assert {clip.path for clip in index.wrong()} == {"slow.wav", "moved.wav"}
    assert all("its rate is 100 Hz" in clip.wrong for clip in index.wrong())
    asked: list[Path] = []
    monkeypatch.setattr(archive, "fault_of_kind", lambda path: asked.append(path) or "")
    index = run(tmp_path, encoder)
    assert asked == [] and len(index.wrong()) == 2, "once"


def test_what_was_measured_in_all_its_channels_is_heard_once_more_as_it_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "pair.wav", 0.5, seconds=0.6, channels=2)
    for name in ("eight.wav", "twin.wav"):
        write(tmp_path / name, 0.5, seconds=0.6, channels=8)
    indexed_before(tmp_path, monkeypatch)
    ears = Noting()
    assert updated(tmp_path, ears) == (found := updated(tmp_path, ears))
    assert ears.heard == ["eight.wav"], "once, and neither its twin nor anything else"
    assert found["pair.wav"] == BEFORE_LUFS != found["eight.wav"] == found["twin.wav"]


def test_what_is_heard_as_before_is_asked_by_its_head_alone_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "pair.wav", 0.5, channels=2)
    indexed_before(tmp_path, monkeypatch)
    ears = Noting()
    assert [step.listened for step in Index(tmp_path).update(Loudness(), ears=ears)] == [False]
    for question in ("heard_otherwise", "fault_of_kind"):
        monkeypatch.setattr(archive, question, lambda path: pytest.fail(f"{path} is asked again"))
    assert updated(tmp_path, ears) == {"pair.wav": BEFORE_LUFS} and ears.heard == []


def test_an_interrupted_hearing_of_what_was_heard_before_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.wav", 0.1 * (number + 1), channels=6)
    write(tmp_path / "0_silent.wav", 0.0)
    indexed_before(tmp_path, monkeypatch)
    ears = Noting()
    for _ in range(3):
        for _ in takewhile(lambda progress: progress.done < 4, Index(tmp_path).update(Loudness(), ears=ears)):
            pass
    index = Index(tmp_path)
    assert ears.heard == ["0.wav", "0_silent.wav", "1.wav", "2.wav"]
    assert index._rows() == 5 + 3, "nor are points written again"
    assert [path.name for path in index.survey(Loudness()).older] == ["3.wav", "4.wav"]
    found = updated(tmp_path, ears)
    assert ears.heard[4:] == ["3.wav", "4.wav"]
    assert len(found) == 5 and BEFORE_LUFS not in found.values() and Index(tmp_path).points().shape == (5, 4)
    assert updated(tmp_path, ears) == found and len(ears.heard) == 6


def test_what_was_moved_or_copied_meanwhile_is_heard_as_it_is_played_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, channels in enumerate((8, 6, 2)):
        write(tmp_path / f"{channels}.wav", 0.2 + 0.1 * number, channels=channels)
    indexed_before(tmp_path, monkeypatch)
    (tmp_path / "8.wav").rename(tmp_path / "moved.wav")
    (tmp_path / "2.wav").rename(tmp_path / "moved_pair.wav")
    shutil.copy(tmp_path / "6.wav", tmp_path / "1_copy.wav")
    ears = Noting()
    found = updated(tmp_path, ears)
    assert ears.heard == ["1_copy.wav", "moved.wav"]
    assert found.pop("moved_pair.wav") == BEFORE_LUFS
    assert set(found) == {"1_copy.wav", "6.wav", "moved.wav"} and BEFORE_LUFS not in found.values()


def test_what_travels_with_its_sounds_is_older_still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = [write(tmp_path / f"{channels}.wav", 0.1 * channels, channels=channels) for channels in (2, 6)]
    indexed_before(tmp_path, monkeypatch)
    Index(tmp_path).pack()
    survey = Index(tmp_path).survey(Loudness())
    assert (survey.unknown, survey.older, survey.unheard()) == ([], sounds, sounds[1:])


@pytest.mark.parametrize("kinds", ['"new"', "null", "[4]"])
def test_a_head_whose_rules_cannot_be_told_begins_anew(tmp_path: Path, kinds: str) -> None:
    write(tmp_path / "a.wav", 0.5)
    run(tmp_path)
    table = Index.table(tmp_path)
    table.write_text(table.read_text().replace(f'"kinds": {archive.KINDS_READ}', f'"kinds": {kinds}'))
    encoder = Loudness()
    assert len(run(tmp_path, encoder).usable()) == len(run(tmp_path, encoder).usable()) == encoder.heard == 1
