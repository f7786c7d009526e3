"""ONNX files in the shape of matting models, with operations in them that a good one would not have."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from hostile.seeds import Seed
from hostile.spoil import spoilt

Constants = dict[str, Any]
Made = tuple[list[NodeProto], Constants]

SIZES = (0, 1, -1, 2, 7, 64, 1 << 12, 1 << 20, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63))


MODEST = (1, 1, 2, 3, 0, -1)


def net(nodes: Sequence[NodeProto] = (), constants: Constants | None = None, *, extra: str = "") -> bytes:
    """A plain net: the mean of the picture's channels, and the tensor named `extra`, if any, times zero."""
    node = helper.make_node
    all_nodes = [*nodes, node("ReduceMean", ["input"], ["mean"], axes=[1], keepdims=1)]
    values = {"zero": np.float32(0), **(constants or {})}
    if extra:
        all_nodes += [
            node("Cast", [extra], ["as_float"], to=TensorProto.FLOAT),
            node("ReduceMean", ["as_float"], ["one_number"], keepdims=0),
            node("Mul", ["one_number", "zero"], ["nothing"]),
            node("Add", ["mean", "nothing"], ["output"]),
        ]
    else:
        all_nodes.append(node("Identity", ["mean"], ["output"]))
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])
    given = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "height", "width"])
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()]
    graph = helper.make_graph(all_nodes, "hostile", [taken], [given], held)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return made


def endless() -> bytes:
    """A loop whose condition never fails."""
    number = helper.make_tensor_value_info("number", TensorProto.INT64, [])
    going = helper.make_tensor_value_info("going", TensorProto.BOOL, [])
    still = helper.make_tensor_value_info("still", TensorProto.BOOL, [])
    state = helper.make_tensor_value_info("state", TensorProto.FLOAT, [])
    more = helper.make_tensor_value_info("more", TensorProto.FLOAT, [])
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["still"]), helper.make_node("Add", ["state", "state"], ["more"])],
        "body",
        [number, going, state],
        [still, more],
    )
    loop = helper.make_node("Loop", ["often", "yes", "start"], ["last"], body=body)
    constants = {"often": np.int64((1 << 63) - 1), "yes": np.bool_(True), "start": np.float32(1)}
    return net([loop], constants, extra="last")


def filling(side: int) -> bytes:
    """Asks for `side` times `side` numbers of four bytes."""
    node = helper.make_node("ConstantOfShape", ["shape"], ["filled"])
    return net([node], {"shape": np.array([side, side], np.int64)}, extra="filled")


def enlarging(scale: float) -> bytes:
    """Enlarges the picture by that much, each way."""
    node = helper.make_node("Resize", ["input", "", "scales"], ["large"], mode="nearest")
    return net([node], {"scales": np.array([1, 1, scale, scale], np.float32)}, extra="large")


def model_seeds() -> list[Seed]:
    """Plain nets, one of them with what real ones consist of."""
    return [Seed("onnx", content) for content in (net(), enlarging(1.5), _convolving())]


def _convolving() -> bytes:
    """Two convolutions and a sigmoid, beside the plain net."""
    dice = np.random.default_rng(0)
    weights = {
        "first": dice.normal(size=(8, 3, 3, 3)).astype(np.float32),
        "second": dice.normal(size=(1, 8, 3, 3)).astype(np.float32),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["input", "first"], ["features"], pads=[1, 1, 1, 1]),
        node("Relu", ["features"], ["positive"]),
        node("Conv", ["positive", "second"], ["score"], pads=[1, 1, 1, 1]),
        node("Sigmoid", ["score"], ["share"]),
    ]
    return net(nodes, weights, extra="share")


def hostile_net(dice: random.Random) -> bytes:
    """A net with one to three hostile operations, now and then spoilt besides."""
    nodes: list[NodeProto] = []
    constants: Constants = {}
    source = "input"
    for number in range(dice.choice((1, 1, 2, 3))):
        made, held = dice.choice(OPERATIONS)(dice, source, str(number))
        nodes += made
        constants |= held
        source = made[-1].output[0]
    try:
        content = net(nodes, constants, extra=source)
    except (ValueError, TypeError, OverflowError):
        content = net()
    return spoilt(content, [net()], dice) if dice.random() < 0.3 else content


def _shape(dice: random.Random, length: int | None = None) -> Any:
    sizes = SIZES if dice.random() < 0.4 else MODEST
    return np.array([dice.choice(sizes) for _ in range(length or dice.choice((4, 4, 4, 0, 1, 2, 3)))], np.int64)


def _numbers(dice: random.Random, length: int) -> Any:
    if length == 4 and dice.random() < 0.6:
        return np.array([1, 1, dice.choice((0.5, 1, 2, 30)), dice.choice((0.5, 1, 2, 30))], np.float32)
    return np.array([dice.choice((0, -1, 1, 2, 1e-9, 1e9, np.inf, np.nan, 3.5)) for _ in range(length)], np.float32)


def _shaped(operation: str) -> Callable[[random.Random, str, str], Made]:
    """An operation that takes a tensor and a shape."""

    def make(dice: random.Random, source: str, suffix: str) -> Made:
        node = helper.make_node(operation, [source, f"shape{suffix}"], [f"out{suffix}"])
        return [node], {f"shape{suffix}": _shape(dice)}

    return make


def _resize(dice: random.Random, source: str, suffix: str) -> Made:
    mode = dice.choice(("nearest", "linear", "cubic"))
    node = helper.make_node("Resize", [source, "", f"scales{suffix}"], [f"out{suffix}"], mode=mode)
    return [node], {f"scales{suffix}": _numbers(dice, dice.choice((4, 4, 4, 1)))}


def _filled(dice: random.Random, source: str, suffix: str) -> Made:
    del source
    node = helper.make_node("ConstantOfShape", [f"shape{suffix}"], [f"out{suffix}"])
    return [node], {f"shape{suffix}": _shape(dice)}


def _conv(dice: random.Random, source: str, suffix: str) -> Made:
    sides = [dice.choice((1, 3, 3, 7, 0, 100)) for _ in range(2)]
    weight = np.ones((dice.choice((1, 3, 64)), dice.choice((3, 3, 1, 0)), *sides), np.float32)
    attributes = {
        "pads": [dice.choice((0, 1, -1, 1 << 20, 1 << 40)) for _ in range(4)],
        "strides": [dice.choice((1, 1, 2, 0, -1, 1 << 31)) for _ in range(2)],
        "dilations": [dice.choice((1, 1, 2, 0, 1 << 31)) for _ in range(2)],
        "group": dice.choice((1, 1, 3, 0, -1, 1 << 31)),
    }
    kept = {name: value for name, value in attributes.items() if dice.random() < 0.3}
    kind = dice.choice(("Conv", "Conv", "ConvTranspose"))
    return [helper.make_node(kind, [source, f"w{suffix}"], [f"out{suffix}"], **kept)], {f"w{suffix}": weight}


def _pool(dice: random.Random, source: str, suffix: str) -> Made:
    kernel = [dice.choice((1, 2, 3, 0, -1, 1 << 20, 1 << 40)) for _ in range(2)]
    pads = [dice.choice((0, 0, 1, -1, 1 << 31)) for _ in range(4)]
    kind = dice.choice(("MaxPool", "AveragePool", "LpPool"))
    return [helper.make_node(kind, [source], [f"out{suffix}"], kernel_shape=kernel, pads=pads)], {}


def _gather(dice: random.Random, source: str, suffix: str) -> Made:
    axis = dice.choice((0, 1, 2, 3, -1, 4, 1 << 40))
    kind = dice.choice(("Gather", "GatherND", "GatherElements"))
    attributes = {} if kind == "GatherND" else {"axis": axis}
    node = helper.make_node(kind, [source, f"at{suffix}"], [f"out{suffix}"], **attributes)
    return [node], {f"at{suffix}": _shape(dice, dice.choice((1, 2, 4)))}


def _pad(dice: random.Random, source: str, suffix: str) -> Made:
    mode = dice.choice(("constant", "reflect", "edge"))
    node = helper.make_node("Pad", [source, f"pads{suffix}"], [f"out{suffix}"], mode=mode)
    return [node], {f"pads{suffix}": _shape(dice, dice.choice((8, 8, 8, 2)))}


def _slice(dice: random.Random, source: str, suffix: str) -> Made:
    names = [f"{part}{suffix}" for part in ("starts", "ends", "axes", "steps")]
    length = dice.choice((1, 2, 4))
    node = helper.make_node("Slice", [source, *names], [f"out{suffix}"])
    return [node], {name: _shape(dice, length) for name in names}


def _odd(dice: random.Random, source: str, suffix: str) -> Made:
    kinds = (
        "TopK",
        "Einsum",
        "LSTM",
        "NonZero",
        "Upsample",
        "DepthToSpace",
        "SpaceToDepth",
        "Transpose",
        "Softmax",
    )
    kind = dice.choice(
        (*kinds, "GridSample", "Range", "OneHot", "Nonsense", "QLinearConv", "MatMul", "Split", "DFT")
    )
    attributes: dict[str, Any] = {}
    if kind in {"DepthToSpace", "SpaceToDepth"}:
        attributes["blocksize"] = dice.choice((0, 1, 2, -1, 1 << 31))
    if kind == "Transpose":
        attributes["perm"] = [dice.choice((0, 1, 2, 3, 9, -1)) for _ in range(4)]
    if kind == "Einsum":
        attributes["equation"] = dice.choice(("bchw->bc", "...ij->...", "a,b->ab", "", "zz" * 500))
    inputs = [source, *[f"k{suffix}"] * dice.randrange(4)]
    domain = dice.choice(("", "", "", "com.microsoft", "evil.example"))
    node = helper.make_node(kind, inputs, [f"out{suffix}"], domain=domain, **attributes)
    return [node], {f"k{suffix}": _shape(dice, dice.choice((1, 4)))}


OPERATIONS: Sequence[Callable[[random.Random, str, str], Made]] = (
    *(_shaped(kind) for kind in ("Reshape", "Expand", "Tile", "Unsqueeze", "Squeeze")),
    _resize, _resize, _filled, _conv, _conv, _pool, _gather, _pad, _slice, _odd, _odd,
)  # fmt: skip
