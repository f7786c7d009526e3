"""Large blocks of memory go back to the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    "CS_GNU_LIBC_VERSION" not in getattr(os, "confstr_names", {}), reason="about glibc's allocator"
)

PROBE = """
import ctypes
from rimlight.allocator import give_large_blocks_back
{call}
class Held(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Held
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(6 << 20))
before = libc.mallinfo2().hblks
libc.malloc(6 << 20)
print(libc.mallinfo2().hblks - before)
"""


@pytest.mark.parametrize(("call", "of_their_own"), [("", 0), ("give_large_blocks_back()", 1)])
def test_a_large_block_after_another_is_again_one_of_its_own(call: str, of_their_own: int) -> None:
    command = [sys.executable, "-c", PROBE.format(call=call)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(told.stdout) == of_their_own
