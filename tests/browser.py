"""Chromium without a window: a page of this machine's own, and a screenshot of it once it says that it is ready."""

from __future__ import annotations

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from rimlight.types import Bgr, Size

needs_chromium = pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium: apt-get install chromium")
_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --no-first-run --no-zygote --disable-dev-shm-usage "
    "--disable-extensions --disable-background-networking --disable-component-update --disable-sync "
    "--disable-breakpad --autoplay-policy=no-user-gesture-required --hide-scrollbars "
    "--force-color-profile=srgb"
)
_PATIENCE = 120.0
"""Seconds; a busy machine takes its time."""


class _Site(ThreadingHTTPServer):
    """One page, the files of one folder, and a picture that is sent only when the page is ready.

    The browser makes its screenshot when all of a page is loaded.
    """

    daemon_threads = True

    def __init__(self, page: str, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.page = page + "<img src=/ready.gif hidden>"
        self.folder = folder
        self.ready = threading.Event()


class _Answers(BaseHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        if self.path == "/":
            self._reply(self.server.page.encode(), "text/html")
        elif self.path == "/ready.gif":
            self.server.ready.wait(_PATIENCE)
            self._reply(b"", "image/gif")
        else:
            file = self.server.folder / self.path[1:]
            self._reply(file.read_bytes() if file.is_file() else b"", "video/webm")

    def do_POST(self) -> None:
        self.server.ready.set()
        self._reply(b"", "text/plain")

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""

    def _reply(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def screenshot(page: str, folder: Path, size: Size) -> Bgr:
    """What Chromium shows of the page, which may name files of the folder, after it sent a POST."""
    site, shot = _Site(page, folder), folder / "shot.png"
    serving = threading.Thread(target=site.serve_forever)
    serving.start()
    window = f"--window-size={size.width},{size.height}"
    command = ["chromium", *_FLAGS.split(), f"--user-data-dir={folder / 'profile'}", window]
    try:
        run = subprocess.run(
            [*command, f"--screenshot={shot}", f"http://127.0.0.1:{site.server_port}/"],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    finally:
        site.shutdown()
        serving.join()
        site.server_close()
    assert site.ready.is_set(), run.stderr.decode(errors="replace")[-2000:]
    image = cv2.imread(str(shot))
    assert image is not None
    shown: Bgr = image
    return shown
