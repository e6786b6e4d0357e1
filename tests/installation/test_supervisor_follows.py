"""What follows a save in the supervisor's books: who is ended, who is waited for, and what is said of whom."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from installation import supervisor as rooms
from installation.exhibition import hand_on, running
from installation.health import alerts
from installation.health.metrics import read_report
from installation.messages import Forked
from tests.installation.stand_ins import full_disk
from tests.installation.test_ladder import ALL, WELL, World, world

__all__ = ["world"]

PIECE = "pieces: [neural_beatbox]\n"


def pid_of(world: World, name: str) -> int:
    (pid,) = [pid for pid, (other, _, _) in world.alive.items() if other == name]
    return pid


def test_a_stage_that_has_to_begin_anew_is_told_and_leaves_when_it_sees_fit(world: World) -> None:
    """Somebody may be performing: who is ended then takes the take along."""
    world.run(20.0)
    world.save(PIECE + "screen: {rate_hz: 25}\n")
    world.run(30.0)
    assert [number for name, number in world.killed if name == "stage"] == [signal.SIGHUP]
    (said,) = [alert for alert in alerts.board().active() if alert.name == "exhibition_applied"]
    assert "screen; started anew once nobody is at the booth: stage" in said.message
    for expected in (0, 1):  # the second time nobody has asked it to
        forks, pid = len(world.forks), pid_of(world, "stage")
        world.alive[pid] = ("stage", world.now, (True, 0.0, 0))
        world.run(0.5)
        assert [fork.name for fork in world.forks[forks:]] == ["stage"]
        assert world.supervisor._children["stage"].restarts == expected, "what the curator changed is no fault"
    assert world.names() == ALL


def test_a_screen_that_is_taken_back_while_it_is_waited_for_is_waited_for_no_longer(world: World) -> None:
    world.run(20.0)
    world.save(PIECE + "screen: {rate_hz: 25}\n")
    world.save(PIECE + "screen: {rate_hz: 25}\ntitle: Evening\n")
    assert world.supervisor._children["stage"].may_leave, "it waits still"
    world.save(PIECE)
    said = [alert.message for alert in alerts.board().active() if alert.name == "exhibition_applied"]
    assert any("screen" in message for message in said)
    assert "started anew" not in said[-1], said
    assert not world.supervisor._children["stage"].may_leave


def test_what_a_full_run_folder_refused_is_applied_once_there_is_room(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world.run(20.0)
    monkeypatch.setattr(rooms, "hand_on", full_disk)
    world.save(PIECE + "title: Evening\n")
    world.run(60.0)
    assert world.supervisor._exhibition.title == "Exhibition"
    assert "exhibition_waits" in world.raised and "exhibition_invalid" not in world.raised, "nothing is wrong with it"
    assert caplog.text.count("cannot be handed on") == 1
    monkeypatch.setattr(rooms, "hand_on", hand_on)
    world.run(1.0)
    assert world.supervisor._exhibition.title == "Evening" and "exhibition_waits" not in world.raised
    assert running(world.supervisor.folder, world.path).title == "Evening"
    assert ("stage", signal.SIGHUP) in world.killed


def test_what_waits_for_room_gives_way_to_what_is_saved_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(20.0)
    monkeypatch.setattr(rooms, "hand_on", full_disk)
    world.save(PIECE + "title: Evening\n")
    world.save(PIECE + "tempo: 3\n")
    assert "exhibition_invalid" in world.raised and "exhibition_waits" not in world.raised
    monkeypatch.setattr(rooms, "hand_on", hand_on)
    world.run(2.0)
    assert world.supervisor._exhibition.title == "Exhibition" and "exhibition_invalid" in world.raised


def test_a_file_that_is_right_again_is_not_called_wrong_for_naming_another_folder(world: World) -> None:
    world.run(20.0)
    world.save(PIECE + "tempo: 3\n")
    assert "exhibition_invalid" in world.raised
    world.save(PIECE + "data: elsewhere\n")
    assert "exhibition_invalid" not in world.raised and "data_moved" in world.raised


def age_of(world: World, name: str) -> float | None:
    """What the supervisor says of the time since that process last did work, seconds."""
    status = world.supervisor._vitals.status
    status.write(world.now)
    report = read_report(status.path, world.now)
    assert report is not None
    return report.value("installation_heartbeat_age_seconds", process=name)


def test_the_age_of_a_heartbeat_grows_while_a_process_is_started_in_vain(world: World) -> None:
    """It froze at the last good value, just when it was needed."""
    world.run(20.0)
    world.fate = lambda name: (False, 0.3, 1) if name == "camera" else WELL
    world.alive[pid_of(world, "camera")] = ("camera", world.now, (False, 0.0, 1))
    for minutes in (1, 5, 60):
        began = world.now
        world.run(60.0 * minutes)
        age = age_of(world, "camera")
        assert age is not None and age > world.now - began - 1.0, f"after {minutes} min"
    assert (age_of(world, "sound") or 0.0) < 2.0


def test_a_process_that_never_worked_has_an_age_as_well(world: World) -> None:
    world.fate = lambda name: (False, None, 0) if name == "console" else WELL
    world.run(50.0)
    age = age_of(world, "console")
    assert age is not None and 40.0 < age < 60.0


def test_nothing_is_said_of_a_process_that_is_no_longer_wanted(world: World) -> None:
    world.run(20.0)
    status = world.supervisor.folder / "status" / "camera.json"
    status.write_text("{}")
    world.save(PIECE + "camera: none\n")
    world.run(2.0)
    assert age_of(world, "camera") is None and age_of(world, "sound") is not None
    assert not status.exists(), "or its age would grow in the figures for ever"
    world.run(600.0)
    world.save(PIECE)
    world.run(2.0)
    age = age_of(world, "camera")
    assert age is not None and age < 3.0, "its last work was for another save"


def test_of_two_that_were_asked_for_one_leaves(world: World) -> None:
    """Off and on again by two saves, before the first was forked: nobody knew of one, and it held the camera."""
    world.run(20.0)
    receive, held = world.receive, []

    def slowly() -> list[Any]:
        said = receive()
        held.extend(message for message in said if isinstance(message, Forked))
        return [message for message in said if not isinstance(message, Forked)]

    world.receive = slowly  # type: ignore[method-assign]
    world._kill(pid_of(world, "camera"), signal.SIGKILL)
    world.run(1.0)
    world.save(PIECE + "camera: none\n")
    world.save(PIECE)
    assert [message.name for message in held] == ["camera", "camera"]
    world.receive = receive  # type: ignore[method-assign]
    world._said.extend(held)
    world.run(20.0)
    known = world.supervisor._children["camera"].pid
    assert [pid for pid, (name, _, _) in world.alive.items() if name == "camera"] == [known]
    assert not world.supervisor._leaving and world.names() == ALL
