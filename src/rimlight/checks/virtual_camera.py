"""The virtual camera: there, free, allowed, listed by every call program, and taking pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rimlight.checks import elsewhere
from rimlight.checks.cameras import LISTED, allowed, is_virtual
from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend, hinted
from rimlight.checks.kernel import loading, module_missing
from rimlight.checks.system import System

if TYPE_CHECKING:
    from rimlight.checks.devices import ClosedFacts, Facts, VirtualFacts

_SENT = 20.0
"""Seconds for one picture to be taken."""
_TITLE = "virtual camera"


def check_virtual_camera(system: System, asked: Asked) -> Iterator[Finding]:
    """One finding about the virtual camera that a call would take: the first that is free."""
    facts: Facts = system.ask("devices", None, LISTED)
    closed = [one for one in facts["closed"] if is_virtual(system, one["path"])]
    free = [one for one in facts["virtual"] if one["free"]]
    if free:
        yield _tried(system, asked, free[0], len(facts["virtual"]))
    elif closed:
        yield _not_ours(closed[0])
    elif facts["virtual"]:
        yield _busy(facts["virtual"])
    else:
        yield _none(system)


def _tried(system: System, asked: Asked, facts: VirtualFacts, devices: int) -> Finding:
    told = f"{facts['device']} '{facts['name']}'" if facts["device"] != facts["name"] else facts["name"]
    values: dict[str, object] = dict(facts)
    if facts["by"]:
        # Whoever watches it should see nothing of this.
        told += f", watched by {', '.join(facts['by'])}"
    else:
        question = {"device": facts["device"], "size": asked.size, "fps": asked.fps}
        try:
            values |= system.ask("send", question, _SENT)
        except ProbeError as error:
            mend = hinted(error.hint) or (_anew(system, devices),)
            return Finding("virtual camera", _TITLE, "broken", f"{told}: {error.what}", mend, values)
        odd = f" ({asked.size} is odd)" if values["size"] != asked.size else ""
        told += f", takes pictures of {values['size']}{odd}"
    if facts["exclusive"]:
        return Finding("virtual camera", _TITLE, "fine", told, values=values)
    told += "; Chrome and programs built on it do not list it, for exclusive_caps is not set"
    return Finding("virtual camera", _TITLE, "warning", told, (_anew(system, devices),), values)


def _anew(system: System, devices: int) -> Mend:
    if system.platform != "linux":
        return Mend("Restart the program that brings it.")
    return Mend("Close every program that uses it, then load its driver anew.", loading(devices))


def _busy(cameras: list[VirtualFacts]) -> Finding:
    told = ", ".join(f"{one['device']} by {', '.join(one['by']) or 'another program'}" for one in cameras)
    values: dict[str, object] = {"devices": [dict(one) for one in cameras]}
    if any(who.startswith("rimlight ") for one in cameras for who in one["by"]):
        return Finding("virtual camera", _TITLE, "warning", f"Rimlight sends to it already: {told}", (), values)
    more = Mend("Or close all programs that use cameras, and make one more.", loading(len(cameras) + 1))
    return Finding(
        "virtual camera", _TITLE, "broken", f"in use: {told}", (Mend("Close that program."), more), values
    )


def _not_ours(facts: ClosedFacts) -> Finding:
    told = f"{facts['path']} '{facts['name']}': this user may not open it"
    return Finding("virtual camera", _TITLE, "broken", told, allowed(facts), dict(facts))


def _none(system: System) -> Finding:
    if system.platform == "linux":
        told, mend = module_missing(system)
    elif system.platform == "darwin":
        told, mend = elsewhere.missing_on_macos(system)
    else:
        told, mend = elsewhere.missing_on_windows(system)
    return Finding("virtual camera", _TITLE, "broken", f"none: {told}", mend)
