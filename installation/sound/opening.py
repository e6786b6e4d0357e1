"""Opens the speakers and the microphone that an exhibition asks for, or what stands in for them.

A sound server that hangs, or a driver, may not answer for ever. PortAudio cannot be stopped in the middle of a
question and is not asked for another device meanwhile: after the first that is not answered in time (`hung`), this
process has stand-ins for what it lacks, and its successor asks anew as soon as `lookout.py` has found that there are
answers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from installation.assets import STAND_IN_FILM
from installation.devices import DeviceError
from installation.devices.attempt import Attempt, Opened
from installation.devices.film_track import FilmTrack
from installation.devices.microphone import Input, Microphone, Quiet
from installation.devices.speakers import Card, Pull, Silent, Speakers
from installation.exhibition import Exhibition
from installation.health.vitals import Vitals
from installation.segments import RATE_HZ

SPEAKERS_SECONDS, START_SECONDS, MICROPHONE_SECONDS = 6.0, 2.0, 3.0  # within the supervisor's patience, all together
log = logging.getLogger("sound")


class Opening:
    """The devices of one sound process; each of its methods is called once, in this order."""

    def __init__(self, exhibition: Exhibition, vitals: Vitals) -> None:
        self._exhibition, self._vitals = exhibition, vitals
        self.hung = False

    def speakers(self) -> Speakers:
        """The speakers, or the silent stand-in with the reason on the status."""
        wanted, vitals = self._exhibition.speakers, self._vitals
        channels = len(wanted.azimuths)
        if wanted.id == "silent":
            vitals.device("speakers", Silent.name, real=False, reason="the exhibition asks for silence")
            return Silent(RATE_HZ, channels)
        name = wanted.id if wanted.is_identity else None
        try:
            card = self._answered(lambda: Card(name, RATE_HZ, channels), SPEAKERS_SECONDS)
        except DeviceError as error:
            return self._silent(channels, error)
        vitals.condition("speakers_missing", False)
        fewer = card.channels < channels != 2  # one speaker does for a pair
        vitals.condition("speakers_fewer", fewer, speakers=card.name, wanted=channels, found=card.channels)
        vitals.device("speakers", card.name, real=True)
        vitals.status.fact("speaker_channels", card.channels)
        vitals.seen("speakers", card.name)
        return card

    def microphone(self) -> Microphone:
        """The microphone, or a stand-in with the reason on the status."""
        wanted, vitals = self._exhibition.microphone, self._vitals
        reason = "the exhibition asks for it"
        if wanted.id == "auto" or wanted.is_identity:
            name = wanted.id if wanted.is_identity else None
            try:
                if self.hung:
                    raise DeviceError("the sound server did not answer when it was asked for speakers")
                microphone = self._answered(
                    lambda: Input(name, RATE_HZ, wanted.channel - 1, wanted.gain_db), MICROPHONE_SECONDS
                )
            except DeviceError as error:
                reason = str(error)
                missed = wanted.id if wanted.is_identity else vitals.seen("microphone")
                vitals.condition("microphone_missing", bool(missed), microphone=missed, reason=reason)
            else:
                vitals.device("microphone", microphone.name, real=True)
                vitals.seen("microphone", microphone.name)
                return microphone
        if wanted.id == "none" or wanted.is_identity:
            vitals.device("microphone", Quiet.name, real=False, reason=reason)
            return Quiet()
        track = FilmTrack(Path(wanted.id) if wanted.is_file else STAND_IN_FILM, RATE_HZ)
        vitals.device("microphone", track.name, real=False, reason=reason)
        return track

    def started(self, speakers: Speakers, pull: Pull) -> Speakers | None:
        """`speakers`, asking `pull` for samples from now on; None where they do not, and are not to be used."""

        def start() -> Speakers:
            speakers.start(pull)
            return speakers

        try:
            return self._answered(start, START_SECONDS)
        except DeviceError as error:
            self._complain(error)
            return None

    def missing(self, speakers: Speakers, microphone: Microphone) -> list[str]:
        """Which of the two were asked for and are stood in for."""
        wanted = self._exhibition.microphone
        asked = {
            "speakers": (self._exhibition.speakers.id != "silent", speakers.real),
            "microphone": (wanted.id == "auto" or wanted.is_identity, microphone.real),
        }
        return [kind for kind, (asked_for, real) in asked.items() if asked_for and not real]

    # ---- within ---------------------------------------------------------------------------------------------------

    def _answered(self, open_it: Callable[[], Opened], seconds: float) -> Opened:
        """What `open_it` opens; raises DeviceError where it does not, or not in time."""
        attempt = Attempt(open_it)
        if attempt.ended(within=seconds):
            return attempt.take()
        self.hung = True
        attempt.abandon()
        raise DeviceError(
            f"the sound server, or the card's driver, does not answer within {seconds:g} s; start the sound server "
            "again, or unplug the card and plug it in"
        )

    def _silent(self, channels: int, error: DeviceError) -> Silent:
        self._complain(error)
        return Silent(RATE_HZ, channels)

    def _complain(self, error: DeviceError) -> None:
        log.warning("no speakers: %s", error)
        wanted = self._exhibition.speakers
        self._vitals.device("speakers", Silent.name, real=False, reason=str(error))
        missed = wanted.id if wanted.is_identity else self._vitals.seen("speakers")
        self._vitals.condition("speakers_missing", bool(missed), speakers=missed, reason=error)
