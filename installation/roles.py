"""The processes of a run: what starts each, how soon it must show work, how urgent sound is. Stands on the ground."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_CLOSED = 5  # exit code of a stage whose window somebody closed: that ends the exhibition
SOUND_PRIORITY = 20  # of the scheduler's 1 … 99 for real time: before all ordinary programs


@dataclass(frozen=True)
class Role:
    """What a process is started with and how soon it must show work."""

    entry: str
    first_beat: float
    next_beat: float
    vital: bool = True  # whether its dying again and again takes the runtime with it


ROLES = {
    "sound": Role("installation.sound.process:main", 15.0, 1.5),
    "stage": Role("installation.stage_process:main", 30.0, 5.0),  # importing torch beside the frames holds them up
    "camera": Role("installation.camera_process:main", 10.0, 1.5, vital=False),  # it must not take the beat along
    "console": Role("installation.console.process:main", 60.0, 30.0, vital=False),
}
