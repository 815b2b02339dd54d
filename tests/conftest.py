"""What every test shares: the devices, and property tests that draw the same examples every time."""

import pytest
from hypothesis import settings

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(params=["cpu"])
def device(request: pytest.FixtureRequest) -> str:
    """The name of each device that the suite runs on."""
    return request.param
