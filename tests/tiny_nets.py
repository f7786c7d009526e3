"""ONNX files of a few operations, in the shapes of real matting models: the real runtime runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper, save

from rimlight.types import Size

GRAY = 110 / 255
"""What the nets take for the room: the gray that the model's portrait stands on."""

Sides = Sequence[int | str | None]


def tensor(name: str, shape: Sides, kind: int = TensorProto.FLOAT) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def write(
    path: Path,
    nodes: Sequence[NodeProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
    constants: dict[str, object],
) -> Path:
    """The net as a file of the oldest format that has all operations."""
    values = [
        numpy_helper.from_array(np.asarray(v, None if isinstance(v, np.ndarray) else np.float32), name)
        for name, v in constants.items()
    ]
    graph = helper.make_graph(list(nodes), "tiny", list(inputs), list(outputs), values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def recurrent(path: Path, *, nan_above: float = 2.0) -> Path:
    """In RobustVideoMatting's shape. The matte is half of what is not gray, and half of the last matte.

    It is not a number where red is above `nan_above`. The person's colours are the picture's.
    """
    node = helper.make_node
    nodes = [
        node("Sub", ["src", "gray"], ["off"]),
        node("Abs", ["off"], ["distance"]),
        node("ReduceMean", ["distance"], ["mean"], axes=[1], keepdims=1),
        node("Mul", ["mean", "gain"], ["steep"]),
        node("Clip", ["steep", "zero", "one"], ["now"]),
        node("Add", ["now", "r1i"], ["sum"]),
        node("Mul", ["sum", "half"], ["mixed"]),
        node("Slice", ["src", "first", "second", "axis"], ["red"]),
        node("Sub", ["limit", "red"], ["under"]),
        node("Sqrt", ["under"], ["root"]),
        node("Mul", ["root", "zero"], ["nothing"]),
        node("Add", ["mixed", "nothing"], ["pha"]),
        node("Identity", ["pha"], ["r1o"]),
        node("Identity", ["src"], ["fgr"]),
        *(node("Identity", [f"r{i}i"], [f"r{i}o"]) for i in (2, 3, 4)),
    ]
    memory = [f"r{i}" for i in (1, 2, 3, 4)]
    inputs = [
        tensor("src", ["batch_size", 3, "height", "width"]),
        *(tensor(f"{name}i", ["batch_size", "channels", "height", "width"]) for name in memory),
        tensor("downsample_ratio", [1]),
    ]
    outputs = [
        tensor("fgr", ["batch_size", 3, "height", "width"]),
        tensor("pha", ["batch_size", 1, "height", "width"]),
        *(tensor(f"{name}o", [None] * 4) for name in memory),
    ]
    constants: dict[str, object] = {"gray": GRAY, "gain": 20, "zero": 0, "one": 1, "half": 0.5, "limit": nan_above}
    constants |= {"first": np.array([0]), "second": np.array([1]), "axis": np.array([1])}
    return write(path, nodes, inputs, outputs, constants)


def plain(
    path: Path,
    *,
    mean: Sequence[float] = (0, 0, 0),
    deviation: Sequence[float] = (1, 1, 1),
    layout: str = "NCHW",
    size: Size | None = None,
    gain: float = 20,
    shift: float = 0,
) -> Path:
    """What is not gray, of a picture in the scale of `mean` and `deviation`; times `gain`, plus `shift`.

    At a gain of 20 it is clipped to 0..1, else not.
    """
    node = helper.make_node
    first = layout == "NCHW"
    sides: Sides = ["height", "width"] if size is None else [size.height, size.width]
    shape = (3, 1, 1) if first else (3,)
    nodes = [
        node("Mul", ["input", "deviation"], ["scaled"]),
        node("Add", ["scaled", "mean"], ["true"]),
        node("Sub", ["true", "gray"], ["off"]),
        node("Abs", ["off"], ["distance"]),
        node("ReduceMean", ["distance"], ["average"], axes=[1 if first else 3], keepdims=1),
        node("Mul", ["average", "gain"], ["steep"]),
        node("Add", ["steep", "shift"], ["moved"]),
        node("Clip", ["moved", "zero", "one"], ["output"])
        if gain == 20
        else node("Identity", ["moved"], ["output"]),
    ]
    constants: dict[str, object] = {
        "mean": np.array(mean, np.float32).reshape(shape),
        "deviation": np.array(deviation, np.float32).reshape(shape),
        "gray": GRAY,
        "gain": gain,
        "shift": shift,
        "zero": 0,
        "one": 1,
    }
    taken: Sides = ["batch", 3, *sides] if first else ["batch", *sides, 3]
    given: Sides = ["batch", 1, *sides] if first else ["batch", *sides, 1]
    return write(path, nodes, [tensor("input", taken)], [tensor("output", given)], constants)
