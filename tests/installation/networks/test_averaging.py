"""The average of a network over its training."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from installation.networks.averaging import follow


def test_parameters_and_statistics_are_drawn_along_and_counts_are_taken_over() -> None:
    average, network = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    with torch.no_grad():
        network.weight.fill_(3.0)
    network(torch.tensor([[4.0, 0.0], [8.0, 0.0]]))
    follow(average, network, 0.75)
    assert average.weight.tolist() == [1.5, 1.5] and average.weight.requires_grad
    assert average.running_mean is not None and network.running_mean is not None
    torch.testing.assert_close(average.running_mean, 0.25 * network.running_mean)
    assert average.num_batches_tracked is not None and int(average.num_batches_tracked) == 1
    follow(average, network, 0.0)
    torch.testing.assert_close(average.state_dict(), network.state_dict())


def test_another_architecture_is_no_average_of_this_one() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        follow(nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), 0.5)
