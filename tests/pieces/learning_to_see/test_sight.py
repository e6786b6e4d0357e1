"""The network beside the frame loop: one picture in flight, the size that keeps pace, and whatever fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from installation.health import alerts
from pieces.learning_to_see import loading
from pieces.learning_to_see.loading import Wish, size_of
from tests.pieces.learning_to_see.painter import Room, Studio, ramp


def sides(studio: Studio) -> list[int]:
    return [round((painter.size[0] * painter.size[1]) ** 0.5, -1) for painter in studio.painters]  # type: ignore[misc]


def pace(room: Room, studio: Studio, slow: float, quick: float) -> None:
    """Pictures of 512 px and more take `slow` seconds each, smaller ones `quick`."""

    def seconds(work: Callable[..., Any], declared: float) -> float:
        each = slow if studio.painters and studio.painter.size[0] * studio.painter.size[1] > 300**2 else quick
        return {"see": each, "_passes": each * loading.TRIAL_PASSES}.get(work.__name__, declared)

    room.computer.seconds = seconds


# ---- size and pace ----------------------------------------------------------------------------------------------


def test_the_largest_size_that_keeps_pace_is_taken(studio: Studio) -> None:
    room = Room()
    pace(room, studio, slow=0.03, quick=0.01)
    room.run(3)
    assert sides(studio) == [510] and room.alerts == []


def test_a_machine_that_is_too_slow_gets_the_smaller_one(studio: Studio) -> None:
    room = Room()
    pace(room, studio, slow=0.09, quick=0.02)
    room.run(4)
    assert sides(studio) == [510, 260] and room.alerts == []
    assert studio.painter.mixtures, "and sees with it"


def test_a_gpu_begins_higher_and_a_wish_is_a_wish(studio: Studio) -> None:
    Room(gpu="cuda:0").run(2)
    assert sides(studio) == [1020]
    slow = Room(detail=512)
    pace(slow, studio, slow=0.5, quick=0.5)
    slow.run(2)
    assert sides(studio)[1:] == [510], "what the curator asks for is not timed"


def test_one_picture_is_in_flight_and_never_two(studio: Studio) -> None:
    room = Room(detail=256)
    pace(room, studio, slow=0.25, quick=0.25)
    room.run(1.0)
    before = room.computer.started.count("see")
    room.run(2.0)
    assert room.computer.started.count("see") - before == pytest.approx(2.0 / (0.25 + 1 / 30), abs=1.5)


def test_the_answer_is_there_within_two_camera_pictures(studio: Studio) -> None:
    """With a network that just keeps pace: something bright comes at once, and 67 ms later it is to be seen."""
    import numpy as np

    from tests.pieces.learning_to_see.painter import grey

    room = Room(detail=256, auto_levels=False, dreaminess=0.0, crop="square", worlds=["clouds"])
    pace(room, studio, slow=0.05, quick=0.05)
    level = [40]
    room.camera = lambda time: (grey(level[0]), int(time * 30))
    room.run(6)
    asked = room.computer.started.count("see")
    while room.computer.started.count("see") == asked:
        room.step()
    room.step()  # a picture takes two frames: at the next one the network is free
    level[0] = 220
    brightness = [float(np.mean(room.part(room.step(), "seen"))) for _ in range(6)]
    late = next(number for number, value in enumerate(brightness) if value > 1.5 * brightness[0])
    assert late == 2


def test_a_picture_that_was_answered_is_not_asked_again(studio: Studio) -> None:
    """Before a camera of five pictures a second the network rests; a blend or another setting wakes it."""
    room = Room(detail=256, blend="1 s", dreaminess=0)
    room.camera = lambda time: (ramp(), 5)
    room.run(8)
    asked = len(studio.painter.mixtures)
    room.run(5)
    assert len(studio.painter.mixtures) == asked, "and is not taken for blind"
    assert room.piece._sight.sees(room.time)
    room.step("next")
    room.run(2)
    assert len(studio.painter.mixtures) > asked + 20 and studio.painter.mixtures[-1] == {"fire": 1.0}


@pytest.mark.parametrize(
    ("side", "aspect", "size"),
    [(512, 1.0, (512, 512)), (512, 16 / 9, (680, 384)), (256, 9 / 16, (192, 344)), (256, 30.0, (1400, 64))],
)
def test_sizes_have_as_many_pixels_as_their_square(side: int, aspect: float, size: tuple[int, int]) -> None:
    assert size_of(side, aspect) == size


# ---- memory and faults -------------------------------------------------------------------------------------------


def test_without_memory_for_the_large_size_the_smaller_is_taken_and_said(studio: Studio) -> None:
    studio.room = 300
    room = Room(gpu="cuda:0")
    room.run(4)
    assert sides(studio) == [260] and studio.painter.mixtures
    assert room.alerts == ["picture_shrunk", "picture_shrunk"], "1024 → 512 → 256"


def test_memory_that_runs_out_while_seeing_costs_size_and_not_the_show(studio: Studio) -> None:
    room = Room(detail=512)
    room.run(3)
    studio.painter.fault = RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB")
    room.run(3)
    assert sides(studio) == [510, 260] and room.alerts == ["picture_shrunk"]
    assert studio.painter.mixtures


def test_without_any_memory_the_room_goes_on_and_tries_again(studio: Studio) -> None:
    studio.room = 0
    room = Room()
    room.run(3)
    assert room.alerts == ["picture_shrunk", "network_failed"]
    studio.room = 10_000
    room.run(8)
    assert studio.painters and studio.painter.mixtures
    assert [alert.name for alert in alerts.board().active()] == ["picture_shrunk"]


def test_a_network_that_failed_is_not_named_any_more_once_another_is_there(studio: Studio) -> None:
    room = Room(detail=256)
    room.run(2)
    studio.fault = ValueError("something odd")
    room.change(detail=512)
    room.run(2)
    assert [alert.name for alert in alerts.board().active()] == ["network_failed"]
    studio.fault = None
    room.change(detail=1024)
    room.run(3)
    assert len(studio.painters) == 2 and alerts.board().active() == []


def test_an_error_that_poisons_cuda_is_left_to_the_runtime(studio: Studio) -> None:
    room = Room(gpu="cuda:0")
    room.run(3)
    studio.painter.fault = RuntimeError("CUDA error: an illegal memory access was encountered")
    with pytest.raises(RuntimeError, match="illegal memory"):
        room.run(1)


def test_a_network_that_fails_is_asked_again_less_and_less_often(studio: Studio) -> None:
    room = Room(detail=256, hz=10.0)
    room.run(3)
    studio.painter.fault = ValueError("something odd")
    room.run(20)
    assert set(room.alerts) == {"network_failed"} and 3 <= len(room.alerts) <= 5
    studio.painter.fault = None
    before = len(studio.painter.mixtures)
    room.run(31)
    assert len(studio.painter.mixtures) > before + 5, "and is welcome back"
    assert alerts.board().active() == []


# ---- wishes -------------------------------------------------------------------------------------------------------


def test_a_wish_that_is_granted_is_not_granted_twice() -> None:
    wish = Wish(("sea",), "auto", 1.0)
    assert wish.same(Wish(("sea",), "auto", 1.0, ("fire",))) and not wish.same(Wish(("sea",), 256, 1.0))
    assert not wish.same(None)
    assert not wish.same(Wish(("sea",), "auto", 1.0, stamps=((1, 2, 3, 4), None))), "trained again"


def test_a_missing_world_is_named_and_the_others_go_on(studio: Studio) -> None:
    studio.missing = {"fire"}
    room = Room(change_every="5 s", blend="1 s", hz=10.0, detail=256)
    room.run(18)
    assert room.alerts == ["weights_invalid"]
    seen = {world for mixture in studio.painter.mixtures for world in mixture}
    assert seen == {"sea", "flowers", "clouds"}


def test_a_faulty_world_is_not_named_any_more_once_nobody_wishes_for_it(studio: Studio) -> None:
    studio.missing = {"parent", "gold"}
    room = Room(detail=256, worlds=["fire", "parent", "gold"])
    room.run(3)
    assert {alert.about for alert in alerts.board().active()} == {"learning_to_see.parent", "learning_to_see.gold"}
    room.change(detail=256, worlds=["fire", "gold"])
    room.run(3)
    assert [alert.about for alert in alerts.board().active()] == ["learning_to_see.gold"]
    studio.fault = ValueError("something odd")
    room.change(detail=256, worlds=["fire"])
    room.run(0.2)
    assert "weights_invalid" not in [alert.name for alert in alerts.board().active()], "whatever else is wrong"


def test_without_any_world_the_camera_goes_on(studio: Studio) -> None:
    studio.missing = {"sea", "fire", "flowers", "clouds"}
    room = Room()
    picture = room.run(4)
    assert room.alerts == ["weights_invalid"] * 4
    assert room.part(picture, "camera").std() > 30, "the camera is to be seen"
    assert room.part(picture, "seen").std() > 10, "and beside it what a network would be given"
