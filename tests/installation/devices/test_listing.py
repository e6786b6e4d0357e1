"""Devices are known by identity: cameras through a driver that answers as the kernel's do, screens by their EDID."""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from installation.devices import listing, microphone, probe, speakers, video4linux
from installation.devices.listing import CameraFound, SoundFound, find, monitor_name, nearest
from installation.devices.probe import ProbeError, UnstoppableError, ask
from installation.devices.video4linux import Mode, cameras, modes

MJPG, YUYV = b"MJPG", b"YUYV"


class Driver:
    """Answers Video4Linux requests for the device files of a test: name, capability and modes by file name."""

    def __init__(self, cards: dict[str, tuple[str, int, dict[bytes, dict[tuple[int, int], list[float]]]]]) -> None:
        self.cards = cards

    def ioctl(self, file: int, request: int, data: bytearray) -> int:
        card, capability, offers = self.cards[Path(f"/proc/self/fd/{file}").readlink().name]
        if request == video4linux.QUERYCAP:
            data[16 : 16 + len(card)] = card.encode()
            struct.pack_into("<II", data, 84, 0x80000000 | 0x4000001, capability)
            return 0
        if request == video4linux.ENUM_FMT:
            index, kind = struct.unpack_from("<II", data)
            if kind != 1 or index >= len(offers):
                raise OSError(errno.EINVAL, "end of the list")
            data[44:48] = list(offers)[index]
            return 0
        index = struct.unpack_from("<I", data)[0]
        sizes = offers[bytes(data[4:8])]
        if request == video4linux.ENUM_FRAMESIZES:
            if index >= len(sizes):
                raise OSError(errno.EINVAL, "end of the list")
            struct.pack_into("<3I", data, 8, 1, *list(sizes)[index])
            return 0
        rates = sizes[struct.unpack_from("<II", data, 8)]
        if index >= len(rates):
            raise OSError(errno.EINVAL, "end of the list")
        struct.pack_into("<3I", data, 16, 1, 1000, round(1000 * rates[index]))
        return 0


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /dev and /sys with two cameras, one of them with a node for metadata too."""
    dev = tmp_path / "dev"
    for folder in ("v4l/by-id", "v4l/by-path"):
        (dev / folder).mkdir(parents=True)
    for number in (0, 1, 10, 2):
        (dev / f"video{number}").touch()
        kernel = tmp_path / f"sys/class/video4linux/video{number}"
        kernel.mkdir(parents=True)
        (kernel / "name").write_text(f"Kernel name {number}\n")
        (kernel / "index").write_text("1\n" if number == 1 else "0\n")
        (kernel / "device").symlink_to(tmp_path)
    (dev / "v4l/by-id/usb-046d_C920_8C1A2F3F-video-index0").symlink_to("../../video0")
    (dev / "v4l/by-id/usb-046d_C920_8C1A2F3F-video-index1").symlink_to("../../video1")
    (dev / "v4l/by-path/pci-0000:00:14.0-usb-0:3:1.0-video-index0").symlink_to("../../video0")
    (dev / "v4l/by-path/pci-0000:00:14.0-usb-0:4:1.0-video-index0").symlink_to("../../video2")
    offers = {MJPG: {(1920, 1080): [30.0, 15.0], (1280, 720): [60.0]}, YUYV: {(640, 480): [30.0]}}
    cards = {
        "video0": ("HD Pro Webcam C920", 0x04000001, offers),
        "video1": ("HD Pro Webcam C920", 0x04800000, {}),
        "video2": ("Capture", 0x04001000, {}),
        "video10": ("Loopback", 0x04000001, {}),
    }
    monkeypatch.setattr(video4linux, "ioctl", Driver(cards).ioctl)
    return tmp_path


def test_cameras_are_known_by_their_links_in_the_order_of_their_numbers(machine: Path) -> None:
    found = cameras(machine / "dev", machine / "sys")
    assert [camera.identity for camera in found] == [
        "usb-046d_C920_8C1A2F3F", "pci-0000:00:14.0-usb-0:4:1.0", f"bus-{machine.name}",
    ]  # fmt: skip
    assert found[0].aliases == ("pci-0000:00:14.0-usb-0:3:1.0",)
    assert found[0].name == "HD Pro Webcam C920" and found[0].path == str(machine / "dev/video0")


def test_an_identity_follows_the_camera_to_another_number(machine: Path) -> None:
    before = find("usb-046d_C920_8C1A2F3F", cameras(machine / "dev", machine / "sys"))
    link = machine / "dev/v4l/by-id/usb-046d_C920_8C1A2F3F-video-index0"
    link.unlink()
    link.symlink_to("../../video10")
    after = find("usb-046d_C920_8C1A2F3F", cameras(machine / "dev", machine / "sys"))
    assert before and after and (before.path[-6:], after.path[-7:]) == ("video0", "video10")


def test_a_camera_that_must_not_be_opened_is_listed_with_its_fault(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(video4linux, "ioctl", forbidden)
    found = cameras(machine / "dev", machine / "sys")
    assert [camera.name for camera in found] == ["Kernel name 0", "Kernel name 2", "Kernel name 10"]
    assert "group 'video'" in found[0].fault


def test_modes_come_largest_first_with_their_fastest_rate(machine: Path) -> None:
    assert modes(str(machine / "dev/video0")) == [
        Mode(1920, 1080, 30.0, "MJPG"), Mode(1280, 720, 60.0, "MJPG"), Mode(640, 480, 30.0, "YUYV"),
    ]  # fmt: skip
    assert modes(str(machine / "dev/video2")) == []
    assert probe.modes(str(machine / "dev/video0"))["modes"][0]["rate_hz"] == 30.0
    assert str(Mode(640, 480, 30.0, "YUYV")) == "640×480 30 Hz YUYV"


def test_a_machine_without_cameras_has_none(tmp_path: Path) -> None:
    assert cameras(tmp_path, tmp_path) == []


TWINS = [
    CameraFound("pci-1", "Twin", "/dev/video0"),
    CameraFound("pci-2", "Twin", "/dev/video1"),
    CameraFound("usb-a_1", "Alone", "/dev/video2", ("pci-3",)),
]


def test_an_identity_never_means_another_device() -> None:
    assert find("pci-2", TWINS) is TWINS[1]
    assert find("pci-3", TWINS) is TWINS[2] and find("Alone", TWINS) is TWINS[2]
    assert find("Twin", TWINS) is None and find("usb-a_2", TWINS) is None
    assert nearest("usb-a_2", TWINS) == "usb-a_1" and nearest("something else", TWINS) == ""


def test_sound_devices_of_one_name_are_told_apart_by_their_host(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"name": "pulse", "host": "ALSA", "inputs": 2, "outputs": 2, "rate_hz": 48000.0}
    answer = {"devices": [one, {**one, "host": "JACK"}, {**one, "name": "USB Audio", "default_input": True}]}
    monkeypatch.setattr(probe, "ask", lambda *_, **__: answer)
    found = listing.sound_devices()
    assert [device.identity for device in found] == ["pulse, ALSA", "pulse, JACK", "USB Audio"]
    assert isinstance(found[2], SoundFound) and found[2].default_input
    assert find("pulse, JACK", found) is found[1] and find("pulse", found) is None


def at(monkeypatch: pytest.MonkeyPatch, *names: str, host: str = "ALSA") -> list[SoundFound]:
    """The sound devices of a machine on which PortAudio lists these names."""
    entry = {"host": host, "inputs": 2, "outputs": 2, "rate_hz": 48000.0}
    monkeypatch.setattr(probe, "ask", lambda *_, **__: {"devices": [{"name": name, **entry} for name in names]})
    return listing.sound_devices()


def test_the_numbers_that_alsa_deals_are_no_part_of_an_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are others when the machine starts again with one more stick in it."""
    before = at(monkeypatch, "HDA Intel HDMI: 0 (hw:0,3)", "HDA Intel HDMI: 1 (hw:0,7)", "USB Audio: - (hw:1,0)")
    after = at(monkeypatch, "USB Audio: - (hw:2,0)", "HDA Intel HDMI: 0 (hw:1,3)", "HDA Intel HDMI: 1 (hw:1,7)")
    assert [device.identity for device in before] == ["HDA Intel HDMI: 0", "HDA Intel HDMI: 1", "USB Audio: -"]
    assert find(before[2].identity, after) is after[0] and find(before[1].identity, after) is after[2]


def test_twins_keep_the_numbers_that_tell_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = at(monkeypatch, "USB Audio: - (hw:1,0)", "USB Audio: - (hw:2,0)", "Mixer (hw:3,0)")
    assert [device.identity for device in twins] == ["USB Audio: - (hw:1,0)", "USB Audio: - (hw:2,0)", "Mixer"]
    assert find(twins[1].identity, twins) is twins[1] and find("USB Audio: -", twins) is None


def test_an_identity_that_was_written_with_its_numbers_still_means_its_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old, other = "USB Audio: - (hw:1,0)", "HDMI: 0 (hw:1,0)"
    moved = at(monkeypatch, other, "USB Audio: - (hw:2,0)")
    assert find(old, moved) is moved[1] and find(f"{old}, ALSA", moved) is moved[1]
    both = at(monkeypatch, "USB Audio: - (hw:2,0)", old)
    assert find(old, both) is both[1], "as it is written, where that is there"
    assert find(old, at(monkeypatch, "USB Audio: - (hw:2,0)", "USB Audio: - (hw:3,0)")) is None
    assert find(old, at(monkeypatch, other)) is None


def test_a_part_of_its_name_means_a_sound_device_and_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = at(monkeypatch, "HDMI: 0 (hw:0,3)", "USB Audio: - (hw:1,0)", "USB Audio: line (hw:2,0)")
    assert find("HDMI", devices) is devices[0] and find("USB Audio: l", devices) is devices[2]
    assert find("USB", devices) is None and find("Alon", TWINS) is None


def edid(name: bytes) -> bytes:
    return bytes(72) + b"\0\0\0\xfc\0" + name.ljust(13, b" ")[:13] + bytes(38)


def test_a_screen_says_its_name() -> None:
    assert monitor_name(edid(b"DELL U2412M\n")) == "DELL U2412M"
    assert monitor_name(b"") == "" and monitor_name(bytes(128)) == ""


def test_screens_are_found_without_a_window_system(tmp_path: Path) -> None:
    for name, status in (("card0-HDMI-A-1", "connected"), ("card0-DP-1", "disconnected")):
        folder = tmp_path / "class/drm" / name
        folder.mkdir(parents=True)
        (folder / "status").write_text(status + "\n")
        (folder / "modes").write_text("1920x1080\n1280x720\n")
        (folder / "edid").write_bytes(edid(b"Projector\n"))
    (found,) = listing.connectors(tmp_path)
    assert (found.connector, found.name, found.mode) == ("card0-HDMI-A-1", "Projector", "1920x1080")


# ---- questions in a process of their own ----------------------------------------------------------------


def question(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the process that answers run `code` instead."""
    real = subprocess.Popen
    monkeypatch.setattr(probe.subprocess, "Popen", lambda command, **more: real([sys.executable, "-c", code], **more))


def test_an_answer_is_found_among_what_libraries_print(monkeypatch: pytest.MonkeyPatch) -> None:
    question(monkeypatch, "print('hello from a library'); print('probe: {\"a\": 1}'); print('bye')")
    assert ask("sound") == {"a": 1}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.kill(os.getpid(), 11)", r"crashed \(signal 11: no message\)"),
        ("raise SystemExit('no such card')", r"crashed \(exit code 1: no such card\)"),
        ('print(\'probe: {"error": "PortAudio is missing"}\')', "PortAudio is missing"),
        ("import time; time.sleep(60)", r"does not answer within 0.5 s"),
    ],
)
def test_whatever_happens_to_the_one_who_asks_is_said(
    monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    question(monkeypatch, code)
    with pytest.raises(ProbeError, match=reason):
        ask("sound", limit_s=0.5 if "sleep" in code else 20.0)


def test_who_asked_and_cannot_be_stopped_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nobody asks again while it sleeps in the driver."""

    class Asleep:
        returncode: int | None = None

        def __init__(self, *_: object, **__: object) -> None:
            pass

        def communicate(self, timeout: float) -> None:
            raise subprocess.TimeoutExpired("probe", timeout)

        def kill(self) -> None:
            pass

        def poll(self) -> int | None:
            return self.returncode

    monkeypatch.setattr(probe.subprocess, "Popen", Asleep)
    with pytest.raises(UnstoppableError, match="cannot even be stopped; unplug the device") as caught:
        ask("sees", limit_s=0.1)
    assert caught.value.lasts
    caught.value.process.returncode = -9
    assert not caught.value.lasts


def test_whoever_answers_holds_nobody_up() -> None:
    """Asked from a process of real-time priority, as the sound process is, where this user may have one."""
    code = """if True:
        import atexit, os, runpy, sys
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(20))
        except PermissionError:
            pass
        before = os.nice(0)
        atexit.register(lambda: print(os.sched_getscheduler(0) == os.SCHED_OTHER, os.nice(0) - before))
        sys.argv = ["probe", "clock"]
        runpy.run_module("installation.devices.probe", run_name="__main__")
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == f"True {min(probe.NICE, 19 - os.nice(0))}"


def test_questions_are_answered_by_a_real_process() -> None:
    assert set(ask("clock", limit_s=30.0)) == {"synchronised"}
    with pytest.raises(ProbeError, match="cannot be opened"):
        ask("camera", "/dev/no-such-camera", 640, 480, 30, limit_s=30.0)
    if not cameras():
        assert ask("sees", 640, 480, 30.0, limit_s=30.0) == {"fault": "no camera is plugged in"}


def test_a_probe_does_not_outlast_whoever_might_have_asked() -> None:
    """A process that asks may be killed meanwhile; a probe that hangs would hold the device for ever."""
    code = """if True:
        import time
        from installation.devices import probe
        probe.LONGEST_SECONDS = 1
        probe.ordinary()
        time.sleep(50)
    """
    done = subprocess.run([sys.executable, "-c", code], timeout=40, check=False)
    assert done.returncode == -signal.SIGALRM


def test_a_film_with_changing_pictures_passes_as_a_camera_and_a_still_one_does_not(tmp_path: Path) -> None:
    """The camera question itself, on films: OpenCV opens them as it opens cameras."""
    import cv2
    import numpy as np

    shown = {}
    for name, changing in (("lively", True), ("frozen", False)):
        path = tmp_path / f"{name}.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30.0, (64, 48))
        for number in range(20):
            writer.write(np.full((48, 64, 3), 40 + 5 * number if changing else 40, np.uint8))
        writer.release()
        shown[name] = probe.camera(str(path), "64", "48", "30")
    assert shown["lively"]["pictures"] == 15 and shown["lively"]["distinct"] == 15
    assert shown["frozen"]["distinct"] == 1 and shown["frozen"]["size"] == (64, 48)


# ---- whether a sound device can be used -----------------------------------------------------------------


class Host:
    """A sounddevice with one card, which is listed. It knows one rate; `moves` says whether it calls back."""

    class PortAudioError(Exception):
        pass

    def __init__(self, moves: bool = True, rate_hz: int = 48_000) -> None:
        self._moves, self._rate_hz = moves, rate_hz
        self.default = SimpleNamespace(device=(0, 0))
        self.played: list[np.ndarray] = []

    def query_devices(self) -> list[dict[str, Any]]:
        return [{"name": "Card", "hostapi": 0, "max_input_channels": 1, "max_output_channels": 2}]

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA"}]

    def InputStream(self, **options: Any) -> Any:  # noqa: N802 (sounddevice's names)
        times = SimpleNamespace(currentTime=1.0, inputBufferAdcTime=0.9)
        return self._stream(options, lambda: options["callback"](np.zeros((64, 1), np.float32), 64, times, None))

    def OutputStream(self, **options: Any) -> Any:  # noqa: N802
        times = SimpleNamespace(currentTime=1.0, outputBufferDacTime=1.1)
        out = np.full((64, options["channels"]), 0.5, np.float32)
        self.played.append(out)
        return self._stream(options, lambda: options["callback"](out, 64, times, None))

    def _stream(self, options: dict[str, Any], block: Callable[[], None]) -> Any:
        if options["samplerate"] != self._rate_hz:
            raise self.PortAudioError("Invalid sample rate")
        start = block if self._moves else lambda: None
        return SimpleNamespace(latency=0.05, start=start, close=lambda **_: None)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Callable[[Host], Host]:
    def plug(host: Host) -> Host:
        monkeypatch.setattr(speakers, "import_sounddevice", lambda: host)
        monkeypatch.setattr(microphone, "import_sounddevice", lambda: host)
        monkeypatch.setattr(speakers, "DEAD_SECONDS", 0.02)
        return host

    return plug


def test_a_sound_device_works_when_samples_move(plugged: Callable[[Host], Host]) -> None:
    card = plugged(Host())
    for answer in (probe.hears("", "48000", "1"), probe.plays("Card", "48000", "2")):
        assert answer["name"] == "Card" and "error" not in answer and 0 <= answer["opened_s"] < 5
    assert card.played and not card.played[0].any(), "nobody hears the question"
    plugged(Host(moves=False))
    assert "no sample moves" in probe.hears("Card", "48000", "1")["error"]
    assert "no sample moves" in probe.plays("", "48000", "2")["error"]


def test_a_listed_device_that_cannot_be_opened_does_not_work(
    plugged: Callable[[Host], Host], capsys: pytest.CaptureFixture[str]
) -> None:
    plugged(Host(rate_hz=44_100))
    for question in (["hears", "", "48000", "1"], ["plays", "Card", "48000", "2"]):
        assert probe.main(question) == 0
        assert "48000 Hz: Invalid sample rate" in capsys.readouterr().out
    plugged(Host())
    probe.main(["hears", "Card", "48000", "2"])
    assert "has no channel" in capsys.readouterr().out


def test_a_machine_that_starts_no_process_has_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(probe.subprocess, "Popen", exhausted)
    with pytest.raises(ProbeError, match="Resource temporarily unavailable"):
        ask("sound")
