"""The piece and its archive: away, empty, large, changed while it plays or while it was closed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from installation.piece import Picture
from pieces.imaginary_soundscape import archive, collection, inspecting, listening
from pieces.imaginary_soundscape.archive import VERSION, Index
from pieces.imaginary_soundscape.piece import ImaginarySoundscape
from tests.pieces.imaginary_soundscape.test_archive_rules import BEFORE_LUFS, indexed_before
from tests.pieces.imaginary_soundscape.walker import ColourEncoder, colour_of, room, tone

pytestmark = pytest.mark.usefixtures("colours")


def test_an_archive_that_is_away_for_a_while_is_named_and_heard_again(place: Path) -> None:
    here = room(place, stay="1 h")
    here.run(8)
    (place / "archive").rename(place / "unplugged")
    here.piece._playing._shunned = {name: here.frame / here.hz + 60 for name in ("red.wav", "green.wav", "blue.wav")}
    here.run(30)
    assert here.heard() == {} and list(here.standing) == ["archive_unusable"]
    (place / "unplugged").rename(place / "archive")
    here.run(10)
    assert here.heard() == {"red": None} and here.standing == {}, "not a minute of silence more"


def test_a_new_sound_in_an_archive_that_cannot_be_written_costs_one_sound(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        tone(place / "archive", "green", f"x{number}", level=0.05 + 0.001 * number, seconds=0.5)
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    monkeypatch.setattr(listening, "_writable", lambda archive: False)
    heard: list[int] = []
    real = ColourEncoder.sound

    def counted(self: ColourEncoder, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        heard.append(samples.size)
        return real(self, samples)

    monkeypatch.setattr(ColourEncoder, "sound", counted)
    here = room(place)
    here.run(5)
    assert not heard
    tone(place / "archive", "blue", "new", level=0.2)
    here.run(40)
    assert len(heard) == 1 and len(here.piece._listening.collection.names) == 24  # type: ignore[union-attr]
    assert "new.wav" not in Index(place / "archive").clips
    here.piece.close()
    tomorrow = room(place, cache=here.cache)
    tomorrow.run(40)
    assert len(heard) == 1 and len(tomorrow.piece._listening.collection.names) == 24  # type: ignore[union-attr]


def test_an_index_that_lies_elsewhere_gives_way_to_a_newer_one_beside_the_sounds(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where another machine, that may write there, has indexed them for the weights of an update."""
    monkeypatch.setattr(listening, "_writable", lambda archive: False)
    here = room(place)
    here.run(15)
    assert len(here.piece._listening.collection.names) == 3  # type: ignore[union-attr]
    monkeypatch.setattr(ColourEncoder, "name", "newer colours")
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    monkeypatch.setattr(ColourEncoder, "sound", lambda self, samples: pytest.fail("it is listened to again"))
    tone(place / "archive", "red", "silent")
    (place / "archive/silent.wav").write_bytes(b"no sound")
    tomorrow = room(place, cache=here.cache)
    tomorrow.run(40)
    assert tomorrow.heard() == {"red": None}
    (elsewhere,) = [path for path in here.cache.iterdir() if path.is_dir()]
    assert [clip.path for clip in Index(place / "archive", elsewhere).wrong()] == ["silent.wav"]


@pytest.fixture
def surround(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive with a recording in six channels that was indexed by rules of before."""
    samples, rate_hz = soundfile.read(tone(place / "archive", "red", "around"))
    soundfile.write(place / "archive/around.wav", np.repeat(samples[:, None], 6, 1), rate_hz)
    indexed_before(place / "archive", monkeypatch, ColourEncoder())
    return place


@pytest.mark.parametrize("writable", [True, False])
def test_what_an_older_version_heard_otherwise_is_heard_anew_while_it_plays(
    surround: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    heard: list[Path] = []
    real = archive.listened
    monkeypatch.setattr(archive, "listened", lambda path, encoder: (heard.append(path), real(path, encoder))[1])
    monkeypatch.setattr(listening, "_writable", lambda archive: writable)
    here = room(surround)
    here.run(200)
    have = here.piece._listening.collection
    assert have is not None and have.loudness_lufs["around.wav"] < -10
    assert have.loudness_lufs["red.wav"] == BEFORE_LUFS and len(have.names) == 4 and not have.unknown
    here.piece.close()
    room(surround, cache=here.cache).run(100)
    assert heard == [surround / "archive/around.wav"], "once"


def test_a_large_archive_of_an_older_version_is_opened_without_a_look_into_its_files(
    surround: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "AT_ONCE", 3)
    monkeypatch.setattr(archive, "heard_otherwise", lambda path: pytest.fail(f"{path} is read"))
    assert len(collection.open_archive(surround / "archive", ColourEncoder()).names) == 4


@pytest.fixture
def forbidden(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive that may not be written, of more sounds than a piece indexes by itself once five have come."""
    monkeypatch.setattr(listening, "_writable", lambda archive: False)
    monkeypatch.setattr(collection, "AT_ONCE", 5)
    monkeypatch.setattr(inspecting, "AT_ONCE", 5)
    return place


def add(place: Path, *names: str) -> None:
    for number, name in enumerate(names):
        tone(place / "archive", "green", name, level=0.05 + 0.01 * number, seconds=0.5)


def names_of(here: Any) -> int:
    return len(here.piece._listening.collection.names) if here.piece._listening.collection is not None else 0


def test_an_archive_that_has_grown_is_found_again_where_its_index_lies(forbidden: Path) -> None:
    here = room(forbidden)
    here.run(15)
    for some in (("a", "b"), ("c", "d", "e")):
        add(forbidden, *some)
        here.run(150)
    assert names_of(here) == 8 and not here.standing
    here.piece.close()
    tomorrow = room(forbidden, cache=here.cache)
    tomorrow.run(15)
    assert names_of(tomorrow) == 8 and not tomorrow.standing, "though eight are more than a piece indexes"


def test_a_cache_that_is_emptied_while_it_plays_is_made_anew(forbidden: Path) -> None:
    add(forbidden, "a", "b", "c")
    for _ in Index(forbidden / "archive").update(ColourEncoder()):
        pass
    here = room(forbidden)
    here.run(5)
    add(forbidden, "new")
    here.run(40)
    assert names_of(here) == 7
    for path in here.cache.iterdir():
        shutil.rmtree(path)
    here.run(150)
    assert names_of(here) == 7 and not here.standing


def test_a_newer_index_beside_the_sounds_is_followed_though_another_is_in_use(forbidden: Path) -> None:
    """Another machine, that may write there, has indexed more sounds than a piece does by itself."""
    here = room(forbidden)
    here.run(15)
    assert names_of(here) == 3
    add(forbidden, *"abcdefgh")
    here.run(70)
    assert names_of(here) == 3 and list(here.standing) == ["archive_unindexed"]
    for _ in Index(forbidden / "archive").update(ColourEncoder()):
        pass
    here.run(70)
    assert names_of(here) == 11 and not here.standing


def test_a_newer_index_elsewhere_is_followed_though_nothing_else_changes(
    forbidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process, that may write there, has indexed one sound more."""
    add(forbidden, *"abcde")
    for _ in Index(forbidden / "archive").update(ColourEncoder()):
        pass
    add(forbidden, "new")
    here = room(forbidden)
    here.run(80)  # until what it has indexed is not compared any more
    assert names_of(here) == 9
    monkeypatch.setattr(collection, "AT_ONCE", 0)
    add(forbidden, "newer")
    here.run(40)
    assert names_of(here) == 9 and list(here.standing) == ["archive_unindexed"]
    (elsewhere,) = here.cache.iterdir()
    for _ in Index(forbidden / "archive", elsewhere).update(ColourEncoder()):
        pass
    here.run(40)
    assert names_of(here) == 10 and not here.standing


@pytest.mark.parametrize("what", ["file", "unreadable"])
def test_a_cache_that_cannot_be_read_is_as_if_there_were_none(place: Path, tmp_path: Path, what: str) -> None:
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    elsewhere = tmp_path / "cache/hash"
    if what == "file":
        elsewhere.parent.write_text("no folder")
    else:
        (elsewhere / "clips.jsonl").mkdir(parents=True)  # as little to be read as one that is forbidden
    found = collection.open_archive(place / "archive", ColourEncoder(), elsewhere)
    assert len(found.names) == 3 and collection.look(found, (), 0).stamp == found.stamp


def test_pictures_are_judged_while_somebody_else_indexes(place: Path) -> None:
    here = room(place)
    here.run(15)
    add(place, "a", "b")
    writing = Index(place / "archive").update(ColourEncoder())
    next(writing)  # and it holds the lock from now on
    judged: list[float] = []
    take = here.piece._listening._take_judged
    here.piece._listening._take_judged = lambda key, found: (judged.append(here.frame / here.hz), take(key, found))
    began = here.frame / here.hz
    for _ in range(60):  # half a minute in which the piece wants to index as well
        here.run(0.5)
        here.piece._asked = None  # as a camera asks again and again
    assert here.piece._listening._tried, "it did want to"
    assert max(np.diff([began, *judged, began + 30])) < 2
    for _ in writing:
        pass
    here.run(150)
    assert names_of(here) == 5 and not here.standing


def test_of_an_index_that_is_only_begun_it_is_said_that_one_may_wait(forbidden: Path) -> None:
    add(forbidden, *"abcdef")
    table = Index.table(forbidden / "archive")
    settings = ImaginarySoundscape.Settings.model_validate({"archive": forbidden / "archive"})
    own = {"encoder": inspecting.name_of("own"), "version": VERSION}
    for head, said in (
        (None, "its 9 sounds are not indexed; run: "),
        (own, "are not indexed yet; wait, or where that is not being done, run: "),
        ({"encoder": "other", "version": VERSION}, "were indexed for other weights, or another encoder; run: "),
    ):
        if head is not None:
            table.parent.mkdir(exist_ok=True)
            table.write_text(json.dumps(head) + "\n")
        assert said in inspecting.inspected(settings, camera=True).faults["archive"]


def test_a_sound_that_may_not_be_read_is_not_tried_for_ever(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tone(place / "archive", "dark", "secret")
    tried: list[Path] = []
    real = archive.content

    def content(path: Path) -> str:
        if path.stem == "secret":
            tried.append(path)
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(archive, "content", content)
    here = room(place)
    here.run(600)
    assert len(tried) == 1 and here.heard() == {"red": None}
    assert list(here.standing) == ["sounds_unusable"] and "Permission denied" in here.standing["sounds_unusable"]
    monkeypatch.setattr(archive, "content", real)
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    assert not Index(place / "archive").wrong(), "whoever indexes again has it tried again"


@pytest.mark.parametrize("what", ["empty", "missing"])
def test_an_archive_without_sounds_is_named_and_taken_when_it_has_some(place: Path, what: str) -> None:
    folder = place / what
    if what == "empty":
        folder.mkdir()
    here = room(place, archive=folder, caption=False)
    assert colour_of(here.run(6)) == "red"
    assert list(here.standing) == ["archive_unusable"]
    tone(folder, "red")
    here.run(30)
    assert here.heard() == {"red": None} and here.standing == {}


def test_a_large_archive_without_an_index_is_not_indexed_by_the_piece(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening.room, "AT_ONCE", 2)
    here = room(place)
    here.run(4)
    assert "run.py index" in here.standing["archive_unusable"] and here.heard() == {}


def test_what_is_indexed_by_somebody_else_while_it_plays_is_found_as_it_comes(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an update with other weights, or where an index was interrupted."""
    monkeypatch.setattr(listening.room, "AT_ONCE", 5)
    for number in range(40):
        tone(place / "archive", "green", f"x{number:02}", level=0.05 + 0.001 * number, seconds=0.2)
    writing = Index(place / "archive").update(ColourEncoder())
    for _ in range(3):
        next(writing)
    here = room(place)
    here.run(5)
    have = here.piece._listening
    assert len(have.collection.names) == 3  # type: ignore[union-attr]
    assert here.heard() and "'count': 40" in here.standing["archive_unindexed"]
    opened = have.opened
    for _ in range(10):
        next(writing)
        here.run(12)
    assert 8 <= len(have.collection.names) <= 13 and have.opened - opened < 10  # type: ignore[union-attr]
    list(writing)
    here.run(15)
    assert len(have.collection.names) == 43 and here.standing == {}  # type: ignore[union-attr]


def test_an_archive_that_was_indexed_for_other_weights_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    monkeypatch.setattr(ColourEncoder, "name", "other colours")
    monkeypatch.setattr(listening.room, "AT_ONCE", 2)
    here = room(place)
    here.run(4)
    assert "were indexed for other weights" in here.standing["archive_unusable"]
    assert "run.py index" in here.standing["archive_unusable"] and here.heard() == {}


def test_sounds_that_came_while_it_was_closed_are_found_and_those_deeper_down(place: Path) -> None:
    for _ in Index(place / "archive").update(ColourEncoder()):
        pass
    (place / "archive/red.wav").unlink()
    tone(place / "archive/deep", "red", "before")
    here = room(place)
    here.run(15)
    assert here.heard() == {"deep/before": None}
    (place / "archive/deep/before.wav").unlink()
    tone(place / "archive/deep", "red", "after")
    here.run(25)
    assert here.heard() == {"deep/after": None}


def test_a_sound_that_is_still_being_copied_is_heard_as_it_is_in_the_end(place: Path) -> None:
    here = room(place)
    here.run(5)
    whole = tone(place / "elsewhere", "red", "new", seconds=20).read_bytes()
    (place / "archive/new.wav").write_bytes(whole[: len(whole) // 4])
    here.run(20)
    (place / "archive/new.wav").write_bytes(whole)  # no folder changes with it
    here.run(80)
    assert Index(place / "archive").clips["new.wav"].seconds == 20


def test_an_archive_is_opened_anew_when_it_changed_and_not_while_it_is_indexed(place: Path) -> None:
    here = room(place)
    here.run(15)
    opened = here.piece._listening.opened
    other = Index(place / "archive")
    for number in range(3):
        tone(place / "archive", "red", f"more{number}", level=0.05 + 0.01 * number)
    writing = other.update(ColourEncoder())
    next(writing)
    here.run(40)
    assert here.piece._listening.opened <= opened + 1, "once for the new files; each line of the index is no news"
    assert here.heard() and here.standing == {}, "another process may index it"
    list(writing)
    here.run(30)
    assert len(here.piece._listening.collection.names) == 6  # type: ignore[union-attr]


def test_a_failed_look_is_looked_at_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, failures = ColourEncoder.pictures, iter([True, True])

    def now_and_then(self: ColourEncoder, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        if next(failures, False):
            raise RuntimeError("the driver hiccuped")
        return real(self, pictures)

    monkeypatch.setattr(ColourEncoder, "pictures", now_and_then)
    here = room(place, stay="1 h")
    here.run(15)
    assert "hiccuped" in here.standing["network_failed"]
    here.run(25)
    assert here.standing == {} and here.heard() == {"red": None}


def test_a_failure_is_over_once_something_is_heard_of_another_archive(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tone(place / "other", "red", "else")
    with monkeypatch.context() as failing:

        def fails(self: ColourEncoder, pictures: Sequence[Picture]) -> NDArray[np.float32]:
            raise RuntimeError("the driver hiccuped")

        failing.setattr(ColourEncoder, "pictures", fails)
        here = room(place, stay="1 h")
        here.run(15)
        assert list(here.standing) == ["network_failed"]
    here.change(pictures=place / "pictures", archive=place / "other", stay="1 h", surprise=0, restlessness=0)
    here.run(25)
    assert here.heard() == {"else": None} and here.standing == {}


def test_a_large_archive_begins_to_sound_before_all_of_it_is_indexed(place: Path) -> None:
    for number in range(60):
        tone(place / "archive", "green", f"x{number}", level=0.05 + 0.001 * number, seconds=0.5)
    here = room(place)
    while not here.heard():
        here.step()
        assert here.frame < 600
    assert len(here.piece._listening.collection.names) < 30  # type: ignore[union-attr]
    here.run(20)
    assert len(here.piece._listening.collection.names) == 63  # type: ignore[union-attr]


def test_an_archive_that_changes_while_it_plays_is_followed(place: Path) -> None:
    here = room(place)
    here.run(5)
    (place / "archive/red.wav").unlink()
    tone(place / "archive", "red", "crimson")
    here.run(25)
    assert here.heard() == {"crimson": None}


# ---- with real threads ---------------------------------------------------------------------------------------------
