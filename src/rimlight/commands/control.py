"""`rimlight control`: steers a run that is under way."""

from __future__ import annotations

import json
from typing import Annotated

from cyclopts import Parameter


def control(
    command: str, /, *, pid: int | None = None, json_: Annotated[bool, Parameter(name="--json")] = False
) -> None:
    """Steer a run of Rimlight from outside: a hot key, a script, a stream deck.

    Parameters
    ----------
    command
        start, stop, pause, resume (the recording); replay (saves the last moments); next-background, blur,
        less-blur, more-blur, mirror; status; quit.
    pid
        The run's process number. [default: the newest run]
    json_
        Print the answer as it came.
    """
    from rimlight.control import COMMANDS, ask
    from rimlight.errors import ControlError, UsageError
    from rimlight.printable import printable
    from rimlight.settings import told

    if command not in {*COMMANDS, "status"}:
        raise UsageError(f"'{told(command)}' is no command", f"Give one of {', '.join(COMMANDS)}, status.")
    answer = ask(command, pid)
    if json_:
        print(json.dumps(answer))
    elif command == "status" and answer.get("ok"):
        for name, value in answer.items():
            if name != "ok":
                print(printable(f"{name}: {value}"))
    else:
        print(printable(str(answer.get("line", ""))))
    if not answer.get("ok"):
        raise ControlError("that was not done", "See rimlight control status.")
