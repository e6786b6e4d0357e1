"""The doctor's verdicts on a machine where everything is real, and on machines where one thing is not."""

from __future__ import annotations

import errno
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installation import doctor
from installation.devices import listing, probe
from installation.devices.listing import CameraFound, ConnectorFound, DisplayFound, Mode, SoundFound
from installation.devices.probe import ProbeError
from installation.doctor import Finding, Machine, examine, passes
from installation.exhibition import Exhibition

Loaded = Callable[..., Exhibition]
CAMERA = CameraFound("usb-046d_C920_1", "C920", "/dev/video0", ("pci-1",))
SPARE = CameraFound("pci-2", "Capture", "/dev/video2")
CARD = SoundFound("USB Audio", "USB Audio", "ALSA", 2, 2, 48000.0, default_input=True, default_output=True)
HDMI = SoundFound("HDMI", "HDMI", "ALSA", 0, 8, 48000.0)
GOOD: dict[str, Any] = {
    "camera": {"pictures": 15, "distinct": 15, "brightness": 90.0, "size": (1280, 720), "rate_hz": 29.8},
    "microphone": {"frames": 24000, "distinct": 9000, "not_numbers": 0, "peak_db": -40.0, "latency_s": 0.01},
    "speakers": {"frames": 24000, "seconds": 0.5, "latency_s": 0.03},
    "gpu": {"torch": "2.11.0", "cuda": "13.0", "gpus": [
        {"index": 0, "name": "RTX", "free": 10e9, "total": 12e9, "works": True}]},
    "priority": {"allowed": True, "reason": ""},
    "clock": {"synchronised": True},
}  # fmt: skip


def real(answers: dict[str, Any] | None = None, **other: Any) -> Machine:
    """A machine with one of everything; `answers` change what probes say (an exception is raised)."""
    said = {**GOOD, **(answers or {})}

    def ask(question: str, *_: object, limit_s: float = 0.0) -> dict[str, Any]:
        if isinstance(said[question], Exception):
            raise said[question]
        return dict(said[question])

    machine = Machine(
        cameras=lambda: [CAMERA, SPARE],
        modes=lambda path: [Mode(1920, 1080, 30.0, "MJPG"), Mode(1280, 720, 60.0, "MJPG")],
        sound_devices=lambda: [HDMI, CARD],
        displays=lambda: [DisplayFound(0, "display 0", 1920, 1080, 60.0, "x11")],
        connectors=lambda: [ConnectorFound("card0-HDMI-A-1", "Projector", "1920x1080")],
        has_display=lambda: True,
        nvidia_cards=lambda: ["0000:01:00.0"],
        holders=lambda path: [],
        ask=ask,
        dev=Path("/no-such-folder"),
    )
    return replace(machine, **other)


@pytest.fixture
def shown(loaded: Loaded, tmp_path: Path) -> Callable[[str], Exhibition]:
    def with_settings(text: str = "") -> Exhibition:
        return loaded(
            f"pieces: beat\nconsole: {{port: off}}\nvisitors: {{disk_reserve_mb: 100}}\n{text}", tmp_path / "x.yaml"
        )

    return with_settings


def about(subject: str, findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.subject.startswith(subject)]
    return found


def nothing(*_: Any) -> list[Any]:
    return []


def no_screen() -> list[DisplayFound]:
    raise ProbeError("SDL finds no screen")


def no_portaudio() -> list[SoundFound]:
    raise ProbeError("PortAudio is missing (library not found)")


def test_a_machine_with_real_devices_passes_and_every_one_is_named(shown: Callable[..., Exhibition]) -> None:
    findings = examine(shown(), real())
    assert passes(findings), [f for f in findings if f.verdict in ("fault", "stand_in")]
    subjects = [finding.subject for finding in findings]
    for wanted in (
        "camera usb-046d_C920_1",
        "camera pci-2",
        "microphone USB Audio",
        "speakers USB Audio",
        "sound HDMI",
        "screen 0",
        "screen",
        "gpu cuda:0",
        "disk",
        "packages",
        "permission priority",
        "fonts",
    ):
        assert wanted in subjects
    assert "1920×1080 30 Hz" in about("camera usb", findings).message


def test_a_machine_that_gives_no_process_is_not_told_to_install_or_unplug_anything(
    shown: Callable[..., Exhibition], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with all file descriptors taken."""

    def exhausted(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("subprocess.Popen", exhausted)
    machine = real(ask=probe.ask, sound_devices=listing.sound_devices, displays=listing.displays)
    examined = examine(shown(), machine)
    for subject in ("camera usb", "sound", "screen", "gpu", "permission priority", "clock"):
        found = about(subject, examined)
        assert "Too many open files" in found.message and "ulimit -n" in found.remedy, found
    machine = real(ask=probe.ask)
    for subject in ("microphone", "speakers"):
        assert "ulimit -n" in about(subject, examine(shown(), machine)).remedy
    broken = examine(shown(), real(cameras=exhausted))
    assert "ulimit -n" in about("doctor", broken).remedy, "what looks into folders itself, too"


@pytest.mark.parametrize(
    ("text", "machine", "subject", "verdict", "message", "remedy"),
    [
        ("", real(cameras=nothing), "camera", "stand_in", "built-in film", "plug in a USB camera"),
        ("camera: film", real(), "camera", "stand_in", "asks for the built-in film", "camera: auto"),
        (
            "camera: usb-046d_C920_2",
            real(),
            "camera",
            "fault",
            "not plugged in; there are: 'usb-046d",
            "usb-046d_C920_1",
        ),
        (
            "camera: C920",
            real(cameras=lambda: [CAMERA, replace(CAMERA, identity="usb-046d_C920_7", path="/dev/video4")]),
            "camera",
            "fault",
            "may mean 'usb-046d_C920_1', 'usb-046d_C920_7'",
            "write which",
        ),
        ("", real({"camera": ProbeError("does not answer within 12 s")}), "camera usb", "fault", "12 s", "unplug"),
        ("", real({"camera": {**GOOD["camera"], "pictures": 0}}), "camera usb", "fault", "no picture", "unplug"),
        ("", real({"camera": {**GOOD["camera"], "distinct": 1}}), "camera usb", "fault", "same picture", "unplug"),
        (
            "",
            real({"camera": {**GOOD["camera"], "pictures": 0}}, holders=lambda _: ["zoom (12)"]),
            "camera usb",
            "fault",
            "no picture",
            "stop zoom (12)",
        ),
        (
            "",
            real(cameras=lambda: [replace(CAMERA, fault="must not be opened")]),
            "camera usb",
            "fault",
            "must not",
            "usermod -aG video",
        ),
        ("", real(sound_devices=nothing), "microphone", "stand_in", "none is there", "sound card"),
        ("", real(sound_devices=nothing), "speakers", "stand_in", "plays silently", "sound card"),
        ("", real(sound_devices=no_portaudio), "sound", "fault", "PortAudio is missing", "libportaudio2"),
        ("speakers: silent", real(), "speakers", "stand_in", "silence", "speakers: auto"),
        ("microphone: stand-in", real(), "microphone", "stand_in", "sound of the built-in film", "microphone: auto"),
        ("speakers: USB Audoi", real(), "speakers", "fault", "'USB Audio', 'HDMI'", "write 'USB Audio'"),
        ("speakers: {layout: ring of 8}", real(), "speakers USB", "fault", "has 2 outputs", "correct 'layout'"),
        ("microphone: HDMI", real(), "microphone", "fault", "not plugged in", "plug it in"),
        ("microphone: {channel: 3}", real(), "microphone USB", "fault", "2 inputs", "1 … 2"),
        (
            "",
            real({"microphone": ProbeError("Device unavailable")}),
            "microphone USB",
            "fault",
            "unavailable",
            "fuser",
        ),
        (
            "",
            real({"speakers": ProbeError("PortAudio is missing")}),
            "speakers USB",
            "fault",
            "PortAudio",
            "libportaudio2",
        ),
        ("", real(displays=no_screen), "screen", "fault", "Projector 1920x1080 is plugged in, but", "xserver-xorg"),
        ("", real(displays=no_screen, connectors=nothing), "screen", "stand_in", "offscreen", "xserver-xorg"),
        (
            "screen: {mode: fullscreen}",
            real(displays=no_screen, connectors=nothing),
            "screen",
            "fault",
            "SDL",
            "plug in",
        ),
        ("screen: {mode: offscreen}", real(), "screen", "stand_in", "offscreen", "screen: {mode: auto}"),
        (
            "screen: {display: 1}",
            real(connectors=nothing, displays=nothing),
            "screen",
            "fault",
            "no display 1",
            "plug",
        ),
        ("gpu: cuda:1", real(connectors=nothing), "gpu", "fault", "'cuda:1' is not there", "nvidia-driver"),
        (
            "",
            real({"gpu": {"torch": "2.11.0", "cuda": "13.0", "gpus": []}}),
            "gpu",
            "fault",
            "cannot use",
            "nvidia-driver",
        ),
        ("", real({"gpu": ProbeError("crashed (signal 11: no message)")}), "gpu", "fault", "crashed", "run.py"),
    ],
)
def test_one_thing_that_is_not_real_keeps_a_machine_from_passing(
    shown: Callable[[str], Exhibition],
    text: str,
    machine: Machine,
    subject: str,
    verdict: str,
    message: str,
    remedy: str,
) -> None:
    findings = [f for f in examine(shown(text), machine) if f.verdict != "ok" or f.subject == subject]
    found = [f for f in findings if f.subject.startswith(subject) and f.verdict == verdict]
    assert found and message in found[0].message and remedy in found[0].remedy, findings
    assert not passes(findings)


@pytest.mark.parametrize(
    ("answers", "subject", "message"),
    [
        ({"camera": {**GOOD["camera"], "brightness": 0.5}}, "camera usb", "only black"),
        ({"camera": {**GOOD["camera"], "size": (640, 480)}}, "camera usb", "640×480 at 30 Hz instead of 1280×720"),
        ({"camera": {**GOOD["camera"], "rate_hz": 10.0}}, "camera usb", "10 Hz instead of 30"),
        ({"microphone": {**GOOD["microphone"], "distinct": 1}}, "microphone USB", "digital silence"),
        ({"microphone": {**GOOD["microphone"], "not_numbers": 7}}, "microphone USB", "7 of 24000"),
        ({"priority": {"allowed": False, "reason": "Operation not permitted"}}, "permission priority", "may click"),
        ({"clock": {"synchronised": False}}, "clock", "not set by a time server"),
    ],
)
def test_what_is_real_but_not_good_is_a_warning(
    shown: Callable[..., Exhibition], answers: dict[str, Any], subject: str, message: str
) -> None:
    findings = examine(shown(), real(answers))
    found = about(subject, findings)
    assert found.verdict == "warning" and message in found.message and found.remedy
    assert passes(findings)


@pytest.mark.parametrize(
    ("screen", "verdict", "message", "remedy"),
    [
        ("{}", "ok", "1920×1080 60 Hz, x11; pieces draw 1920×1080", ""),
        ("{rotate: 90}", "ok", "1920×1080 60 Hz, x11; pieces draw 1080×1920, turned 90°", ""),
        ("{rotate: 90, size: [1280, 720]}", "ok", "pieces draw 720×1280, turned 90°", ""),
        (
            "{rotate: 90, size: [1080, 1920]}",
            "warning",
            "draw 1920×1080, turned 90°, with black bars",
            "[1920, 1080]",
        ),
        ("{size: [1024, 768]}", "warning", "pieces draw 1024×768, with black bars", "[1920, 1080]"),
        ("{mode: window, rotate: 270}", "ok", "pieces draw 720×1280, turned 270°", ""),
        ("{mode: window, size: [600, 600]}", "ok", "pieces draw 600×600", ""),
        ("{rate_hz: 100}", "warning", "pieces draw 1920×1080", "'rate_hz' of 'screen' to 60"),
    ],
)
def test_the_screen_says_what_pieces_draw_for_it(
    shown: Callable[[str], Exhibition], screen: str, verdict: str, message: str, remedy: str
) -> None:
    found = about("screen 0", doctor.examine_screen(shown(f"screen: {screen}\n"), real()))
    assert found.verdict == verdict and message in found.message and remedy in found.remedy, found


@pytest.mark.parametrize(
    "text", ["camera: film", "microphone: stand-in", "speakers: silent", "screen: {mode: offscreen}"]
)
def test_what_a_remedy_says_can_be_written(shown: Callable[[str], Exhibition], text: str) -> None:
    (found,) = [finding for finding in examine(shown(text), real()) if finding.verdict == "stand_in"]
    (setting,) = re.findall(r"set '(.+?)' in exhibition.yaml", found.remedy)
    assert passes(examine(shown(setting), real()))


@pytest.mark.parametrize(("mode", "verdict"), [("auto", "stand_in"), ("fullscreen", "ok")])
def test_a_console_screen_is_drawn_on_where_it_is_asked_for(
    shown: Callable[..., Exhibition], mode: str, verdict: str
) -> None:
    machine = real(
        displays=lambda: [DisplayFound(0, "display 0", 1920, 1080, 60.0, "KMSDRM")], has_display=lambda: False
    )
    found = doctor.examine_screen(shown(f"screen: {{mode: {mode}}}"), machine)
    assert found[0].verdict == verdict
    if mode == "auto":
        assert "KMSDRM" in found[0].message and "screen: {mode: fullscreen}" in found[0].remedy


@pytest.mark.parametrize("connectors", [nothing, lambda: [ConnectorFound("card0-HDMI-A-1", "Projector", "")]])
@pytest.mark.parametrize("has_display", [True, False])
def test_a_shell_without_display_says_how_to_ask_over_ssh(
    shown: Callable[..., Exhibition], connectors: Callable[[], list[ConnectorFound]], has_display: bool
) -> None:
    machine = real(displays=no_screen, connectors=connectors, has_display=lambda: has_display)
    (found,) = doctor.examine_screen(shown(), machine)
    assert ("no DISPLAY in this shell; over SSH: DISPLAY=:0 python3 run.py doctor" in found.remedy) is not has_display
    assert "xserver-xorg" in found.remedy


def test_what_the_exhibition_does_without_is_no_stand_in(shown: Callable[..., Exhibition]) -> None:
    alone = real(cameras=nothing, nvidia_cards=nothing, sound_devices=lambda: [HDMI])
    findings = examine(shown("camera: none\nmicrophone: none\ngpu: cpu\n"), alone)
    assert passes(findings), findings


def test_an_examination_that_fails_is_a_fault_and_hides_no_other(shown: Callable[..., Exhibition]) -> None:
    def broken() -> list[CameraFound]:
        raise RuntimeError("a driver nobody knows")

    findings = examine(shown(), real(cameras=broken))
    assert about("doctor", findings).message.endswith("RuntimeError: a driver nobody knows") and not passes(findings)
    assert about("speakers USB", findings).verdict == "ok"


def test_the_first_camera_that_works_is_on_duty(shown: Callable[..., Exhibition]) -> None:
    machine = real()

    def ask(question: str, *arguments: object, limit_s: float = 0.0) -> dict[str, Any]:
        if question == "camera" and arguments[0] == CAMERA.path:
            raise ProbeError("does not answer within 12 s")
        return machine.ask(question, *arguments, limit_s=limit_s)

    findings = examine(shown(), replace(machine, ask=ask))
    assert about("camera usb", findings).verdict == "warning" and about("camera pci-2", findings).verdict == "ok"
    assert "fresh pictures" in about("camera pci-2", findings).message and passes(findings)


def test_a_device_by_identity_is_never_replaced(shown: Callable[..., Exhibition]) -> None:
    findings = examine(shown("camera: pci-2\n"), real())
    assert about("camera pci-2", findings).verdict == "ok" and "not used" in about("camera usb", findings).message
    gone = examine(shown("camera: pci-2\n"), real(cameras=lambda: [CAMERA]))
    assert not passes(gone) and "not used" in about("camera usb", gone).message


def test_every_verdict_but_ok_has_a_remedy_and_the_table_says_all(shown: Callable[..., Exhibition]) -> None:
    from rich.console import Console

    bare = real({"clock": {"synchronised": False}}, cameras=nothing, sound_devices=no_portaudio, displays=no_screen)
    findings = examine(shown(), bare)
    assert all(finding.remedy for finding in findings if finding.verdict != "ok")
    console = Console(width=300, record=True, file=io.StringIO())  # a path longer than the column is folded
    console.print(doctor.table(findings))
    drawn = console.export_text()
    for finding in findings:
        assert finding.subject in drawn and finding.message.split()[0] in drawn
    assert drawn.count("→") == sum(bool(finding.remedy) for finding in findings)


@pytest.mark.slow
def test_this_machine_can_be_examined_as_it_is(shown: Callable[..., Exhibition]) -> None:
    findings = examine(shown())
    assert {"camera", "microphone", "speakers", "screen"} <= {f.subject.split()[0] for f in findings} | {"sound"}
    assert all(finding.remedy for finding in findings if finding.verdict != "ok")
