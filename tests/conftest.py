"""What every test shares: the devices, and property tests that draw the same examples every time."""

import signal

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what it leaves in the background, and processes inherit it; tests of Ctrl-C would wait forever.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")


@pytest.fixture(params=["cpu"])
def device(request: pytest.FixtureRequest) -> str:
    """The name of each device that the suite runs on."""
    return request.param
