"""Chromium's getUserMedia, as web calls use it, on the virtual camera that the command feeds (see `run`)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from test_live_device import rimlight, wait_until_written
from test_live_return_device import kind_of

from rimlight.picture import to_bgr
from rimlight.sources.sitter import SitterSource, open_sitter
from rimlight.types import Bgr, Plane, Size

pytestmark = [
    pytest.mark.skipif(
        "VCAM_VM" not in os.environ, reason="needs real V4L2 devices, in a small virtual machine: make test-devices"
    ),
    pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium: apt-get install chromium"),
]

SIZE = Size(640, 360)
RATE = 15
GREEN = (64, 176, 0)
LIVE, LOOKS = 6, 40
"""Pictures without the card that the page takes, and how many in all it takes for that: the browser may need the
guest's one processor for so long that the card comes."""
PATIENCE = 200.0
"""Seconds; the browser alone takes some 60 in the guest."""

PAGE = (
    """<!doctype html><meta charset=utf-8><video id=v muted playsinline></video><script>
const say = d => fetch('/', {method: 'POST', body: JSON.stringify(d)});
const frame = () => new Promise(seen => v.requestVideoFrameCallback((now, about) => seen(about)));
(async () => { try {
  let stream = await navigator.mediaDevices.getUserMedia({video: true});
  stream.getTracks().forEach(track => track.stop());
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(d => d.kind === 'videoinput');
  const ours = cameras.find(camera => camera.label.startsWith('Virtual Camera'));
  if (!ours) throw Error('not listed: ' + cameras.map(camera => camera.label));
  stream = await navigator.mediaDevices.getUserMedia({video: {deviceId: {exact: ours.deviceId}}});
  v.srcObject = stream;
  await v.play();
  for (let i = 0; i < 5; i++) await frame();
  const began = await frame();
  let last = began;
  while (last.presentedFrames < began.presentedFrames + 40) last = await frame();
  const canvas = document.createElement('canvas');
  canvas.width = v.videoWidth;
  canvas.height = v.videoHeight;
  const drawing = canvas.getContext('2d', {willReadFrequently: true});
  const pictures = [];
  for (let live = 0; live < LIVE && pictures.length < LOOKS;) {
    await new Promise(passed => setTimeout(passed, 500));
    drawing.drawImage(v, 0, 0);
    pictures.push(canvas.toDataURL('image/png').split(',')[1]);
    live += Math.abs(drawing.getImageData(9, 9, 1, 1).data[1] - GREEN) <= 8;
  }
  await say({cameras: cameras.map(camera => camera.label), size: [v.videoWidth, v.videoHeight], pictures,
    fps: 1000 * (last.presentedFrames - began.presentedFrames) / (last.presentationTime - began.presentationTime)});
} catch (error) { await say({error: String(error)}); } })();
</script>""".replace("LIVE", str(LIVE))
    .replace("LOOKS", str(LOOKS))
    .replace("GREEN", str(GREEN[1]))
)


class Call(ThreadingHTTPServer):
    """A web page on this machine that opens the camera and reports what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.report: dict[str, Any] = {}
        self.reported = threading.Event()


class Answers(BaseHTTPRequestHandler):
    server: Call

    def do_GET(self) -> None:
        self._reply(PAGE.encode() if self.path == "/" else b"")

    def do_POST(self) -> None:
        self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._reply(b"")
        self.server.reported.set()

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""

    def _reply(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def calling(folder: Path) -> Iterator[Call]:
    """Chromium in a call, on a page of this machine's own; nothing else can be reached."""
    call = Call()
    serving = threading.Thread(target=call.serve_forever)
    serving.start()
    flags = (
        "--headless=new --no-sandbox --disable-gpu --no-first-run --no-zygote --disable-dev-shm-usage "
        "--disable-extensions --disable-background-networking --disable-component-update --disable-sync "
        "--disable-breakpad --use-fake-ui-for-media-stream --autoplay-policy=no-user-gesture-required"
    )
    command = ["chromium", *flags.split(), f"--user-data-dir={folder / 'profile'}"]
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(
            [*command, f"http://127.0.0.1:{call.server_port}/"], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield call
    finally:
        # Its children hold the camera.
        os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()
        call.shutdown()
        serving.join()
        call.server_close()


def matched(sitter: SitterSource, outlines: Sequence[NDArray[np.bool_]], shown: Bgr) -> tuple[int, Bgr]:
    """Which frame is shown, of those whose outlines are given, and what a perfect run would show of it."""
    person = np.abs(shown[::4, ::4].astype(int) - GREEN).max(axis=2) > 40
    # The outline alone leaves a few that look alike.
    unlike = [(outline != person).mean() for outline in outlines]
    ideals = {int(index): on_green(sitter, int(index)) for index in np.argsort(unlike)[:12]}
    best = min(ideals, key=lambda index: difference(ideals[index], shown).mean())
    return best, ideals[best]


def on_green(sitter: SitterSource, index: int) -> Bgr:
    alpha = sitter.truth(index)[..., None] / 255
    mixed: Bgr = (alpha * to_bgr(sitter.person(index)) + (1 - alpha) * np.array(GREEN)).round().astype(np.uint8)
    return mixed


def difference(one: Bgr, other: Bgr) -> Plane:
    """Of each pixel, in levels, in the channel where it is greatest; (H, W)."""
    greatest: Plane = cv2.absdiff(one, other).max(axis=2)
    return greatest


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page reported of the sitter on green, and for how long the sitter sat."""
    folder = tmp_path_factory.mktemp("chromium")
    options = f"--camera sitter --size {SIZE} --fps {RATE} --background #00b140 --to virtual:/dev/video10"
    began = time.monotonic()
    with rimlight(*options.split()) as program:
        wait_until_written(program)
        with calling(folder) as page:
            reported = page.reported.wait(PATIENCE)
        assert reported, (folder / "chromium.log").read_text(errors="replace")[-3000:]
    assert "error" not in page.report, page.report
    return {**page.report, "sat": time.monotonic() - began}


@pytest.fixture(scope="module")
def pictures(call: dict[str, Any]) -> list[Bgr]:
    data = [np.frombuffer(base64.b64decode(picture), np.uint8) for picture in call["pictures"]]
    return [np.asarray(cv2.imdecode(picture, cv2.IMREAD_COLOR)) for picture in data]


def test_the_camera_is_listed_by_its_name_and_moves_in_its_size_and_at_its_rate(
    call: dict[str, Any], pictures: list[Bgr]
) -> None:
    assert "Virtual Camera" in call["cameras"]
    assert call["size"] == list(SIZE)
    # As many as the browser finds time to show: the guest has one processor for both of them.
    assert 0 < call["fps"] < RATE * 1.5
    # Not every picture: on a busy machine some are shown twice.
    assert any(difference(*pair).any() for pair in pairwise(pictures))


def test_the_person_is_kept_in_the_right_colours_and_nothing_of_the_room(
    call: dict[str, Any], pictures: list[Bgr]
) -> None:
    sitter = open_sitter(SIZE, Fraction(RATE), paced=False, noise=0)
    outlines = [sitter.truth(index)[::4, ::4] > 127 for index in range(round(call["sat"] * RATE))]
    first = sitter.read()
    assert first is not None
    assert kind_of(to_bgr(first.picture)) == "raw"
    kinds = [kind_of(picture) for picture in pictures]
    assert set(kinds) <= {"live", "card"}, "the room is seen"
    kept = 0
    for picture in (picture for picture, kind in zip(pictures, kinds, strict=True) if kind == "live"):
        for corner in (picture[:40, :80], picture[:40, -80:]):
            assert np.abs(corner.reshape(-1, 3).mean(axis=0) - GREEN).max() <= 8, "the room is seen"
        index, ideal = matched(sitter, outlines, picture)
        wrong = difference(ideal, picture)
        # Away from the outline, where the matte decides.
        room = cv2.dilate(sitter.truth(index), np.ones((31, 31))) == 0
        person = cv2.erode(sitter.truth(index), np.ones((9, 9))) == 255
        assert room.mean() > 0.4
        assert person.mean() > 0.1
        if np.percentile(wrong[person], 90) <= 12:
            kept += 1
            assert (wrong[room] > 8).mean() < 0.001, "the room is seen"
    # Of some, two were shown in one: v4l2loopback does not lock its buffers.
    assert kept >= LIVE / 2
