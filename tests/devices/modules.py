"""The lab's drivers, taken out of the guest's kernel and put back in: devices vanish and come under new numbers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rimlight.v4l2 import holders

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vcam-vm"
LAB = Path(os.environ.get("VCAM_VM_CACHE") or _CACHE)
BUSYBOX = LAB / "tools" / "busybox"
MODULES = LAB / "uml" / "modules"

takes_drivers_out = pytest.mark.skipif(
    os.environ.get("VCAM_VM") != "uml" or not MODULES.is_dir(),
    reason="only the guest's start finds the drivers' files",
)


def take_out(module: str) -> bool:
    """False if it is in use: that is while any device of it is open."""
    return subprocess.run([BUSYBOX, "rmmod", module], capture_output=True, check=False).returncode == 0


def put_in(module: str, *options: str) -> None:
    subprocess.run([BUSYBOX, "insmod", MODULES / f"{module}.ko", *options], check=True, capture_output=True)


def put_vivid_in(number: int) -> None:
    """As `run` has it, at this number."""
    put_in("vivid", *f"n_devs=1 node_types=1 num_inputs=1 input_types=0 vid_cap_nr={number} no_error_inj=0".split())


def put_loopback_in(first: int) -> None:
    """As `vm-run` has it, at this number and the next one."""
    numbers = f"video_nr={first},{first + 1}"
    put_in("v4l2loopback", "devices=2", numbers, "exclusive_caps=1,1", 'card_label="Virtual Camera,Fake Webcam"')


def handles() -> list[str]:
    """What this process has open."""
    return sorted(str(handle.readlink()) for handle in Path("/proc/self/fd").iterdir() if handle.is_symlink())


def feeder() -> int:
    """The process that plays the fake webcam."""
    (who,) = holders("/dev/video11")
    return int(who.rpartition(" ")[2].rstrip(")"))
