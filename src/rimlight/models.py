"""`rimlight models`: which models there are, where they lie, whose they are; and the download of those not ours."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import DiskError, ModelError, UsageError
from rimlight.segmenters.onnx_runtime import has_onnx_runtime
from rimlight.segmenters.selfie import GENERAL, LANDSCAPE

if TYPE_CHECKING:
    from rich.console import Console

PATIENCE = 30
"""Seconds without a byte after which a download counts as failed."""


@dataclass(frozen=True, slots=True)
class Download:
    """A model that is not ours: the user fetches it from its maker."""

    name: str
    file_name: str
    address: str
    sha256: str
    size: int
    """Bytes."""
    licence: str
    maker: str

    def path(self, folder: Path | None = None) -> Path:
        """Where it lies once it is fetched: in `folder`, else among the user's data."""
        import platformdirs

        return (folder or platformdirs.user_data_path("rimlight", appauthor=False) / "models") / self.file_name

    def checked(self, folder: Path | None = None) -> Path:
        """Its path. Raises ModelError if it was not fetched yet or is another file: an altered model is not run."""
        path = self.path(folder)
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except FileNotFoundError as error:
            raise ModelError(
                f"the {self.name} model is not there: no {path}",
                "Fetch it (15 MB, GPL-3.0): rimlight models get best",
            ) from error
        except OSError as error:
            raise ModelError(
                f"the model {path} cannot be read: {error.strerror}", "Check its permissions."
            ) from error
        if found != self.sha256:
            raise ModelError(
                f"the model {path} was altered: its SHA-256 is {found[:12]}..., not {self.sha256[:12]}...",
                "Fetch it again: rimlight models get best",
            )
        return path


BEST = Download(
    "best",
    "rvm_mobilenetv3_fp32.onnx",
    "https://github.com/PeterL1n/RobustVideoMatting/releases/download/v1.0.0/rvm_mobilenetv3_fp32.onnx",
    "88d4531297118f595bf2fd60f6f566aec2e559393802d1f436c380f0cbbd2828",
    14_975_696,
    "GPL-3.0",
    "RobustVideoMatting, ByteDance (Lin et al. 2022)",
)


def best_is_there() -> bool:
    """Whether the best tier was fetched and can be run; its file is not read for that."""
    return has_onnx_runtime() and BEST.path().is_file()


def get(name: str, say: Callable[[str], None], model: Download = BEST, folder: Path | None = None) -> Path:
    """Downloads the model of that name after its licence was said, and gives its path; a right file is kept.

    The file appears in its place only when it is whole and its SHA-256 is right.

    Raises UsageError if nothing of that name is to be fetched, ModelError if the download fails, DiskError if the
    file cannot be written.
    """
    if name != model.name:
        raise UsageError(f"there is no model '{name}' to fetch", f"The only one: rimlight models get {model.name}")
    path = model.path(folder)
    say(f"{model.file_name}: {model.maker}")
    say(f"Its licence is {model.licence}, not Rimlight's: what you do with it is bound by that.")
    say(f"{model.size / 1e6:.0f} MB from {model.address}")
    _fetch(model, path)
    say(f"{path}: there, and its SHA-256 is right. Use it with --model {model.name}")
    return path


def print_table(console: Console | None = None) -> None:
    """For people: every model with its tier, runtime, size and licence; below, where they lie."""
    from rich.console import Console
    from rich.table import Table

    console = console or Console(highlight=False)
    there = has_onnx_runtime()
    ours = "ONNX Runtime" if there else "MediaPipe or OpenCV"
    onnx = "ONNX Runtime" if there else "ONNX Runtime (missing)"
    general, landscape = ((m.onnx if there else m.tflite).path for m in (GENERAL, LANDSCAPE))
    places = {"standard": general, "fast": landscape, BEST.name: BEST.path()}
    table = Table("--model", "model", "runtime", "size", "licence")
    for tier, name, runtime, size, licence in (
        ("standard", f"selfie {GENERAL.name}", ours, 0.25e6, "Apache-2.0"),
        ("fast", f"selfie {LANDSCAPE.name}", ours, 0.25e6, "Apache-2.0"),
        (BEST.name, "RobustVideoMatting", onnx, BEST.size, BEST.licence),
    ):
        table.add_row(tier, name, runtime, f"{size / 1e6:.2g} MB", licence)
    table.add_row("FILE.onnx", "your own", onnx, "", "")
    console.print(table)
    for tier, path in places.items():
        remedy = "rimlight models get best" if tier == BEST.name else "install Rimlight again"
        told = f"{path}" if path.exists() else f"missing, no {path}: {remedy}"
        console.print(f"{tier}: {told}", markup=False, soft_wrap=True)
    if not there:
        told = "ONNX Runtime, which takes half of MediaPipe's time, is not installed: pip install 'rimlight[lean]'"
        console.print(f"{told}, or 'rimlight[best]' for --model best", markup=False, soft_wrap=True)


def _fetch(model: Download, path: Path) -> None:
    try:
        import pooch
        import requests
    except ImportError as error:
        raise ModelError(f"nothing here can download: {error}", "pip install 'rimlight[best]'") from error
    by_hand = f"Fetch {model.address} by hand where there is a network, and use it: --model {model.file_name}"

    def download(address: str, part: str, _: object) -> None:
        with requests.get(address, stream=True, timeout=PATIENCE) as answer, Path(part).open("wb") as file:
            answer.raise_for_status()
            for piece in answer.iter_content(1 << 16):
                if file.tell() + len(piece) > model.size:
                    raise ModelError(f"{address} gave another file: more than {model.size} bytes", by_hand)
                file.write(piece)

    pooch.get_logger().setLevel("ERROR")
    try:
        pooch.retrieve(model.address, f"sha256:{model.sha256}", path.name, path.parent, downloader=download)
    except requests.RequestException as error:
        raise ModelError(f"{model.address} cannot be fetched: {_reason(error)}", by_hand) from error
    except ValueError as error:
        raise ModelError(
            f"{model.address} gave another file: its SHA-256 is not {model.sha256[:12]}...", by_hand
        ) from error
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror or error}"
        raise DiskError(what, f"Free that place, or else: {by_hand}") from error


def _reason(error: OSError) -> str:
    """The innermost cause: requests and urllib3 wrap one another's messages, addresses of objects included."""
    if (answer := getattr(error, "response", None)) is not None:
        return f"the server says {answer.status_code} {answer.reason}"
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    return str(getattr(cause, "strerror", None) or cause)
