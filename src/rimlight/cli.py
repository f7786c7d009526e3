"""The command line: words in, exit code out. What it does is done elsewhere."""

from __future__ import annotations

import os
import sys

from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from rimlight import __version__
from rimlight.allocator import give_large_blocks_back
from rimlight.commands.bench import bench
from rimlight.commands.control import control
from rimlight.commands.demo import demo
from rimlight.commands.devices import devices
from rimlight.commands.doctor import doctor
from rimlight.commands.evaluate import evaluate
from rimlight.commands.live import live
from rimlight.commands.models import models
from rimlight.commands.process import process
from rimlight.commands.wording import flowing
from rimlight.crash import end_after, leave_no_core
from rimlight.errors import RimlightError
from rimlight.printable import printable

app = App(
    name="rimlight",
    help="Keeps the person, blurs or replaces everything else: live from a webcam, or in finished clips.",
    version=__version__,
    help_epilogue="Without a command: live.",
    help_format="plaintext",  # markdown, the default, takes a quarter of the time of --help to import its parser
    default_parameter=Parameter(negative=()),
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
)


app.default(flowing(live))
for command in (live, process, control, devices, doctor, demo, bench):
    app.command(flowing(command))
app.command(flowing(evaluate), name="eval")
app.command(models)


@app.command
def version() -> None:
    """Print the version."""
    print(f"rimlight {__version__}")


def main() -> None:
    """Entry point of `rimlight` and `python -m rimlight`: runs the command and ends the process.

    Exit codes: 0 done, 1 it could not be done, 2 the command makes no sense, 130 interrupted.
    """
    # OpenCV's own threads gain little on planes of this size and fight the model, the encoder and the call program
    # for the cores: on two of them the demo held 30 fps with one thread where it fell to 20 to 25 with two.
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")
    # To find none of its plug-ins, pydantic would read the description of every package that is installed: 20 ms.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    leave_no_core()
    give_large_blocks_back()
    end_after(lambda: run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Runs the command and gives its exit code; errors that a user can do something about are printed."""
    try:
        app(words)
    except RimlightError as error:
        return _fail(str(error), error.exit_code)
    except UnusedCliTokensError as error:
        unknown = " ".join(error.unused_tokens or ())
        return _fail(f"'{unknown}' is neither a command nor an option\nSee rimlight --help.", 2)
    except CycloptsError as error:
        return _fail(f"{error}\nSee rimlight --help.", 2)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # Whoever read our output has gone; flushing it at exit would complain once more.
        sys.stdout = None
        return 1
    return 0


def _fail(text: str, code: int) -> int:
    what, *hints = printable(text.strip()).split("\n")
    print("\n".join([f"rimlight: {what}", *(f"  {hint}" for hint in hints)]), file=sys.stderr)
    return code
