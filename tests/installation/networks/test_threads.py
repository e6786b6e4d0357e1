"""Threads: as many as are asked for, and afterwards as many as before, whatever happens and whoever else computes."""

import threading

import pytest
import torch

from installation.networks import threads as module
from installation.networks.threads import threads


def test_what_was_set_is_found_again_also_after_a_failure() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="failed"), threads(1):
        assert torch.get_num_threads() == 1
        with threads(2), threads(None):
            assert torch.get_num_threads() == 2
        with threads(None):
            assert torch.get_num_threads() == 1
        raise RuntimeError("failed")
    assert torch.get_num_threads() == before


def test_who_comes_to_torch_while_another_computes_in_one_thread_does_not_stay_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with threads(1):  # the process has begun
        pass
    monkeypatch.setattr(module, "_usual", 3)
    inside, go_on, seen = threading.Event(), threading.Event(), []

    def first() -> None:
        with threads(1):
            inside.set()
            assert go_on.wait(10)

    def second() -> None:
        with threads(None):
            seen.append(torch.get_num_threads())
        with threads(2):
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    workers = [threading.Thread(target=work) for work in (first, second)]
    workers[0].start()
    assert inside.wait(10)
    workers[1].start()
    workers[1].join(10)
    go_on.set()
    workers[0].join(10)
    monkeypatch.undo()
    with threads(1):  # and leave what it found
        pass
    assert seen == [3, 2, 3]
