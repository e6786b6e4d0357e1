"""Every ambience that the project can make: its name, the scenes it belongs to, and the function that makes it.

Lives here: the list, and `make`. Must not live here: how anything sounds (`water.py`, `air.py`, `fire.py`,
`birds.py`, `creatures.py`, `voices.py`, `streets.py`, `rooms.py`), nor the files of the default archive
(`assets/make_sounds.py`).
The ambiences are what the default archive consists of, and what the audio encoder learns from beside recordings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pieces.imaginary_soundscape import air, birds, creatures, fire, rooms, streets, voices, water
from pieces.imaginary_soundscape.circle import Circle, Generator, Stereo, level

RMS = 0.05  # -26 dB of full scale, before peaks are rounded off
KNEE, CEILING = 2 / 3, 0.9
SHORTEST_S = 0.5


@dataclass(frozen=True)
class Ambience:
    """One kind of ambience: what makes it, the scenes it may stand in, and what one hears."""

    make: Callable[[Circle], Stereo]
    scenes: tuple[str, ...]

    @property
    def says(self) -> str:
        """The first line of what its maker says of itself."""
        return (self.make.__doc__ or "").strip().splitlines()[0]


def _with_air(maker: Callable[[Circle], Stereo], air_db: float) -> Callable[[Circle], Stereo]:
    """The same in the open: quiet air under it."""

    def make(circle: Circle) -> Stereo:
        return circle.mixed((0, maker(circle)), (air_db, air.still_air(circle)))

    make.__doc__ = maker.__doc__
    return make


KINDS: dict[str, Ambience] = {
    "surf_close": Ambience(water.surf_close, ("sea",)),
    "surf_distant": Ambience(water.surf_distant, ("sea",)),
    "shore_with_gulls": Ambience(water.shore_with_gulls, ("sea",)),
    "harbour": Ambience(water.harbour, ("sea",)),
    "rain_light": Ambience(water.rain_light, ("rain",)),
    "rain_heavy": Ambience(water.rain_heavy, ("rain",)),
    "rain_on_leaves": Ambience(water.rain_on_leaves, ("rain", "forest")),
    "rain_on_roof": Ambience(water.rain_on_roof, ("rain",)),
    "thunderstorm": Ambience(air.thunderstorm, ("rain",)),
    "distant_thunder": Ambience(air.distant_thunder, ("rain", "sky")),
    "stream": Ambience(water.stream, ("waterfall", "forest")),
    "waterfall": Ambience(water.waterfall, ("waterfall",)),
    "grotto": Ambience(water.grotto, ("waterfall",)),
    "wind_in_trees": Ambience(air.wind_in_trees, ("forest", "sky")),
    "wind_in_grass": Ambience(air.wind_in_grass, ("sky", "garden")),
    "wind_in_desert": Ambience(air.wind_in_desert, ("desert", "sky")),
    "wind_whistling": Ambience(air.wind_whistling, ("mountain", "interior")),
    "wind_on_mountain": Ambience(air.wind_on_mountain, ("mountain", "sky")),
    "open_sky": Ambience(air.open_sky, ("sky",)),
    "snow": Ambience(air.snow, ("mountain",)),
    "steps_in_snow": Ambience(rooms.steps_in_snow, ("mountain",)),
    "camp_fire": Ambience(fire.camp_fire, ("fire",)),
    "hearth": Ambience(fire.hearth, ("fire", "interior")),
    "wildfire": Ambience(fire.wildfire, ("fire",)),
    "birds_in_wood": Ambience(_with_air(birds.birds_in_wood, -22), ("forest",)),
    "dawn_chorus": Ambience(_with_air(birds.dawn_chorus, -24), ("forest", "garden")),
    "garden_birds": Ambience(_with_air(birds.garden_birds, -20), ("garden", "forest")),
    "crows": Ambience(_with_air(birds.corvids, -16), ("forest",)),
    "crickets": Ambience(_with_air(creatures.crickets, -18), ("forest", "garden")),
    "cicadas": Ambience(_with_air(creatures.cicadas, -18), ("forest", "garden")),
    "field_insects": Ambience(_with_air(creatures.field_insects, -14), ("garden", "forest")),
    "frogs": Ambience(creatures.frogs, ("forest",)),
    "crossing": Ambience(streets.crossing, ("city",)),
    "motorway": Ambience(streets.motorway, ("city",)),
    "city_hum": Ambience(streets.city_hum, ("city",)),
    "construction": Ambience(streets.construction, ("city",)),
    "train_passing": Ambience(streets.train_passing, ("city",)),
    "train_inside": Ambience(streets.train_inside, ("interior",)),
    "church_bells": Ambience(streets.church_bells, ("city",)),
    "square": Ambience(voices.square, ("crowd", "city")),
    "applause": Ambience(voices.applause, ("crowd",)),
    "stadium": Ambience(voices.stadium, ("crowd",)),
    "cafe": Ambience(rooms.cafe, ("crowd", "interior")),
    "gallery": Ambience(rooms.gallery, ("interior",)),
    "library": Ambience(rooms.library, ("interior",)),
    "steps_in_hall": Ambience(rooms.steps_in_hall, ("interior",)),
    "steps_on_gravel": Ambience(rooms.steps_on_gravel, ("garden",)),
}


def make(kind: str, rng: Generator, seconds: float, rate_hz: int) -> Stereo:
    """One ambience that loops without a seam.

    Args:
        kind: one of `KINDS`.
        rng: decides everything; the same state gives the same samples.
        seconds: length of the loop, half a second or more; things that are long by nature (a peal, a train) need 20.
        rate_hz: sampling rate, 16,000 Hz or more.

    Returns:
        float32 [frames, 2], RMS about 0.05 (-26 dB of full scale), peaks below 0.9.

    Raises:
        ValueError: unknown kind, or seconds or rate too small.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} must be one of {', '.join(KINDS)}")
    if seconds < SHORTEST_S:
        raise ValueError(f"seconds={seconds} must be at least {SHORTEST_S}")
    if rate_hz < 16_000:
        raise ValueError(f"rate_hz={rate_hz} must be at least 16000")
    circle = Circle(rng, round(seconds * rate_hz), rate_hz)
    return finished(circle, KINDS[kind].make(circle))


def finished(circle: Circle, x: Stereo) -> Stereo:
    """Without what no loudspeaker plays (below 25 Hz), at RMS, peaks rounded off."""
    x = circle.filtered(x, ((12, -60), (25, -3), (32, 0)))
    x = x * np.float32(RMS / level(x))
    return rounded(x, CEILING)


def rounded(x: Stereo, ceiling: float) -> Stereo:
    """x with what is above two thirds of the ceiling bent so that nothing passes the ceiling."""
    knee = ceiling * KNEE
    size = np.abs(x)
    soft = knee + (ceiling - knee) * np.tanh((size - knee) / (ceiling - knee))
    return np.asarray(np.where(size > knee, np.sign(x) * soft, x), np.float32)
