"""Who appears: twelve people, their looks, their voices and their rhythms.

Lives here: data only. The performers are named after birds. How a look is drawn is the business of `figure.py`,
`hair.py`, `headwear.py` and `wardrobe.py`; how a rhythm becomes motion, of `acting.py`.

A rhythm is written in sixteenths, a letter a sound (`LETTERS`); a dot is a rest.
"""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = {
    "K": "kick", "S": "snare", "h": "hat_closed", "H": "hat_open", "T": "tom",
    "C": "clap", "R": "rim", "Y": "cymbal", "P": "percussion",
}  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How someone is drawn. Measures are relative to an average face (1)."""

    skin: str
    hair: str
    style: str  # a key of `hair.STYLES`
    clothes: str  # a key of `wardrobe.CLOTHES`
    cloth: str
    second: str  # the clothes' other colour
    iris: str = "#3b2418"
    lips: str = "#a4483f"
    headwear: str = ""  # a key of `headwear.HEADWEAR`
    fabric: str = "#ffffff"  # of the headwear
    trim: str = "#ffffff"
    wide: float = 1.0  # face
    jaw: float = 1.0
    chin: float = 1.0
    full: float = 1.0  # lips
    nose: float = 1.0
    eyes: float = 1.0  # opening
    slant: float = 0.0  # of the eyes, outer corner up
    brows: float = 1.0  # thickness
    brow: str = ""  # colour, the hair's if empty
    beard: str = ""  # full, short, moustache, goatee
    beard_colour: str = ""
    glasses: str = ""  # round, square, cat
    frame: str = "#2b2233"
    earrings: str = ""  # a colour
    freckles: bool = False
    age: float = 0.0  # 0 smooth .. 1 deep lines
    size: float = 1.0  # a child is smaller
    made_up: float = 0.0  # how much the lips' colour is not the skin's


@dataclass(frozen=True)
class Performer:
    """`seed` is the voice: the same label sounds the same whenever this person makes it."""

    name: str
    look: Look
    wall: tuple[str, str]  # its colour, and that of the shape cut into it
    motif: str  # a key of `room.MOTIFS`
    tempo_bpm: float
    rhythm: str
    seed: int
    enters: int = 1  # from the right (1) or the left (-1)
    distance: float = 0.2  # from the microphone, 0 at the lips .. 1 across the room


CAST = (
    Performer(
        "heron",
        Look(skin="#6d4230", hair="#1f1720", style="afro", clothes="turtleneck", cloth="#e8a92c", second="#c9831c",
             lips="#7d2f33", full=1.25, nose=1.15, earrings="#f2c14e", iris="#2a1710", brows=1.0, made_up=0.5),
        wall=("#2f6f73", "#3d8583"), motif="sun", tempo_bpm=104, rhythm="K...h...S...h...K.K.h...S...K...S...",
        seed=1,
    ),
    Performer(
        "wren",
        Look(skin="#eec3a5", hair="#efece6", style="receding", clothes="ribbed", cloth="#2b3f66", second="#22324f",
             lips="#b9685c", full=0.8, nose=1.2, beard="full", beard_colour="#f2efe9", brow="#d9d5cf", brows=1.35,
             glasses="round", frame="#3a2b2b", iris="#4a7590", age=0.9, eyes=0.85, wide=1.03),
        wall=("#d9694b", "#e17f5c"), motif="arch", tempo_bpm=100, rhythm="T...T.R.T...R...T.T.R...K...T...R",
        seed=2, enters=-1,
    ),
    Performer(
        "ibis",
        Look(skin="#c98d64", hair="#2a1a1a", style="none", headwear="hijab", fabric="#1f5f56", trim="#174a44",
             clothes="crew", cloth="#23706a", second="#1b5a54", lips="#a63f4c", full=1.1, iris="#4a2c17",
             brows=1.0, made_up=0.6, wide=0.95, eyes=1.15),
        wall=("#e6b04a", "#eec06a"), motif="steps", tempo_bpm=108, rhythm="h.h.H...h.h.H...K...h.h.H.......K...",
        seed=3,
    ),
    Performer(
        "kestrel",
        Look(skin="#efc79b", hair="#17141c", style="swept", clothes="striped", cloth="#f4ead8", second="#c2413b",
             lips="#b76a5c", glasses="round", frame="#c79a3a", iris="#21140f", slant=0.05, eyes=0.82, nose=0.92,
             jaw=1.05, brows=1.1),
        wall=("#7fb6a0", "#93c5af"), motif="band", tempo_bpm=106, rhythm="K..K..S...K...S.K..K..S...K.Y...",
        seed=4, enters=-1,
    ),
    Performer(
        "finch",
        Look(skin="#a9683f", hair="#1d1318", style="puffs", clothes="dungarees", cloth="#f0c93d", second="#e9e2d3",
             lips="#9c4a3f", freckles=True, size=0.84, wide=1.05, jaw=0.92, chin=0.85, eyes=1.2, nose=0.85,
             brows=0.75, iris="#2d1a10", earrings="#e0533d"),
        wall=("#5d93c9", "#74a5d6"), motif="hill", tempo_bpm=110, rhythm="P...C...P.P.C...P...C.C.P...Y",
        seed=5,
    ),
    Performer(
        "crane",
        Look(skin="#b97a4e", hair="#1d1718", style="none", headwear="turban", fabric="#e2762b", trim="#c95f1c",
             clothes="kurta", cloth="#efe5d2", second="#c4a36a", beard="full", beard_colour="#241a1c", brows=1.35,
             lips="#94514a", iris="#2c1a10", nose=1.1),
        wall=("#5b3a63", "#6d4876"), motif="arch", tempo_bpm=102, rhythm="T..T..T...C...T..T..T...C...T...C",
        seed=6, enters=-1,
    ),
    Performer(
        "hoopoe",
        Look(skin="#e3ad86", hair="#c9c6c9", style="bun", clothes="shawl", cloth="#a33a4a", second="#7f2a3d",
             lips="#a8524f", age=1.0, eyes=0.78, slant=0.04, brows=0.7, brow="#8d878a", earrings="#4ba08a",
             iris="#23150f", wide=1.0, full=0.85),
        wall=("#a9b68c", "#bac69f"), motif="leaves", tempo_bpm=100, rhythm="R.R...P...R.R...S...R.R.P...R...S",
        seed=7,
    ),
    Performer(
        "robin",
        Look(skin="#f3cfb8", hair="#b5482a", style="bob", clothes="collar", cloth="#2e6b4f", second="#f3e9d6",
             lips="#c04b4b", freckles=True, iris="#4f7a4a", nose=0.9, brows=0.85, brow="#94401f", made_up=0.5,
             glasses="cat", frame="#1f3b57"),
        wall=("#e79aa0", "#efb0b2"), motif="sun", tempo_bpm=107, rhythm="h.h.S...h.h.S...K...S...H...K.S.",
        seed=8, enters=-1,
    ),
    Performer(
        "raven",
        Look(skin="#4d2f26", hair="#8f8a8a", style="none", clothes="jacket", cloth="#33517e", second="#f1e7d3",
             lips="#6f3434", beard="short", beard_colour="#a39d9b", full=1.2, nose=1.25, iris="#1d100b", age=0.6,
             jaw=1.1, brows=1.05, brow="#3a2a28", wide=1.02),
        wall=("#dd8a2f", "#e79c4b"), motif="steps", tempo_bpm=103, rhythm="K...Y.......K..KY.......K.K.Y...",
        seed=35,
    ),
    Performer(
        "swift",
        Look(skin="#f0cbb0", hair="#5a3a28", style="long", headwear="beanie", fabric="#d4503f", trim="#b43d32",
             clothes="hoodie", cloth="#566a8f", second="#e9dfcc", lips="#c0716a", iris="#5d7f93", jaw=0.95,
             nose=0.9, brows=1.1),
        wall=("#a79bd0", "#b8addc"), motif="band", tempo_bpm=109, rhythm="S..S..h.h...S..S..h.h...K...S..S",
        seed=21, enters=-1,
    ),
    Performer(
        "lark",
        Look(skin="#82502f", hair="#20161a", style="locs", headwear="wrap", fabric="#d9c23c", trim="#c2502f",
             clothes="crew", cloth="#d95f43", second="#b84a34", lips="#8a3540", full=1.3, nose=1.1, iris="#26150d",
             earrings="#f1e3c3", made_up=0.6, eyes=1.1, wide=0.97),
        wall=("#1f5a4b", "#2b6e5c"), motif="leaves", tempo_bpm=105, rhythm="C...C.C.H...C...C.C.H...C...H...",
        seed=11,
    ),
    Performer(
        "stork",
        Look(skin="#d8a077", hair="#2c2020", style="short", headwear="cap", fabric="#7a6a55", trim="#665743",
             clothes="waistcoat", cloth="#4b4a52", second="#f0e7d6", lips="#a75a4e", beard="moustache",
             beard_colour="#2c2020", iris="#3a2416", age=0.45, nose=1.25, brows=1.3, jaw=1.05),
        wall=("#e5d3a1", "#d6bf84"), motif="hill", tempo_bpm=101, rhythm="K.R.S.R.K.R.T...T.R.K...S...Y...",
        seed=54, enters=-1,
    ),
)  # fmt: skip
