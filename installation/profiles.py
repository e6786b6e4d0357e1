"""What calibration measured, as data on disk, and how it is read. One YAML file a profile, in DATA/profiles."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from installation.files import write_whole


@dataclass(frozen=True)
class Delay:
    """How much later than the card says a sound is in the room (and back in the microphone), in ms."""

    speakers: str
    microphone: str
    delay_ms: float
    spread_ms: float
    measured: str


class ProfileError(Exception):
    """A profile that cannot be used; the message names the file and the remedy."""


def save_delay(folder: Path, speakers: str, microphone: str, delay_ms: float, spread_ms: float) -> Path:
    """Write the profile for this pair of devices; returns its path."""
    path = folder / "profiles" / "delay.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    today = datetime.date.today().isoformat()
    profile = Delay(speakers, microphone, round(delay_ms, 2), round(spread_ms, 2), today)
    write_whole(path, yaml.safe_dump(asdict(profile), sort_keys=False).encode())
    return path


def read_delay(folder: Path) -> Delay | None:
    """The profile, with whatever speakers it was measured; None where there is none.

    Raises:
        ProfileError: the file is damaged.
    """
    path = folder / "profiles" / "delay.yaml"
    try:
        return Delay(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:
        raise ProfileError(f"{path} is damaged ({error}); measure again: python3 run.py calibrate delay") from error
