"""The page in a real browser: Chromium, driven over its DevTools protocol, before a console process of its own."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect

from installation.health import heartbeat
from installation.health.alerts import Board
from installation.health.heartbeat import Heartbeat
from installation.health.metrics import Status
from installation.never_again import NeverAgain
from installation.shared import FrameWriter

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 90.0  # on a machine that is busy with other work
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
LEFT, RIGHT, LATER = (226, 106, 74), (44, 150, 136), (122, 100, 190)
HOSTILE = "</script><img src=x onerror='window.hacked=1'><b>no lens</b> ${window.hacked=2} `x` \\u003cb"
# As the nursery runs it: when `main` is over, so is the process.
PROGRAM = "import os, sys; from installation.console.process import main; main(*sys.argv[1:]); os._exit(0)"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian package: chromium)"),
]


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise TimeoutError(what)


class Room(threading.Thread):
    """All other processes of a run: they beat, report, and draw a picture of two colours while somebody watches."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.colours, self.ending = folder, (LEFT, RIGHT), False
        self.board = Board(strict=True)
        (folder / "status").mkdir(parents=True)
        heartbeat.make_table(folder)
        self.silent: set[str] = set()
        self.said = {name: self._status(name) for name in ("supervisor", "sound", "stage", "camera")}
        camera = {"name": "Ladybird C1", "real": True, "reason": ""}
        microphone = {"name": "composed takes", "real": False, "reason": "no microphone is <i>plugged in</i>"}
        self.said["camera"].fact("devices", {"camera": camera})
        self.said["sound"].fact("devices", {"microphone": microphone})
        self.said["sound"].set("installation_blocks_missed_total", 0)
        self.said["stage"].fact("piece", "NeuralBeatbox")
        self.said["stage"].inc("installation_visits_total", 17)

    def _status(self, name: str) -> Status:
        return Status(self.folder / "status" / f"{name}.json", name, alerts=self._alerts if name == "stage" else None)

    def _alerts(self) -> list[dict[str, Any]]:
        return self.board.snapshot()

    def run(self) -> None:
        writer = FrameWriter(self.folder, "preview", 540, 960)
        began = time.monotonic()
        while not self.ending:
            now = time.monotonic()
            for name in {"sound", "stage", "camera"} - self.silent:
                Heartbeat(self.folder, name).beat()
            self.said["supervisor"].set("installation_uptime_seconds", 4000 + now - began)
            self.said["stage"].inc("installation_frames_total")
            for status in self.said.values():
                status.write_if_due(now)
            if self.watched:
                picture = np.empty((540, 960, 3), np.uint8)
                picture[:, :480], picture[:, 480:] = self.colours
                writer.write(picture, now)
            time.sleep(0.05)

    @property
    def watched(self) -> bool:
        return (self.folder / "watching").exists()


class Console:
    """The console process; `start` again after `kill` and it is back at the same address."""

    def __init__(self, folder: Path, exhibition: Path) -> None:
        self._arguments, self._folder = [str(folder), str(exhibition)], folder
        self.start()

    def start(self) -> None:
        path = self._folder / "status" / "console.json"
        path.unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        command = [sys.executable, "-c", PROGRAM, *self._arguments]
        self.process = subprocess.Popen(command, env=environment)
        until(path.exists, "the console says where it is")
        self.address = str(json.loads(path.read_text())["facts"]["address"])

    def stop(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(PATIENCE)


class Browser:
    """One tab of a headless Chromium."""

    def __init__(self, folder: Path) -> None:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        flags += ["--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0"]
        command = [str(CHROMIUM), *flags, f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port_file = folder / "DevToolsActivePort"
        until(lambda: port_file.exists() and port_file.read_text().count("\n"), "Chromium opens its port")
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE) as answer:
            tab = next(tab for tab in json.load(answer) if tab["type"] == "page")
        self._open = contextlib.ExitStack()
        self._line = self._open.enter_context(
            connect(tab["webSocketDebuggerUrl"], max_size=None, open_timeout=PATIENCE)
        )
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._line.recv(timeout=PATIENCE))
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self.events.append(message)

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, address: str, size: tuple[int, int]) -> None:
        """Open the page anew and wait until it shows the live picture."""
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        self.do("Emulation.setDeviceMetricsOverride", **screen)
        self.do("Page.navigate", url=address)
        until(lambda: self.ask("document.getElementById('live')?.naturalWidth") == 960, "the live picture")

    def text(self) -> str:
        return str(self.ask("document.body?.innerText ?? ''")).replace("\xa0", " ")

    def screenshot(self) -> np.ndarray:
        """What the window shows, [height, width, 3], RGB."""
        data = base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])
        return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1])

    def close(self) -> None:
        self._open.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    made = Room(tmp_path_factory.mktemp("console") / "run")
    made.start()
    yield made
    made.ending = True
    made.join()


@pytest.fixture(scope="module")
def console(room: Room) -> Iterator[Console]:
    exhibition = room.folder.parent / "exhibition.yaml"
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        port = asking.getsockname()[1]
    exhibition.write_text(f"title: Neural Beatbox\npieces: {{neural_beatbox: {{}}}}\nconsole: {{port: {port}}}\n")
    started = Console(room.folder, exhibition)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def quiet(room: Room) -> Iterator[None]:
    yield
    room.board.clear("camera_missing")
    room.silent.clear()
    room.colours = (LEFT, RIGHT)


def halves(tab: Browser) -> tuple[np.ndarray, np.ndarray]:
    """The mean colours of the left and the right half of the live picture, as the window shows them."""
    box = tab.ask(
        "(({x, y, width, height}) => [x, y, width, height])(document.getElementById('live').getBoundingClientRect())"
    )
    x, y, width, height = (round(value) for value in box)
    picture = tab.screenshot()[max(y, 0) : y + height, max(x, 0) : x + width].astype(float)
    middle, inset = picture.shape[1] // 2, 8
    return (
        picture[inset:-inset, inset : middle - inset].mean(axis=(0, 1)),
        picture[inset:-inset, middle + inset : -inset].mean(axis=(0, 1)),
    )


def near(seen: np.ndarray, wanted: tuple[int, int, int]) -> bool:
    return bool(np.abs(seen - wanted).max() < 12)


@pytest.mark.parametrize("size", SIZES)
def test_the_picture_is_seen_large_and_moves(room: Room, console: Console, tab: Browser, size: str) -> None:
    tab.open(console.address, SIZES[size])
    width, height = SIZES[size]
    until(lambda: near(halves(tab)[0], LEFT) and near(halves(tab)[1], RIGHT), "both colours on the screen")
    box = tab.ask("(({width, height}) => [width, height])(document.getElementById('live').getBoundingClientRect())")
    assert box[0] / box[1] == pytest.approx(16 / 9, rel=0.02)
    assert box[0] >= 0.7 * width
    assert box[1] <= height
    assert tab.ask("document.documentElement.scrollWidth") <= width, "nothing hangs over the edge"
    room.colours = (LEFT, LATER)
    until(lambda: near(halves(tab)[0], LEFT) and near(halves(tab)[1], LATER), "the new colour, without loading again")


def test_all_that_is_known_is_on_the_page(console: Console, tab: Browser) -> None:
    tab.open(console.address, SIZES["desktop"])
    until(lambda: "All is well" in tab.text(), "a good word")
    text = tab.text()
    for words in (
        *("Neural Beatbox", "supervisor", "sound", "stage", "camera", "console", "working"),
        *("Ladybird C1", "real", "composed takes", "stand-in", "no microphone is <i>plugged in</i>"),
        *("Pictures a second", "Sound blocks missed", "Visits", "17", "Running for", "67 min", "Free on disk", "GB"),
    ):
        assert words in text, words


def test_an_open_page_follows_what_happens(room: Room, console: Console, tab: Browser) -> None:
    tab.open(console.address, SIZES["phone"])
    until(lambda: "All is well" in tab.text(), "a good word")
    room.board.alert("camera_missing", camera="C1", reason="it was unplugged")
    room.silent.add("camera")
    until(lambda: "it was unplugged" in tab.text(), "the alert")
    assert "Check the camera's plug" in tab.text()
    until(lambda: "camera is not working, 1 fault" in tab.text(), "the verdict")
    room.board.clear("camera_missing")
    room.silent.clear()
    until(lambda: "All is well" in tab.text(), "the end of it")


def test_an_open_page_is_called_as_it_was_saved_last(room: Room, console: Console, tab: Browser) -> None:
    tab.open(console.address, SIZES["phone"])
    until(lambda: "Neural Beatbox" in tab.text(), "the title")
    until(lambda: tab.ask("document.title") == "Neural Beatbox", "and its tab's")
    text = (room.folder.parent / "exhibition.yaml").read_text()
    handed_on = room.folder / "on_show.yaml"
    handed_on.write_text(text.replace("Neural Beatbox", "</script> <b>Evening</b>"))
    until(lambda: "</script> <b>Evening</b>" in tab.text(), "the new one, without loading again")
    until(lambda: tab.ask("document.title") == "</script> <b>Evening</b>", "and its tab's")
    handed_on.write_text(text)
    until(lambda: tab.ask("document.title") == "Neural Beatbox", "the old one")


@pytest.mark.parametrize("size", SIZES)
def test_a_sound_is_put_away_for_good_and_allowed_again(
    room: Room, console: Console, tab: Browser, size: str
) -> None:
    kept = NeverAgain(room.folder.parent / "data")
    said = {"piece": "imaginary_soundscape", "kept": str(kept.path.resolve())}
    names = ["rain on a tin roof.ogg", "<b>siren</b> [loud].wav", "verylongname" * 12 + ".flac"]
    room.said["stage"].fact("on_now", said | {"names": names, "titles": {names[0]: "Rain on a <i>tin</i> roof"}})
    tab.open(console.address, SIZES[size])
    until(lambda: tab.text().count("Never again") >= 3, "a button beside each name")
    assert tab.ask("document.documentElement.scrollWidth") <= SIZES[size][0], "nothing hangs over the edge"
    assert "Rain on a <i>tin</i> roof\nrain on a tin roof.ogg" in tab.text(), "the title, and the file under it"
    tab.ask("document.querySelectorAll('.choices button')[1].click()")
    until(lambda: kept.of("imaginary_soundscape") == (names[1],), "it is kept")
    until(lambda: "Allow again" in tab.text(), "it can be undone")
    assert tab.ask("document.querySelectorAll('.choices b').length") == 0
    tab.ask("[...document.querySelectorAll('.choices button')].find(b => b.innerText == 'Allow again').click()")
    until(lambda: kept.of("imaginary_soundscape") == (), "it may come again")
    room.said["stage"].fact("on_now", {"piece": "", "names": []})
    until(lambda: "Never again" not in tab.text(), "nothing to put away, nothing on the page")


def test_a_press_while_the_console_is_away_is_not_lost_without_a_word(
    room: Room, console: Console, tab: Browser
) -> None:
    kept = NeverAgain(room.folder.parent / "data")
    said = {"piece": "imaginary_soundscape", "kept": str(kept.path.resolve())}
    room.said["stage"].fact("on_now", said | {"names": ["gull.ogg"]})
    tab.open(console.address, SIZES["desktop"])
    until(lambda: "Never again" in tab.text() and tab.ask("window.did_handshake === true"), "a button that does it")
    console.stop(signal.SIGKILL)
    until(lambda: not tab.ask("window.socket.connected"), "the page knows")
    tab.ask("document.querySelector('.choices button').click()")
    assert "Not done: the connection is away" in tab.text() and kept.of("imaginary_soundscape") == ()
    console.start()
    until(lambda: "Never again" in tab.text() and "Not done" not in tab.text(), "it is there again")
    tab.ask("document.querySelector('.choices button').click()")
    until(lambda: kept.of("imaginary_soundscape") == ("gull.ogg",), "it is kept")
    kept.take_back("imaginary_soundscape", "gull.ogg")
    room.said["stage"].fact("on_now", {"piece": "", "names": []})


def test_what_files_say_is_shown_and_never_run(room: Room, console: Console, tab: Browser) -> None:
    endless = "/dev/v4l/by-id/" + "usb-" * 60
    room.board.alert("camera_missing", camera=endless, reason=HOSTILE)
    room.said["stage"].write(time.monotonic())
    tab.open(console.address, SIZES["phone"])
    until(lambda: HOSTILE in tab.text(), "the text as it is")
    assert tab.ask("document.documentElement.scrollWidth") <= SIZES["phone"][0], "nothing hangs over the edge"
    assert tab.ask("typeof window.hacked") == "undefined"
    assert tab.ask("document.querySelectorAll('.room b, .room i, .room img:not(#live)').length") == 0


def test_nothing_is_fetched_from_anywhere_else(console: Console, tab: Browser) -> None:
    tab.events.clear()
    tab.do("Network.setCacheDisabled", cacheDisabled=True)
    tab.open(console.address, SIZES["desktop"])
    until(lambda: "All is well" in tab.text(), "a good word")
    urls = [e["params"]["request"]["url"] for e in tab.events if e["method"] == "Network.requestWillBeSent"]
    urls += [e["params"]["url"] for e in tab.events if e["method"] == "Network.webSocketCreated"]
    assert len(urls) > 8
    own = (console.address, console.address.replace("http:", "ws:"), "data:", "blob:")
    assert [url for url in urls if not url.startswith(own)] == []
    refused = [e for e in tab.events if e["method"] == "Log.entryAdded" or "exceptionThrown" in e["method"]]
    assert refused == []


def test_a_held_picture_asks_the_stage_for_nothing(room: Room, console: Console, tab: Browser) -> None:
    tab.open(console.address, SIZES["desktop"])
    until(lambda: room.watched, "the stage is asked for frames")
    tab.ask("document.getElementById('hold').click()")
    until(lambda: not room.watched, "the stage is left alone")
    until(lambda: near(halves(tab)[0], LEFT), "the picture stays")
    assert tab.ask("document.getElementById('hold').innerText") == "Let it move"
    tab.ask("document.getElementById('hold').click()")
    until(lambda: room.watched, "the picture moves again")


def test_a_picture_that_cannot_be_had_leaves_words_and_no_broken_picture(
    room: Room, console: Console, tab: Browser
) -> None:
    covers = """(() => {
        const box = (element) => element.getBoundingClientRect();
        const [picture, words] = [document.getElementById('live'), document.querySelector('.curtain')].map(box);
        return words.left <= picture.left && words.right >= picture.right && words.bottom >= picture.bottom;
    })()"""
    tab.open(console.address, SIZES["phone"])
    assert "comes back" not in tab.text() and not tab.ask(covers)
    tab.ask("document.getElementById('live').src = '/nothing.jpg'")
    until(lambda: "The picture comes back as soon as the stage works." in tab.text(), "words")
    assert tab.ask(covers)
    until(lambda: tab.ask("document.getElementById('live').naturalWidth") == 960, "the picture by itself")
    until(lambda: "comes back" not in tab.text() and not tab.ask(covers), "and no word of it")


def test_who_wants_less_motion_gets_a_still(room: Room, console: Console, tab: Browser) -> None:
    tab.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    try:
        tab.open(console.address, SIZES["desktop"])
        until(lambda: "/picture.jpg" in tab.ask("document.getElementById('live').src"), "a still")
        until(lambda: not room.watched, "nothing moves")
    finally:
        tab.do("Emulation.setEmulatedMedia", features=[])


def test_the_page_comes_back_when_the_console_does(console: Console, tab: Browser) -> None:
    tab.open(console.address, SIZES["desktop"])
    tab.ask("window.before = true")
    console.stop(signal.SIGKILL)
    console.start()
    until(lambda: tab.ask("window.before") is None and "All is well" in tab.text(), "the page of the new console")
    until(lambda: near(halves(tab)[0], LEFT), "its picture")


def test_it_can_be_read_and_found_one_s_way_around_in(room: Room, console: Console, tab: Browser) -> None:
    room.board.alert("camera_missing", camera="C1", reason="it was unplugged")
    tab.open(console.address, SIZES["phone"])
    until(lambda: "it was unplugged" in tab.text(), "the alert")
    assert tab.ask("document.documentElement.lang").startswith("en")
    roles = {node["role"]["value"]: node for node in tab.do("Accessibility.getFullAXTree")["nodes"] if "role" in node}
    assert {"banner", "main", "contentinfo", "heading", "table", "list", "image", "button", "status"} <= roles.keys()
    assert tab.ask("document.querySelectorAll('h1').length") == 1
    assert tab.ask("document.getElementById('live').alt.length") > 10
    faint = tab.ask(CONTRASTS)
    assert faint, "there are texts"
    assert [each for each in faint if each["ratio"] < 4.5] == []
    small = (
        "[...document.querySelectorAll('button')].map((b) => b.getBoundingClientRect().height).filter((h) => h < 24)"
    )
    assert tab.ask(small) == []


# The contrast of every text against what lies behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = channels(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.querySelector(".nicegui-content"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(channels(getComputedStyle(element).color)), light(behind(element))];
    found.push({ text: walker.currentNode.data, ratio: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
  }
  return found;
})()"""
