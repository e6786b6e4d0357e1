"""Questions to devices and libraries that may crash or hang whoever asks: each is answered in a process of its own.

`python -m installation.devices.probe camera /dev/video0 1280 720 30` prints one line of JSON; `ask` runs that with a
time limit and returns what it said. A device is only believed when it delivers fresh, changing data.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from installation.devices.sound_server import channels_behind
from installation.roles import SOUND_PRIORITY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from installation.devices.microphone import Input
    from installation.devices.speakers import Card

NICE = 10
LONGEST_SECONDS = 90  # nobody waits longer; whoever asked may have been killed, and a probe that hangs holds a device
SHORTAGES = {  # of a machine, by errno: what to do
    errno.EMFILE: "allow more open files: `ulimit -n 4096` in this shell, then run doctor again",
    errno.ENFILE: "close other programs: the machine has no more open files to give",
    errno.EAGAIN: "close other programs, or allow more processes: `ulimit -u` says how many there may be",
    errno.ENOMEM: "close other programs: the memory is used up",
}
_MARK = "probe: "  # the line that answers; libraries print whatever they like before it


class ProbeError(Exception):
    """A question was not answered: the library is missing, crashed, or took too long. `remedy` says what to do where
    the device is not to blame."""

    remedy = ""


class NoProcessError(ProbeError):
    """Nobody could be asked: the machine gives no process. That says nothing about the device."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"no process can be started ({error})")
        self.remedy = SHORTAGES.get(error.errno or 0, "restart the machine")


class UnstoppableError(ProbeError):
    """Nor can the `process` that asks be stopped: it sleeps in the driver. Another would only sleep beside it."""

    def __init__(self, question: str, process: subprocess.Popen[bytes]) -> None:
        super().__init__(f"does not answer, and cannot even be stopped; unplug the device ({question})")
        self.question, self.process = question, process

    @property
    def lasts(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None


def ask(question: str, *arguments: object, limit_s: float = 15.0) -> dict[str, Any]:
    """The answer to `question`, from a process that is killed after `limit_s` seconds.

    Raises:
        ProbeError: no answer; says why. UnstoppableError: ask no more while it lasts, where this is asked again.
    """
    command = [sys.executable, "-m", "installation.devices.probe", question, *map(str, arguments)]
    environment = {**os.environ, "PYGAME_HIDE_SUPPORT_PROMPT": "1", "OPENCV_LOG_LEVEL": "ERROR"}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:  # no memory or no number for another process: there may be in a minute
        raise NoProcessError(error) from error
    try:
        out, complaints = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as error:
        process.kill()
        try:
            process.communicate(timeout=2.0)
        except subprocess.TimeoutExpired as stuck:  # asleep in the driver: it ends when the driver lets it
            raise UnstoppableError(question, process) from stuck
        raise ProbeError(f"does not answer within {limit_s:g} s") from error
    answers = [line[len(_MARK) :] for line in out.decode(errors="replace").splitlines() if line.startswith(_MARK)]
    if not answers:
        last = complaints.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        ending = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
        raise ProbeError(f"crashed ({ending}: {last[0]})")
    answer: dict[str, Any] = json.loads(answers[-1])
    if "error" in answer:
        raise ProbeError(str(answer["error"]))
    return answer


def sound() -> dict[str, Any]:
    """Every sound device that PortAudio knows."""
    sounddevice = _sounddevice()
    hosts = sounddevice.query_hostapis()
    default_in, default_out = sounddevice.default.device
    listed = [
        {
            "name": device["name"],
            "host": hosts[device["hostapi"]]["name"],
            "inputs": device["max_input_channels"],
            "outputs": channels_behind(device["name"], device["max_output_channels"]),
            "rate_hz": device["default_samplerate"],
            "default_input": index == default_in,
            "default_output": index == default_out,
        }
        for index, device in enumerate(sounddevice.query_devices())
    ]
    return {"devices": listed, "portaudio": sounddevice.get_portaudio_version()[1]}


def microphone(name: str, host: str, rate_hz: str, channel: str = "1") -> dict[str, Any]:
    """Half a second of a microphone's channel: how many samples came, how loud, how many different values."""
    import numpy as np

    sounddevice = _sounddevice()
    frames = int(float(rate_hz) / 2)
    with sounddevice.InputStream(
        device=f"{name}, {host}", channels=int(channel), samplerate=float(rate_hz)
    ) as stream:
        samples, overflowed = stream.read(frames)
        latency = stream.latency
    samples = samples[:, int(channel) - 1]
    finite = samples[np.isfinite(samples)]
    peak = float(np.abs(finite).max(initial=0.0))
    return {
        "frames": len(samples),
        "distinct": len(np.unique(finite)),
        "not_numbers": int(samples.size - finite.size),
        "peak_db": round(20 * float(np.log10(max(peak, 1e-6))), 1),
        "overflowed": bool(overflowed),
        "latency_s": float(latency),
    }


def speakers(name: str, host: str, rate_hz: str, channels: str = "1") -> dict[str, Any]:
    """Half a second of silence to the speakers: whether the card takes it, and at what pace."""
    import numpy as np

    sounddevice = _sounddevice()
    frames = int(float(rate_hz) / 2)
    stream = sounddevice.OutputStream(device=f"{name}, {host}", channels=int(channels), samplerate=float(rate_hz))
    with stream:
        began = time.monotonic()
        stream.write(np.zeros((frames, int(channels)), np.float32))
        latency = stream.latency
    return {"frames": frames, "seconds": time.monotonic() - began, "latency_s": float(latency)}


def plays(name: str, rate_hz: str, channels: str) -> dict[str, Any]:
    """Whether the sound process can play on the speakers called `name` (empty: the default ones).

    They are opened as it opens them, and must ask for samples."""
    from installation.devices.speakers import Card

    began = time.monotonic()
    card, asked = Card(name or None, int(rate_hz), int(channels)), []
    opened_s = time.monotonic() - began

    def silence(out: NDArray[np.float32], heard_at: float) -> None:
        out.fill(0.0)
        asked.append(heard_at)

    card.start(silence)
    return _moved(card, lambda: bool(asked)) | {"opened_s": opened_s}


def hears(name: str, rate_hz: str, channel: str) -> dict[str, Any]:
    """Whether the sound process can hear `channel` (from 1) of the microphone called `name` (empty: the default one).

    It is opened as it opens it, and samples must come in."""
    from installation.devices.microphone import Input

    began = time.monotonic()
    source = Input(name or None, int(rate_hz), int(channel) - 1)
    opened_s = time.monotonic() - began
    return _moved(source, lambda: source.heard > 0) | {"opened_s": opened_s}


def _moved(device: Card | Input, moved: Callable[[], bool]) -> dict[str, Any]:
    """The device's name once samples have `moved`; an error if none do in time."""
    from installation.devices.speakers import DEAD_SECONDS

    until = time.monotonic() + DEAD_SECONDS
    try:
        while not moved():
            if time.monotonic() > until:
                return {"error": f"{device.name!r} can be opened, but no sample moves; look at its plug"}
            time.sleep(0.01)
    finally:
        device.close()
    return {"name": device.name}


def displays() -> dict[str, Any]:
    """Every display of the window system, from SDL."""
    import pygame

    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
        sizes = [] if driver in {"dummy", "offscreen"} else pygame.display.get_desktop_sizes()
    except pygame.error as error:
        return {"error": f"SDL finds no screen ({error})"}
    if not sizes:
        return {"error": "SDL finds neither an X server nor Wayland nor a console screen (KMS)"}
    rates = getattr(pygame.display, "get_desktop_refresh_rates", lambda: [0] * len(sizes))()
    listed = [
        {"index": i, "name": f"display {i}", "width": w, "height": h, "rate_hz": float(rate), "driver": driver}
        for i, ((w, h), rate) in enumerate(zip(sizes, rates, strict=False))
    ]
    return {"displays": listed}


def camera(path: str, width: str, height: str, rate_hz: str) -> dict[str, Any]:
    """The first pictures of a camera: how many, how many different, how bright, how fast."""
    import zlib

    import cv2

    capture: Any = cv2.VideoCapture(path)
    if not capture.isOpened():
        return {"error": f"{path} cannot be opened"}
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, int(width))
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, int(height))
    capture.set(cv2.CAP_PROP_FPS, float(rate_hz))
    sums, brightness, times, size = set(), 0.0, [], (0, 0)
    for _ in range(15):
        fine, picture = capture.read()
        if not fine or picture is None:
            break
        times.append(time.monotonic())
        sums.add(zlib.crc32(picture.tobytes()))
        brightness, size = float(picture.mean()), (picture.shape[1], picture.shape[0])
    capture.release()
    steps = len(times) - 6  # the first pictures of many cameras come in a bunch
    pace = steps / (times[-1] - times[5]) if steps > 0 and times[-1] > times[5] else 0.0
    return {"pictures": len(times), "distinct": len(sums), "brightness": brightness, "size": size, "rate_hz": pace}


def sees(width: str, height: str, rate_hz: str) -> dict[str, Any]:
    """Why the camera process cannot open any camera; nothing where it can. They are opened as it opens them."""
    from installation.devices import DeviceError
    from installation.devices.camera import first_that_works
    from installation.devices.listing import cameras

    try:
        first_that_works(cameras(), (int(width), int(height)), float(rate_hz)).close()
    except DeviceError as error:
        return {"fault": str(error)}
    return {"fault": ""}


def modes(path: str) -> dict[str, Any]:
    """What a camera offers."""
    from installation.devices import video4linux

    return {"modes": [vars(mode) for mode in video4linux.modes(path)]}


def gpu() -> dict[str, Any]:
    """What torch can compute on, proved by computing."""
    import torch

    found = []
    for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        free, total = torch.cuda.mem_get_info(index)
        ones = torch.ones((64, 64), device=f"cuda:{index}", dtype=torch.float16)
        works = bool((ones @ ones).sum().item() == 64 * 64 * 64)
        found.append(
            {"index": index, "name": torch.cuda.get_device_name(index), "free": free, "total": total, "works": works}
        )
    return {"torch": torch.__version__, "cuda": torch.version.cuda or "", "gpus": found}


def priority() -> dict[str, Any]:
    """Whether this user may run a process before all others, as the sound process wants to."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(SOUND_PRIORITY))
    except (PermissionError, AttributeError) as error:
        return {"allowed": False, "reason": str(error)}
    return {"allowed": True, "reason": ""}


def clock() -> dict[str, Any]:
    """Whether the kernel believes that a time server sets its clock (adjtimex(2) answers 5 if not)."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))
    return {"synchronised": state not in {-1, 5}}


def _sounddevice() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise ProbeError(f"PortAudio is missing ({error})") from error
    return sounddevice


QUESTIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "sound": sound,
    "microphone": microphone,
    "speakers": speakers,
    "plays": plays,
    "hears": hears,
    "displays": displays,
    "camera": camera,
    "sees": sees,
    "modes": modes,
    "gpu": gpu,
    "priority": priority,
    "clock": clock,
}


def ordinary() -> None:
    """Go behind the processes that run the exhibition, and do not outlast the question.

    The sound process asks too, and its priority is inherited."""
    signal.alarm(LONGEST_SECONDS)
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in {os.SCHED_RR, os.SCHED_FIFO}:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(NICE)


def main(arguments: list[str]) -> int:
    """Answer one question on standard output."""
    try:
        answer = QUESTIONS[arguments[0]](*arguments[1:])
    except Exception as error:  # whatever a library throws is the answer
        answer = {"error": str(error) or type(error).__name__}
    print(_MARK + json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    ordinary()
    sys.exit(main(sys.argv[1:]))
