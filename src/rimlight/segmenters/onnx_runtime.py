"""ONNX Runtime, loaded so that it tells nobody: it, too, reports to its maker unless it is kept from that.

Seen with strace: from version 1.29 on, its builds start a thread when they are loaded, leave a number that names
this user in ~/.cache/Microsoft, and nine seconds later look up a host of its maker's, to post which models are run
and how fast. A variable that its makers document (Privacy.md in the wheel) prevents the thread, the number and the
posts. Linux sees to it besides, in case a version to come reads another variable.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

from rimlight.segmenters.chatter import native_chatter_hidden
from rimlight.segmenters.sealed import run_sealed

_OPT_OUT = "ORT_DISABLE_TELEMETRY"


def has_onnx_runtime() -> bool:
    """Whether ONNX Runtime is installed; nothing is loaded to find out."""
    return find_spec("onnxruntime") is not None


def open_session(content: bytes, threads: int) -> Any:
    """An `InferenceSession` of the model in `content`, on the processor, in `threads` threads with the caller's.

    Its other options are its defaults. On one core none that could be set won anything: spinning, arena, memory
    pattern, prepacking and denormals within 2.5 % either way (medians of 300 runs in turns); without the blocked
    layout, which is its highest level of optimisation, it takes three times as long.

    Raises ImportError if it is not installed, OSError if its library cannot be loaded or Linux offers no seal, and
    classes of its own, with nothing in common but Exception, if `content` is no model that it runs.
    """
    os.environ[_OPT_OUT] = "1"

    def load() -> Any:
        with native_chatter_hidden():
            import onnxruntime

            # Where the variable is not read: Windows's own tracing in older builds.
            onnxruntime.disable_telemetry_events()
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
            # Spinning threads would take a core from the rest while they wait for the next frame.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            options.log_severity_level = 4  # what goes wrong arrives as an exception
            return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    return run_sealed(load) if sys.platform == "linux" else load()
