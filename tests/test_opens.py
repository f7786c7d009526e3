import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("inotify is of Linux", allow_module_level=True)

from rimlight.opens import open_opens


def test_opens_and_closes_are_told_once(tmp_path: Path) -> None:
    device = tmp_path / "video10"
    device.touch()
    with open_opens(str(device)) as told:
        assert not told.wait(0)
        with device.open():
            assert told.wait(10)
            assert not told.wait(0)
        assert told.wait(10)
        assert not told.wait(0)
