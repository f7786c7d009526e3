"""What the README tells people to type works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from media import write_clip

README = Path(__file__).parents[1] / "README.md"


def test_the_python_example_runs(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    write_clip(tmp_path / "talk.mp4")
    done = subprocess.run(
        [sys.executable, "-c", example[1]], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new.mp4").exists()


def test_every_link_to_a_file_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_every_command_line_is_understood() -> None:
    """Parsed, not run: each option and command is one that there is."""
    from rimlight.cli import app

    lines = re.findall(r"^(rimlight .*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        words = line.replace("'", "").replace('"', "").split()[1:]
        command, _, _ = app.parse_args(words, exit_on_error=False, print_error=False)
        assert callable(command)
