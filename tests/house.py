"""The house of docs/design.md as a table: which rooms there are, in what order, and what each may use and start."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple


class Floor(NamedTuple):
    """Rooms that may use the same packages of others. `a.b` is `a/b.py`; `a` alone may be a folder's __init__."""

    packages: frozenset[str]
    rooms: tuple[str, ...]


def floor(packages: str, rooms: str) -> Floor:
    return Floor(frozenset(packages.split()), tuple(rooms.split()))


# From top to bottom: a room uses only rooms that stand before it.
VOCABULARY = floor("numpy", "types effort protocols errors printable assets")
SETTINGS = floor("pydantic", "settings wanted")
PICTURE_WORK = floor(
    "numpy cv2",
    """
    pool picture region framing watch follower agreement smoothing evidence refine lighting lessons room keying
    composite foreground cutout detail card plausible light hdr figures sheet contact tracing voting lookahead
    """,
)
TIMING = floor("", "slot overlap pending watchdog journal demand cores pacing meter forecast governor")
SOUND_WORK = floor("numpy", "timeline soundclock soundline loudness")
EDGES = floor(
    "numpy cv2",
    """
    tags kept crash allocator unfinished v4l2 handles opens streaming usage plain_file picture_file exif icc
    photo_file sources sources.cameras sources.rest sources.container sources.images sources.decoding
    sources.retiming sources.tone sources.planes sources.raw sources.mjpeg sources.returning sources.driver
    sources.webcam sources.awaited sources.clip sources.kept sources.cuts sources.part sources.portaudio
    sources.microphone sources.ink sources.worn sources.furniture sources.portrait sources.cast sources.exposure
    sources.scenes sources.sitter segmenters segmenters.selfie segmenters.sealed segmenters.chatter
    segmenters.onnx_runtime segmenters.selfie_onnx segmenters.mediapipe segmenters.opencv segmenters.ellipse
    segmenters.nets segmenters.quarantine segmenters.onnx segmenters.trial backgrounds backgrounds.plate
    backgrounds.color backgrounds.blur backgrounds.still backgrounds.clip backgrounds.transparent
    backgrounds.profiled sinks sinks.display sinks.overlay sinks.shown sinks.window sinks.window_process
    sinks.preview sinks.standard_output sinks.carried sinks.opus sinks.layout sinks.sound sinks.schedule
    sinks.video_file sinks.codecs sinks.alpha sinks.film sinks.kept_file sinks.joint sinks.encoders
    sinks.encoder_trial sinks.writer sinks.recorder sinks.keeper sinks.replay sinks.virtual_camera_setup
    sinks.virtual_camera sinks.null
    """,
)
WHOLE = floor(
    "numpy cv2 cyclopts rich platformdirs",
    """
    matting pipeline status airlock courier delivery orders control hearing recordings lasting capture ondemand
    shift works live shelf foresight passes mattes outlets offline photo overview models opening assemble
    recompose governed chunks joined hands cluster plan done progress order sharing processing tally batch
    throughput controls lines devices matted scores evaluate __init__ sample benches benches.rows
    benches.machine benches.ways benches.players benches.timecode benches.coded benches.latency benches.bars
    benches.table benches.compare benches.profiling bench demo checks checks.findings checks.children
    checks.system checks.packages checks.devices checks.probes checks.cameras checks.kernel checks.elsewhere
    checks.virtual_camera checks.models checks.graphics checks.display checks.speed checks.space doctor commands
    commands.look commands.stopping commands.wording commands.live commands.process commands.control
    commands.devices commands.demo commands.doctor commands.bench commands.evaluate commands.models cli __main__
    """,
)
FLOORS = (VOCABULARY, SETTINGS, PICTURE_WORK, TIMING, SOUND_WORK, EDGES, WHOLE)
ORDER = tuple(chain.from_iterable(f.rooms for f in FLOORS))

ALL_FLOORS = {"typing_extensions", "_typeshed"}

# Each wraps one thing outside; loaded when that thing is opened, for some take a second.
WRAPPED = {
    "av": {
        "sources.container",
        "sources.rest",
        "sources.images",
        "sources.decoding",
        "sources.tone",
        "sources.planes",
        "sources.mjpeg",
        "sources.clip",
        "sources.cuts",
        "sources.part",
        "backgrounds.clip",
        "sinks.carried",
        "sinks.layout",
        "sinks.opus",
        "sinks.kept_file",
        "sources.kept",
        "sinks.sound",
        "sinks.video_file",
        "sinks.replay",
        "sinks.encoder_trial",
    },
    "cv2_enumerate_cameras": {"sources.cameras"},
    "dask": {"cluster"},
    "distributed": {"cluster"},
    "mediapipe": {"segmenters.mediapipe"},
    "PIL": {"icc"},
    "onnxruntime": {"segmenters.onnx_runtime"},
    "pooch": {"models"},
    "requests": {"models"},
    "sounddevice": {"sources.portaudio"},
    "pyvirtualcam": {"sinks.virtual_camera"},
}

# Live's loops; the recorder's writer and a background clip's reader, which wait for a codec; what is decoded ahead
# and encoded behind for files; where MediaPipe is cut off from the network; models that open beside something; and
# the two ends of the pipe to the preview's window.
STARTS_THREADS = {"capture", "shift", "courier", "overlap", "pending"}
STARTS_THREADS |= {"sinks.writer", "backgrounds.clip", "segmenters.sealed"}
STARTS_THREADS |= {"sinks.window", "sinks.window_process"}
# Who waits for a microphone, and for other programs' commands.
STARTS_THREADS |= {"hearing", "control"}

# Chunks of long clips, each in a process.
STARTS_PROCESSES = {"hands"}

# Arrays in, arrays out: no threads, no clock, no files, no window, no device.
NOT_PICTURE_WORK = {
    "threading",
    "queue",
    "time",
    "datetime",
    "os",
    "io",
    "pathlib",
    "shutil",
    "tempfile",
    "subprocess",
}
NOT_PICTURE_WORK_CALLS = {"open", "imread", "imwrite", "imshow", "waitKey", "VideoCapture", "VideoWriter", "memmap"}

LINES = 300
