"""`rimlight devices`: what there is to film and to send with."""

from __future__ import annotations


def devices() -> None:
    """List cameras, virtual cameras and the screen, with what to do about those that are missing."""
    from rimlight.devices import report

    for line in report():
        print(line)
