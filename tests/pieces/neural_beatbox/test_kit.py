"""The kit: every drum finds its most convincing player, and nobody waits for ever."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pieces.neural_beatbox.kit import CONVINCING, LABELS, SERVES, Player, fill, service
from pieces.neural_beatbox.phrase import DRUMS


def player(visit: str, label: str, certain: float = 0.9, register: str | None = None) -> Player:
    """A sound that is `label` with probability `certain`, and the others alike."""
    rest = (1 - certain) / (len(LABELS) - 1)
    chances = tuple(certain if each == label else rest for each in LABELS)
    return Player(visit, f"{visit}/{label}", chances, register, 0.0, 0.2)


def test_without_players_the_built_in_kit_plays() -> None:
    assert {drum: seat.player for drum, seat in fill([]).items()} == dict.fromkeys(DRUMS)


@pytest.mark.parametrize(
    "label, drum",
    [
        ("kick", "kick"),
        ("snare", "snare"),
        ("hat_closed", "hat_closed"),
        ("hat_open", "hat_open"),
        ("cymbal", "crash"),
    ],
)
def test_a_sound_plays_its_own_drum(label: str, drum: str) -> None:
    anna = player("anna", label)
    seats = fill([anna])
    assert [seat.drum for seat in seats.values() if seat.player == anna] == [drum]


@pytest.mark.parametrize("register, drum", [("low", "tom_low"), ("mid", "tom_mid"), ("high", "tom_high")])
def test_a_tom_plays_in_its_register(register: str, drum: str) -> None:
    anna = player("anna", "tom", register=register)
    assert fill([anna])[drum].player == anna


def test_a_room_of_whisperers_is_not_all_hats() -> None:
    """By assignment, not by the likeliest label: three sounds that are all hats first play three drums."""
    players = []
    for other in ("percussion", "kick", "snare"):
        chances = {"hat_closed": 0.55, other: 0.45}
        whisper = tuple(chances.get(label, 0.0) for label in LABELS)
        players.append(Player(other, f"{other}/0", whisper, None, 0.0, 0.1))
    seats = fill(players)
    assert [seats[drum].player.visit for drum in ("kick", "snare")] == ["kick", "snare"]  # type: ignore[union-attr]
    assert sum(seat.player is not None for seat in seats.values()) == 3


def test_nobody_unconvincing_takes_a_drum() -> None:
    anna = player("anna", "kick")
    assert service(anna, "crash") < CONVINCING
    assert fill([anna])["crash"].player is None


def test_the_newest_is_heard_even_beside_better_ones() -> None:
    better = [player(f"old{i}", label, 0.99) for i, label in enumerate(LABELS)]
    newest = player("new", "snare", 0.5)
    seats = fill([*better, newest], newest="new")
    assert newest in [seat.player for seat in seats.values()]
    mumbled = Player("new", "new/0", tuple(1 / len(LABELS) for _ in LABELS), None, 0.0, 0.2)
    seats = fill([*better, mumbled], newest="new")
    assert mumbled in [seat.player for seat in seats.values()], "convincing or not"
    many = [player(f"old{i}", label, 1.0) for i, label in enumerate(LABELS * 3)]  # who all have waited
    for one in (newest, mumbled, *(player("new", label, 0.35) for label in LABELS)):
        seats = fill([*many, one], newest="new", last_played={one.voice: 99}, bar=99)
        assert one in [seat.player for seat in seats.values()], "who played just now gains nothing by waiting"


def test_who_waits_comes_round_again() -> None:
    """Of two that serve alike, the one that has not played for long takes its turn."""
    anna, ben = player("anna", "kick", 0.9), player("ben", "kick", 0.8)
    assert fill([anna, ben], last_played={"anna/kick": 9, "ben/kick": 9}, bar=10)["kick"].player == anna
    assert fill([anna, ben], last_played={"anna/kick": 19, "ben/kick": 0}, bar=20)["kick"].player == ben
    assert fill([anna, ben], last_played={"anna/kick": 19}, bar=20)["kick"].player == ben, "never played: most of all"


CHANCES = st.lists(st.floats(0, 1), min_size=len(LABELS), max_size=len(LABELS)).map(
    lambda values: tuple(value / (sum(values) or 1.0) for value in values)
)
PLAYERS = st.lists(st.tuples(CHANCES, st.sampled_from([None, "low", "mid", "high"])), max_size=20)


@settings(max_examples=60, deadline=None)
@given(PLAYERS, st.integers(0, 500))
def test_each_sound_has_one_seat_and_every_drum_a_voice(
    chances: list[tuple[tuple[float, ...], str | None]], bar: int
) -> None:
    players = [Player(f"v{i // 3}", f"v{i}", c, register, 0.0, 0.1) for i, (c, register) in enumerate(chances)]
    seats = fill(players, newest="v0", last_played={"v1": bar - 5}, bar=bar)
    assert list(seats) == list(DRUMS) and all(drum == seat.drum for drum, seat in seats.items())
    voices = [seat.player.voice for seat in seats.values() if seat.player]
    assert len(voices) == len(set(voices))
    for seat in seats.values():
        if seat.player is not None and seat.player.visit != "v0":
            assert service(seat.player, seat.drum) >= CONVINCING


def test_every_drum_is_served_by_labels_that_exist() -> None:
    assert set(SERVES) == set(DRUMS)
    assert {label for worth in SERVES.values() for label in worth} == set(LABELS)
    assert all(0 < value <= 1 for worth in SERVES.values() for value in worth.values())
