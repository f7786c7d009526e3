"""Models that are not ours: the list, and the download from a real server that does what servers do."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from rimlight import models
from rimlight.cli import run
from rimlight.errors import DiskError, ModelError, UsageError
from rimlight.models import BEST, Download, get, print_table

CONTENT = bytes(range(256)) * 2000


@dataclass
class Server:
    """Answers every request with the same."""

    address: str
    status: int = 200
    content: bytes = CONTENT
    promised: int | None = None
    """Bytes that its header speaks of, if not as many as come."""
    asked: int = 0


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked += 1
            self.send_response(told.status)
            self.send_header("Content-Length", str(told.promised or len(told.content)))
            self.end_headers()
            self.wfile.write(told.content)

        def log_message(self, *_: object) -> None:
            """Tells the terminal nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told = Server(f"http://127.0.0.1:{http.server_port}/rvm.onnx")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()


def served(server: Server) -> Download:
    return replace(BEST, address=server.address, sha256=hashlib.sha256(CONTENT).hexdigest())


def failed(model: Download, folder: Path, *expected: str) -> None:
    """A clear error that says what to do by hand; nothing half-fetched lies anywhere."""
    with pytest.raises(ModelError) as caught:
        get("best", print, model, folder)
    for word in (model.address, *expected):
        assert word in caught.value.what
    assert "\n" not in caught.value.what
    assert "0x" not in caught.value.what
    for word in ("by hand", model.address, "--model rvm_mobilenetv3_fp32.onnx"):
        assert word in caught.value.hint
    assert list(folder.iterdir()) == []


def test_the_licence_is_said_first_and_then_the_file_is_there(server: Server, tmp_path: Path) -> None:
    lines: list[tuple[str, int]] = []
    path = get("best", lambda line: lines.append((line, server.asked)), served(server), tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "rvm_mobilenetv3_fp32.onnx"
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    before = "\n".join(line for line, asked in lines if asked == 0)
    for word in ("GPL-3.0", "not Rimlight's", "RobustVideoMatting", server.address, "15 MB"):
        assert word in before
    assert str(path) in lines[-1][0]
    assert served(server).checked(path.parent) == path


def test_a_right_file_is_not_fetched_again_and_a_wrong_one_is_replaced(server: Server, tmp_path: Path) -> None:
    path = get("best", print, served(server), tmp_path)
    assert get("best", print, served(server), tmp_path) == path
    assert server.asked == 1
    path.write_bytes(b"altered")
    get("best", print, served(server), tmp_path)
    assert server.asked == 2
    assert path.read_bytes() == CONTENT


def test_not_found(server: Server, tmp_path: Path) -> None:
    server.status = 404
    failed(served(server), tmp_path, "404")


def test_another_file_than_the_right_one_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT[:-1] + b"x"
    failed(served(server), tmp_path, "SHA-256")


def test_a_server_that_gives_without_end_is_left(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT * 50
    failed(served(server), tmp_path, "more than")


def test_a_download_that_ends_early_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.content, server.promised = CONTENT[:1000], len(CONTENT)
    failed(served(server), tmp_path, "1000 bytes read")


def test_nobody_answers(tmp_path: Path, server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failed(replace(served(server), address=f"http://127.0.0.1:{port}/rvm.onnx"), tmp_path, "refused")


def test_no_network(tmp_path: Path, server: Server) -> None:
    failed(replace(served(server), address="http://rimlight.invalid/rvm.onnx"), tmp_path)


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path, server: Server) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(DiskError, match="cannot be written"):
        get("best", print, served(server), tmp_path / "file")
    assert server.asked == 0


def test_only_best_is_to_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'standard'") as caught:
        get("standard", print, BEST, tmp_path)
    assert "rimlight models get best" in caught.value.hint


def test_a_model_that_is_missing_or_altered_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not there") as caught:
        BEST.checked(tmp_path)
    assert "GPL-3.0" in caught.value.hint
    BEST.path(tmp_path).write_bytes(b"x" * 1000)
    with pytest.raises(ModelError, match="altered"):
        BEST.checked(tmp_path)


def test_the_address_and_the_hash_are_the_makers() -> None:
    assert BEST.address.startswith("https://github.com/PeterL1n/RobustVideoMatting/releases/download/")
    assert len(bytes.fromhex(BEST.sha256)) == 32


@pytest.mark.parametrize("runtime", [True, False])
def test_the_list_names_each_with_licence_and_place(
    runtime: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(models, "has_onnx_runtime", lambda: runtime)

    def listed() -> str:
        text = io.StringIO()
        print_table(Console(file=text, width=100))
        return text.getvalue()

    told = listed()
    for word in ("standard", "fast", "best", "FILE.onnx", "RobustVideoMatting", "GPL-3.0", "Apache-2.0", "15 MB"):
        assert word in told
    assert f"selfie_segmentation.{'onnx' if runtime else 'tflite'}" in told
    assert "rimlight models get best" in told
    assert ("rimlight[best]" in told) is not runtime
    path = BEST.path()
    assert path.is_relative_to(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"there")
    assert f"best: {path}\n" in listed()


@pytest.mark.parametrize("installed", [True, False])
def test_the_list_names_what_runs_ours(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "has_onnx_runtime", lambda: installed)
    text = io.StringIO()
    print_table(Console(file=text, width=120))
    rows = [line for line in text.getvalue().splitlines() if "selfie general" in line or "selfie landscape" in line]
    assert len(rows) == 2
    assert all(("ONNX Runtime" if installed else "MediaPipe or OpenCV") in row for row in rows)
    assert ("pip install 'rimlight[lean]'" in text.getvalue()) is not installed


def test_the_command_lists_and_refuses_what_it_cannot_fetch(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        run(["models"])
    assert "GPL-3.0" in capsys.readouterr().out
    assert run(["models", "get", "fast"]) == 2
    assert "rimlight models get best" in capsys.readouterr().err
