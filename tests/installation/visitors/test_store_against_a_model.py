"""Any order of keeping, remembering, deleting, waiting and restarting, against a dictionary."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from installation.health.alerts import Board
from installation.visitors.film import JpegFilm, encode
from installation.visitors.retention import DAY_S
from installation.visitors.store import Store

FILM = JpegFilm([encode(np.zeros((8, 8, 3), np.uint8))], 30)
plain = some.dictionaries(
    some.text(max_size=4), some.none() | some.integers() | some.lists(some.booleans()), max_size=3
)


class StoreModel(RuleBasedStateMachine):
    """The model: id → (time it is over, number, derived), in order of keeping."""

    visits = Bundle("visits")

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.folder = Path(mkdtemp(dir=memory if memory.is_dir() else None))
        self.now = 1_800_000_000.0
        self.count = 0
        self.model: dict[str, tuple[float, int, dict | None]] = {}
        self.store = self.opened()

    def opened(self) -> Store:
        return Store(
            self.folder,
            clock=lambda: self.now,
            monotonic=lambda: self.now,
            reserve_bytes=0,
            board=Board(strict=True),
        )

    @rule(target=visits, days=some.integers(1, 5))
    def keep(self, days):
        self.count += 1
        visit = self.store.keep(np.full(10, self.count / 1000, np.float32), 8000, FILM, days * DAY_S)
        self.model[visit.id] = (self.now + days * DAY_S, self.count, None)
        return visit.id

    @rule(visit=visits, derived=plain)
    def remember(self, visit, derived):
        assert self.store.remember(visit, derived) == (visit in self.model)
        if visit in self.model:
            self.model[visit] = (*self.model[visit][:2], derived)

    @rule(visit=consumes(visits))
    def delete(self, visit):
        assert self.store.delete(visit) == (self.model.pop(visit, None) is not None)

    @rule(days=some.integers(0, 3), at_most=some.none() | some.integers(1, 5))
    def wait(self, days, at_most):
        self.now += days * DAY_S
        shorter = None if at_most is None else at_most * DAY_S
        ages = {visit: self.now - at for visit, at in self.kept_at().items()}
        over = {
            visit
            for visit, (until, _, _) in self.model.items()
            if until <= self.now or (shorter is not None and ages[visit] >= shorter)
        }
        assert set(self.store.expire(shorter)) == over
        for visit in over:
            del self.model[visit]

    def kept_at(self) -> dict[str, float]:
        return {visit.id: visit.at for visit in self.store.visits(10_000)}

    @rule(lose_ledger=some.booleans())
    def restart(self, lose_ledger):
        self.store.close()
        if lose_ledger:
            for path in self.folder.glob("visits.sqlite*"):
                path.unlink()
        self.store = self.opened()
        assert self.store.repairs.rescued == (len(self.model) if lose_ledger else 0)

    @invariant()
    def the_store_is_the_model(self):
        found = self.store.visits(10_000)
        assert [visit.id for visit in found] == list(self.model)
        for visit in found:
            _, number, derived = self.model[visit.id]
            assert visit.samples[0] == np.float32(number / 1000)
            assert visit.derived == derived
        assert len(list(self.store.media.iterdir())) == 3 * len(self.model)

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)


StoreModel.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None, derandomize=True)
TestStoreAgainstAModel = pytest.mark.timeout(120)(StoreModel.TestCase)
