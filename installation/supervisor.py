"""The supervisor: starts the processes, watches their heartbeats, restarts them. Imports no torch, no pygame.

It owns nothing but its children and the run's folder of segments. The ladder: a process that dies is started again;
one that dies too often takes the whole runtime with it; a runtime that falls too often comes back in safe mode, with
the attract film in place of the piece; and if even that fails it leaves, for the machine's own supervisor to act.
What happened long ago counts no longer: the budget is a day's, and after an hour in safe mode the pieces are tried.

The processes read the exhibition from the run's folder, where only what is good is put: whoever is started after a
mistake was saved shows what the others show.
"""

from __future__ import annotations

import logging
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from installation import home_disk, segments, shared
from installation.exhibition import Exhibition, ExhibitionError, hand_on
from installation.following import How, asked, in_words, wanted, who
from installation.good_copy import GoodCopy
from installation.health import heartbeat
from installation.health.log_folder import LogFolder
from installation.health.vitals import Vitals
from installation.messages import Exited, Fork, Forked, Line, NotForked
from installation.roles import ROLES, WINDOW_CLOSED, Role
from installation.watching import PatientWatcher, Watcher

TICK_SECONDS = 0.1
LOOK_SECONDS = 0.4  # between two looks at the exhibition's file: a save that takes longer may be seen half written
RESTARTS_PER_PROCESS = 8  # within WINDOW_SECONDS, before the whole runtime is started again
RUNTIME_RESTARTS = 2  # within BUDGET_SECONDS, before safe mode
BUDGET_SECONDS = 24 * 3600.0
SAFE_SECONDS = 3600.0  # safe mode that ran for so long without a fall is left
WINDOW_SECONDS = 600.0
STEADY_SECONDS = 10.0  # a process that lived this long may be restarted at once
LONGEST_PAUSE = 60.0
STOP_SECONDS = 3.0
LAST_WORDS = 200  # characters of a line
GIVE_UP = 70  # exit code: not even safe mode ran
log = logging.getLogger("supervisor")


@dataclass
class Child:
    """One process as the supervisor knows it."""

    name: str
    role: Role
    pid: int = 0
    wanted_since: float = field(default_factory=lambda: time.monotonic())
    asked: float = 0.0  # when it was last asked for
    due: float = 0.0  # when it is to be started; 0 when it runs
    pause: float = 0.0
    restarts: int = 0
    ended: deque[float] = field(default_factory=lambda: deque(maxlen=64))
    told_to_leave: float | None = None  # when
    runs_on: Exhibition | None = None  # what was on show when it began
    may_leave: bool = False  # what was saved since asks it to begin anew, when it sees fit
    printed_before: int = 0  # by those who were it before: so many bytes of NAME.out


class Supervisor:
    """Runs the exhibition until told to stop. `run` returns the exit code."""

    def __init__(self, path: Path, exhibition: Exhibition, told: Callable[[str], None] = print) -> None:
        self._path = path.absolute()  # a link is followed anew at every look: it may be made to point elsewhere
        self._exhibition = exhibition
        self._told = told
        self.every_turn: Callable[[], None] = lambda: None
        self._watcher = PatientWatcher(Watcher(self._path, exhibition))
        self._look_at = 0.0
        self._broken = ""  # what the last look at the file broke with
        self._waiting: Exhibition | None = None  # saved and good, and the run's folder has not taken it yet
        self._stopping = False
        self._safe = False
        self._runtime_restarts: list[float] = []
        self._children: dict[str, Child] = {}
        self._leaving: dict[int, float] = {}  # who is no longer needed, by process id: when it was told to leave
        self._nursery: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None
        self.folder = shared.make_folder()
        self._vitals = Vitals(self.folder, "supervisor")
        self._copy = GoodCopy(self._vitals)
        self._logs = LogFolder(exhibition.data_folder / "logs", self._vitals)
        self._notifier = Notifier()
        self._began = time.monotonic()

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup`: it is to outlive its terminal
            signal.signal(signal.SIGHUP, self._on_signal)
        self._make_segments()
        hand_on(self._exhibition, self.folder)
        home_disk.note(self._exhibition.data_folder, self.folder)
        try:
            self._begin()
            while not self._stopping:
                code = self._turn()
                if code is not None:
                    return code
            return 0
        finally:
            self._end()
            self._remove_folder()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    # ---- one turn ---------------------------------------------------------------------------------------------

    def _turn(self) -> int | None:
        assert self._line is not None
        select.select([self._line.connection], [], [], TICK_SECONDS)
        for message in self._line.receive():
            match message:
                case Forked(name, pid):
                    child = self._children.get(name)
                    if child is not None and not child.pid:
                        # Its time to show work begins now: forking may have had to wait.
                        child.pid, child.asked = pid, time.monotonic()
                    else:  # it was no longer needed before it was there; or it was asked for twice, and one is there
                        self._leaving[pid] = time.monotonic()
                        _kill(pid, signal.SIGTERM)
                case NotForked(name, reason):
                    self._on_no_process(name, reason)
                case Exited(name, pid, code):
                    self._on_exit(name, pid, code)
        now = time.monotonic()
        if self._line.closed and self._stopping:
            return None
        if self._line.closed:
            log.error("the nursery is gone and its children with it")
            return self._restart_runtime("the nursery died")
        fresh = self._judge(now)
        for child in self._children.values():
            if child.due and now >= child.due:
                self._start(child)
        vital = [child for child in self._children.values() if child.role.vital]
        worst = max((sum(now - at < WINDOW_SECONDS for at in child.ended) for child in vital), default=0)
        if worst > RESTARTS_PER_PROCESS:
            return self._restart_runtime("a process keeps dying")
        self._leave_safe_mode(now)
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._apply_changes()
        self._copy.keep_up(self._exhibition, now)
        self._logs.look(now)
        if fresh:
            self._notifier.alive()
        self._report(now)
        self.every_turn()
        return None

    def _judge(self, now: float) -> bool:
        """Kill who shows no work, or does not leave when told; True while everybody works whom visitors would miss.

        Who waits for its next start is as it should be: a watchdog that killed everything for it would never let
        the ladder come to its next step.
        """
        for pid, at in self._leaving.items():
            if now - at > STOP_SECONDS:
                _kill(pid, signal.SIGKILL)
        all_fresh = True
        for child in self._children.values():
            if not child.pid:
                waits = child.due > now
                all_fresh = all_fresh and (waits or not child.role.vital)
                continue
            if child.told_to_leave is not None:
                late = now - child.told_to_leave > STOP_SECONDS
                if late:
                    _kill(child.pid, signal.SIGKILL)
                all_fresh = all_fresh and not (late and child.role.vital)
                continue
            age, worked = heartbeat.age(self._table, child.name, child.asked)
            limit = child.role.next_beat if worked else child.role.first_beat
            if age > limit:
                log.error("%s has shown no work for %.1f s; killing process %d", child.name, age, child.pid)
                self._vitals.event("process_stale", process=child.name, seconds=age)
                child.told_to_leave = now
                _kill(child.pid, signal.SIGKILL)
            all_fresh = all_fresh and (age <= limit or not child.role.vital)
        return all_fresh

    def _on_exit(self, name: str, pid: int, code: int) -> None:
        child = self._children.get(name)
        if self._leaving.pop(pid, None) is not None and child is None:  # what it said last would stand, and age
            (self.folder / "status" / f"{name}.json").unlink(missing_ok=True)
        if child is None or child.pid != pid:
            return
        now = time.monotonic()
        lived, told = now - child.asked, child.told_to_leave is not None
        follows = code == 0 and (told or child.may_leave)  # what the curator changed is no fault
        child.pid, child.told_to_leave = 0, None
        if self._stopping:
            return
        if code == WINDOW_CLOSED:
            log.info("the window was closed; the exhibition ends")
            self._told("the window was closed; the exhibition ends")
            self._stopping = True
            return
        child.restarts += not follows
        # Who was told to leave, or leaves by itself to begin again with other devices, is started at once; but not
        # who does so again and again. One that hung had its time to show work before it was ended for that.
        steady = STEADY_SECONDS + (child.role.first_beat if told else 0.0)
        unsteady = lived <= steady and not follows
        child.pause = _longer(child.pause) if unsteady else 0.0
        child.due = now + child.pause
        if code == 0:
            return
        child.ended.append(now)
        killed = told and code == -signal.SIGKILL  # here, because it hung: what it printed last is not why it ended
        words = "" if killed else last_words(self._output(name), child.printed_before)
        log.error("%s ended with %s after %.1f s%s", name, _describe(code), lived, f": {words}" if words else "")
        self._vitals.event("process_died", process=name, reason=_describe(code))

    def _on_no_process(self, name: str, reason: str) -> None:
        """The machine gave none: it is asked again after growing pauses, and at last the ladder's next step is taken,
        which gives back what the others hold."""
        child = self._children.get(name)
        if child is None or child.pid or child.due or self._stopping:
            return
        now = time.monotonic()
        child.pause = _longer(child.pause)
        child.due = now + child.pause
        child.ended.append(now)
        log.error("%s cannot be started: %s", name, reason)
        self._vitals.event("process_unstarted", process=name, reason=reason)

    def _apply_changes(self) -> None:
        try:
            changed, broken = self._watcher.changed(), ""
        except Exception as error:  # whatever breaks in a look, what is on show goes on, and the next look is taken
            changed, broken = None, f"{type(error).__name__}: {error}"
            if broken != self._broken:
                log.error("%s cannot be looked at", self._path, exc_info=error)
        self._broken = broken
        self._vitals.condition("exhibition_unread", self._watcher.hangs or bool(broken), file=self._path.name)
        if changed is None:
            if self._waiting is not None:
                self._hand_on(self._waiting)
            return
        self._forget_waiting()
        if isinstance(changed, ExhibitionError):
            for problem in changed.problems:
                log.warning("%s", problem)
            self._say_invalid(changed.problems[0])
            self._told(f"{self._path.name} has a mistake; what was on show goes on:\n{changed}")
            return
        self._vitals.condition("exhibition_invalid", False)  # it is right, whatever comes of it
        if changed.data_folder != self._exhibition.data_folder:  # who was recorded would be kept there for ever
            log.warning("%s names another data folder: that needs a new start", self._path.name)
            self._vitals.condition("data_moved", True, file=self._path.name, folder=self._exhibition.data_folder)
            self._told(f"{self._path.name} names another `data` folder; start the exhibition again to use it")
            return
        self._vitals.condition("data_moved", False)
        self._hand_on(changed)

    def _hand_on(self, changed: Exhibition) -> None:
        """Put a good save where the processes take it from, or have it wait for the next look."""
        try:
            hand_on(changed, self.folder)
        except OSError as error:
            if self._waiting is not changed:  # once: it is tried at every look
                log.error("%s cannot be handed on: %s", self._path.name, error)
            self._waiting = changed
            self._vitals.condition("exhibition_waits", True, file=self._path.name, folder=self.folder, reason=error)
            return
        self._forget_waiting()
        self._apply(changed)

    def _forget_waiting(self) -> None:
        self._waiting = None
        self._vitals.condition("exhibition_waits", False)

    def _apply(self, changed: Exhibition) -> None:
        """Have the processes follow what was handed on."""
        before, self._exhibition = self._exhibition, changed
        if self._safe:  # the stage tries its pieces with what was saved
            self._safe = False
            self._vitals.condition("safe_mode", False)
        log.info("%s was saved; applying it", self._path.name)
        for one in self._children.values():  # what is waited for may have been saved earlier, or be taken back now
            one.may_leave = bool(one.pid) and asked(one.name, one.runs_on or before, changed) is How.AWAITED
        later = [one.name for one in self._children.values() if one.may_leave]
        self._vitals.event("exhibition_applied", file=self._path.name, what=in_words(before, changed, later))
        for name in who(How.ANEW, before, changed):
            child = self._children.get(name)
            if child is not None and child.pid:
                child.told_to_leave = time.monotonic()
                _kill(child.pid, signal.SIGTERM)
        needed = wanted(changed)
        for name in needed:
            if name not in self._children:
                self._children[name] = Child(name, ROLES[name], due=time.monotonic())
        for name in [name for name in self._children if name not in needed]:
            child = self._children.pop(name)
            self._vitals.status.forget("installation_heartbeat_age_seconds", process=name)
            if child.pid:
                self._leaving[child.pid] = time.monotonic()
                _kill(child.pid, signal.SIGTERM)
        stage = self._children.get("stage")
        if stage is not None and stage.pid and stage.told_to_leave is None:
            _kill(stage.pid, signal.SIGHUP)

    def _say_invalid(self, reason: object) -> None:
        self._vitals.condition(
            "exhibition_invalid", True, file=self._path.name, path=shlex.quote(str(self._path)), reason=reason
        )

    def _report(self, now: float) -> None:
        for child in self._children.values():
            self._vitals.status.set("installation_restarts_total", child.restarts, process=child.name)
            age, _ = heartbeat.age(self._table, child.name, child.wanted_since)  # whichever process it was
            self._vitals.status.set("installation_heartbeat_age_seconds", age, process=child.name)
        self._vitals.status.set("installation_uptime_seconds", now - self._began)
        self._vitals.write_if_due()

    # ---- beginning and ending -------------------------------------------------------------------------------------

    def _make_segments(self) -> None:
        self._table = segments.make(self.folder)

    def _begin(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        os.set_inheritable(theirs.fileno(), True)
        logs = self._exhibition.data_folder / "logs"
        command = [sys.executable, "-m", "installation.nursery", str(theirs.fileno()), str(os.getpid()), str(logs)]
        # Ctrl-C is told to the whole group. The nursery inherits that it waits, until it can be ignored there.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._nursery = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=False
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()
        self._line = Line(ours)
        now = time.monotonic()
        self._children = {
            name: self._children.get(name) or Child(name, ROLES[name]) for name in wanted(self._exhibition)
        }
        for child in self._children.values():
            child.pid, child.told_to_leave, child.due, child.pause = 0, None, now, 0.0
            child.ended.clear()
        self._leaving.clear()

    def _start(self, child: Child) -> None:
        assert self._line is not None
        child.asked, child.due, child.may_leave = time.monotonic(), 0.0, False
        child.runs_on = self._exhibition
        child.printed_before = _size(self._output(child.name))
        arguments = (str(self.folder), str(self._path)) + (("safe",) if self._safe and child.name == "stage" else ())
        self._line.send(Fork(child.name, child.role.entry, arguments))

    def _output(self, name: str) -> Path:
        """What the process `name` prints goes there."""
        return self._exhibition.data_folder / "logs" / f"{name}.out"

    def _restart_runtime(self, why: str) -> int | None:
        if self._safe:
            log.critical("safe mode does not run either (%s); leaving", why)
            return GIVE_UP
        now = time.monotonic()
        self._runtime_restarts = [at for at in self._runtime_restarts if now - at < BUDGET_SECONDS] + [now]
        self._safe = len(self._runtime_restarts) > RUNTIME_RESTARTS
        log.error("%s: starting the runtime again%s", why, " in safe mode" if self._safe else "")
        self._vitals.event("runtime_restarted", reason=why)
        self._vitals.condition("safe_mode", self._safe, reason=why)
        self._end()
        self._begin()
        return None

    def _leave_safe_mode(self, now: float) -> None:
        """What made the runtime fall may be over: after an hour without a fall the stage has its pieces again."""
        if not self._safe or now - self._runtime_restarts[-1] < SAFE_SECONDS:
            return
        vital = [child for child in self._children.values() if child.role.vital]
        if any(now - at < SAFE_SECONDS for child in vital for at in child.ended):
            return
        log.warning("safe mode has run for an hour; the pieces are tried again")
        self._safe = False
        self._vitals.condition("safe_mode", False)
        stage = self._children["stage"]
        if stage.pid:
            stage.told_to_leave = now
            _kill(stage.pid, signal.SIGTERM)

    def _end(self) -> None:
        """Ask everybody to leave, then make them; the nursery last."""
        deadline = time.monotonic() + STOP_SECONDS
        for pid in [child.pid for child in self._children.values() if child.pid] + list(self._leaving):
            _kill(pid, signal.SIGTERM)
        while self._line is not None and not self._line.closed and time.monotonic() < deadline:
            if not any(child.pid for child in self._children.values()):
                break
            select.select([self._line.connection], [], [], 0.05)
            for message in self._line.receive():
                if isinstance(message, Exited) and message.name in self._children:
                    child = self._children[message.name]
                    child.pid = 0 if child.pid == message.pid else child.pid
        if self._line is not None:
            self._line.close()  # the nursery kills who is left, and goes
        if self._nursery is not None:
            try:
                self._nursery.wait(timeout=2.0)
            except subprocess.TimeoutExpired:
                self._nursery.kill()
                self._nursery.wait()

    def _remove_folder(self) -> None:
        import shutil

        shutil.rmtree(self.folder, ignore_errors=True)


def last_words(path: Path, since: int = 0, lines: int = 3) -> str:
    """The end of what a process printed, behind the first `since` bytes, on one line; empty when it said nothing."""
    size = _size(path)
    begin = since if since <= size else 0  # it was cut since, and holds nothing older
    try:
        with path.open("rb") as file:
            file.seek(max(begin, size - 2000))
            text = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return " | ".join(part.strip()[-LAST_WORDS:] for part in text[-lines:])


def _size(path: Path) -> int:
    """Of a file, bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _longer(pause: float) -> float:
    """The pause before the next start, seconds, after one that came to nothing."""
    return min(max(2 * pause, 0.25), LONGEST_PAUSE)


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:  # the real-time signals have no names
        return f"signal {-code}"


def _kill(pid: int, number: int) -> None:
    if pid <= 0:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        log.debug("process %d had ended already", pid)


class Notifier:
    """Tells systemd that all is well, where it asks (sd_notify(3): READY=1 once, then WATCHDOG=1)."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._ready = False

    def alive(self) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            try:
                notify.connect(self._address)
                notify.send(b"WATCHDOG=1" if self._ready else b"READY=1\nWATCHDOG=1")
                self._ready = True
            except OSError as error:
                log.warning("systemd cannot be told that all is well: %s", error)
