"""Threads: as many as are asked for, and afterwards as many as before, whatever happens."""

import pytest
import torch

from installation.networks.threads import threads


def test_what_was_set_is_found_again_also_after_a_failure() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError, match="failed"), threads(1):
        assert torch.get_num_threads() == 1
        with threads(2):
            assert torch.get_num_threads() == 2
        assert torch.get_num_threads() == 1
        raise RuntimeError("failed")
    assert torch.get_num_threads() == before
