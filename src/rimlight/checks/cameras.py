"""Webcams: there, free, allowed, and how many pictures a second each really gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend, hinted
from rimlight.checks.system import System

if TYPE_CHECKING:
    from rimlight.checks.devices import CameraFacts, ClosedFacts, Facts

LISTED = 20.0
"""Seconds for the devices to be listed."""
_RATED = 20.0
"""Seconds for one camera to open and give pictures for one: OpenCV itself waits 10 for the first."""
_SMALLER = "640x480"
"""What every webcam gives."""
_ENOUGH = 0.9
"""Of the rate that was asked for."""
_FORMATS = 3
"""That are told: webcams have two or three."""
_USB_VIDEO = "0e"
"""Class of USB interfaces (usb.org, 'Defined Class Codes')."""


def check_cameras(system: System, asked: Asked) -> Iterator[Finding]:
    """A finding for each camera, or one that there is none. Broken only if none can be used."""
    facts: Facts = system.ask("devices", None, LISTED)
    closed = [one for one in facts["closed"] if not is_virtual(system, one["path"])]
    found = [*(_camera(system, asked, one) for one in facts["cameras"]), *map(_not_ours, closed)]
    usable = [one for one in found if one.verdict != "broken"]
    if not found:
        yield _none(system)
    for one in found:
        yield replace(one, verdict="warning") if usable and one.verdict == "broken" else one
    if usable and not any(one.values.get("index") == 0 for one in usable):
        number = usable[0].values.get("index")
        told = f"there is no usable camera 0; name the one to take: {number}"
        yield Finding("camera", "camera", "warning", told, (Mend("Start it so.", f"rimlight --camera {number}"),))


def is_virtual(system: System, path: str) -> bool:
    """Virtual cameras are no part of the machine in /sys; they have a check of their own."""
    return system.path(f"/sys/devices/virtual/video4linux/{path.rpartition('/')[2]}").exists()


def _camera(system: System, asked: Asked, facts: CameraFacts) -> Finding:
    title = f"camera {facts['index']}"
    values: dict[str, object] = {key: facts[key] for key in ("index", "name", "path", "formats")}
    if facts["busy"]:
        who = ", ".join(facts["by"]) or "another program"
        ours = all(one.startswith("rimlight ") for one in facts["by"]) and facts["by"]
        mend = Mend("Close that program, or turn its camera off.")
        told = f"{facts['name']}: in use by {who}"
        return Finding("camera", title, "warning" if ours else "broken", told, () if ours else (mend,), values)
    try:
        rate = _rate(system, facts, asked.size, asked.fps)
    except ProbeError as error:
        again = Mend("Unplug it and plug it in again; restart the computer if that does not help.")
        told = error.what if error.what.startswith("camera ") else f"{facts['name']}: {error.what}"
        return Finding("camera", title, "broken", told, hinted(error.hint) or (again,), values)
    values |= rate
    fed = f", fed by {', '.join(facts['by'])}" if facts["by"] else ""
    told = f"{facts['name']}: {rate['size']}, {rate['fps']:.3g} pictures a second{fed}"
    if facts["formats"]:
        told += f"; it gives {_shortened(facts['formats'])}"
    if rate["fps"] >= _ENOUGH * asked.fps:
        return Finding("camera", title, "fine", told, values=values)
    told = told.replace(" pictures a second", f" of {asked.fps:g} pictures a second")
    return Finding("camera", title, "warning", told, tuple(_faster(system, asked, facts, rate)), values)


def _shortened(formats: list[str]) -> str:
    more = f" and {len(formats) - _FORMATS} more" if len(formats) > _FORMATS else ""
    return ", ".join(formats[:_FORMATS]) + more


def _rate(system: System, facts: CameraFacts, size: str, fps: float) -> dict[str, float]:
    camera = facts["path"] if facts["path"].startswith("/dev/") else facts["index"]
    answer: dict[str, float] = system.ask("rate", {"camera": camera, "size": size, "fps": fps}, _RATED)
    return answer


def _faster(system: System, asked: Asked, facts: CameraFacts, rate: dict[str, float]) -> Iterator[Mend]:
    if rate["promised"] >= _ENOUGH * asked.fps:
        # Cameras expose longer in the dark, and say nothing of it.
        slow = f"v4l2-ctl -d {facts['path']} -c exposure_dynamic_framerate=0"
        yield Mend("Give it more light, or forbid it long exposures.", slow if system.platform == "linux" else "")
        return
    try:
        smaller = _rate(system, facts, _SMALLER, asked.fps)
    except ProbeError:
        return
    if smaller["fps"] > 1.2 * rate["fps"]:
        say = f"Ask for a smaller size: it gives {smaller['fps']:.3g} pictures a second at {smaller['size']}."
        yield Mend(say, f"rimlight --camera {facts['index']} --size {_SMALLER}")


def _not_ours(facts: ClosedFacts) -> Finding:
    number = re.sub(r"\D", "", facts["path"])
    told = f"{facts['name'] or facts['path']}: this user may not open {facts['path']}"
    return Finding("camera", f"camera {number}", "broken", told, allowed(facts), dict(facts))


def allowed(facts: ClosedFacts) -> tuple[Mend, ...]:
    """How to be allowed to open a device."""
    if facts["member"]:
        return (Mend(f"Log out and in again: you are in the group {facts['group']}, this session is not yet."),)
    if facts["group"] in {"", "root"}:
        return (
            Mend(
                "Give it to the group that may use cameras.",
                f"sudo chgrp video {facts['path']} && sudo chmod g+rw {facts['path']}",
            ),
        )
    return (
        Mend("Join the group that may, then log out and in again.", f"sudo usermod -aG {facts['group']} $USER"),
    )


def _none(system: System) -> Finding:
    without = Mend("Or see Rimlight at work without one.", "rimlight --camera sitter")
    if system.platform != "linux":
        mend = Mend(f"Plug one in, and allow it to your terminal: {_privacy(system)}.")
        return Finding("camera", "camera", "broken", "none found", (mend, without))
    if any(system.path("/sys/class/video4linux").glob("video*")) and not any(system.path("/dev").glob("video*")):
        told = "the computer has one, but its files in /dev are missing here"
        return Finding(
            "camera",
            "camera",
            "broken",
            told,
            (Mend("In a container, hand it in.", "docker run --device /dev/video0 ..."), without),
        )
    if _usb_cameras(system) and not system.path("/sys/module/uvcvideo").exists():
        told = "one is plugged in, but its driver is not loaded"
        return Finding(
            "camera", "camera", "broken", told, (Mend("Load the driver.", "sudo modprobe uvcvideo"), without)
        )
    return Finding("camera", "camera", "broken", "none found", (Mend("Plug one in."), without))


def _privacy(system: System) -> str:
    return (
        "System Settings > Privacy & Security > Camera"
        if system.platform == "darwin"
        else "Settings > Privacy & security > Camera"
    )


def _usb_cameras(system: System) -> bool:
    classes = system.path("/sys/bus/usb/devices").glob("*/bInterfaceClass")
    return any(one.read_text().strip() == _USB_VIDEO for one in classes)
