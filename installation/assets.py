"""Where the things lie that ship with the project."""

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
STAND_IN_FILM = ASSETS / "films" / "visitors.mp4"
