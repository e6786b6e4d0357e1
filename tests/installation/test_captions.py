"""Captions: nothing of a letter is cut off, whatever it wears; what counts down says so; what nobody could read in
time is not said."""

from __future__ import annotations

import numpy as np
import pytest

from installation.captions import KEYS, LANGUAGE_SECONDS, OPEN, TAKE_BACK, Captions, Inks, Place
from installation.columns import Column
from installation.drawing import Rect, luminance
from installation.footer import place
from installation.piece import Booth, CameraView, Moment, Picture, Size
from installation.texts import built_in, every_text, filled
from installation.typography import Typesetter

TALL = ("Ấ vous, Ǻngström", "Über Änderungen")
DEEP = ("a song, glad & jolly", "À gauche, ça va")
GROUND, TYPE = Inks().ground, Inks().type
LINES = {"landscape": ((1280, 720), 2.0), "upright": ((720, 1280), 4.4), "one line": ((1280, 720), 1.1)}


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(system=False)


def captions(setter: Typesetter, *lines: str, back: str = "Press again") -> Captions:
    return Captions(setter, {**{key: lines for key in KEYS.values()}, TAKE_BACK: (back,)})


def composed(made: Captions, where: Place, booth: Booth) -> Picture:
    found = [picture for picture in made._compose(where, booth) if picture is not None]
    assert len(found) == 1
    return found[0]


def roomy(made: Captions, size: Size, booth: Booth) -> Place:
    """A place as high as the caption wants it."""
    return place(size, made.lines(booth, place(size, 2.0)))


def whole(where: Place) -> Size:
    """The size of the picture at whose foot a place is."""
    return round(where.room.width + 2 * where.room.x), round(where.room.y + where.room.height + where.room.x)


def ink(picture: Picture) -> int:
    return int(np.abs(picture.astype(int) - np.array(GROUND)).sum())


@pytest.mark.parametrize("texts", [TALL, DEEP, ("Ấgj",), (*TALL, *DEEP)])
@pytest.mark.parametrize("height", [48, 90, 260])
def test_nothing_of_a_letter_is_cut_off(setter: Typesetter, texts: tuple[str, ...], height: int) -> None:
    """What fits its room is whole: with room above and below there is no more of it to be seen."""
    made = captions(setter, "x")
    amounts = []
    for around in (0, 200):
        picture = np.full((height + 2 * around, 900, 3), GROUND, np.uint8)
        for _ in made._columns.set(picture, Column(texts, Rect(0, around, 900, height), 60.0, TYPE), GROUND):
            pass
        amounts.append(ink(picture))
    assert amounts[0] > 0.999 * amounts[1] > 0, "all but the softest edge"


@pytest.fixture(params=["from the left", "from the right"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which way it is read. The type at hand may have no Arabic: Latin is laid out as if it were."""
    if request.param == "from the right":
        for module in ("captions", "columns"):
            monkeypatch.setattr(f"installation.{module}.right_to_left", lambda text: True)
    return str(request.param)


@pytest.mark.parametrize("key", ["kept", "take_back", "invitation"])
@pytest.mark.parametrize("language", ["en", "de", "ru"])
def test_no_line_is_broader_than_its_room(setter: Typesetter, way: str, language: str, key: str) -> None:
    """Whatever the size of letters that its room allows is rounded to."""
    text = filled(built_in()[language].lines[key], language, 30 * 86400, 20)
    made = captions(setter, "x")
    for width in range(180, 900, 23):
        amounts = []
        for beside in (0, 60):
            picture = np.full((300, width + 2 * beside, 3), GROUND, np.uint8)
            for _ in made._columns.set(picture, Column((text,), Rect(beside, 0, width, 300), 60.0, TYPE), GROUND):
                pass
            amounts.append(ink(picture))
        assert amounts[0] > 0.999 * amounts[1] > 0, f"cut at {width} pixels"


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (2560, 1440), (1080, 1920)])
@pytest.mark.parametrize("phase", KEYS)
def test_long_wording_is_set_in_every_phase(setter: Typesetter, way: str, phase: str, size: tuple[int, int]) -> None:
    for languages in (("de",), ("fr", "en"), ("ru", "de", "fr", "it")):
        made = Captions(setter, every_text(languages, {}, 30 * 86400, 20, {}))
        for lines in (1.1, 2.0, 3.3, 4.4):
            booth = Booth(phase, since=1.0, left=9.0)  # type: ignore[arg-type]
            assert ink(composed(made, place(size, lines), booth)) > 0


@pytest.mark.parametrize("where", LINES)
@pytest.mark.parametrize("phase", KEYS)
def test_no_phase_cuts_accents(setter: Typesetter, phase: str, where: str) -> None:
    size, lines = LINES[where]
    made = captions(setter, TALL[0], back=DEEP[1])
    picture = composed(made, place(size, lines), Booth(phase, left=3.0))  # type: ignore[arg-type]
    assert ink(picture) > 0
    rows = np.abs(picture.astype(int) - np.array(GROUND)).sum(axis=(1, 2))
    first = np.flatnonzero(rows)[0]
    assert rows[first] < 0.5 * rows[: len(rows) // 2].max(), (
        "an accent begins with little ink, a cut letter with much"
    )


def test_an_accent_in_the_first_line_does_not_make_a_line_too_many(setter: Typesetter) -> None:
    made = captions(setter, "x")
    room = Rect(0, 0, 500, 120)
    plain, accented = (made._columns.fitting((text,), room, 60.0) for text in ("One line", "Ǻn line"))
    assert 0.7 * plain < accented <= plain


def test_the_seconds_until_it_begins_are_counted(setter: Typesetter) -> None:
    where = place((1280, 720), 2.0)
    made = captions(setter, "We keep your sound and film here for thirty days, and then we delete them, all of them")
    picture = composed(made, where, Booth("asking", since=1.0, left=4.0))
    ring = round(made._ring_place(where).width)
    assert ink(picture[:, -ring:]) == 0, "its place is free"
    rings = []
    for left in (4.0, 1.0):
        part = picture.copy()
        made._ringed = 1.0
        made._countdown(part, where, Booth("asking", since=5.0 - left, left=left))
        rings.append(ink(part[:, -ring:]))
    assert rings[0] > rings[1] > 0


@pytest.mark.parametrize(("seconds", "said"), [(20.0, True), (1.5, False)])
def test_of_taking_back_only_who_can_read_it_is_told(setter: Typesetter, seconds: float, said: bool) -> None:
    where = place((1280, 720), 3.0)
    booth = Booth("joined", since=0.5, left=seconds - 0.5)
    told = [
        composed(captions(setter, "You are in", back=back), where, booth) for back in ("Press again", "Anything else")
    ]
    assert np.array_equal(*told) != said


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160), (1080, 1920)])
@pytest.mark.parametrize("languages", [("de", "en"), ("en", "de"), ("fr", "en", "de"), ("de", "en", "fr", "it")])
def test_what_is_kept_is_read_in_every_language(
    setter: Typesetter, size: tuple[int, int], languages: tuple[str, ...]
) -> None:
    """It is what a visitor agrees to: capitals of a fortieth of the short side, and none smaller than another."""
    made = Captions(setter, every_text(languages, {}, 30 * 86400, 20, {}))
    booth = Booth("asking", since=0.5, left=4.5)
    where = roomy(made, size, booth)
    columns = made._divided(where, booth, made._said("kept"))
    assert [column.texts for column in columns] == [(text,) for text in made._said("kept")]
    caps = [made._columns.fitting(column.texts, column.room, column.cap) for column in columns]
    assert min(caps) >= min(size) / 40
    assert min(caps) > 0.95 * max(caps)
    ring = made._ring_place(where)
    for room in (column.room for column in columns):
        assert room.x + room.width <= where.room.width + 0.01
        clear = room.x + room.width <= ring.x or room.y + room.height <= ring.y or room.y >= ring.y + ring.height
        assert clear, "none under the ring"


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (1080, 1920)])
@pytest.mark.parametrize("phase", ["counting", "performing", "listening", "unheard", "withdrawn", "full"])
@pytest.mark.parametrize(
    ("languages", "least"), [(("en", "de"), 0.5), (("de", "en", "fr"), 0.42), (("ru", "de", "fr", "it"), 0.34)]
)
def test_the_further_languages_use_the_room_that_the_first_leaves(
    setter: Typesetter, way: str, languages: tuple[str, ...], least: float, phase: str, size: tuple[int, int]
) -> None:
    made = Captions(setter, every_text(languages, {}, 30 * 86400, 20, {}))
    booth = Booth(phase)  # type: ignore[arg-type]
    where = roomy(made, size, booth)
    first, *others = made._divided(where, booth, made._said(KEYS[booth.phase]))
    assert sum(len(column.texts) for column in others) == len(languages) - 1
    caps = [made._columns.fitting(column.texts, column.room, column.cap) for column in others]
    if phase in ("counting", "listening") and len(languages) < 4:
        least = 0.68
    assert made._columns.fitting(first.texts, first.room, first.cap) > max(caps) >= min(caps) >= least * where.cap
    assert luminance(others[0].colour) > 0.5 * luminance(TYPE), "quieter, and no grey"
    whole, alone = (np.full((round(where.room.height), round(where.room.width), 3), GROUND, np.uint8) for _ in "12")
    amount = 0
    for column in (first, *others):
        alone[:] = GROUND
        for picture in (whole, alone):
            for _ in made._columns.set(picture, column, GROUND):
                pass
        amount += ink(alone)
    assert ink(whole) > 0.999 * amount, "nothing lies on another"


@pytest.mark.parametrize(
    ("phase", "lines"), [("idle", ["Press the button", "and lend us a sound"]), ("asking", 3), ("performing", 2)]
)
def test_upright_a_text_takes_few_lines(setter: Typesetter, phase: str, lines: list[str] | int) -> None:
    made = Captions(setter, every_text(("en",), {}, 30 * 86400, 20, {}))
    booth = Booth(phase, since=0.5, left=4.0)  # type: ignore[arg-type]
    (column,) = made._divided(place((1080, 1920), 4.4), booth, made._said(KEYS[booth.phase]))
    cap = made._columns.fitting(column.texts, column.room, column.cap)
    found = made._columns.lines(column.texts, cap, column.room.width)
    assert (found if isinstance(lines, list) else len(found)) == lines


@pytest.mark.parametrize("language", ["en", "de", "fr", "ru"])
@pytest.mark.parametrize("phase", ["asking", "joined"])
def test_upright_the_ring_takes_no_room_from_the_words_beside_it(
    setter: Typesetter, phase: str, language: str
) -> None:
    """What is kept, and how it is taken back, is set as large as a line that nothing is counted beside."""
    made = Captions(setter, every_text((language,), {}, 30 * 86400, 20, {}))
    size, booth = (1080, 1920), Booth(phase, since=0.5, left=19.5)  # type: ignore[arg-type]
    where = roomy(made, size, booth)
    columns, ring = made._divided(where, booth, made._said(KEYS[booth.phase])), made._ring_place(where)
    picture = composed(made, where, booth)
    assert ink(picture[round(ring.y) :]) == 0, "its place is free"
    for column in columns:
        assert column.room.width == where.room.width
        assert made._columns.fitting(column.texts, column.room, column.cap) >= 0.72 * where.cap


def test_how_to_take_it_back_is_as_bright_as_what_was_agreed_to(setter: Typesetter) -> None:
    for size, lines in LINES.values():
        made = captions(setter, "Now you are a part of it")
        columns = made._divided(place(size, lines), Booth("joined", left=20.0), made._said("joined"))
        assert [column.colour for column in columns] == [TYPE, TYPE]


@pytest.mark.parametrize("size", [(1280, 720), (1080, 1920)])
def test_what_stands_beside_it_keeps_its_size_through_a_visit(setter: Typesetter, size: Size) -> None:
    made = Captions(setter, every_text(("de", "en"), {}, 30 * 86400, 20, {}))
    assert len({roomy(made, size, Booth(phase)) for phase in OPEN}) == 1


def test_where_nothing_takes_it_back_no_seconds_run_out(setter: Typesetter) -> None:
    """Where only a sound counts as the button nothing is said of taking back: a ring would count down to nothing."""
    where = place((1280, 720), 3.0)
    booth = Booth("joined", since=0.5, left=19.5)
    for back, ringed in (("Press again", True), ("", False)):
        made = captions(setter, "You are in", back=back)
        canvas = np.full((720, 1280, 3), GROUND, np.uint8)
        for number in range(60):
            moment = Moment(
                number, number / 30, 1 / 30, (1280, 720), CameraView(np.zeros((9, 16, 3), np.uint8)), booth=booth
            )
            made.advance(moment, where)
            made.paint(canvas, where, moment, True)
        right = canvas[round(where.room.y) :, round(where.room.x + made._ring_place(where).x) :]
        assert (ink(right) > 0) == ringed
        assert made.runs_out(booth) == ringed


def test_what_is_said_large_is_never_smaller_than_the_small_print(setter: Typesetter) -> None:
    for size, lines in LINES.values():
        made = captions(setter, "Now you are a part of all of it, for good", back="Changed your mind? Press")
        first, back = made._divided(place(size, lines), Booth("joined", left=20.0), made._said("joined"))
        assert first.cap >= back.cap
        assert first.room.y + 0.99 * first.cap < back.room.y


def sums(made: Captions, where: Place, phase: str, seconds: float) -> list[tuple[int, int]]:
    """How much ink of words, and of the ring, there is in each frame of a phase."""
    width, height = size = whole(where)
    canvas = np.full((height, width, 3), GROUND, np.uint8)
    still = CameraView(np.zeros((9, 16, 3), np.uint8))
    amounts = []
    for number in range(round(seconds * 30)):
        time = number / 30
        booth = Booth(phase, since=time, left=20.0 - time if phase == "joined" else 0.0)  # type: ignore[arg-type]
        moment = Moment(number, time, 1 / 30, size, still, booth=booth)
        made.advance(moment, where)
        made.paint(canvas, where, moment, False)
        right = round(made._ring_place(where).x) if made.runs_out(booth) else width
        caption = canvas[round(where.room.y) :, round(where.room.x) :]
        amounts.append((ink(caption[:, :right]), ink(caption[:, right:])))
    return amounts


@pytest.mark.parametrize("phase", ["idle", "joined"])
def test_words_that_no_other_words_follow_stand_still(setter: Typesetter, phase: str) -> None:
    """With one language, or the same words in two, there is nothing to come in their place."""
    where = place((640, 360), 3.0)
    for lines in (("Press the button",), ("Press the button", "Press the button")):
        shown = [words for words, _ in sums(captions(setter, *lines), where, phase, 2.5 * LANGUAGE_SECONDS)][45:]
        assert min(shown) == max(shown) > 0
    two = sums(captions(setter, "Press the button", "Auf den Knopf"), where, phase, 2.5 * LANGUAGE_SECONDS)[45:]
    assert min(words for words, _ in two) == 0, "other words come once these are gone"
    assert phase == "idle" or min(ring for _, ring in two) > 0, "the seconds are counted meanwhile"


@pytest.mark.parametrize("languages", [1, 2, 3, 6])
def test_who_may_take_a_recording_back_is_told_so_in_every_language_meanwhile(
    setter: Typesetter, languages: int
) -> None:
    """With six languages, three were never reached within the twenty seconds."""
    told = [f"press again {number}" for number in range(languages)]
    made = Captions(setter, {KEYS["joined"]: [f"joined {number}" for number in range(languages)], TAKE_BACK: told})
    where, still, seen = place((640, 360), 3.0), CameraView(np.zeros((9, 16, 3), np.uint8)), set()
    for number in range(600):
        booth = Booth("joined", since=number / 30, left=20.0 - number / 30)
        made.advance(Moment(number, number / 30, 1 / 30, whole(where), still, booth=booth), where)
        if number < 600 - 45:  # what comes in the last second and a half is not read
            seen |= {text for texts in made._wording(booth) for text in texts}
    assert set(told) <= seen


@pytest.mark.parametrize("phase", ["asking", "joined"])
def test_the_ring_comes_with_its_words(setter: Typesetter, phase: str) -> None:
    shown = sums(captions(setter, "We keep your sound"), place((640, 360), 3.0), phase, 1.0)
    words, ring = (np.array(amounts, float) / max(amounts) for amounts in zip(*shown, strict=True))
    assert np.count_nonzero((words > 0) & (words < 0.9)) > 5, "the words fade in"
    assert np.abs(words - ring).max() < 0.1
