"""Looks at everything that an exhibition needs, and says of each thing whether it works and what to do if not.

`examine` returns findings; `passes` is true only if the configured exhibition can run on real devices. What is
asked of devices is asked in processes of their own (`installation.devices.probe`); the machine beneath them is
examined in `installation.host`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from installation.choices import Device
from installation.devices import listing, probe
from installation.devices.listing import CameraFound, ConnectorFound, DisplayFound, Mode, SoundFound
from installation.devices.probe import SHORTAGES, ProbeError
from installation.devices.screen import DEFAULT_SIZE, DESKTOP, drawn, has_display, placed
from installation.devices.speakers import SOUND_CARD
from installation.exhibition import Exhibition
from installation.host import (
    Ask,
    Finding,
    Verdict,
    examine_clock,
    examine_console,
    examine_disk,
    examine_fonts,
    examine_packages,
    examine_permissions,
    examine_recordings,
    examine_weights,
    holders,
    nvidia_cards,
    ok,
)
from installation.segments import RATE_HZ

if TYPE_CHECKING:
    from rich.table import Table

log = logging.getLogger(__name__)

DARK = 2.0  # mean of 0..255 below which a picture is black: a lens cap
SLOW = 0.7  # of the pictures a second that were asked for
MARKS = {"ok": ("✓", "green"), "stand_in": ("◦", "yellow"), "warning": ("!", "yellow"), "fault": ("✗", "red")}


@dataclass(frozen=True)
class Machine:
    """What the doctor asks of a machine; a test hands over another one."""

    cameras: Callable[[], list[CameraFound]] = listing.cameras
    modes: Callable[[str], list[Mode]] = listing.modes
    sound_devices: Callable[[], list[SoundFound]] = listing.sound_devices
    displays: Callable[[], list[DisplayFound]] = listing.displays
    connectors: Callable[[], list[ConnectorFound]] = listing.connectors
    has_display: Callable[[], bool] = has_display
    nvidia_cards: Callable[[], list[str]] = nvidia_cards
    holders: Callable[[str], list[str]] = holders
    ask: Ask = probe.ask
    dev: Path = Path("/dev")


def examine(exhibition: Exhibition, machine: Machine | None = None) -> list[Finding]:
    """Every finding, by subject: camera, sound, screen, GPU, then what carries them. Takes up to about 20 s."""
    there = machine or Machine()
    examinations: list[Callable[[], list[Finding]]] = [
        lambda: examine_cameras(exhibition, there),
        lambda: examine_sound(exhibition, there),
        lambda: examine_screen(exhibition, there),
        lambda: examine_gpu(exhibition, there),
        lambda: examine_disk(exhibition),
        lambda: examine_recordings(exhibition),
        lambda: examine_permissions(there.ask, there.dev),
        lambda: examine_packages(),
        lambda: examine_weights(exhibition),
        lambda: examine_fonts(exhibition),
        lambda: examine_console(exhibition),
        lambda: examine_clock(exhibition, there.ask),
    ]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return [finding for found in pool.map(_guarded, examinations) for finding in found]


def _guarded(examination: Callable[[], list[Finding]]) -> list[Finding]:
    """One examination that fails must not keep the others from being read."""
    try:
        return examination()
    except Exception as error:
        log.exception("an examination failed")
        message = f"an examination failed: {type(error).__name__}: {error}"
        short = SHORTAGES.get(error.errno or 0) if isinstance(error, OSError) else None
        return [Finding("doctor", "fault", message, short or "send this line to whoever maintains the project")]


def passes(findings: Sequence[Finding]) -> bool:
    """Whether the configured exhibition can run on real devices: no fault, and no stand-in anywhere."""
    return not any(finding.verdict in {"fault", "stand_in"} for finding in findings)


def table(findings: Sequence[Finding]) -> Table:
    """The findings for people, one row each, the remedy below what is wrong."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, show_header=False, padding=(0, 1))
    drawn.add_column()
    drawn.add_column(style="bold", no_wrap=True, max_width=44)
    drawn.add_column(overflow="fold")
    for finding in findings:
        mark, colour = MARKS[finding.verdict]
        said = Text(finding.message)
        if finding.remedy:
            said.append(f"\n→ {finding.remedy}", style=colour)
        drawn.add_row(Text(mark, style=colour), Text(finding.subject), said)
    return drawn


# ---- camera ----------------------------------------------------------------------------------------------


def examine_cameras(exhibition: Exhibition, machine: Machine) -> list[Finding]:
    """The camera on duty judged by its pictures, and every other one by what it says of itself."""
    wanted = exhibition.camera
    found = machine.cameras()
    candidates: list[CameraFound] = []
    duty: list[Finding] = []
    if wanted.id == "none":
        duty = [ok("camera", "the exhibition keeps every camera off")]
    elif wanted.is_file or wanted.id == "film":
        what = f"the film {wanted.id}" if wanted.is_file else "the built-in film"
        duty = [_stands_in("camera", f"the exhibition asks for {what}", "camera: auto")]
    elif wanted.id == "auto":
        candidates = found
        remedy = "plug in a USB camera; laptops may have a switch or a shutter for theirs"
        absent = Finding("camera", "stand_in", "none is plugged in; the built-in film is shown", remedy)
        duty = [] if found else [absent]
    else:
        chosen = listing.find(wanted.id, found)
        candidates = [chosen] if chosen else []
        duty = [] if chosen else [_absent("camera", wanted, found)]
    tried = []
    for camera in candidates:  # the first one that works is on duty, as when the exhibition runs
        tried.append(camera)
        duty.append(_camera_on_duty(camera, exhibition, machine))
        if duty[-1].verdict != "fault":
            passed_over = [replace(finding, verdict="warning") for finding in duty[:-1]]
            duty = [*passed_over, duty[-1]]
            break
    return duty + [_spare_camera(camera, machine) for camera in found if camera not in tried]


def _camera_on_duty(camera: CameraFound, exhibition: Exhibition, machine: Machine) -> Finding:
    """Whether a camera delivers fresh, changing pictures."""
    subject = f"camera {camera.identity}"
    if camera.fault:
        return Finding(subject, "fault", camera.fault, "sudo usermod -aG video $USER, then log in again")
    wanted = exhibition.camera
    try:
        seen = machine.ask("camera", camera.path, *wanted.size, wanted.rate_hz, limit_s=12.0)
    except ProbeError as error:
        users = machine.holders(camera.path)
        usual = f"stop {', '.join(users)}, which uses it" if users else "unplug it, plug it in, and look at its cable"
        return Finding(subject, "fault", f"{camera.name} at {camera.path}: {error}", error.remedy or usual)
    name = f"{camera.name} at {camera.path}"
    if not seen["pictures"]:
        users = machine.holders(camera.path)
        remedy = (
            f"stop {', '.join(users)}, which uses it" if users else "unplug it, plug it in, or try another socket"
        )
        return Finding(subject, "fault", f"{name} opens but delivers no picture", remedy)
    if seen["distinct"] < 2:
        message = f"{name} delivers the same picture again and again"
        return Finding(subject, "fault", message, "unplug it and plug it in; a capture box may have lost its source")
    if seen["brightness"] < DARK:
        return Finding(
            subject, "warning", f"{name} sees only black", "remove the lens cap, open the shutter, add light"
        )
    width, height = seen["size"]
    said = f"{name}: {width}×{height} at {seen['rate_hz']:.0f} Hz"
    if (width, height) != tuple(wanted.size):
        offers = _offers(camera, machine)
        message = f"{said} instead of {wanted.size[0]}×{wanted.size[1]}"
        return Finding(
            subject, "warning", message, f"set 'size' of 'camera' to one of {offers}" if offers else "set 'size'"
        )
    if 0 < seen["rate_hz"] < SLOW * wanted.rate_hz:
        message = f"{said} instead of {wanted.rate_hz} Hz"
        return Finding(
            subject, "warning", message, "add light, use a USB 3 socket, or lower 'size' or 'rate_hz' of 'camera'"
        )
    return ok(subject, f"{said}, fresh pictures; offers {_offers(camera, machine)}")


def _spare_camera(camera: CameraFound, machine: Machine) -> Finding:
    subject = f"camera {camera.identity}"
    if camera.fault:
        return Finding(
            subject, "warning", f"{camera.fault} (not used)", "sudo usermod -aG video $USER, then log in again"
        )
    return ok(subject, f"{camera.name} at {camera.path} (not used); offers {_offers(camera, machine)}")


def _offers(camera: CameraFound, machine: Machine) -> str:
    """A camera's largest modes, in words."""
    try:
        offered = machine.modes(camera.path)
    except ProbeError:
        return "nothing that it tells of"
    sizes = dict.fromkeys(f"{mode.width}×{mode.height}" for mode in offered)
    best = {size: max(m.rate_hz for m in offered if f"{m.width}×{m.height}" == size) for size in sizes}
    return ", ".join(f"{size} {rate:g} Hz" for size, rate in list(best.items())[:6]) or "nothing that it tells of"


# ---- sound -----------------------------------------------------------------------------------------------


def examine_sound(exhibition: Exhibition, machine: Machine) -> list[Finding]:
    """Microphone and speakers by the samples that they deliver and take, and every other sound device by name."""
    quiet = exhibition.speakers.id == "silent" and not _listens(exhibition)
    try:
        found = machine.sound_devices()
    except ProbeError as error:
        verdict: Verdict = "warning" if quiet else "fault"
        if error.remedy:
            return [Finding("sound", verdict, str(error), error.remedy)]
        missing = "PortAudio" in str(error)
        remedy = "sudo apt install libportaudio2" if missing else "restart the sound server, or unplug the sound card"
        return [Finding("sound", verdict, str(error), remedy), *_sound_on_duty(exhibition, [], machine)[0]]
    duty, used = _sound_on_duty(exhibition, found, machine)
    spare = [ok(f"sound {device.identity}", f"{_sides(device)} (not used)") for device in found if device not in used]
    return duty + spare


def _listens(exhibition: Exhibition) -> bool:
    return exhibition.microphone.id == "auto" or exhibition.microphone.is_identity


def _sound_on_duty(
    exhibition: Exhibition, found: list[SoundFound], machine: Machine
) -> tuple[list[Finding], list[SoundFound]]:
    inputs = sorted((d for d in found if d.inputs), key=lambda d: not d.default_input)
    outputs = sorted((d for d in found if d.outputs), key=lambda d: not d.default_output)
    findings, used = [], []
    for subject, wanted, devices, prove in (
        ("microphone", exhibition.microphone, inputs, _prove_microphone),
        ("speakers", exhibition.speakers, outputs, _prove_speakers),
    ):
        if wanted.id == "none":
            findings.append(ok(subject, "the exhibition keeps it off"))
            continue
        if not wanted.is_identity and wanted.id != "auto":
            what = f"the recording {wanted.id}" if wanted.is_file else "the sound of the built-in film"
            instead = "silence" if subject == "speakers" else what
            findings.append(_stands_in(subject, f"the exhibition asks for {instead}", f"{subject}: auto"))
            continue
        chosen = listing.find(wanted.id, devices) if wanted.is_identity else (devices[0] if devices else None)
        if chosen:
            used.append(chosen)
            findings.append(prove(chosen, exhibition, machine))
        elif wanted.is_identity:
            findings.append(_absent(subject, wanted, devices))
        else:
            instead = (
                "the sound of the built-in film is heard" if subject == "microphone" else "the music plays silently"
            )
            findings.append(Finding(subject, "stand_in", f"none is there; {instead}", SOUND_CARD))
    return findings, used


def _prove_microphone(device: SoundFound, exhibition: Exhibition, machine: Machine) -> Finding:
    subject = f"microphone {device.identity}"
    channel = exhibition.microphone.channel
    if channel > device.inputs:
        remedy = f"set 'channel' of 'microphone' to 1 … {device.inputs}"
        return Finding(subject, "fault", f"has {device.inputs} inputs, and number {channel} is asked for", remedy)
    try:
        heard = machine.ask("microphone", device.name, device.host, RATE_HZ, channel, limit_s=8.0)
    except ProbeError as error:
        return Finding(subject, "fault", f"cannot be recorded from: {error}", _sound_remedy(error))
    if heard["not_numbers"]:
        message = f"{heard['not_numbers']} of {heard['frames']} samples are not numbers"
        return Finding(subject, "warning", message, "unplug it and plug it in; update the machine's kernel")
    if heard["distinct"] < 2:
        return Finding(
            subject, "warning", "delivers only digital silence", "unmute it: alsamixer -V capture, or its switch"
        )
    return ok(subject, f"{_sides(device)}; hears {heard['peak_db']:.0f} dB at its loudest now")


def _prove_speakers(device: SoundFound, exhibition: Exhibition, machine: Machine) -> Finding:
    subject = f"speakers {device.identity}"
    wanted = len(exhibition.speakers.azimuths)
    try:
        played = machine.ask("speakers", device.name, device.host, RATE_HZ, min(device.outputs, wanted), limit_s=8.0)
    except ProbeError as error:
        return Finding(subject, "fault", f"cannot be played on: {error}", _sound_remedy(error))
    if device.outputs < wanted != 2:  # one speaker does for a pair
        message = f"has {device.outputs} outputs, and 'layout' names {wanted} speakers; those play for all"
        return Finding(subject, "fault", message, "choose the card's profile with all outputs, or correct 'layout'")
    return ok(subject, f"{_sides(device)}; takes sound, latency {1000 * played['latency_s']:.0f} ms")


def _sides(device: SoundFound) -> str:
    sides = [f"{count} {word}" for count, word in ((device.inputs, "in"), (device.outputs, "out")) if count]
    return f"{device.host}, {', '.join(sides)}, {device.rate_hz:g} Hz"


def _sound_remedy(error: ProbeError) -> str:
    if error.remedy:
        return error.remedy
    reason = str(error)
    if "PortAudio is missing" in reason:
        return "sudo apt install libportaudio2"
    if "unavailable" in reason or "busy" in reason:
        return "stop the program that uses it; `fuser -v /dev/snd/*` names it"
    return "unplug it and plug it in, or restart the sound server"


# ---- screen and GPU --------------------------------------------------------------------------------------


def examine_screen(exhibition: Exhibition, machine: Machine) -> list[Finding]:
    """The display that is asked for, and every other one; without a window system, what the graphics card sees."""
    wanted = exhibition.screen
    plugged = [f"{c.connector} {c.name} {c.mode}".replace("  ", " ").strip() for c in machine.connectors()]
    if wanted.mode == "offscreen":
        return [_stands_in("screen", "the exhibition asks for an offscreen picture", "screen: {mode: auto}")]
    try:
        found = machine.displays()
    except ProbeError as error:
        if error.remedy:
            return [Finding("screen", "fault", str(error), error.remedy)]
        remedy = DESKTOP
        if not machine.has_display():
            remedy = f"no DISPLAY in this shell; over SSH: DISPLAY=:0 python3 run.py doctor; else {remedy}"
        if plugged:
            return [Finding("screen", "fault", f"{', '.join(plugged)} is plugged in, but {error}", remedy)]
        message = f"{error}; the picture is drawn offscreen"
        verdict: Verdict = "stand_in" if wanted.mode == "auto" else "fault"
        return [Finding("screen", verdict, message, f"plug in a screen; {remedy}")]
    if wanted.mode == "auto" and not machine.has_display() and found:
        message = f"{found[0].driver} could draw on it, but 'auto' looks for an X server or Wayland, and none is here"
        remedy = (
            "over SSH: DISPLAY=:0 python3 run.py doctor; on a machine without a desktop: screen: {mode: fullscreen}"
        )
        return [Finding("screen", "stand_in", f"{message}; the picture is drawn offscreen", remedy)]
    findings = [] if wanted.display < len(found) else [
        Finding("screen", "fault", f"there is no display {wanted.display}; {len(found)} are connected",
                f"set 'display' of 'screen' to 0 … {len(found) - 1}, or look at the screen's plug")
    ]  # fmt: skip
    for display in found:
        rate = f" {display.rate_hz:g} Hz" if display.rate_hz else ""
        use = "" if display.index == wanted.display else " (not used)"
        message = f"{display.width}×{display.height}{rate}, {display.driver}{use}"
        subject = f"screen {display.index}"
        findings.append(
            _screen_on_duty(subject, message, display, exhibition)
            if display.index == wanted.display
            else ok(subject, message)
        )
    return findings + [ok("screen", f"plugged in: {name}") for name in plugged]


def _screen_on_duty(subject: str, message: str, display: DisplayFound, exhibition: Exhibition) -> Finding:
    """Whether a display is fast enough, and whether the picture fills it."""
    wanted = exhibition.screen
    own = (display.width, display.height)
    shown = (wanted.size[0], wanted.size[1]) if wanted.size else DEFAULT_SIZE if wanted.mode == "window" else own
    size = drawn(shown, wanted.rotate)
    turned = f", turned {wanted.rotate}°" if wanted.rotate else ""
    said = f"{message}; pieces draw {size[0]}×{size[1]}{turned}"
    left, top, _, _ = placed(shown, own) if wanted.mode != "window" else (0, 0, *shown)
    if left or top:
        remedy = f"set 'size' of 'screen' to [{own[0]}, {own[1]}] (the screen's own, not turned), or leave it out"
        return Finding(subject, "warning", f"{said}, with black bars on two sides", remedy)
    if 0 < display.rate_hz < wanted.rate_hz:
        remedy = f"set 'rate_hz' of 'screen' to {display.rate_hz:g}, or choose a faster mode of the screen"
        return Finding(subject, "warning", said, remedy)
    return ok(subject, said)


def examine_gpu(exhibition: Exhibition, machine: Machine) -> list[Finding]:
    """Whether networks can run where the exhibition wants them to, proved by computing there."""
    wanted = exhibition.gpu
    if wanted == "cpu":
        return [ok("gpu", "the exhibition computes on the CPU")]
    cards = machine.nvidia_cards()
    try:
        answer = machine.ask("gpu", limit_s=60.0)
    except ProbeError as error:
        usual = "python3 run.py installs it again; see the graphics driver"
        return [Finding("gpu", "fault", f"torch: {error}", error.remedy or usual)]
    found: list[dict[str, Any]] = answer["gpus"]
    findings = []
    for card in found:
        memory = f"{card['free'] / 1e9:.1f} of {card['total'] / 1e9:.1f} GB free"
        subject, message = f"gpu cuda:{card['index']}", f"{card['name']}, {memory}, CUDA {answer['cuda']}"
        remedy = "restart the machine; if it stays so, replace the graphics card"
        wrong = Finding(subject, "fault", f"{card['name']} computes wrongly", remedy)
        findings.append(ok(subject, message) if card["works"] else wrong)
    if found and (wanted == "auto" or int(wanted.partition(":")[2]) < len(found)):
        return findings
    driver = "sudo apt install nvidia-driver, then restart the machine"
    if wanted != "auto":
        message = f"'{wanted}' is not there; torch {answer['torch']} finds {len(found)} GPUs"
        return [
            *findings,
            Finding("gpu", "fault", message, driver if cards else "set 'gpu: auto' in exhibition.yaml"),
        ]
    if cards:
        message = f"an NVIDIA card is there ({cards[0]}), but torch {answer['torch']} cannot use it"
        return [Finding("gpu", "fault", message, driver)]
    return [ok("gpu", f"none; networks run on the CPU (torch {answer['torch']})")]


# ---- sentences -------------------------------------------------------------------------------------------


def _stands_in(subject: str, message: str, setting: str) -> Finding:
    """What the exhibition does without a real device because it says so; `setting` is what to write instead."""
    return Finding(subject, "stand_in", message, f"set '{setting}' in exhibition.yaml to use a real one")


def _absent(subject: str, wanted: Device, found: Sequence[Any]) -> Finding:
    """A device that is asked for by identity and is not there, or may be one of several; none takes its place."""
    several = ", ".join(
        f"'{one}'" for one in sorted({device.identity for device in listing.matching(wanted.id, found)})
    )
    if several:
        return Finding(
            subject, "fault", f"'{wanted.id}' may mean {several}", "write which of these in exhibition.yaml"
        )
    near = listing.nearest(wanted.id, found)
    listed = ", ".join(f"'{device.identity}'" for device in found) or "none"
    message = f"'{wanted.id}' is not plugged in; there are: {listed}"
    remedy = f"write '{near}' in exhibition.yaml" if near else "plug it in, or write one of those in exhibition.yaml"
    return Finding(subject, "fault", message, remedy)
