"""Who was handed out is told beside the rows, once each."""

from __future__ import annotations

from installation.visitors.given import Given


def test_who_has_a_row_is_not_told_twice() -> None:
    """Or they would be counted twice when their time is over while the disk is away."""
    given = Given()
    given.add("a", 10.0, 60.0)
    given.add("b", 20.0, 60.0)
    assert given.beside([("a", 11.0, 60.0), ("c", 30.0, 60.0)]) == [("b", 20.0, 60.0)]
    assert given.beside([]) == [("a", 10.0, 60.0), ("b", 20.0, 60.0)]
