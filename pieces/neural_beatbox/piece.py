"""Neural Beatbox: visitors' own sounds become a beat that never stops. What happens, in the order it happens.

A network hears which drum each sound of a take is (`hearing.py`), the kit seats each drum's most convincing player
(`kit.py`), another network invents the rhythm two bars at a time (`rhythm.py`), and the wall shows everyone exactly
when they sound (`picture.py`). After Neural Beatbox by Qosmo with Rachael Melanson (Barbican, 2019).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from installation.networks.faults import reraise_if_poisoned
from installation.piece import Answer, Bar, Hit, Moment, Picture, Piece, Recording, Stage, Visit
from installation.settings import Field, Range
from installation.trying import Trying
from pieces.neural_beatbox import loading
from pieces.neural_beatbox.loading import Loading

if TYPE_CHECKING:
    from pieces.neural_beatbox.hearing import HeardHit, Hearing
    from pieces.neural_beatbox.kit import Player, Seat
    from pieces.neural_beatbox.phrase import Phrase
    from pieces.neural_beatbox.picture import Note, Strike
    from pieces.neural_beatbox.rhythm import Drummer

HEAR_SECONDS = 0.25  # what an offline render lets the hearing take
COMPOSE_SECONDS = 0.3
NEW_BARS = 8  # in which who came last is sure to be heard: as long as one may take it back, or nearly
BARS_AHEAD = 2  # written into the score beyond the one that is being played
MIX = 1.05
SOUNDS_PER_VISITOR = 5
SHORTEST_SECONDS = 0.06  # of a sound that is played
SAME_SECONDS = 0.01  # onsets that are nearer are of one sound
TEMPO_DRIFT = 0.12  # of the way to a new tempo, each phrase


@dataclass
class _Guest:
    """A remembered visitor. `players` is None while the network is still listening to the take."""

    visit: Visit
    players: list[Player] | None = None
    answer: Answer[list[HeardHit]] | None = None
    hearing: Trying = field(default_factory=Trying)


@dataclass
class _Plan:
    """What was written into a bar of the score, so that it can be written again with another kit."""

    phrase: Phrase
    half: int
    tempo_bpm: float
    notes: list[Note] = field(default_factory=list)


class NeuralBeatbox(Piece):
    """Visitors' own sounds become a beat that never stops."""

    class Settings(Piece.Settings):
        tempo: Range = Field(
            default=Range(low=88, high=112),
            description="between which tempi the beat wanders; the fuller the room, the faster",
            json_schema_extra={"unit": "bpm", "minimum": 60, "maximum": 180},
        )
        fullness: Range = Field(
            default=Range(low=0.3, high=0.8),
            description="how full the rhythm is with nobody and with a crowd before the camera",
            json_schema_extra={"minimum": 0, "maximum": 1},
        )
        adventure: float = Field(
            default=0.35, ge=0, le=1, description="how adventurous the rhythm is: 0 keeps time, 1 takes every risk"
        )
        remember: int = Field(default=24, ge=0, le=64, description="how many visitors the grid remembers")
        new_kit_every: int = Field(
            default=8,
            ge=1,
            le=256,
            description="after how many bars those who have not been heard for long come round again",
            json_schema_extra={"unit": "bars"},
        )

    records: ClassVar[Recording | None] = Recording(seconds=6.0, film_size=(480, 480), duck_db=-20.0)
    networks: ClassVar[tuple[str, ...]] = ("neural_beatbox.hearing", "neural_beatbox.rhythm")
    trains: ClassVar[Mapping[str, str]] = {
        "hearing": "pieces.neural_beatbox.train_hearing:train",
        "rhythm": "pieces.neural_beatbox.train_rhythm:train",
    }
    evaluates: ClassVar[Mapping[str, str]] = {
        "hits": "pieces.neural_beatbox.evaluate_hearing:hits",
        "onsets": "pieces.neural_beatbox.evaluate_hearing:onsets",
        "rhythm": "pieces.neural_beatbox.evaluate_rhythm:rhythm",
    }
    benches: ClassVar[Mapping[str, str]] = {
        "hearing": "pieces.neural_beatbox.bench:hearing",
        "frames": "pieces.neural_beatbox.bench:frames",
        "rhythm": "pieces.neural_beatbox.bench:rhythm",
    }
    settings: Settings

    # ---- the contract ---------------------------------------------------------------------------------------

    def open(self, stage: Stage) -> None:
        from pieces.neural_beatbox import voices
        from pieces.neural_beatbox.phrase import opening
        from pieces.neural_beatbox.picture import Composition

        self._stage = stage
        self._score = stage.sound
        self._composition = Composition(stage.type, stage.texts)
        self._guests: dict[str, _Guest] = {}
        self._newest: str | None = None  # who is sure to be heard in every bar
        self._new_until = 0  # the bar from which on they are one of all
        self._seats: dict[str, Seat] = {}
        self._plans: dict[int, _Plan] = {}
        self._phrases: deque[Phrase] = deque()
        self._phrase, self._half = opening(), 0
        self._tempo = self.settings.tempo.low + 0.35 * (self.settings.tempo.high - self.settings.tempo.low)
        self._last_played: dict[str, int] = {}
        self._presence = 0.0
        self._across: dict[str, float] = {}  # visit -> its place on the wall, from which it is heard
        self._roles: dict[str, tuple[str, Player | None]] = {}  # voice -> what it is on the wall
        for drum, samples in voices.built_in(stage.sound.rate_hz).items():
            stage.sound.voice(f"kit/{drum}", samples, stage.sound.rate_hz)
            self._roles[f"kit/{drum}"] = (drum, None)
        hearing, rhythm = self.networks
        self._ears: Loading[Hearing] = Loading(stage, hearing, lambda: loading.ears(stage.gpu))
        self._drummer: Loading[Drummer] = Loading(stage, rhythm, lambda: loading.drummer())
        self._composing: Answer[Phrase] | None = None
        self._compose_tries = Trying()
        self._seat()

    def frame(self, moment: Moment) -> Picture:
        self._presence = moment.presence
        self._drummer.step(moment.time)
        if self._ears.step(moment.time):
            for guest in self._guests.values():  # who came meanwhile can be heard now
                guest.hearing = Trying()
        self._collect(moment.time)
        self._compose(moment.time)
        self._write()
        picture = self._composition.draw(moment, self._tiles(), self._strikes(moment), self._notes(moment.bar))
        self._follow_wall()
        return picture

    def welcomes(self) -> bool:
        return not self._ears.failed  # while it is still being loaded, a visitor can wait

    def contribute(self, visit: Visit) -> None:
        from pieces.neural_beatbox.kit import Player

        guest = _Guest(visit)
        self._guests[visit.id] = guest
        if visit.derived is not None:
            try:
                guest.players = [
                    Player(**{**player, "probabilities": tuple(player["probabilities"])})
                    for player in visit.derived["players"]
                ]
            except (KeyError, TypeError, ValueError):
                guest.players = None  # remembered by another version: the take is heard anew
            else:
                self._make_voices(guest)
                self._seat()
        self._let_go()

    def _let_go(self) -> None:
        """The oldest make room. Who came last stays, even where nobody is to be remembered."""
        while len(self._guests) > max(self.settings.remember, 1):
            self.withdraw(next(iter(self._guests)))

    def heard(self, visit: str) -> bool | None:
        guest = self._guests.get(visit)
        if guest is None or guest.players is not None:
            return guest is not None and bool(guest.players)
        return False if guest.hearing.failures else None

    def remembers(self) -> int:
        return int(self.settings.remember)

    def withdraw(self, visit: str) -> None:
        guest = self._guests.pop(visit, None)
        if guest is None:
            return
        for player in guest.players or ():
            self._score.forget(player.voice)
            self._roles.pop(player.voice, None)
            self._last_played.pop(player.voice, None)
        if self._newest == visit:
            self._newest = None
        self._seat()
        self._rewrite()

    def change(self, settings: Any) -> None:
        super().change(settings)
        self._let_go()

    # ---- hearing -----------------------------------------------------------------------------------------------

    def _collect(self, time: float) -> None:
        """Hand the takes to the network, and pick up what it has heard."""
        for guest in list(self._guests.values()):
            if guest.players is None and guest.answer is None and guest.hearing.due(time):
                visit = guest.visit
                if self._ears.network is not None:
                    guest.answer = self._stage.compute(
                        self._ears.network.hear, visit.samples, visit.rate_hz, seconds=HEAR_SECONDS
                    )
                elif self._ears.failed:
                    guest.hearing.failed(time)
            if guest.answer is not None and guest.answer.ready:
                self._welcome(guest, time)

    def _welcome(self, guest: _Guest, time: float) -> None:
        """A take was heard: its sounds become players, and its visitor joins at the next bar line."""
        assert guest.answer is not None
        visit = guest.visit
        answer, guest.answer = guest.answer, None
        try:
            hits = answer.result()
        except Exception as error:  # a network that fails on one take must not end the beat
            reraise_if_poisoned(error)
            guest.hearing.failed(time)
            self._stage.alert("network_failed", network=self.networks[0], reason=_said(error))
            return
        if guest.hearing.failures:
            self._stage.clear("network_failed", network=self.networks[0])
            guest.hearing.succeeded()
        guest.players = players_of(visit.id, hits)
        if not guest.players:
            return
        self._make_voices(guest)
        self._stage.remember(visit.id, {"players": [asdict(player) for player in guest.players]})
        self._newest, self._new_until = visit.id, self._score.next_bar + NEW_BARS
        self._seat()
        self._rewrite()

    def _make_voices(self, guest: _Guest) -> None:
        from pieces.neural_beatbox.kit import LABELS
        from pieces.neural_beatbox.voices import cut

        visit = guest.visit
        for player in guest.players or ():
            label = LABELS[max(range(len(LABELS)), key=player.probabilities.__getitem__)]
            samples = cut(visit.samples, visit.rate_hz, player.start_s, player.duration_s, label)
            self._score.voice(player.voice, samples, visit.rate_hz)

    def _seat(self) -> None:
        """Let every drum find its player anew."""
        from pieces.neural_beatbox.kit import fill

        players = [player for guest in self._guests.values() for player in guest.players or ()]
        bar = self._score.next_bar
        self._seats = fill(players, newest=self._newest, last_played=self._last_played, bar=bar)
        for drum, seat in self._seats.items():
            if seat.player is not None:
                self._roles[seat.player.voice] = (drum, seat.player)

    def _drums_of(self, visit: str | None) -> tuple[str, ...]:
        """The drums that a visitor plays; nobody plays none."""
        return tuple(
            drum for drum, seat in self._seats.items() if seat.player is not None and seat.player.visit == visit
        )

    # ---- rhythm ------------------------------------------------------------------------------------------------

    def _compose(self, time: float) -> None:
        """Keep a phrase in stock."""
        import numpy as np

        from pieces.neural_beatbox.phrase import DRUMS

        if self._composing is not None and self._composing.ready:
            try:
                self._phrases.append(self._composing.result())
                if self._compose_tries.failures:
                    self._stage.clear("network_failed", network=self.networks[1])
                self._compose_tries.succeeded()
            except Exception as error:  # the phrase that plays goes on
                reraise_if_poisoned(error)
                self._compose_tries.failed(time)
                self._stage.alert("network_failed", network=self.networks[1], reason=_said(error))
            self._composing = None
        drummer = self._drummer.network
        if drummer is None or self._composing is not None or len(self._phrases) >= 1:
            return
        if not self._compose_tries.due(time):
            return
        full = self.settings.fullness
        density = min(max(full.low + (full.high - full.low) * self._presence, 0.0), 1.0)
        rng = np.random.default_rng(self._stage.random.integers(2**63))
        self._composing = self._stage.compute(
            drummer.compose, density, self.settings.adventure, frozenset(DRUMS), rng, self._tempo,
            seconds=COMPOSE_SECONDS,
        )  # fmt: skip

    def _write(self) -> None:
        """Write the score some bars ahead of what is heard."""
        while self._score.written < self._score.next_bar + BARS_AHEAD:
            number = self._score.written
            if self._half == 0:
                if self._phrases:
                    self._phrase = self._phrases.popleft()
                self._tempo = self._next_tempo()
                if number % self.settings.new_kit_every < 2:
                    if self._score.next_bar >= self._new_until:  # whatever is written before is heard with them
                        self._newest = None
                    self._seat()
            self._plans[number] = _Plan(self._phrase, self._half, self._tempo)
            self._put(number)
            self._half = 1 - self._half
            for old in [bar for bar in self._plans if bar < number - 4]:
                del self._plans[old]

    def _rewrite(self) -> None:
        """The kit has changed: from the next bar line on it plays what was planned."""
        for number in sorted(self._plans):
            if number >= self._score.next_bar:
                self._put(number)

    def _put(self, number: int) -> None:
        from pieces.neural_beatbox.phrase import strokes
        from pieces.neural_beatbox.picture import Note
        from pieces.neural_beatbox.voices import GAIN, pan_of

        plan = self._plans[number]
        hits, plan.notes = [], []
        noticed = self._drums_of(self._newest) if number < self._new_until else ()
        for stroke in strokes(plan.phrase, plan.half, noticed):
            player = self._seats[stroke.drum].player
            voice = player.voice if player is not None else f"kit/{stroke.drum}"
            pan = pan_of(stroke.drum, None if player is None else self._across.get(player.visit))
            gain = MIX * GAIN[stroke.drum] * (0.15 + 0.85 * stroke.velocity**1.3)
            hits.append(Hit(stroke.step + stroke.offset, voice, gain, pan))
            plan.notes.append(Note(number, float(stroke.step), stroke.drum, stroke.velocity))
            if player is not None:
                self._last_played[player.voice] = number
        self._score.write(Bar(number, plan.tempo_bpm, tuple(hits)))

    def _follow_wall(self) -> None:
        """Who plays is heard from where they hang, from the next bar line on when the wall is hung anew."""
        players = {seat.player.visit for seat in self._seats.values() if seat.player is not None}
        places = {visit: self._composition.across(visit) for visit in sorted(players)}
        across = {visit: place for visit, place in places.items() if place is not None}
        if across != self._across:
            self._across = across
            self._rewrite()

    def _next_tempo(self) -> float:
        """Wander through the range: towards its upper end when people are there, with a little will of its own."""
        low, high = self.settings.tempo.low, self.settings.tempo.high
        whim = float(self._stage.random.uniform(-0.25, 0.25))
        goal = low + (high - low) * min(max(0.2 + 0.7 * self._presence + whim, 0.0), 1.0)
        return self.settings.tempo.clamp(self._tempo + TEMPO_DRIFT * (goal - self._tempo))

    # ---- picture -----------------------------------------------------------------------------------------------

    def _tiles(self) -> list[Any]:
        from pieces.neural_beatbox.picture import Tile

        return [
            Tile(visit, guest.visit.film, self._drums_of(visit), guest.players[0].start_s)
            for visit, guest in self._guests.items()
            if guest.players
        ]

    def _strikes(self, moment: Moment) -> list[Strike]:
        from pieces.neural_beatbox.picture import Strike

        strikes = []
        for sounding in moment.sounding:
            drum, player = self._roles.get(sounding.voice, ("kick", None))
            strength = min(sounding.gain / MIX, 1.0)
            if player is None:
                strikes.append(Strike(drum, gain=strength, late=sounding.late))
            else:
                strikes.append(Strike(drum, player.visit, player.start_s, player.duration_s, strength, sounding.late))
        return strikes

    def _notes(self, bar: int) -> list[Note]:
        return [
            note for number in (bar - 1, bar, bar + 1) if number in self._plans for note in self._plans[number].notes
        ]


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def players_of(visit: str, hits: list[HeardHit]) -> list[Player]:
    """The sounds of a take that may play: the most certain and the loudest of each kind, few of each visitor."""
    from pieces.neural_beatbox.kit import Player

    best: dict[tuple[str, str | None], HeardHit] = {}
    for hit in hits:
        key = (hit.label, hit.register)
        if key not in best or _worth(hit) > _worth(best[key]):
            best[key] = hit
    chosen = sorted(best.values(), key=_worth, reverse=True)[:SOUNDS_PER_VISITOR]
    return [
        Player(
            visit=visit,
            voice=f"{visit}/{number}",
            probabilities=tuple(round(float(p), 4) for p in hit.probabilities),
            register=hit.register,
            start_s=round(hit.onset_s, 5),
            duration_s=round(_until_next(hit, hits), 5),
        )
        for number, hit in enumerate(chosen)
    ]


def _until_next(hit: HeardHit, hits: list[HeardHit]) -> float:
    """How long a sound may be played, in seconds: not into the one after it."""
    gaps = (other.onset_s - hit.onset_s for other in hits)
    return min([max(hit.duration_s, SHORTEST_SECONDS), *(gap for gap in gaps if gap > SAME_SECONDS)])


def _worth(hit: HeardHit) -> float:
    return hit.confidence * hit.peak**0.3
