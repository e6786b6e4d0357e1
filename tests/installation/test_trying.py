"""What has failed is tried again after growing pauses, and what has succeeded starts anew."""

from installation.trying import PAUSES, Trying


def test_pauses_grow_until_the_last_which_stays() -> None:
    trying, time, waited = Trying((1.0, 4.0)), 100.0, []
    assert trying.due(time) and trying.due(-1e9)
    for _ in range(4):
        trying.failed(time)
        pause = next(pause for pause in (1.0, 4.0) if trying.due(time + pause))
        assert not trying.due(time + pause - 0.001)
        waited.append(pause)
        time += pause
    assert waited == [1.0, 4.0, 4.0, 4.0] and trying.failures == 4


def test_after_a_success_the_next_failure_counts_as_the_first() -> None:
    trying = Trying()
    trying.failed(0.0)
    trying.failed(PAUSES[0])
    trying.succeeded()
    assert trying.failures == 0
    trying.failed(100.0)
    assert trying.due(100.0 + PAUSES[0]) and not trying.due(100.0 + PAUSES[0] - 0.001)
