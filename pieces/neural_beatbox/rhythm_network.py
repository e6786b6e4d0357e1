"""The rhythm network: what a drummer plays next, given what was played so far.

One distribution over two bars, written as a chain: step after step, and within a step drum after drum, each cell is a
hit or none, and a hit has a velocity and an offset (micro-timing). A cell sees the earlier steps through a recurrent
trunk, its own drum's past bar directly, and the drums already decided in its step; nothing later. How the chain is
played in a gallery is told in ``rhythm.py``, how it is trained in ``train_rhythm.py``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from pieces.neural_beatbox.phrase import BAR, DRUMS

LAGS = (1, 2, 3, 4, 6, 8, 12, 16)
"""Steps back at which the trunk sees all drums as they were."""
BEAT = 4
"""Steps in a beat."""
ELAPSED = 12
"""Beats since the start of a sequence that are told apart."""
REFERENCE_TEMPO_BPM = 110.0

BAR_QUANTILES = 33
"""Numbers that say how full real bars are."""
CELL = 3
"""Numbers in a cell: hit (0 or 1), velocity 0..1, offset in steps."""
CONDITION = 5 + len(DRUMS)
"""Numbers that describe what is wished at a step: see :func:`wishes`."""
STATISTICS = 2 * CELL
INPUTS = len(LAGS) * len(DRUMS) * CELL + len(DRUMS) * STATISTICS + BAR + ELAPSED + 1 + CONDITION


@dataclass(frozen=True)
class Architecture:
    """What rebuilds the network; kept in the model card."""

    members: int = 1
    width: int = 224
    layers: int = 2
    cell_width: int = 96
    dropout: float = 0.25
    velocity_bins: int = 24
    offset_bins: int = 41

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if name != "dropout" and value < 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout} must lie in 0..1")


@dataclass(frozen=True)
class Prediction:
    """The network's expectation of every cell from the cells before it.

    hit       [batch, steps, 9] logits
    velocity  [batch, steps, 9, bins] or [hits, bins] logits
    offset    the same with the bins of offsets
    """

    hit: Tensor
    velocity: Tensor
    offset: Tensor


def wishes(
    batch: int,
    steps: int,
    density: Tensor | None = None,
    fill: Tensor | None = None,
    kit: Tensor | None = None,
) -> Tensor:
    """What is wished of each step, or that nothing is known: float32 [batch, steps, 14].

    density: [batch, steps] 0..1, NaN = unknown: how full the bar of the step is, as a quantile of real bars
    fill:    [batch, steps] 1 = a fill, 0 = a beat, NaN = unknown
    kit:     [batch, 9] 1 = the kit has the drum, NaN = unknown
    """
    unknown = torch.full((batch, steps), torch.nan)
    density = unknown if density is None else density
    fill = unknown if fill is None else fill
    kit = torch.full((batch, len(DRUMS)), torch.nan) if kit is None else kit
    kit = kit[:, None].expand(batch, steps, len(DRUMS))
    return torch.cat(
        [
            torch.stack(
                [
                    density.nan_to_num(0.0),
                    (~density.isnan()).float(),
                    fill.nan_to_num(0.0),
                    (1.0 - fill).nan_to_num(0.0),
                    (~kit[..., 0].isnan()).float(),
                ],
                dim=-1,
            ),
            kit.nan_to_num(0.0),
        ],
        dim=-1,
    )


def last_bar(cells: Tensor) -> Tensor:
    """The 16 steps before each step, nearest first: [batch, steps, 9, 3] -> [batch, steps, 9, 16, 3]."""
    padded = functional.pad(cells, (0, 0, 0, 0, BAR, 0))
    windows = padded.unfold(1, BAR, 1)[:, :-1]  # [batch, steps, 9, 3, 16]
    return windows.flip(-1).transpose(-1, -2)


def statistics(cells: Tensor) -> Tensor:
    """What each drum did so far: [batch, steps, 9, 3] -> [batch, steps, 9, 6], strictly before each step.

    For the same sixteenth of the beat (this is where swing shows) and for all sixteenths:
    the logarithm of 1 + hits, mean velocity, mean offset.
    """
    batch, steps, drums, _ = cells.shape
    everywhere = cells.cumsum(1) - cells
    beats = functional.pad(cells, (0, 0, 0, 0, 0, -steps % BEAT)).view(batch, -1, BEAT, drums, CELL)
    phase = (beats.cumsum(1) - beats).view(batch, -1, drums, CELL)[:, :steps]
    parts = []
    for total in (phase, everywhere):
        count = total[..., :1]
        parts += [count.log1p(), total[..., 1:] / count.clamp(min=1.0)]
    return torch.cat(parts, dim=-1)


class Dropout(nn.Module):
    """Dropout whose mask stays the same along a sequence; a mask per number costs more than the network itself."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, values: Tensor) -> Tensor:
        """[batch, steps, ...] or, already picked cells, [hits, width]"""
        if not self.training or self.share == 0:
            return values
        shape = (values.shape[0], 1, *values.shape[2:]) if values.ndim > 2 else values.shape
        kept = torch.rand(shape, device=values.device) >= self.share
        return values * (kept.float() / (1.0 - self.share))


class Chain(nn.Module):
    """The cells of one step, drum after drum: [batch, steps, width] -> a vector for each cell.

    A cell's vector depends on the trunk, on its drum's own past bar and statistics, and on the cells of the
    drums before it in the same step.
    """

    before: Tensor

    def __init__(self, width: int, cell_width: int, dropout: float) -> None:
        super().__init__()
        drums = len(DRUMS)
        self.trunk = nn.Linear(width, drums * cell_width)
        self.own = nn.Linear(BAR * CELL + STATISTICS, cell_width, bias=False)
        self.same_step = nn.Parameter(torch.randn(drums, CELL, drums, cell_width) / (drums * CELL) ** 0.5)
        self.register_buffer("before", torch.ones(drums, drums).triu(1)[:, None, :, None], persistent=False)
        self.inner = nn.Linear(cell_width, cell_width)
        self.dropout = Dropout(dropout)

    def forward(self, trunk: Tensor, own: Tensor, cells: Tensor, where: Tensor | None = None) -> Tensor:
        """trunk [b, t, width], own [b, t, 9, past], cells [b, t, 9, 3] -> [b, t, 9, cell_width]

        where: bool [b, t, 9]; the result is then [hits, cell_width], of these cells only.
        """
        batch, steps, drums, _ = cells.shape
        weight = (self.same_step * self.before).view(drums * CELL, -1)
        total = self.trunk(trunk) + cells.reshape(batch, steps, -1) @ weight  # [b, t, 9 · cell_width]
        total = total.view(batch, steps, drums, -1)
        if where is not None:
            total, own = total[where], own[where]
        first = self.dropout(functional.relu(total + self.own(own)))
        return first + functional.relu(self.inner(first))

    def begin(self, trunk: Tensor, own: Tensor) -> Tensor:
        """What does not depend on the step itself: trunk [b, width], own [b, 9, past] -> [b, 9, cell_width]"""
        return self.trunk(trunk).view(len(trunk), len(DRUMS), -1) + self.own(own)


def describe(
    cells: Tensor, position: Tensor, tempo_bpm: Tensor, wish: Tensor, first: int = 0
) -> tuple[Tensor, Tensor]:
    """What trunk and chains see of steps first, first + 1, … of sequences that begin on a beat.

    cells [batch, steps, 9, 3]; position int64 [batch, steps] step in the bar; tempo_bpm [batch];
    wish [batch, steps, 14].
    Returns [batch, steps - first, inputs] and each drum's own past [batch, steps - first, 9, 54].
    """
    batch, steps = cells.shape[:2]
    rows = steps - first
    past = last_bar(cells[:, max(0, first - BAR) :])[:, -rows:]
    so_far = statistics(cells)[:, first:]
    own = torch.cat([past.flatten(3), so_far], dim=-1)
    elapsed = (torch.arange(first, steps, device=cells.device) // BEAT).clamp(max=ELAPSED - 1)
    tempo = (tempo_bpm / REFERENCE_TEMPO_BPM).log()[:, None, None].expand(batch, rows, 1)
    seen = torch.cat(
        [
            past[:, :, :, [lag - 1 for lag in LAGS]].transpose(2, 3).flatten(2),
            so_far.flatten(2),
            functional.one_hot(position[:, first:], BAR).float(),
            functional.one_hot(elapsed, ELAPSED).float().expand(batch, rows, ELAPSED),
            tempo,
            wish[:, first:],
        ],
        dim=-1,
    )
    return seen, own


class Member(nn.Module):
    """One trained network of the ensemble: trunk and two chains, one for hits, one for velocity and offset."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        drums = len(DRUMS)
        self.enter = nn.Sequential(nn.Linear(INPUTS, shape.width), nn.ReLU(), Dropout(shape.dropout))
        between = shape.dropout if shape.layers > 1 else 0.0
        self.trunk = nn.GRU(shape.width, shape.width, shape.layers, batch_first=True, dropout=between)
        self.leave = Dropout(shape.dropout)
        self.hit_chain = Chain(shape.width, shape.cell_width, shape.dropout)
        self.hit_weight = nn.Parameter(torch.zeros(drums, shape.cell_width))
        self.hit_bias = nn.Parameter(torch.full((drums,), -2.0))
        self.touch_chain = Chain(shape.width, shape.cell_width, shape.dropout)
        self.touch_head = nn.Linear(shape.cell_width, shape.velocity_bins + shape.offset_bins)

    def forward(self, seen: Tensor, own: Tensor, cells: Tensor, where: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits of hits [b, t, 9] and of touch [b, t, 9, bins], or [hits, bins] where asked."""
        trunk = self.leave(self.trunk(self.enter(seen))[0])
        vectors = self.hit_chain(trunk, own, cells)
        hit = (vectors @ self.hit_weight.T).diagonal(dim1=-2, dim2=-1) + self.hit_bias
        return hit, self.touch_head(self.touch_chain(trunk, own, cells, where))


class ChainWeights:
    """The chains of all members side by side, laid out for composing: one operation serves all members."""

    def __init__(self, chains: list[Chain]) -> None:
        self.same_step = [
            torch.stack([chain.same_step[:drum, :, drum].flatten(0, 1) for chain in chains])
            for drum in range(len(DRUMS))
        ]
        self.inner = torch.stack([chain.inner.weight.T for chain in chains])
        self.inner_bias = torch.stack([chain.inner.bias[None] for chain in chains])

    def go_on(self, base: Tensor, drum: int, now: Tensor) -> Tensor:
        """[members, batch, cell_width] of one cell, given :meth:`Chain.begin` of all and the step's cells so far."""
        first = functional.relu(base[:, :, drum] + now[:, :drum].flatten(1) @ self.same_step[drum])
        return first + functional.relu(torch.baddbmm(self.inner_bias, first, self.inner))


class Composer:
    """The network step after step, while a phrase is being composed; weights are copied when it is made.

    Below, `now` is [batch, 9, 3], the current step's cells as far as decided.
    """

    def __init__(self, network: RhythmNetwork) -> None:
        self.members = [cast(Member, module) for module in network.members]
        self.temperature = network.temperature
        self.velocity_bins = network.architecture.velocity_bins
        self.hit_chain = ChainWeights([member.hit_chain for member in self.members])
        self.touch_chain = ChainWeights([member.touch_chain for member in self.members])
        self.hit_weight = torch.stack([member.hit_weight for member in self.members])[..., None]
        self.hit_bias = torch.stack([member.hit_bias for member in self.members])[..., None]
        self.head = torch.stack([member.touch_head.weight.T for member in self.members])
        self.head_bias = torch.stack([member.touch_head.bias[None] for member in self.members])
        self.states: list[Tensor] = []
        self.heard = 0

    def listen(self, cells: Tensor, position: Tensor, tempo_bpm: Tensor, wish: Tensor, step: int) -> None:
        """Hear everything before `step`, which becomes the current one; steps must rise.

        Arguments as in :func:`describe`, cells that are not decided are zero.
        """
        end = step + 1
        seen, own = describe(cells[:, :end], position[:, :end], tempo_bpm, wish[:, :end], self.heard)
        hit, touch, after = [], [], []
        for number, member in enumerate(self.members):
            trunk, state = member.trunk(member.enter(seen), self.states[number] if self.states else None)
            hit.append(member.hit_chain.begin(trunk[:, -1], own[:, -1]))
            touch.append(member.touch_chain.begin(trunk[:, -1], own[:, -1]))
            after.append(state)
        self.hit_base, self.touch_base = torch.stack(hit), torch.stack(touch)
        self.states, self.heard = after, end

    def hit(self, drum: int, now: Tensor) -> Tensor:
        """The probability that this drum is hit: [batch]"""
        vector = self.hit_chain.go_on(self.hit_base, drum, now)
        logits = torch.bmm(vector, self.hit_weight[:, drum])[..., 0] + self.hit_bias[:, drum]
        return (mean_logit(list(logits)) / self.temperature).sigmoid()

    def touch(self, drum: int, now: Tensor) -> tuple[Tensor, Tensor]:
        """The probabilities of the bins of velocity and of offset, should this drum be hit: [batch, bins] each"""
        vector = self.touch_chain.go_on(self.touch_base, drum, now)
        logits = torch.baddbmm(self.head_bias, vector, self.head)
        velocity = logits[..., : self.velocity_bins].softmax(-1).mean(0)
        return velocity, logits[..., self.velocity_bins :].softmax(-1).mean(0)


class RhythmNetwork(nn.Module):
    """p(hit, velocity, offset of a cell | everything before it, tempo, wishes): the mean over the members.

    Buffers: velocity_centre [bins], the mean velocity of each bin; bar_hits [33], the quantiles of hits per real bar;
    temperature, by which logits of hits are divided because a network is too sure of what it was trained on.
    """

    velocity_centre: Tensor
    bar_hits: Tensor
    temperature: Tensor

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        shape = self.architecture = architecture or Architecture()
        self.members = nn.ModuleList(Member(shape) for _ in range(shape.members))
        centres = (torch.arange(shape.velocity_bins) + 0.5) / shape.velocity_bins
        self.register_buffer("velocity_centre", centres)
        self.register_buffer("bar_hits", torch.linspace(0.0, 32.0, BAR_QUANTILES))
        self.register_buffer("temperature", torch.ones(()))

    def forward(
        self, cells: Tensor, position: Tensor, tempo_bpm: Tensor, wish: Tensor, where: Tensor | None = None
    ) -> Prediction:
        """Predict all cells of known sequences (arguments as in :func:`describe`).

        where: bool [batch, steps, 9]; velocity and offset are given only for these cells, in order.
        """
        seen, own = describe(cells, position, tempo_bpm, wish)
        answers = [member(seen, own, cells, where) for member in self.members]
        bins = [self.architecture.velocity_bins, self.architecture.offset_bins]
        touches = [touch.split(bins, dim=-1) for _, touch in answers]
        return Prediction(
            mean_logit([hit for hit, _ in answers]) / self.temperature,
            mean_log([velocity for velocity, _ in touches]),
            mean_log([offset for _, offset in touches]),
        )

    def velocity_bin(self, velocity: Tensor) -> Tensor:
        """int64 bins of velocities 0..1."""
        bins = self.architecture.velocity_bins
        return (velocity * bins).long().clamp(0, bins - 1)

    def offset_bin(self, offset: Tensor) -> Tensor:
        """int64 bins of offsets -0.5..0.5 steps."""
        bins = self.architecture.offset_bins
        return ((offset + 0.5) * bins).long().clamp(0, bins - 1)


def mean_logit(logits: list[Tensor]) -> Tensor:
    """The logit of the mean probability."""
    if len(logits) == 1:
        return logits[0]
    hit = torch.stack([functional.logsigmoid(each) for each in logits]).logsumexp(0)
    rest = torch.stack([functional.logsigmoid(-each) for each in logits]).logsumexp(0)
    return hit - rest


def mean_log(logits: list[Tensor]) -> Tensor:
    """Logits of the mean of distributions over the last axis."""
    if len(logits) == 1:
        return logits[0]
    return torch.stack([each.log_softmax(-1) for each in logits]).logsumexp(0)


def mean_velocity(probabilities: Tensor, centres: Tensor) -> Tensor:
    """[..., bins] -> [...]: the expectation, which minimises the squared error."""
    return probabilities @ centres


def median_offset(probabilities: Tensor) -> Tensor:
    """[..., bins] -> [...] in steps: the median, which minimises the absolute error; linear within a bin."""
    bins = probabilities.shape[-1]
    total = probabilities.cumsum(-1)
    index = (total < 0.5).sum(-1, keepdim=True).clamp(max=bins - 1)
    inside = probabilities.gather(-1, index)
    below = total.gather(-1, index) - inside
    return ((index + (0.5 - below) / inside.clamp(min=1e-9)) / bins - 0.5).squeeze(-1)
