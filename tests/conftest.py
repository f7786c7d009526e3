"""What every test gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Machines are busy: how long a case takes says nothing about it.
settings.register_profile("rimlight", deadline=None)
settings.load_profile("rimlight")


@pytest.fixture(autouse=True, scope="session")
def _nothing_was_fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have the best tier, which files get then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    """Fails a test after which a thread goes on that would keep the process from ending."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in left:
        thread.join(2)
    assert [thread.name for thread in left if thread.is_alive()] == []
