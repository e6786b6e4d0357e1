"""Room on the disk: how much is left for recordings, and which old ones make some for a new one.

A month of visitors may be more than the disk holds. Nobody is shown what is older than the newest few dozen visits,
but whoever comes now would be turned away for as long as the oldest was promised to stay. So the oldest go before
their time: never one of a work's newest, and only where that helps, as it does not where something else has filled
the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

RESERVE_BYTES = 500_000_000
LOW_RESERVES = 4  # `disk_low` is raised when less than so many reserves are left
ROOM_FOR_A_VISIT = 20_000_000
LEAST_ROOM = 4_000_000  # one visit takes less: where there is not even that, nobody is asked to record
NEWEST_KEPT = 128  # of each work's visits; none of ours shows more than 64
SPARED_AT_ONCE = 24  # old visits that go for a new one, at most


def to_spare(oldest: Sequence[tuple[str, int]], missing: int, wanted: int) -> list[str]:
    """Which of the `oldest` visits (id and bytes, the oldest first) go for `wanted` bytes, the next ones will need
    room too; none where all of them are not even the `missing` bytes."""
    spared, gained = [], 0
    for visit, size in oldest:
        if gained >= wanted:
            break
        spared.append(visit)
        gained += size
    return spared if gained >= missing else []


def left(free: int, reserve_bytes: int) -> str:
    """What is said of a disk that is full."""
    return f"{free / 1e6:.0f} MB left, of which {reserve_bytes / 1e6:.0f} MB are reserved"
