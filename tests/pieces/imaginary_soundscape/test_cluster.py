"""A cluster listens as one machine does: the same index, few files ahead, and words where there is none."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pieces.imaginary_soundscape import cluster, encoders
from pieces.imaginary_soundscape.archive import Index
from pieces.imaginary_soundscape.cluster import Cluster, ClusterError, Listener
from tests.pieces.imaginary_soundscape.test_archive import Loudness, run, write


class Ray(SimpleNamespace):
    """Ray's face, as far as it is used; what is asked of it is done when its answer is fetched."""

    def __init__(self) -> None:
        super().__init__(asked=[], held=0, most=0, killed=0, fails=False)

    def is_initialized(self) -> bool:
        return True

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": 2.0}

    def remote(self, num_cpus: int) -> Callable[[type], Any]:
        def listener(kind: type) -> Any:
            def begin(*arguments: Any) -> Any:
                one = kind(*arguments)
                return SimpleNamespace(listen=SimpleNamespace(remote=lambda path: self._ask(one, path)))

            return SimpleNamespace(remote=begin)

        return listener

    def _ask(self, listener: Any, path: str) -> Any:
        self.asked.append(path)
        self.held += 1
        self.most = max(self.most, self.held)
        return lambda: listener.listen(path)

    def get(self, answer: Any) -> Any:
        self.held -= 1
        if self.fails:
            raise OSError("a machine went away")
        return answer()

    def kill(self, listener: Any) -> None:
        self.killed += 1


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    fake = Ray()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setattr(encoders, "load", lambda name: Loudness())
    return fake


def test_one_listener_hears_what_this_machine_hears(tmp_path: Path, ray: Ray) -> None:
    sound = write(tmp_path / "a.wav", 0.4)
    (tmp_path / "broken.ogg").write_bytes(b"OggS" + bytes(90))
    listener = Listener("loudness")
    assert listener.listen(str(sound)).point is not None
    broken = listener.listen(str(tmp_path / "broken.ogg"))
    assert broken.point is None and "cannot be read" in broken.wrong


def test_the_index_is_the_same_and_few_are_heard_ahead(tmp_path: Path, ray: Ray) -> None:
    for place in ("here", "there"):
        for number in range(30):
            write(tmp_path / place / f"{number:02}.wav", 0.1 + number / 50)
        write(tmp_path / place / "twin.wav", 0.1)
    alone = run(tmp_path / "here")
    encoder, index = Loudness(), Index(tmp_path / "there")
    many = Cluster(index.survey(encoder).unknown, "loudness")
    assert len(list(index.update(encoder, hear=many))) == 31
    many.close()
    assert (index.points() == alone.points()).all()
    assert [clip.path for clip in index.usable()] == [clip.path for clip in alone.usable()]
    assert encoder.heard == 0, "this process listens to nothing"
    assert ray.most <= cluster.AHEAD * 2 + 1
    assert ray.killed == 2
    assert Index(tmp_path / "there").survey(encoder).unknown == []


def test_a_machine_that_goes_away_is_named_and_what_was_heard_stays(tmp_path: Path, ray: Ray) -> None:
    for number in range(6):
        write(tmp_path / f"{number}.wav", 0.1 + number / 50)
    encoder, index = Loudness(), Index(tmp_path)
    many = Cluster(index.survey(encoder).unknown, "loudness")
    steps = index.update(encoder, hear=many)
    next(steps), next(steps)
    ray.fails = True
    with pytest.raises(ClusterError, match="went away"):
        next(steps)
    assert len(Index(tmp_path).survey(encoder).unknown) == 4


def test_without_ray_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match="pip install ray"):
        Cluster([], "own")


def test_nothing_imports_ray_unless_it_is_chosen() -> None:
    source = Path(cluster.__file__).read_text(encoding="utf-8")
    assert not [line for line in source.splitlines() if line.startswith(("import ray", "from ray"))]
