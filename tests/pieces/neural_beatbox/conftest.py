"""What several tests of the beatbox need."""

import pytest

from installation.typography import Typesetter


@pytest.fixture(scope="module")
def setter() -> Typesetter:
    return Typesetter(system=False)
