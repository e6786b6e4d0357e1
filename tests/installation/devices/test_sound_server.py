"""How many speakers stand behind a sound server, by what `pactl` prints."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from installation.devices.sound_server import channels_behind

SAYS = """#!/bin/sh
[ "$LC_ALL" = C ] || exit 3
if [ "$1" = info ]; then
    printf 'Server String: /run/user/1000/pulse/native\\nDefault Sample Specification: float32le 6ch 48000Hz\\n'
    printf 'Default Sink: {default}\\nDefault Source: {default}.monitor\\n'
else
    printf 'Sink #52\\n\\tState: RUNNING\\n\\tName: hdmi\\n\\tDescription: Stereo\\n\\tDriver: PipeWire\\n'
    printf '\\tSample Specification: s32le 2ch 48000Hz\\n\\tChannel Map: front-left,front-right\\n'
    printf 'Sink #53\\n\\tState: IDLE\\n\\tName: usb-octet\\n\\tSample Specification: s32le 8ch 48000Hz\\n'
fi
{ending}
"""


def saying(folder: Path, monkeypatch: pytest.MonkeyPatch, default: str, ending: str = "") -> None:
    program = folder / "pactl"
    program.write_text(SAYS.format(default=default, ending=ending))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(("default", "found"), [("hdmi", 2), ("usb-octet", 8), ("gone", 32)])
def test_a_server_is_asked_what_it_plays_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, default: str, found: int
) -> None:
    saying(tmp_path, monkeypatch, default)
    assert channels_behind("pulse", 32) == channels_behind("default", 32) == found
    assert channels_behind("default", 8) == 8, "a card speaks for itself"
    assert channels_behind("MADI: Audio (hw:2,0)", 64) == 64, "however many channels it has"


def test_what_cannot_be_told_is_as_it_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saying(tmp_path, monkeypatch, "hdmi", ending="exit 1")
    assert channels_behind("pipewire", 64) == 64
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert channels_behind("pipewire", 64) == 64
