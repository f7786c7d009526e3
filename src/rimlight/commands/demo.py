"""`rimlight demo`: everything at once, without a camera."""

from __future__ import annotations

from pathlib import Path

from rimlight.commands.stopping import stopped_by_signals


def demo(*, folder: Path = Path()) -> None:
    """Run the whole live path on a synthetic sitter; write rimlight-demo.mp4 and rimlight-demo.png.

    Parameters
    ----------
    folder
        Where to write them; what an earlier demo wrote there is replaced.
    """
    from rimlight.demo import run_demo

    with stopped_by_signals() as stop:
        run_demo(folder, stop)
