"""The supervisor's ladder over hours and months: the real supervisor, on a clock and with children of our own."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from installation import supervisor as rooms
from installation import watching
from installation.exhibition import ExhibitionError, last_good, load, running
from installation.health import alerts, heartbeat, log_folder
from installation.messages import Exited, Fork, Forked, NotForked
from tests.installation.stand_ins import full_disk

TICK = 0.1
WATCHDOG = 20.0  # seconds, as the unit in docs/technicians.md has it
Fate = tuple[bool, float | None, int]  # whether it beats, after how many seconds it ends by itself, with which code
WELL: Fate = (True, None, 0)


class World:
    """Children that live and die as `fate(name)` says, and hear signals unless they are in `deaf`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
        self.now = 1000.0
        self.fate: Callable[[str], Fate] = lambda name: WELL
        self.deaf: set[str] = set()
        self.no_process: set[str] = set()  # names for which the machine gives none
        self.alive: dict[int, tuple[str, float, Fate]] = {}
        self.forks: list[Fork] = []
        self.killed: list[tuple[str, int]] = []
        self.fed: list[float] = []  # when systemd's watchdog was
        self._said: list[Any] = []
        self._pid = 10**6
        clock = SimpleNamespace(monotonic=lambda: self.now, time=lambda: 1.7e9 + self.now)
        nursery = SimpleNamespace(wait=lambda timeout=None: 0, kill=lambda: None)
        monkeypatch.setattr(rooms, "time", clock)
        monkeypatch.setattr(heartbeat, "time", clock)
        monkeypatch.setattr(log_folder, "PATIENCE_S", 10.0)
        monkeypatch.setattr(watching, "PATIENCE_SECONDS", 10.0)  # a turn takes no time on this clock, a look does
        monkeypatch.setattr(rooms, "select", SimpleNamespace(select=self._tick))
        monkeypatch.setattr(rooms, "Line", lambda socket: self)
        monkeypatch.setattr(rooms, "_kill", self._kill)
        monkeypatch.setattr(
            rooms,
            "subprocess",
            SimpleNamespace(Popen=lambda *a, **k: nursery, DEVNULL=0, TimeoutExpired=TimeoutError),
        )
        self.path = folder / file
        self.path.write_text("pieces: [neural_beatbox]\n")
        self.told: list[str] = []
        self.supervisor = rooms.Supervisor(self.path, load(self.path), self.told.append)
        self.supervisor._notifier = SimpleNamespace(alive=lambda: self.fed.append(self.now))  # type: ignore
        self.supervisor._make_segments()
        rooms.hand_on(self.supervisor._exhibition, self.supervisor.folder)
        self.supervisor._begin()

    # ---- the nursery's side of the line ------------------------------------------------------------------------

    closed, connection = False, None

    def send(self, message: Fork) -> None:
        if message.name in self.no_process:
            self._said.append(NotForked(message.name, "Cannot allocate memory"))
            return
        self._pid += 1
        self.forks.append(message)
        self.alive[self._pid] = (message.name, self.now, self.fate(message.name))
        self._said.append(Forked(message.name, self._pid))

    def receive(self) -> list[Any]:
        said, self._said = self._said, []
        return said

    def close(self) -> None:
        self.alive.clear()
        self._said.clear()

    def _tick(self, *_: object) -> None:
        self.now += TICK
        for pid, (name, began, (beats, after, code)) in list(self.alive.items()):
            if beats and self.now - began >= 0.5:
                self.supervisor._table[heartbeat.PROCESSES.index(name), 1] = self.now
            if after is not None and self.now - began >= after:
                del self.alive[pid]
                self._said.append(Exited(name, pid, code))

    def _kill(self, pid: int, number: int) -> None:
        if pid not in self.alive:
            return
        name = self.alive[pid][0]
        self.killed.append((name, number))
        if number == signal.SIGHUP or (name in self.deaf and number != signal.SIGKILL):
            return
        del self.alive[pid]
        self._said.append(Exited(name, pid, -number if number == signal.SIGKILL else 0))

    # ---- the test's side ---------------------------------------------------------------------------------------

    def run(self, seconds: float) -> int | None:
        until = self.now + seconds
        while self.now < until:
            code = self.supervisor._turn()
            if code is not None:
                return code
        return None

    def doom(self, name: str) -> None:
        """From now on it dies at each start."""
        self.fate = lambda other: (False, 0.3, 1) if other == name else WELL
        for pid, (other, began, _) in list(self.alive.items()):
            if other == name:
                self.alive[pid] = (other, began, (False, 0.0, 1))

    def names(self) -> set[str]:
        return {name for name, _, _ in self.alive.values()}

    def save(self, text: str) -> None:
        self.path.write_text(text)
        self.run(1.0)

    @property
    def raised(self) -> set[str]:
        return {alert.name for alert in alerts.board().active()}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[World]:
    before = alerts.board()
    alerts.use(alerts.Board(strict=True))
    made = World(tmp_path, monkeypatch, getattr(request, "param", "exhibition.yaml"))
    yield made
    made.supervisor._remove_folder()
    alerts.use(before)


ALL = {"sound", "camera", "stage", "console"}


def test_whoever_starts_after_a_mistake_was_saved_shows_what_the_others_show(world: World) -> None:
    world.run(20.0)
    world.save("pieces: [neural_beatbox]\ntempoo: 3\n")
    assert "exhibition_invalid" in world.raised
    with pytest.raises(ExhibitionError):
        load(world.path)
    for fork in world.forks:
        assert running(Path(fork.arguments[0]), Path(fork.arguments[1])).pieces[0].name == "neural_beatbox"
    kept = last_good(world.path)
    assert kept is not None and kept.path == world.path
    world.save("pieces: [learning_to_see]\n")
    assert running(world.supervisor.folder, world.path).pieces[0].name == "learning_to_see"
    assert "exhibition_invalid" not in world.raised


@pytest.mark.parametrize("world", ["the show.yaml"], indirect=True)
def test_the_file_is_called_as_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(20.0)
    for text in ("pieces: [learning_to_see]\n", "pieces: [learning_to_see]\ndata: elsewhere\n", "pieces: [\n"):
        world.save(text)
    monkeypatch.setattr(world.supervisor._watcher, "changed", lambda: 1 / 0)
    world.run(1.0)
    said = {alert.name: alert for alert in alerts.board().active()}
    for name in ("exhibition_invalid", "exhibition_applied", "data_moved", "exhibition_unread"):
        assert "the show.yaml" in said[name].message and "exhibition.yaml" not in said[name].message
    assert f"`python3 run.py check '{world.path}'`" in said["exhibition_invalid"].remedy


def test_whatever_breaks_in_looking_at_the_file_ends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> None:
        raise MemoryError("a file without end")

    world.run(20.0)
    with monkeypatch.context() as broken:
        broken.setattr(world.supervisor._watcher, "changed", breaks)
        assert world.run(10.0) is None and world.names() == ALL
        assert "exhibition_unread" in world.raised
    assert [record.exc_info is not None for record in caplog.records if record.name == "supervisor"] == [True]
    world.save("pieces: [learning_to_see]\n")
    assert "exhibition_unread" not in world.raised
    assert running(world.supervisor.folder, world.path).pieces[0].name == "learning_to_see"


def test_a_process_may_end_with_a_signal_that_has_no_name(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.run(20.0)
    pid = next(pid for pid, (name, _, _) in world.alive.items() if name == "stage")
    world.alive[pid] = ("stage", world.now, (True, 0.0, -40))
    assert world.run(10.0) is None and world.names() == ALL
    assert "stage ended with signal 40 after" in caplog.text


def test_nobody_is_given_the_last_words_of_another(world: World, caplog: pytest.LogCaptureFixture) -> None:
    output = world.supervisor._exhibition.data_folder / "logs" / "stage.out"
    output.parent.mkdir(parents=True, exist_ok=True)

    def ended(code: int, words: str, beats: bool = True) -> str:
        with output.open("a") as file:
            file.write(words)
        caplog.clear()
        pid = next(pid for pid, (name, _, _) in world.alive.items() if name == "stage")
        world.alive[pid] = ("stage", world.now, (beats, 0.0 if beats else None, code))
        world.run(60.0)
        (said,) = [record.message for record in caplog.records if " ended with " in record.message]
        return said.partition(": ")[2]

    world.run(20.0)
    assert ended(1, "ZeroDivisionError: in frame 7\n") == "ZeroDivisionError: in frame 7"
    assert ended(-9, "") == ""
    assert ended(-9, "a warning\n") == "a warning", "killed by others: for want of memory, perhaps"
    assert ended(0, "another warning\n", beats=False) == ""


def test_the_watchdog_lets_the_ladder_come_to_safe_mode(world: World) -> None:
    world.fate = lambda name: (False, 0.3, 1) if name == "stage" else WELL
    world.run(700.0)
    assert any("safe" in fork.arguments for fork in world.forks)
    gaps = [after - before for before, after in zip(world.fed, world.fed[1:], strict=False)]
    assert max(gaps) < WATCHDOG / 2


def test_a_console_that_dies_does_not_take_the_room_with_it(world: World) -> None:
    world.fate = lambda name: (False, 0.3, 1) if name == "console" else WELL
    world.run(1200.0)
    gaps = [after - before for before, after in zip(world.fed, world.fed[1:], strict=False)]
    assert max(gaps) < WATCHDOG / 2
    assert [fork.name for fork in world.forks].count("stage") == 1


def test_a_stage_that_hangs_is_not_hidden_from_the_watchdog(world: World) -> None:
    world.run(20.0)
    fed = len(world.fed)
    world.fate = lambda name: (False, None, 0)
    world.alive.clear()  # the nursery hangs: nobody beats, nobody can be killed, and nothing is heard of it
    world.run(120.0)
    assert fed > 0 and world.now - world.fed[-1] > 60.0


def test_falls_of_long_ago_count_no_longer(world: World) -> None:
    world.run(20.0)
    for fall in range(5):
        world.doom("stage")
        falls = list(world.supervisor._runtime_restarts)
        while world.supervisor._runtime_restarts == falls:
            assert world.run(1.0) is None
        world.fate = lambda name: WELL
        world.run(120.0)
        assert not world.supervisor._safe, f"after fall {fall}"
        world.now += 30 * 86400.0
        world.supervisor._table[:, 1] = world.now
    assert world.names() == ALL


def test_safe_mode_is_left_after_an_hour_without_a_fall(world: World) -> None:
    world.doom("stage")
    while not world.supervisor._safe:
        assert world.run(1.0) is None
    world.fate = lambda name: WELL
    world.run(rooms.SAFE_SECONDS - 300)
    assert "safe" in [fork for fork in world.forks if fork.name == "stage"][-1].arguments
    world.run(600.0)
    stages = [fork for fork in world.forks if fork.name == "stage"]
    assert "safe" not in stages[-1].arguments and "safe_mode" not in world.raised
    world.doom("stage")
    world.run(700.0)
    assert world.supervisor._safe, "what keeps falling comes back in safe mode, and not at once to its end"


def test_the_pause_of_one_day_is_not_that_of_another(world: World) -> None:
    world.doom("stage")
    while not world.supervisor._runtime_restarts:
        world.run(1.0)
    assert world.supervisor._children["stage"].pause <= 0.5


def test_a_camera_that_hangs_again_and_again_ends_nothing_but_itself(world: World) -> None:
    """Neither the runtime nor, through the watchdog, the whole exhibition; and it is tried less and less often."""
    world.run(20.0)
    stages, fed = [fork.name for fork in world.forks].count("stage"), len(world.fed)
    world.fate = lambda name: (False, None, 0) if name == "camera" else WELL
    world.alive = {pid: (name, began, world.fate(name)) for pid, (name, began, _) in world.alive.items()}
    world.run(3600.0)
    assert not world.supervisor._runtime_restarts
    assert [fork.name for fork in world.forks].count("stage") == stages
    assert world.now - world.fed[-1] < 5.0 and len(world.fed) > fed + 1000
    assert 40 < [fork.name for fork in world.forks].count("camera") < 80


def test_a_process_that_is_forked_late_has_its_time_to_show_work(world: World) -> None:
    """The nursery may have to read libraries from a cold disk first."""
    world.run(20.0)
    held: list[Any] = []
    receive = world.receive

    def slowly() -> list[Any]:
        said = receive()
        held.extend(message for message in said if isinstance(message, Forked))
        return [message for message in said if not isinstance(message, Forked)]

    world.receive = slowly  # type: ignore[method-assign]
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "sound"]:
        world._kill(pid, signal.SIGKILL)
    world.run(1.0)
    world.alive = {pid: (name, world.now + 12.0, fate) if name == "sound" else (name, began, fate)
                   for pid, (name, began, fate) in world.alive.items()}  # fmt: skip
    world.run(12.0)
    world.receive = receive  # type: ignore[method-assign]
    world._said.extend(held)
    before = len(world.killed)
    world.run(20.0)
    assert len(world.killed) == before and "sound" in world.names()


def test_a_process_that_the_machine_does_not_give_is_asked_for_again(world: World) -> None:
    world.run(20.0)
    before = len(world.forks)
    world.no_process = {"stage"}
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "stage"]:
        world._kill(pid, signal.SIGKILL)
    world.run(25.0)
    assert world.names() == ALL - {"stage"} and len(world.forks) == before, "the others play on"
    (said,) = [alert for alert in alerts.board().active() if alert.name == "process_unstarted"]
    assert "stage" in said.message and "Cannot allocate memory" in said.message
    assert 4 <= said.count <= 8, "with growing pauses"
    world.no_process.clear()
    world.run(20.0)
    assert world.names() == ALL and len(world.forks) == before + 1
    world.no_process = {"camera"}
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "camera"]:
        world._kill(pid, signal.SIGKILL)
    world.run(3600.0)
    assert not world.supervisor._runtime_restarts, "nobody misses it so much"
    world.no_process = {"stage"}
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "stage"]:
        world._kill(pid, signal.SIGKILL)
    world.run(300.0)
    assert world.supervisor._runtime_restarts, "that gives back what the others hold"


def test_who_hangs_while_leaving_is_killed(world: World) -> None:
    world.run(20.0)
    world.deaf = {"sound"}
    world.save("pieces: [neural_beatbox]\nmicrophone: none\n")
    world.run(rooms.STOP_SECONDS + 1)
    assert ("sound", signal.SIGKILL) in world.killed
    assert [fork.name for fork in world.forks].count("sound") == 2
    world.deaf = {"camera"}
    world.save("pieces: [neural_beatbox]\nmicrophone: none\ncamera: none\n")
    world.run(rooms.STOP_SECONDS + 1)
    assert "camera" not in world.names()


def test_who_leaves_again_and_again_is_waited_for(world: World) -> None:
    """A sound process that begins again with a device that then cannot be opened must not do so all day."""
    world.fate = lambda name: (True, 5.0, 0) if name == "sound" else WELL
    world.run(3600.0)
    assert [fork.name for fork in world.forks].count("sound") < 90
    world.fate = lambda name: WELL
    world.run(120.0)
    before = len(world.forks)
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "sound"]:
        del world.alive[pid]
        world._said.append(Exited("sound", pid, 0))
    world.run(0.3)
    assert len(world.forks) == before + 1, "who had lived is back at once"


def test_who_is_there_only_after_it_was_no_longer_needed_is_told_to_leave(world: World) -> None:
    world.run(20.0)
    late = Forked("camera", world._pid + 1)
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "camera"]:
        world._kill(pid, signal.SIGKILL)
    send, world.supervisor._line.send = world.supervisor._line.send, lambda message: None  # type: ignore
    world.run(1.0)
    world.supervisor._line.send = send  # type: ignore
    world.save("pieces: [neural_beatbox]\ncamera: none\n")
    world.alive[late.pid] = ("camera", world.now, WELL)
    world._said.append(late)
    world.run(1.0)
    assert "camera" not in world.names()


def test_a_console_that_ends_now_and_then_does_not_keep_safe_mode(world: World) -> None:
    world.run(20.0)
    world.doom("stage")
    while not world.supervisor._safe:
        assert world.run(1.0) is None
    world.fate = lambda name: (True, 1000.0, 1) if name == "console" else WELL
    for pid in [pid for pid, (name, _, _) in world.alive.items() if name == "console"]:
        world._kill(pid, signal.SIGKILL)
    world.run(rooms.SAFE_SECONDS + 900)
    assert not world.supervisor._safe


def test_a_file_that_is_saved_in_safe_mode_ends_it(world: World) -> None:
    world.run(20.0)
    world.doom("stage")
    while not world.supervisor._safe:
        assert world.run(1.0) is None
    world.fate = lambda name: WELL
    world.run(60.0)
    world.save("pieces: [learning_to_see]\n")
    assert not world.supervisor._safe and "safe_mode" not in world.raised
    stages = [fork.name for fork in world.forks].count("stage")
    world.run(2 * rooms.SAFE_SECONDS)
    assert [fork.name for fork in world.forks].count("stage") == stages


def test_another_data_folder_waits_for_the_next_start(world: World) -> None:
    """The lock, the logs and what is to be deleted in time lie in the one that is used."""
    world.run(20.0)
    used = world.supervisor._exhibition.data_folder
    world.save("pieces: [learning_to_see]\ndata: elsewhere\n")
    assert world.supervisor._exhibition.data_folder == used and "data_moved" in world.raised
    assert running(world.supervisor.folder, world.path).pieces[0].name == "neural_beatbox"
    world.save("pieces: [learning_to_see]\n")
    assert world.supervisor._exhibition.pieces[0].name == "learning_to_see" and "data_moved" not in world.raised


def test_a_nursery_that_goes_while_everybody_is_told_to_leave_is_no_fault(world: World) -> None:
    world.run(20.0)
    world.supervisor._on_signal(signal.SIGTERM, None)
    world.closed = True
    assert world.supervisor._turn() is None
    assert "runtime_restarted" not in world.raised


def test_a_run_folder_that_is_full_keeps_what_is_on_show(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.run(20.0)
    monkeypatch.setattr(rooms, "hand_on", full_disk)
    world.save("pieces: [learning_to_see]\n")
    assert world.supervisor._exhibition.pieces[0].name == "neural_beatbox" and "exhibition_waits" in world.raised


def test_a_file_that_is_empty_for_a_moment_while_it_is_saved_is_called_nothing(world: World) -> None:
    """As over a network, where an editor empties it first and fills it a quarter of a second later."""
    world.run(20.0)
    world.path.write_text("")
    world.run(0.3)
    world.save("pieces: [learning_to_see]\n")
    assert world.supervisor._exhibition.pieces[0].name == "learning_to_see" and world.told == []


def test_a_link_that_is_pointed_elsewhere_is_a_change(tmp_path: Path, world: World) -> None:
    (tmp_path / "b.yaml").write_text("pieces: [learning_to_see]\n")
    world.path.unlink()
    world.path.symlink_to(tmp_path / "b.yaml")
    world.run(2.0)
    assert world.supervisor._exhibition.pieces[0].name == "learning_to_see"


def test_whoever_dies_while_the_share_with_the_file_hangs_is_started_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a night: the supervisor reads the file in its own loop no more."""
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(watching, "HANGS_SECONDS", 0.0)
    freed = threading.Event()

    def free() -> None:
        freed.set()
        world.path.write_text("")

    world.run(20.0)
    world.path.unlink()
    os.mkfifo(world.path)  # whoever opens it waits
    timer = threading.Timer(10.0, free)
    timer.start()
    for name in ("stage", "sound"):
        pid = next(pid for pid, (other, _, _) in world.alive.items() if other == name)
        world.alive[pid] = (name, world.now, (True, 0.0, 1))
        began, fed = len(world.forks), len(world.fed)
        world.run(30.0)
        assert [fork.name for fork in world.forks[began:]] == [name] and world.names() == ALL
        assert len(world.fed) > fed + 100, "systemd is told that all is well"
    assert not freed.is_set(), "it waited for the file"
    assert "exhibition_unread" in world.raised
    timer.cancel()
    free()
    world.path.unlink()
    world.path.write_text("pieces: [learning_to_see]\n")
    monkeypatch.setattr(watching, "PATIENCE_SECONDS", 10.0)
    until = time.monotonic() + 10.0
    while world.supervisor._exhibition.pieces[0].name != "learning_to_see":
        assert time.monotonic() < until
        world.run(1.0)
    monkeypatch.setattr(watching, "HANGS_SECONDS", 10.0)
    world.run(1.0)
    assert "exhibition_unread" not in world.raised
