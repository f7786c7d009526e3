"""The models: their files are what they should be, and what runs them finds a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rimlight.checks.children import ProbeError
from rimlight.checks.findings import Asked, Finding, Mend, Verdict, hinted
from rimlight.checks.packages import Versions, installed
from rimlight.checks.system import System

_READ = 20.0
_RUN = 90.0
"""Seconds: MediaPipe takes two to load on a quick machine, and was once seen not to return at all."""
_RIGHT = 0.7
"""Of the sitter. The models that ship have 0.93 to 0.97, as measured here."""
_RUNTIMES = {"onnx": "onnxruntime", "mediapipe": "mediapipe", "opencv": "opencv-contrib-python"}
"""By name of `--runtime`, the package that it needs; fastest first."""


def check_files(system: System, asked: Asked) -> Iterator[Finding]:
    """The files' SHA-256; that of 'best' if it was fetched or is asked for."""
    troubles: dict[str, str] = system.ask("files", asked.model, _READ)
    wrong = {name: why for name, why in troubles.items() if why}
    for name, why in wrong.items():
        yield _wrong(system, asked, name, why.partition(": ")[2] or why)
    if not wrong:
        told = f"{len(troubles)} files, as they should be (SHA-256)"
        yield Finding("model files", "model files", "fine", told, values={"files": list(troubles)})


def _wrong(system: System, asked: Asked, name: str, why: str) -> Finding:
    if name == asked.model:
        return Finding(
            "model files", "model file", "broken", why, (Mend("Give the path of a file that is there."),)
        )
    if name.startswith("rvm_"):
        verdict: Verdict = "broken" if asked.model == "best" else "warning"
        mend = Mend("Fetch it.", "rimlight models get best")
        return Finding("model files", "best model", verdict, why, (mend,), {"file": name})
    again = Mend("Install Rimlight again.", system.pip("install --force-reinstall --no-deps rimlight"))
    return Finding("model files", "model files", "broken", why, (again,), {"file": name})


def check_model(system: System, asked: Asked, versions: Versions = installed) -> Iterator[Finding]:
    """Whether the model that a call would use finds a person."""
    title = f"model {asked.model}"
    try:
        answer = run_model(system, asked.model, asked.runtime)
    except ProbeError as error:
        mend = list(hinted(error.hint))
        if asked.model in {"standard", "fast"}:
            mend += _others(system, asked, versions)
        yield Finding("model", title, "broken", error.what, (*mend, *_lean(system, versions)))
        return
    told = f"{answer['name']} finds a person in {answer['ms']:.3g} ms"
    values = {key: answer[key] for key in ("name", "overlap", "ms")}
    if answer["overlap"] < _RIGHT:
        told = f"{answer['name']} runs, but does not find the person in a picture of one"
        own = not asked.model.endswith(".onnx")
        mend = [] if own else [Mend("Take the model that ships.", "rimlight --model standard")]
        yield Finding("model", title, "broken" if own else "warning", told, tuple(mend), values)
    elif answer["said"]:
        why = "; ".join(line.partition(";")[0] for line in answer["said"])
        yield Finding("model", title, "warning", f"{told}, because {why}", _lean(system, versions), values)
    else:
        yield Finding("model", title, "fine", told, values=values)


def run_model(system: System, model: str, runtime: str) -> dict[str, Any]:
    """What the probe `mask` says. Raises ProbeError."""
    answer: dict[str, Any] = system.ask("mask", {"model": model, "runtime": runtime}, _RUN)
    return answer


def _others(system: System, asked: Asked, versions: Versions) -> Iterator[Mend]:
    """The first of the other runtimes that does run the model."""
    for runtime, package in _RUNTIMES.items():
        if runtime != asked.runtime and versions(package):
            try:
                run_model(system, asked.model, runtime)
            except ProbeError:
                continue
            yield Mend("Meanwhile, let another library run it.", f"rimlight --runtime {runtime}")
            return


def _lean(system: System, versions: Versions) -> tuple[Mend, ...]:
    package = "onnxruntime"
    if versions(package):
        return (Mend("Install ONNX Runtime again.", system.pip(f"install --force-reinstall --no-deps {package}")),)
    return (Mend("Install ONNX Runtime, which runs it fastest.", system.pip(f'install "{package}>=1.20"')),)
