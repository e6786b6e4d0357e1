"""Sound files of every kind are read alike, from anywhere within; what is none is refused and harms nothing."""

from __future__ import annotations

import gc
import os
import struct
import weakref
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from installation import sound_files
from installation.sound_files import PACKET_SUFFIXES, PacketFile, in_packets, opened
from tests.installation.packets import WRITERS, write_packets

SECONDS = 13.0
ROUNDED = (".wma", ".mka", ".weba")  # containers that count milliseconds


def swelling(rate_hz: int, seconds: float = SECONDS) -> NDArray[np.float32]:
    """A low tone that swells: no stretch of it is like another."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.asarray((0.05 + 0.4 * time / seconds) * np.sin(2 * np.pi * 330 * time), np.float32)


def whole(file: sound_files.SoundFile) -> NDArray[np.float32]:
    return file.read(file.frames, dtype="float32", always_2d=True)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packets")
    paths = {suffix: folder / f"tone{suffix}" for suffix in WRITERS}
    for suffix, path in paths.items():
        write_packets(path, swelling(WRITERS[suffix][1]))
    return paths


def test_every_kind_has_a_file_here() -> None:
    assert set(PACKET_SUFFIXES) == set(WRITERS)


@pytest.mark.parametrize("suffix", WRITERS)
def test_it_sounds_as_it_was_and_is_as_long(written: dict[str, Path], suffix: str) -> None:
    with opened(written[suffix]) as file:
        read, rate_hz = whole(file), file.samplerate
    assert (rate_hz, read.shape[1]) == (WRITERS[suffix][1], 1)
    assert len(read) == file.frames and len(read) / rate_hz == pytest.approx(SECONDS, abs=0.1)
    for second in (1, 6, 12):
        part = read[second * rate_hz :][: rate_hz // 4, 0]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        assert np.argmax(spectrum) * 4 == pytest.approx(330, abs=4)
        if not WRITERS[suffix][0].endswith("amrnb"):  # which is for voices
            assert np.abs(part).max() == pytest.approx(0.05 + 0.4 * (second + 0.12) / SECONDS, rel=0.15)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_stretch_is_the_same_however_one_comes_there(written: dict[str, Path], suffix: str) -> None:
    near = 0.1 if WRITERS[suffix][0].endswith("amrnb") else 1e-3  # a decoder that leans on all that it has heard
    with opened(written[suffix]) as file:
        read = whole(file)[:, 0]
        for place in (file.frames - 30, 11 * file.samplerate, 9 * file.samplerate, 0, file.frames - 3_000, 1):
            assert file.seek(place) == pytest.approx(place, abs=file.samplerate / 500)
            part = file.read(2_000, dtype="float32", always_2d=True)[:, 0]
            assert len(part) == min(2_000, file.frames - place)
            loose = suffix in ROUNDED and place > sound_files.THROUGH_SECONDS * file.samplerate
            late = file.samplerate // 500 if loose else 0
            there, width = np.pad(read, late)[place:], len(part) - late  # the end may lie beyond the last sample
            off = [np.abs(part - there[shift:][: len(part)])[:width].max(initial=0) for shift in range(2 * late + 1)]
            assert min(off) < near


def test_both_channels_keep_their_sides(tmp_path: Path) -> None:
    for suffix in (".m4a", ".weba", ".wv"):
        tone = swelling(WRITERS[suffix][1], 1.0)
        write_packets(tmp_path / f"a{suffix}", np.stack([tone, np.zeros_like(tone)], 1))
        with opened(tmp_path / f"a{suffix}") as file:
            level = np.abs(whole(file)).max(0)
        assert file.channels == 2 and level[0] > 0.3 > 0.02 > level[1]


def test_a_file_is_what_its_first_bytes_say(tmp_path: Path) -> None:
    write_packets(tmp_path / "memo.wav", swelling(44_100, 1.0), like=".m4a")
    soundfile.write(tmp_path / "tone.m4a.flac", swelling(44_100, 1.0), 44_100)
    assert in_packets(tmp_path / "memo.wav") and not in_packets(tmp_path / "tone.m4a.flac")
    for name in ("memo.wav", "tone.m4a.flac"):
        with opened(tmp_path / name) as file:
            assert len(whole(file)) == 44_100


def boxed(data: bytes, names: list[bytes], start: int = 0) -> tuple[int, int]:
    """Where a box of an MPEG-4 file is, and its size."""
    at = start
    while data[at + 4 : at + 8] != names[0]:
        at += struct.unpack_from(">I", data, at)[0]
    size = struct.unpack_from(">I", data, at)[0]
    return (at, size) if len(names) == 1 else boxed(data, names[1:], at + 8)


def test_an_mp4_that_begins_late_and_ends_early_is_as_long_as_it_plays(tmp_path: Path) -> None:
    """FFmpeg does not take the late beginning off what it says."""
    write_packets(tmp_path / "a.m4a", swelling(44_100))
    data = bytearray((tmp_path / "a.m4a").read_bytes())
    edits = [b"moov", b"trak", b"edts", b"elst"]
    at, size = boxed(bytes(data), [b"moov", b"mvhd"])
    ticks = struct.unpack_from(">I", data, at + 20)[0]
    at, size = boxed(bytes(data), edits)
    entries = struct.pack(">IiI", 30 * ticks, -1, 0x10000) + struct.pack(">IiI", 5 * ticks, 1024, 0x10000)
    data[at : at + size] = struct.pack(">I4sII", 40, b"elst", 0, 2) + entries
    for depth in (1, 2, 3):
        outer, before = boxed(bytes(data), edits[:depth])
        struct.pack_into(">I", data, outer, before + 40 - size)
    (tmp_path / "late.m4a").write_bytes(data)
    with opened(tmp_path / "late.m4a") as file:
        assert len(whole(file)) == file.frames == pytest.approx(5 * 44_100, abs=1_024)


def test_aac_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    write_packets(tmp_path / "memo.mp3", swelling(44_100, 1.0), like=".aac")
    with opened(tmp_path / "memo.mp3") as file:
        assert file.format == "PACKETS" and len(whole(file)) / 44_100 == pytest.approx(1.0, abs=0.06)


# ---- what is no sound, or damaged ----------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(sound_files.PacketError) as caught, opened(path) as file:
        whole(file)
    return str(caught.value)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    for name, data in (
        ("empty.m4a", b""),
        ("text.aac", b"rain, third take\n" * 50),
        ("noise.wma", bytes(range(256)) * 99),
    ):
        (tmp_path / name).write_bytes(data)
        assert refusal(tmp_path / name)
    import av

    with av.open(str(tmp_path / "film.m4a"), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    assert refusal(tmp_path / "film.m4a") == "there is no sound in it"
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "nobody.m4a")


def test_a_playlist_opens_nothing_else(tmp_path: Path, written: dict[str, Path]) -> None:
    """A file may say that it is a list of addresses; what is in an archive is a recording, or nothing."""
    (tmp_path / "list.aac").write_text(f"ffconcat version 1.0\nfile {written['.wv']}\n")
    assert refusal(tmp_path / "list.aac")
    (tmp_path / "web.aac").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/a.aac\n#EXT-X-ENDLIST\n"
    )
    assert refusal(tmp_path / "web.aac")


def test_a_name_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_packets(tmp_path / "tcp:memo.m4a", swelling(44_100, 1.0))
    monkeypatch.chdir(tmp_path)
    with opened(Path("tcp:memo.m4a")) as file:
        assert len(whole(file)) == 44_100


@pytest.mark.parametrize("suffix", [".aac", ".mka", ".weba", ".amr"])
def test_what_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, written: dict[str, Path], suffix: str) -> None:
    data = written[suffix].read_bytes()
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: len(data) // 2])
    with opened(path) as file:
        read = whole(file)
        assert len(read) == file.frames and 4 < file.frames / file.samplerate < 9


def test_a_hole_is_silence_and_what_follows_keeps_its_place(tmp_path: Path) -> None:
    import av

    rate_hz = write_packets(tmp_path / "a.mka", swelling(44_100, 4.0))
    with av.open(str(tmp_path / "a.mka")) as source, av.open(str(tmp_path / "b.mka"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None and not 1.0 < float(packet.pts * packet.time_base) < 2.0:
                packet.stream = stream
                target.mux(packet)
    with opened(tmp_path / "a.mka") as first, opened(tmp_path / "b.mka") as second:
        full, holed = whole(first)[:, 0], whole(second)[:, 0]
    assert not holed[round(1.1 * rate_hz) : round(1.9 * rate_hz)].any()
    after = holed[3 * rate_hz :][:9_000]
    off = [np.abs(after - full[3 * rate_hz + shift :][:9_000]).max() for shift in range(-44, 45)]
    assert min(off) < 1e-3, "to a millisecond, as such a container counts"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(suffix=st.sampled_from(sorted(WRITERS)), at=st.floats(0, 1), junk=st.binary(min_size=1, max_size=400))
def test_damage_is_said_or_heard_and_breaks_nothing(
    tmp_path: Path, written: dict[str, Path], suffix: str, at: float, junk: bytes
) -> None:
    data = bytearray(written[suffix].read_bytes())
    place = int(at * len(data))
    data[place : place + len(junk)] = junk
    path = tmp_path / f"damaged{suffix}"
    path.write_bytes(data)
    try:
        file = opened(path)
    except (RuntimeError, OSError):
        return
    try:
        if file.frames < 48_000 * 60 and file.channels <= 8:
            assert len(whole(file)) <= file.frames
            file.seek(file.frames // 2)
            assert len(file.read(1_000, dtype="float32", always_2d=True)) <= 1_000
    except RuntimeError as error:
        assert str(error)
    finally:
        file.close()


def test_what_is_closed_says_so(written: dict[str, Path]) -> None:
    """A container that is asked for more when it is closed ends the process."""
    for suffix in (".m4a", ".mka", ".wv"):
        file = PacketFile(written[suffix])
        file.read(100)
        file.close()
        for asking in (lambda file=file: file.read(60_000), lambda file=file: file.seek(500_000)):
            with pytest.raises(sound_files.PacketError, match="it is closed"):
                asking()


def test_what_is_closed_keeps_nothing(written: dict[str, Path]) -> None:
    """Not until the garbage is collected, which may be long after it."""
    gc.disable()
    try:
        before = psutil.Process().num_threads()
        for _ in range(8):
            file = PacketFile(written[".wv"])
            file.read(9_000)
            file.close()
            gone = weakref.ref(file)
            del file
            assert gone() is None and psutil.Process().num_threads() <= before
    finally:
        gc.enable()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("pipe.m4a", "pipe.wav"):
        os.mkfifo(tmp_path / name)
        with pytest.raises(OSError, match="no ordinary file"):
            opened(tmp_path / name)


def test_jitter_is_no_hole(tmp_path: Path) -> None:
    """A browser stamps its packets when they come, a few hundredths of a second early or late."""
    import av

    rng = np.random.default_rng(0)
    rate_hz = write_packets(tmp_path / "a.weba", swelling(48_000, 4.0))
    with av.open(str(tmp_path / "a.weba")) as source, av.open(str(tmp_path / "b.weba"), "w", format="webm") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        last = -1
        for packet in source.demux(audio=0):
            if packet.pts is not None:
                last = max(packet.pts + int(rng.integers(0, 40)), last + 1)
                packet.pts = packet.dts = last
                packet.stream = stream
                target.mux(packet)
    with opened(tmp_path / "a.weba") as first, opened(tmp_path / "b.weba") as second:
        plain, jittered = whole(first)[:, 0], whole(second)[:, 0]
    np.testing.assert_allclose(jittered[: 3 * rate_hz], plain[: 3 * rate_hz], atol=1e-4)


def test_nothing_stays_open(written: dict[str, Path]) -> None:
    def handles() -> int:
        return sum("tone" in found.path for found in psutil.Process().open_files())

    before = handles()
    file = PacketFile(written[".m4a"])
    file.seek(11 * file.samplerate)
    assert handles() == before + 1
    file.close()
    file.close()
    assert handles() == before
