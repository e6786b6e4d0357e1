"""Hands from picture to picture: every pointer is down once, then held, up once, and never stays for ever."""

from __future__ import annotations

import pytest

from installation.hands import LONGEST_REST_S, Contacts, Hands, Told
from installation.piece import Pointer


def told(hands: Hands) -> list[tuple[int, str]]:
    return [(pointer.id, pointer.phase) for pointer in hands.pointers]


def test_a_line_begins_under_the_finger_and_its_paths_have_no_gaps() -> None:
    contacts, path = Contacts(), []
    contacts.down("a", (0.1, 0.1))
    contacts.move("a", (0.2, 0.1))
    seen = [contacts.taken(0.0, 1.5)]
    contacts.move("a", (0.2, 0.3))
    contacts.move("a", (0.2, 0.3))
    contacts.move("a", (0.4, 0.3))
    seen.append(contacts.taken(0.1, 1.5))
    seen.append(contacts.taken(0.2, 1.5))
    contacts.up("a", (0.5, 0.3))
    seen.append(contacts.taken(0.3, 1.5))
    assert contacts.taken(0.4, 1.5) == Hands()
    assert [told(hands) for hands in seen] == [[(1, "down")], [(1, "held")], [(1, "held")], [(1, "up")]]
    path = [hands.pointers[0].path for hands in seen]
    assert path == [
        ((0.1, 0.1), (0.2, 0.1)),
        ((0.2, 0.1), (0.2, 0.3), (0.4, 0.3)),
        ((0.4, 0.3), (0.4, 0.3)),
        ((0.4, 0.3), (0.5, 0.3)),
    ]
    assert all((hands.pointers[0].x, hands.pointers[0].y) == hands.pointers[0].path[-1] for hands in seen)


def test_what_went_down_and_up_between_two_pictures_is_told_at_two() -> None:
    contacts = Contacts()
    for x in (0.1, 0.2):  # a finger that taps twice
        contacts.down("a", (x, 0.5))
        contacts.up("a", (x, 0.6))
    first = contacts.taken(0.0, 1.0)
    assert told(first) == [(1, "down"), (2, "down")] and first.pointers[1].path == ((0.2, 0.5), (0.2, 0.6))
    contacts.down("a", (0.3, 0.5))
    second = contacts.taken(0.1, 1.0)
    assert told(second) == [(1, "up"), (2, "up"), (3, "down")] and second.pointers[0].path == ((0.1, 0.6),) * 2
    assert told(contacts.taken(0.2, 1.0)) == [(3, "held")]


def test_only_the_first_finger_pulls() -> None:
    """Two together would pull twice as far, and two apart not at all."""
    contacts = Contacts()
    contacts.down("a", (0.1, 0.5))
    contacts.down("b", (0.9, 0.5))
    contacts.move("a", (0.2, 0.6))
    contacts.move("b", (0.3, 0.3))
    assert contacts.taken(0.0, 2.0).dragged == pytest.approx((0.2, 0.1))
    contacts.up("a")
    contacts.move("b", (0.4, 0.3))
    assert contacts.taken(0.1, 2.0).dragged == pytest.approx((0.2, 0.0)), "then the next one does, without a jump"
    assert contacts.taken(0.2, 2.0).dragged == (0, 0)


def test_a_finger_whose_end_got_lost_ends() -> None:
    contacts = Contacts()
    contacts.down("a", (0.1, 0.5))
    contacts.down("b", (0.2, 0.5))
    assert told(contacts.taken(0.0, 1.0)) == [(1, "down"), (2, "down")]
    contacts.move("b", (0.3, 0.5))
    assert told(contacts.taken(LONGEST_REST_S, 1.0)) == [(1, "held"), (2, "held")]
    assert told(contacts.taken(LONGEST_REST_S + 1, 1.0)) == [(1, "up"), (2, "held")]
    contacts.move("a", (0.9, 0.9))
    contacts.down("b", (0.4, 0.5))
    assert told(contacts.taken(LONGEST_REST_S + 2, 1.0)) == [(2, "up"), (3, "down")], "it comes down once more"
    contacts.lift_all()
    assert told(contacts.taken(LONGEST_REST_S + 3, 1.0)) == [(3, "up")]
    assert contacts.taken(LONGEST_REST_S + 4, 1.0) == Hands()


def test_a_piece_hears_of_no_finger_that_it_did_not_see_go_down_and_of_the_end_of_every_other() -> None:
    """Its turn begins while a finger is on the screen, or the doors close over one."""
    piece, old, new = Told(), Pointer(4, 0.1, 0.1, "held"), Pointer(5, 0.5, 0.5, "down")
    assert piece.of([old, new]) == (new,)
    held = Pointer(5, 0.6, 0.5, "held", ((0.5, 0.5), (0.6, 0.5)))
    assert piece.of([Pointer(4, 0.1, 0.1, "up"), held]) == (held,)
    assert piece.of([]) == (Pointer(5, 0.6, 0.5, "up"),) and piece.of([]) == ()
