"""The tree of errors: what an error that is kept keeps."""

from __future__ import annotations

import gc
import traceback
import weakref

import pytest

from rimlight.errors import SegmenterError, emptied


class Held:
    """Stands for a picture, or a model."""


def failing(held: Held) -> None:
    mine = held
    try:
        raise ValueError(f"foreign {type(mine).__name__}")
    except ValueError as error:
        raise SegmenterError("ours") from error


def caught(held: Held, *, empty: bool) -> SegmenterError:
    try:
        failing(held)
    except SegmenterError as error:
        return emptied(error) if empty else error
    raise AssertionError


@pytest.mark.parametrize("empty", [True, False])
def test_an_error_that_is_kept_holds_nothing_of_where_it_passed(empty: bool) -> None:
    gc.disable()
    try:
        held = Held()
        watched = weakref.ref(held)
        error = caught(held, empty=empty)
        del held
        assert (watched() is None) == empty
    finally:
        gc.enable()
    lines = "".join(traceback.format_exception(error))
    assert "foreign Held" in lines
    assert "in failing" in lines
