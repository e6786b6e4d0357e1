"""The strip of a visit: everything that must be said is said along the lower edge, and the picture above it stays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from installation.captions import OPEN, Inks
from installation.footer import Footer
from installation.piece import Booth, CameraView, Moment, Picture, Piece, Recording, Size, Stage, Visit
from installation.testing import Room, Still, default_texts
from installation.typography import Typesetter
from tests.installation.test_import_law import loaded_by

GREY = 90
SIZES = [(640, 360), (360, 640), (161, 91), (90, 160)]
PAPER = Inks(ground=(240, 236, 228), type=(20, 18, 16), further=(70, 60, 50), hairline=(200, 196, 190))


class Lender(Piece):
    """Grey, and the words of the visit."""

    records = Recording(seconds=2.0)

    def open(self, stage: Stage) -> None:
        self.footer = Footer(stage.type, stage.texts)

    def frame(self, moment: Moment) -> Picture:
        width, height = moment.size
        return self.footer.drawn(np.full((height, width, 3), GREY, np.uint8), moment)

    def contribute(self, visit: Visit) -> None:
        self.last = visit


def strip(picture: Picture) -> int:
    """The row at which the strip begins; above it the piece's own picture is untouched."""
    rows = np.flatnonzero((picture != GREY).any(axis=(1, 2)))
    assert len(rows) and rows[-1] == len(picture) - 1 and len(rows) == len(picture) - rows[0], (
        "one strip, at the foot"
    )
    return int(rows[0])


def ink(picture: Picture, inks: Inks) -> int:
    return int((np.abs(picture[strip(picture) :].astype(int) - inks.ground).max(axis=2) > 60).sum())


def at(phase: str, number: int = 0, size: Size = (640, 360), **booth: object) -> Moment:
    view = CameraView(np.zeros((9, 16, 3), np.uint8))
    told = Booth(phase, **booth)  # type: ignore[arg-type]
    return Moment(number, number / 30, 1 / 30, size, view, booth=told)


def settled(footer: Footer, phase: str, size: Size = (640, 360), **booth: object) -> Picture:
    """The picture two seconds into a phase."""
    for number in range(60):
        grey = np.full((size[1], size[0], 3), GREY, np.uint8)
        picture = footer.drawn(grey, at(phase, number, size, **booth))
    return picture


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(system=False)


@pytest.fixture
def footer(setter: Typesetter) -> Iterator[Footer]:
    yield Footer(setter, default_texts())


@pytest.mark.parametrize("size", SIZES)
def test_a_whole_visit_is_told_and_the_picture_above_stays(size: Size) -> None:
    seen: dict[str, int] = {}
    with Room(Lender(Lender.Settings()), size, camera=Still()) as room:
        seen["idle"] = ink(room.run(3.0), Inks())
        room.run(1.0, "button")
        tops = set()
        for _ in range(1200):
            picture, phase = room.step(), room.stage.booth.phase
            seen[phase] = max(seen.get(phase, 0), ink(picture, Inks()))
            if phase in OPEN[1:]:
                tops.add(strip(picture))
            if phase == "joined":
                break
        assert len(tops) == 1, "what stands above keeps its size while somebody performs"
        room.run(1.5)
        room.run(2.0, "button")
        assert room.stage.booth.phase == "withdrawn"
        seen["withdrawn"] = ink(room.step(), Inks())
    assert {"idle", "asking", "counting", "performing", "listening", "joined", "withdrawn"} <= seen.keys()
    assert min(seen.values()) > 0, seen


def test_nobody_is_invited_to_what_would_be_refused(setter: Typesetter) -> None:
    inviting, full, refusing = (
        settled(Footer(setter, default_texts()), phase, takes=takes)
        for phase, takes in (("idle", True), ("full", True), ("idle", False))
    )
    assert np.array_equal(refusing, full) and not np.array_equal(refusing, inviting)


def test_the_thread_fills_and_marks_what_is_heard(footer: Footer) -> None:
    settled(footer, "performing", left=2.0, seconds=4.0)
    thread = []
    for progress, marks in ((0.25, ()), (0.75, ()), (0.75, (1.0, 2.0))):
        picture = footer.drawn(
            np.full((360, 640, 3), GREY, np.uint8),
            at("performing", 61, left=2.0, seconds=4.0, progress=progress, marks=marks),
        )
        top = strip(picture)
        thread.append(picture[top : top + 6].astype(int))
    full = [int((part[0] == Inks().further).all(axis=1).sum()) for part in thread]
    assert full[0] == 160 and full[1] == 480
    changed = np.flatnonzero(np.abs(thread[2] - thread[1]).max(axis=(0, 2)))
    assert {round(column / 160) for column in changed} == {1, 2}, "a quarter and a half of four seconds"
    assert (thread[2][5, changed] == Inks().type).all()


def test_a_count_and_the_seconds_that_are_left_are_seen(footer: Footer) -> None:
    """What stands at the right end of the strip changes with each number."""
    ends = [
        settled(footer, phase, left=left, count=count, since=1.0)[-120:, -90:].copy()
        for phase, left, count in (("counting", 0.0, 3), ("counting", 0.0, 2), ("performing", 1.5, 0))
    ]
    assert not any(np.array_equal(one, other) for one, other in zip(ends, [*ends[1:], ends[0]], strict=True))


def test_dark_letters_on_a_light_ground(setter: Typesetter) -> None:
    footer = Footer(setter, default_texts(), PAPER)
    picture = settled(footer, "asking", left=3.0, since=2.0)
    part = picture[strip(picture) :].reshape(-1, 3)
    assert ink(picture, PAPER) > 500
    assert part.min() >= min(PAPER.type) and part.max() <= max(PAPER.ground)


def test_a_picture_that_is_somebody_elses_is_not_drawn_on(footer: Footer) -> None:
    own = np.full((360, 640, 3), GREY, np.uint8)
    own.flags.writeable = False
    drawn = footer.drawn(own, at("idle"))
    assert (own == GREY).all() and strip(drawn) > 200
    mine = np.full((360, 640, 3), GREY, np.uint8)
    assert footer.drawn(mine, at("idle", 1)) is mine


def test_no_frame_waits_for_its_letters(footer: Footer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two languages' worth of sentences are set a line at a time."""
    lines: list[int] = []
    asked = Typesetter.line

    def counted(setter: Typesetter, text: str, height: int, weight: str = "regular") -> object:
        lines[-1] += height > 64  # smaller ones are measured
        return asked(setter, text, height, weight)  # type: ignore[arg-type]

    monkeypatch.setattr(Typesetter, "line", counted)
    for number in range(60):
        lines.append(0)
        footer.drawn(
            np.full((1080, 1920, 3), GREY, np.uint8), at("asking", number, (1920, 1080), left=3.0, since=2.0)
        )
    assert sum(lines) > 2 and max(lines[5:]) <= 2


def test_a_screen_too_small_for_words_is_refused(footer: Footer) -> None:
    with pytest.raises(ValueError, match="too small for words"):
        footer.drawn(np.zeros((20, 64, 3), np.uint8), at("idle", 0, (64, 20)))


def test_a_piece_may_import_it_above_its_class() -> None:
    assert loaded_by("installation.footer") == set()
