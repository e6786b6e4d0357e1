"""What follows a save in the supervisor's books: who is ended, who is waited for, and what is said of whom."""

from __future__ import annotations

import signal

from installation.health import alerts
from tests.installation.test_ladder import ALL, World, world

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
