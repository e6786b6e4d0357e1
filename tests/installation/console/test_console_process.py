"""The console as a process of its own: what it answers, where it listens, how it leaves, and what it never does."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest

from installation.console.address import listen
from installation.console.process import chosen
from installation.files import write_whole
from installation.shared import FrameWriter
from tests.installation.console.made_run import Run

MOST_PAGES = 24  # as in server.py, which imports all of NiceGUI
PATIENCE = 60.0  # on a machine that is busy with other work
# As the nursery runs it: when `main` is over, so is the process.
PROGRAM = "import os, sys; from installation.console.process import main; main(*sys.argv[1:]); os._exit(0)"
ELSEWHERE = re.compile(rb"(?:https?:)?//(?!www\.w3\.org/(?:2000/svg|1999|1998))[a-z0-9.-]+\.[a-z]{2,}", re.IGNORECASE)


def until(condition: Callable[[], Any], process: subprocess.Popen[bytes] | None = None) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        assert process is None or process.poll() is None, "the console has ended"
        time.sleep(0.05)
    raise TimeoutError("it did not come to pass")


class Console:
    """A console that runs beside the test."""

    def __init__(self, run: Run, port: int, exhibition: str = "") -> None:
        self.run = run
        path = run.folder.parent / "exhibition.yaml"
        path.write_text(
            exhibition or f"title: A <b>room</b>\npieces: {{neural_beatbox: {{}}}}\nconsole: {{port: {port}}}\n"
        )
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        run.path("console").unlink(missing_ok=True)
        command = [sys.executable, "-c", PROGRAM, str(run.folder), str(path)]
        self.process = subprocess.Popen(command, env=environment, cwd=run.folder.parent)
        self.address: str = until(self._address, self.process)
        assert self.get("/healthz")[0] in (200, 503)

    def _address(self) -> Any:
        try:
            return self.said()["facts"]["address"]
        except FileNotFoundError:
            return None

    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.run.path("console").read_text()))

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        asked = urllib.request.Request(self.address.rstrip("/") + path, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
        except urllib.error.HTTPError as error:
            return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}

    def answer_to(self, asked: bytes) -> bytes:
        """How the answer to these very bytes begins."""
        with self.connected() as client:
            client.sendall(asked)
            return client.recv(100)

    def connected(self) -> socket.socket:
        where = re.fullmatch(r"http://(.+):(\d+)/", self.address)
        assert where is not None
        return socket.create_connection((where[1], int(where[2])), PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    opened = Console(Run(tmp_path_factory.mktemp("console") / "run"), free_port())
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def well(console: Console) -> None:
    """Everybody else has just worked and said so."""
    console.run.alerts.clear()
    console.run.beat("sound", "stage", "camera")
    console.run.write("supervisor", "sound", "stage", "camera")


def test_the_heart_beats_about_every_second_and_stops_when_the_process_does(console: Console) -> None:
    beats = console.run.table
    row = 3
    for _ in range(3):
        before = float(beats[row, 0])
        until(lambda before=before: beats[row, 0] > before, console.process)
    os.kill(console.process.pid, signal.SIGSTOP)
    try:
        time.sleep(0.2)
        before = float(beats[row, 0])
        time.sleep(1.5)
        assert beats[row, 0] == before
    finally:
        os.kill(console.process.pid, signal.SIGCONT)
    until(lambda: beats[row, 0] > before, console.process)


def test_health_is_what_the_hearts_say(console: Console) -> None:
    def health() -> tuple[int, Any]:
        console.run.beat("sound", "stage", "camera")
        code, body, _ = console.get("/healthz")
        return code, json.loads(body)

    until(lambda: health() == (200, {"ok": True, "reasons": []}), console.process)
    console.run.silence("stage", 9.0)
    code, body, _ = console.get("/healthz")
    said = json.loads(body)
    assert code == 503
    assert any(reason.startswith("stage: no work for ") for reason in said["reasons"])


def test_the_status_is_there_for_machines(console: Console) -> None:
    console.run.status["stage"].fact("piece", "Ripples")
    console.run.write("stage")
    _, body, headers = console.get("/status.json")
    said = json.loads(body)
    assert said["piece"] == "Ripples"
    assert {process["name"] for process in said["processes"]} == {"supervisor", "sound", "stage", "camera", "console"}
    assert said["figures"]["disk_free_bytes"] > 0
    assert headers["cache-control"] == "no-store"


def test_figures_are_offered_to_prometheus(console: Console) -> None:
    code, body, headers = console.get("/metrics")
    assert code == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b'installation_uptime_seconds{process="supervisor"} 600.0' in body
    assert b'installation_store_free_bytes{process="console"}' in until(lambda: console.get("/metrics")[1])


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b'{"process":"sound"}',
        b'{"process":"sound","pid":1,"monotonic":NOW,"facts":[],"alerts":3,"values":{},"histograms":{}}',
        b'{"process":"sound","pid":1,"monotonic":NOW,"facts":{"devices":7},"alerts":["\\ud800"],"values":'
        b'{"installation_frames_total":[[["a","b"],"x"]]},"histograms":{"installation_frame_seconds":[[[],{}]]}}',
    ],
)
def test_a_damaged_file_breaks_no_answer(console: Console, content: bytes) -> None:
    console.run.path("sound").write_bytes(content.replace(b"NOW", str(time.monotonic()).encode()))
    for path in ("/", "/status.json", "/healthz", "/metrics"):
        assert console.get(path)[0] in (200, 503), path
    console.run.write("sound")
    assert console.get("/metrics")[0] == 200


def test_one_picture_can_be_had(console: Console) -> None:
    code, body, _ = console.get("/picture.jpg")
    assert code == 503, body
    folder = console.run.folder
    writer = FrameWriter(folder, "preview", 36, 64)
    # What an earlier watch has left, at which a picture once a second looked again and again.
    writer.write(np.full((36, 64, 3), (20, 30, 220), np.uint8), time.monotonic())
    over = threading.Event()

    def draw() -> None:
        while not over.wait(0.1):
            if (folder / "watching").exists():
                writer.write(np.full((36, 64, 3), (220, 30, 20), np.uint8), time.monotonic())

    stage = threading.Thread(target=draw)
    stage.start()
    try:
        for _ in range(3):
            code, jpeg, headers = console.get("/picture.jpg")
            assert code == 200 and headers["content-type"] == "image/jpeg"
            blue, green, red = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean(axis=(0, 1))
            assert red > 180 > 60 > max(blue, green)
            time.sleep(0.5)
    finally:
        over.set()
        stage.join()
    until(lambda: not (folder / "watching").exists(), console.process)


def test_nothing_on_the_page_comes_from_elsewhere(console: Console) -> None:
    code, page, headers = console.get("/")
    assert code == 200
    assert headers["content-security-policy"].startswith("default-src 'self'")
    found = re.findall(rb'(?:src|href)="([^"]+)"|url\("([^"]+)"\)|"(/_nicegui[^"]*)"', page)
    links = {b"".join(parts).decode() for parts in found}
    assert len(links) > 5, "NiceGUI's own files are among them"
    for link in links:
        assert link.startswith(("/", "data:")), link
        assert not link.startswith("//"), link
    assert not ELSEWHERE.search(page), ELSEWHERE.search(page)
    for link in links:
        if link.startswith("/_nicegui") and not link.endswith("/"):
            code, _, headers = console.get(link)
            assert code == 200, link
            assert "content-security-policy" in headers


def test_the_process_speaks_to_nobody_elsewhere(console: Console) -> None:
    for path in ("/", "/status.json", "/metrics"):
        console.get(path)
        connections = psutil.Process(console.process.pid).net_connections("all")
        assert connections, "its own port is among them"
        remote = {
            connection.raddr.ip
            for connection in connections
            if connection.raddr and connection.family != socket.AF_UNIX
        }
        assert remote <= {"127.0.0.1"}


def test_a_save_that_needs_no_new_process_is_taken_over_while_it_runs(console: Console) -> None:
    """Another title; and a camera that is switched off was missed for good, its film still among the devices."""
    run, pid = console.run, console.process.pid
    text = (run.folder.parent / "exhibition.yaml").read_text()
    handed_on = run.folder / "on_show.yaml"

    def said() -> tuple[set[str], set[str]]:
        status = json.loads(console.get("/status.json")[1])
        return {each["name"] for each in status["processes"]}, {each["kind"] for each in status["devices"]}

    run.status["camera"].fact("devices", {"camera": {"name": "film visitors.mp4", "real": False, "reason": "none"}})
    run.write("camera")
    until(lambda: "camera" in said()[1], console.process)
    try:
        write_whole(handed_on, text.replace("A <b>room</b>", "Another house").encode() + b"camera: none\n")
        run.silence("camera", 9.0)
        run.beat("sound", "stage", "console")
        until(lambda: "camera" not in said()[0], console.process)
        assert b"Another house" in console.get("/")[1]
        run.beat("sound", "stage", "console")
        run.write("supervisor", "sound", "stage")
        assert said() == ({"supervisor", "sound", "stage", "console"}, set())
        assert json.loads(console.get("/healthz")[1]) == {"ok": True, "reasons": []}
        write_whole(handed_on, b"pieces: [nobody]\n")  # it became wrong since: what was, stays
        time.sleep(2.0)
        assert b"Another house" in console.get("/")[1] and "camera" not in said()[0]
    finally:
        write_whole(handed_on, text.encode())
    until(lambda: "camera" in said()[0], console.process)
    assert console.process.pid == pid and console.process.poll() is None
    handed_on.unlink()


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/nothing"])
def test_there_is_nothing_else_to_be_found(console: Console, path: str) -> None:
    code, body, _ = console.get(path)
    assert code == 404
    assert body == b"There is nothing here.\n", "a page would be one more than is counted"


@pytest.mark.parametrize(
    "path", ["/", "/status.json", "/picture.jpg", "/stream.mjpg", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"]
)
def test_a_site_that_lets_its_name_point_here_reads_nothing(console: Console, path: str) -> None:
    code, body, _ = console.get(path, Host="elsewhere.example:8080")
    assert (code, body[:5]) == (421, b"This ")


@pytest.mark.parametrize(("name", "code"), [("elsewhere.example", b" 403 "), ("gallery", b" 101 ")])
def test_nor_does_it_get_a_websocket(console: Console, name: str, code: bytes) -> None:
    asked = f"GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {name}\r\n"
    asked += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    asked += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    assert code in console.answer_to(asked.encode())


def test_a_page_says_little_and_nothing_packed(console: Console) -> None:
    """Fifteen kilobytes may hold fifteen megabytes, and a thousand such messages all of this machine's memory."""
    asked = "GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: gallery\r\n"
    asked += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    asked += "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    size = 1 << 17
    with console.connected() as client:
        client.sendall(asked.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(1 << 16)
        assert b" 101 " in answer and b"permessage-deflate" not in answer
        client.sendall(b"\x81\xff" + struct.pack(">Q", size) + bytes(4) + b"4" * size)
        with contextlib.suppress(ConnectionResetError):  # it need not read to the end what it refuses
            while more := client.recv(1 << 16):
                answer += more
    assert b"\x88" in answer and struct.pack(">H", 1009) in answer, "a message that is too big"


@pytest.mark.parametrize("name", ["localhost:8080", "gallery", "Gallery.local:8080", "192.0.2.7", "[fe80::1]:8080"])
def test_this_machine_is_known_by_its_addresses_and_local_names(console: Console, name: str) -> None:
    assert console.get("/status.json", Host=name)[0] == 200


def test_a_head_without_end_is_refused(console: Console) -> None:
    assert b" 400 " in console.answer_to(b"GET /healthz HTTP/1.1\r\nHost: console\r\nX: " + b"a" * 100_000)


def test_what_files_say_is_never_markup(console: Console) -> None:
    hostile = "</script><script>alert(1)</script> ${alert(2)} `x` \\u003cb"
    said = {"name": "a", "severity": "fault", "message": hostile, "remedy": hostile, "since": 1.0, "count": 1}
    console.run.alerts["stage"] = [said]
    console.run.write("stage")
    until(lambda: b"alert(1)" in console.get("/")[1], console.process)
    page = console.get("/")[1]
    assert b"<script>alert(1)" not in page
    assert b"${alert(2)}" not in page
    assert b"<b>room</b>" not in page


def test_pages_are_bounded_a_taken_port_is_an_alert_and_leaving_takes_a_second(tmp_path: Path) -> None:
    taken = listen("127.0.0.1", free_port())
    console = Console(Run(tmp_path / "run"), taken.port)
    try:
        assert console.address != f"http://127.0.0.1:{taken.port}/"
        alerts = until(lambda: console.said()["alerts"], console.process)
        assert [alert["name"] for alert in alerts] == ["port_in_use"]
        assert str(taken.port) in alerts[0]["message"]
        assert console.address in alerts[0]["message"]
        elsewhere = console.said()["facts"]["elsewhere"]
        assert elsewhere == f"not at 127.0.0.1:{taken.port}: Address already in use", "whoever started it reads why"
        codes = [console.get("/")[0] for _ in range(MOST_PAGES + 1)]
        assert codes == [200] * MOST_PAGES + [503]
        with urllib.request.urlopen(console.address + "stream.mjpg", timeout=PATIENCE) as stream:
            assert stream.read(64)
            began = time.monotonic()
            console.process.send_signal(signal.SIGTERM)
            assert console.process.wait(PATIENCE) == 0
            took = time.monotonic() - began
            assert stream.read().endswith(b"--\r\n"), "the stream is ended rather than cut"
        assert took < 1.0 + kept_waiting(took)
        assert not (tmp_path / ".nicegui").exists(), "nothing is left in the folder from which it was started"
    finally:
        taken.socket.close()
        console.close()


def test_the_network_cannot_open_so_many_pages_that_there_is_none_for_the_machine_itself(tmp_path: Path) -> None:
    console = Console(Run(tmp_path / "run"), free_port())
    try:
        elsewhere = [console.get("/", Host="gallery")[0] for _ in range(MOST_PAGES + 1)]
        assert 503 in elsewhere
        assert console.get("/")[0] == 200
        memory = psutil.Process(console.process.pid).memory_info
        before = memory().rss
        assert {console.get("/", Host="gallery")[0] for _ in range(300)} == {503}
        assert memory().rss - before < 6_000_000, "what is refused is not kept"
    finally:
        console.close()


def kept_waiting(took: float) -> float:
    """How much of `took` may be due to others, where more wants to run than there are processors."""
    return took * (1 - min(1.0, (os.cpu_count() or 1) / max(os.getloadavg()[0], 0.1)))


def test_a_file_with_a_mistake_still_leads_to_a_page(tmp_path: Path) -> None:
    path = tmp_path / "exhibition.yaml"
    path.write_text("console: {port: 9000}\npieces: [neural_beatbox\n")
    choices = chosen(tmp_path / "run", path)
    assert choices.console.port == 8080
    assert choices.data_folder == tmp_path / "data"
