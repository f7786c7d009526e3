"""Hostile words: what may be typed after a flag, or arrive from a program that calls Rimlight."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

WORDS: Sequence[str] = (
    "", " ", "0", "-1", "1", "nan", "inf", "-inf", "NaN", "1e999", "1e-999", "1e308", "9" * 400, "0x10",
    "1_000", "٣", "²", "½", "--", "-", "---x", "=", "0.5", "50%", "%", "25ms", "ms", "nanms", "inf%", "1e400%",
    "1280x720", "16x16", "x", "0x0", "99999x99999", "1280X720 ", "-1x-1", "\uff11\uff12x\uff17", "1280x720\n",
    "blur", "transparent", "#00b140", "#0b4", "#", "#zzzzzz", "#00b14", "#" * 5000, "\0", "a\0b.png",
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x9b2J", "a\nb", "a\rb", "\u202etxt.exe", "\ud800", "\udcff", "a" * 255,
    "a" * 256,
    "a" * 5000, "a/" * 3000, "é" * 200, "🙂" * 100, "/", "/dev/zero", "/dev/random", "/dev/null",
    "/dev/video999", "/dev/fd/0", "/proc/self/mem", "/proc/self/environ", ".", "..", "~", "~root",
    "//host/share", "http://localhost:1/x.mp4", "file:///etc/passwd", "concat:a|b", "subfile,,:x",
    "rtsp://localhost:1/", "%d.png", "%s%s%n", "sitter", "sitter:", "sitter:plain", "sitter:nowhere",
    "sitter:\x1b[31m", "x.onnx", ".onnx", "\x1b[31m.onnx", "best", "standard", "fast", "STANDARD", "auto",
    "onnx", "opencv", "preview", "virtual", "virtual:", "virtual:\0", "talk.mp4", "\x1b[31m.mp4", "true",
    "True", "None", "null", "{}", "[]", '{"a":1}', "$(id)", "`id`", "; id", "../../etc/passwd", "con", "a:b",
    "[red]x[/red]", "[/]", "{0}", "%(x)s",
)  # fmt: skip

FLAGS: Sequence[str] = (
    "--camera", "--size", "--fps", "--background", "--blur-strength", "--light-wrap", "--model", "--runtime",
    "--mirror", "--to", "--duration", "--cpu-budget", "--max-latency", "--force", "--matte", "--jobs",
    "--cluster", "--mattes", "--sheet", "--json", "--look", "--tuning", "--help", "--version", "-h",
    "--nonsense",
)  # fmt: skip

COMMANDS: Sequence[Sequence[str]] = (
    (),
    ("live",),
    ("process",),
    ("process", "a.mp4", "b.mp4"),
    ("eval",),
    ("eval", "x"),
)

THINGS: Sequence[Any] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 10**5000, 0.5, float("nan"), float("inf"), -0.0, 1e308,
    b"", b"\xff", (), (1, 2), (1280, 720), [1280, 720], (1280.5, 720), (2**70, 1), {}, {"follow": "maybe"},
    {"views": 10**30}, object(),
)  # fmt: skip

NAMES: Sequence[str] = (
    "camera", "size", "fps", "background", "blur_strength", "light_wrap", "model", "runtime", "mirror", "duration",
    "cpu_budget", "max_latency", "tuning", "nonsense", "\x1b[31m", "",
)  # fmt: skip


def word(dice: random.Random) -> str:
    """A word of the above, whole, spoilt or of two; or anything that can be typed."""
    match dice.randrange(6):
        case 0:
            made = dice.choice(WORDS) + dice.choice(WORDS)
        case 1:
            one = dice.choice(WORDS)
            at = dice.randrange(len(one) + 1)
            made = one[:at] + chr(_point(dice)) + one[at:]
        case 2:
            made = "".join(chr(_point(dice)) for _ in range(dice.randrange(12)))
        case _:
            made = dice.choice(WORDS)
    return made


def line(dice: random.Random) -> list[str]:
    """A command line, without the program's own name."""
    words = list(dice.choice(COMMANDS))
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        flag, value = dice.choice(FLAGS), word(dice)
        words += [f"{flag}={value}"] if dice.random() < 0.5 else [flag, value]
    if dice.random() < 0.1:
        words.insert(dice.randrange(len(words)), word(dice))
    # What precedes the first flag is a command or a file; others would run what is not meant here.
    return words if words[0].startswith("-") or words[0] in {"live", "process", "eval"} else ["live", *words]


def values(dice: random.Random) -> dict[str, Any]:
    """Settings as another program might give them."""
    chosen = dice.choices(NAMES, k=dice.choice((1, 1, 2, 4)))
    return {name: word(dice) if dice.random() < 0.6 else dice.choice(THINGS) for name in chosen}


def _point(dice: random.Random) -> int:
    return dice.choice(
        (dice.randrange(32), dice.randrange(0x20, 0x7F), dice.randrange(0x80, 0xA0), dice.randrange(0x110000))
    )
