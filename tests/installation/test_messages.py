"""What processes say to each other: round trips, garbage, and an end that does not listen."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation import messages
from installation.messages import (
    BarWritten,
    BedMoved,
    BedPlayed,
    BedsOnly,
    BedSounding,
    BedStopped,
    BedTroubled,
    Exited,
    Fork,
    Forked,
    LevelSet,
    Line,
    Message,
    NotForked,
    OtherVoicesForgotten,
    SoundReady,
    VoiceForgotten,
    VoiceMade,
    connect,
    decode,
    encode,
    listen,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=50)
MESSAGES = st.one_of(
    st.builds(VoiceMade, st.text(max_size=50), st.text(max_size=50)),
    st.builds(VoiceForgotten, st.text(max_size=50)),
    st.builds(OtherVoicesForgotten),
    st.builds(
        BarWritten,
        st.integers(),
        st.integers(),
        NUMBERS,
        st.lists(st.tuples(st.integers(), st.text(max_size=20), NUMBERS, NUMBERS), max_size=20).map(tuple),
    ),
    st.builds(LevelSet, NUMBERS, NUMBERS),
    st.builds(
        BedPlayed, TEXT, TEXT, st.integers(), st.booleans(), st.integers(), NUMBERS, st.none() | NUMBERS, NUMBERS
    ),
    st.builds(BedMoved, TEXT, NUMBERS, st.none() | NUMBERS, NUMBERS),
    st.builds(BedStopped, TEXT, st.integers(), NUMBERS),
    st.builds(BedsOnly, st.lists(TEXT, max_size=4).map(tuple), st.integers(), NUMBERS),
    st.builds(BedSounding, TEXT, TEXT, st.integers(), st.booleans()),
    st.builds(BedTroubled, TEXT, TEXT, TEXT),
    st.builds(SoundReady, st.integers()),
    st.builds(
        Fork, st.text(max_size=20), st.text(max_size=20), st.lists(st.text(max_size=20), max_size=4).map(tuple)
    ),
    st.builds(Forked, st.text(max_size=20), st.integers()),
    st.builds(NotForked, TEXT, TEXT),
    st.builds(Exited, st.text(max_size=20), st.integers(), st.integers()),
)


@pytest.fixture
def ends() -> Iterator[tuple[Line, Line]]:
    one, other = (Line(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    yield one, other
    one.close()
    other.close()


@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.one_of(st.binary(max_size=100), st.text(max_size=60).map(str.encode)))
def test_garbage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        decode(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"5", b'{"type": "Nobody"}', b'{"type": []}', b'{"type": "Forked"}',
     b'{"type": "Forked", "name": "a", "pid": 1, "more": 2}', b'{"type": "BarWritten", "number": 1, "length": 2}',
     b'{"type": "BarWritten", "number": 1, "length": 2, "hits": [3]}', b"[" * 60_000, b'{"type": "Fork"',
     b"\xff\xfe"],
)  # fmt: skip
def test_what_is_almost_a_message_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a message"):
        decode(data)


def test_a_bar_of_five_hundred_hits_arrives(ends: tuple[Line, Line]) -> None:
    hits = tuple(
        (17 * i, f"{i:016x}/4", 0.123456789012345, -0.987654321098765, -123.456789012345) for i in range(500)
    )
    one, other = ends
    one.send(BarWritten(3, 96_000, 4.0, hits))
    assert other.receive() == [BarWritten(3, 96_000, 4.0, hits)]


def test_a_message_that_is_too_long_is_refused_and_the_line_lives(ends: tuple[Line, Line]) -> None:
    one, other = ends
    with pytest.raises(ValueError, match="too long"):
        one.send(VoiceForgotten("x" * messages.LONGEST))
    longest = VoiceForgotten("x" * (messages.LONGEST - len(encode(VoiceForgotten("")))))
    one.send(longest)
    assert other.receive() == [longest] and not one.closed


def test_a_slow_reader_gets_everything_in_order(ends: tuple[Line, Line]) -> None:
    one, other = ends
    sent = [VoiceForgotten(f"{i} {'x' * 1000}") for i in range(3000)]
    for message in sent:
        one.send(message)  # far more than the socket holds: never blocks
    received: list[Message] = []
    for _ in range(3000):
        received += other.receive()
        one.flush()
        if len(received) == len(sent):
            break
    assert received == sent and not one.closed


def test_an_end_that_never_listens_is_taken_for_dead(ends: tuple[Line, Line]) -> None:
    """What waits for it is bounded."""
    one, _ = ends
    message = VoiceForgotten("x" * 100_000)
    sent = 0
    while not one.closed and sent < 1000:
        one.send(message)
        sent += 1
        assert sum(map(len, one._waiting)) <= messages.MOST_WAITING
    assert one.closed and not one._waiting
    one.send(message)  # and says nothing more
    assert one.receive() == []


def test_an_end_that_is_gone_closes_the_line(ends: tuple[Line, Line]) -> None:
    one, other = ends
    other.send(SoundReady(48_000))
    other.close()
    assert one.receive() == [SoundReady(48_000)] and one.closed


def test_connecting_to_whoever_listens(tmp_path: Path) -> None:
    path = tmp_path / "sound.sock"
    assert connect(path) is None, "nobody is there"
    path.touch()
    assert connect(path) is None, "a file is not a socket"
    with listen(path) as listener:
        line = connect(path)
        assert line is not None
        connection, _ = listener.accept()
        answer = Line(connection)
        line.send(LevelSet(-6.0, 0.5))
        assert answer.receive() == [LevelSet(-6.0, 0.5)]
        answer.close()
        line.close()
    assert connect(path) is None, "a dead process left its socket"
    with listen(path):
        assert connect(path) is not None, "and another takes its place"


def test_on_the_wire_a_message_is_json_with_its_type() -> None:
    assert json.loads(encode(LevelSet(-6.0, 0.5))) == {"type": "LevelSet", "gain_db": -6.0, "fade": 0.5}
