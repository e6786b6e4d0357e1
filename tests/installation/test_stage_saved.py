"""What is saved while the stage runs: when it is taken over, and whom it waits for."""

from __future__ import annotations

import signal

import pytest

from installation.health import alerts
from installation.stage_saved import LONGEST_WAIT
from tests.installation.stage_room import Little, Other, Room, stored, visit_until

LITTLE = "pieces: [little]\n"
OFFSCREEN = "mode: offscreen, size: [64, 48]"


@pytest.mark.parametrize(
    "text, screen", [(LITTLE, f"{OFFSCREEN}, rate_hz: 25"), (LITTLE + "gpu: cuda:0\n", OFFSCREEN)]
)
@pytest.mark.parametrize("phase", ["asking", "counting", "performing", "listening", "joined"])
def test_a_process_that_has_to_begin_anew_waits_until_the_visitor_has_gone(
    room: Room, phase: str, text: str, screen: str
) -> None:
    process = room.begin(LITTLE)
    if phase == "asking":
        room.frames(3)
        room.frames(1, 0.05, "button")
    else:
        visit_until(room, phase)
    assert process._stage.booth.phase == phase
    room.save(text, screen)
    while process._stage.booth.phase != "idle":
        assert process._running, f"somebody is {process._stage.booth.phase}"
        room.frames(1, 0.05)
    assert not process._running and stored(process) == 1, "the take is kept"


def test_who_would_press_again_and_again_is_not_waited_for_for_ever(room: Room) -> None:
    room.begin(LITTLE)
    process = visit_until(room, "joined")
    process._stage.set_undo(10_000.0)
    room.save(LITTLE, f"{OFFSCREEN}, rate_hz: 25")
    room.frames(1, LONGEST_WAIT - 1)
    assert process._running
    room.frames(1, 2.0)
    assert not process._running


def test_saving_again_and_again_puts_off_no_save(room: Room) -> None:
    room.begin(LITTLE)
    process = visit_until(room, "joined")
    process._stage.set_undo(10_000.0)
    for rate_hz in (20, 24, 25):
        room.save(LITTLE, f"{OFFSCREEN}, rate_hz: {rate_hz}")
        assert process._running
        room.frames(1, LONGEST_WAIT / 3 + 1)
    assert not process._running


def test_what_is_taken_back_before_the_visitor_has_gone_needs_no_new_process(room: Room) -> None:
    room.begin(LITTLE)
    process = visit_until(room, "performing")
    room.save(LITTLE, f"{OFFSCREEN}, rate_hz: 25")
    room.frames(2)
    room.save(LITTLE + "change_every: 5 min\n")
    assert process._exhibition.change_every == 300.0
    room.frames(1, 2 * LONGEST_WAIT)
    assert process._running


def test_another_picture_for_closed_hours_is_taken_while_somebody_performs(room: Room) -> None:
    room.begin(LITTLE)
    process, piece = visit_until(room, "performing"), room.piece
    room.save(LITTLE, f"{OFFSCREEN}, closed_picture: night.png")
    assert process._exhibition.screen.closed_picture == room.folder / "night.png"
    room.frames(3)
    assert process._running and room.piece is piece and process._stage.booth.phase == "performing"


def test_wording_is_read_once_and_taken_over_when_the_take_has_joined(room: Room) -> None:
    """Read at every picture, it took half of the time that a picture has."""
    room.begin(LITTLE)
    process, piece = visit_until(room, "performing"), room.piece
    read = room.read
    room.save(LITTLE + "texts: {closed: {en: Shut}}\n")
    for _ in range(20):
        room.frames(1, 0.05)
        assert process._stage.booth.phase == "performing" and room.piece is piece
    assert room.read == read + 1
    while process._stage.booth.phase != "joined":
        room.frames(1, 0.05)
    room.frames(1, 0.05)
    assert room.piece is not piece and process._exhibition.texts()["closed"] == ["Shut"]
    assert room.read == read + 1 and process._stage.booth.phase == "joined", "it can still be taken back"


def test_a_piece_that_is_no_longer_on_show_stays_until_the_take_has_joined(room: Room) -> None:
    room.begin(LITTLE)
    process = visit_until(room, "performing")
    room.save("pieces: [other]\n")
    room.frames(2)
    assert type(room.piece) is Little
    while process._stage.booth.phase in ("performing", "listening"):
        room.frames(1, 0.05)
    room.frames(1, 0.05)
    assert type(room.piece) is Other and stored(process) == 1


def test_a_file_that_became_wrong_meanwhile_changes_nothing(room: Room) -> None:
    process = room.begin(LITTLE)
    (room.run / "on_show.yaml").write_text("pieces: [nobody]\n")
    process._told.add(signal.SIGHUP)
    room.frames(2)
    assert process._running and type(room.piece) is Little and not alerts.board().active()
