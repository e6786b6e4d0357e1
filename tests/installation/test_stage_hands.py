"""What hands do on the screen, as it reaches a piece: through turns, closed doors and failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from installation.hands import Hands
from installation.piece import Moment, Picture, Pointer
from tests.installation.stage_room import PIECES, Little, Room


class Sheet(Little):
    """Keeps its moments."""

    def open(self, stage: Any) -> None:
        super().open(stage)
        self.moments: list[Moment] = []

    def frame(self, moment: Moment) -> Picture:
        self.moments.append(moment)
        return super().frame(moment)


class Shown:
    """What a screen would say of hands: each is said once, as by a window."""

    def __init__(self, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
        assert room.process is not None
        self._room, self._hands = room, Hands()
        monkeypatch.setattr(room.process._screen, "hands", self._taken)

    def _taken(self, now: float) -> Hands:
        taken, self._hands = self._hands, Hands()
        return taken

    def frame(self, hands: Hands, seconds: float = 0.05) -> Moment | None:
        """One turn of the loop; the moment that the piece was given, if it was asked."""
        before = len(self._room.piece.moments)
        self._hands = hands
        self._room.frames(1, seconds)
        moments = self._room.piece.moments
        return moments[-1] if len(moments) > before else None


@pytest.fixture
def shown(room: Room, monkeypatch: pytest.MonkeyPatch) -> Shown:
    monkeypatch.setitem(PIECES, "little", Sheet)
    room.begin("pieces: [little]\n")
    return Shown(room, monkeypatch)


DOWN = Pointer(3, 0.5, 0.25, "down")


def test_what_a_window_says_of_hands_reaches_the_piece(shown: Shown) -> None:
    moment = shown.frame(Hands((0.1, 0.2), (DOWN,)))
    assert moment is not None and moment.pointers == (DOWN,) and moment.dragged == (0.1, 0.2)


def test_who_pulls_before_closed_doors_pulls_nothing_in_the_morning(room: Room, shown: Shown) -> None:
    """And the finger that was on the screen as they closed is lifted."""
    room.open = False
    assert shown.frame(Hands((0.0, 0.0), (DOWN,)), 1.1) is not None  # the doors are looked at after the picture
    assert shown.frame(Hands((0.4, 0.0), (Pointer(3, 0.9, 0.25, "held"),))) is None
    room.open = True
    room.frames(1, 1.1)
    room.frames(1)
    moment = room.piece.moments[-1]
    assert moment.pointers == (Pointer(3, 0.5, 0.25, "up"),) and moment.dragged == (0.0, 0.0)


def test_touch_is_the_button_unless_the_piece_takes_it_for_itself(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who draws would delete the drawing with the next line."""
    touch = Hands((0.0, 0.0), (DOWN,), touched=("button",))
    moment = shown.frame(touch)
    assert moment is not None and moment.controls == ("button",) and moment.booth.phase == "asking"
    monkeypatch.setattr(Sheet, "takes_touch", True)
    shown.frame(Hands())
    moment = shown.frame(replace(touch, pointers=(Pointer(4, 0.5, 0.25, "down"),)))
    assert moment is not None and moment.controls == () and moment.pointers and moment.booth.phase == "asking"


def test_a_key_is_held_and_whatever_was_pressed_is_so_for_a_picture(
    room: Room, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = Hands(held=frozenset({"up"}), touching=frozenset({"button"}))
    moment = shown.frame(hold)
    assert moment is not None and moment.held == {"up", "button"} and moment.controls == ()
    monkeypatch.setattr(Sheet, "takes_touch", True)
    moment = shown.frame(hold)
    assert moment is not None and moment.held == {"up"}
    room.frames(1, 0.05, "next")
    assert room.piece.moments[-1].held == {"next"}
    room.frames(1)
    assert room.piece.moments[-1].held == frozenset()


def test_a_piece_that_is_opened_again_begins_without_fingers(room: Room, shown: Shown) -> None:
    held, second = Pointer(3, 0.5, 0.5, "held"), Pointer(4, 0.1, 0.1, "down")
    shown.frame(Hands((0.0, 0.0), (DOWN,)))
    Little.fails.add("Sheet.frame")
    room.frames(1)
    Little.fails.clear()
    moment = shown.frame(Hands((0.0, 0.0), (held, second)))
    assert moment is not None and moment.pointers == (second,)


@pytest.mark.parametrize("takes_touch", [False, True])
def test_who_touches_where_a_stand_in_would_perform_is_a_visitor_unless_the_piece_takes_touch(
    room: Room, monkeypatch: pytest.MonkeyPatch, takes_touch: bool
) -> None:
    """Else people would be noted as stand-ins: not counted, and deleted with them before an opening."""
    monkeypatch.setattr(Sheet, "takes_touch", takes_touch)
    monkeypatch.setitem(PIECES, "little", Sheet)
    room.devices(microphone=False, camera=False)
    process = room.begin("pieces: [little]\n")
    shown = Shown(room, monkeypatch)
    assert process._clerk is not None and process._visitor.there
    for _ in range(2000):
        touches = process._stage.booth.phase == "asking"  # where the stand-in began, somebody goes on
        shown.frame(Hands(touched=("button",)) if touches else Hands())
        if process._stage.booth.phase == "joined":
            break
    room.settle()
    assert [visit.stand_in for visit in process._clerk.store.visits(10)] == [takes_touch]
