"""Makes assets/models/*.onnx of the selfie models' .tflite files: the same networks, arranged for ONNX Runtime.

Weights are untouched (float16, as they are), save for the first layer's, which are divided by 255. Five exact
rewritings keep every large tensor in the blocked layout that ONNX Runtime's convolutions want, and off the full
resolution where they can be:

- a 1x1 convolution of an enlarged tensor is done before it is enlarged: both are linear, bilinear weights add to 1;
- the mean of an enlarged tensor is the mean of the small one: enlarging by two weighs every pixel alike;
- a 1x1 convolution of a sum with an enlarged tensor is the sum of two convolutions, one of them small;
- attention's factor of each channel is repeated over the picture, so that the product is one of equal shapes;
- the last, transposed convolution (2x2, stride 2) is a 1x1 convolution to four pixels, interleaved by the caller.

    python tools/make_selfie_onnx.py
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rimlight.segmenters.selfie import GENERAL, LANDSCAPE

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mediapipe.tasks.metadata import schema_py_generated as schema

_NOTICE = (
    "Copyright The MediaPipe Authors, Apache-2.0. Changed by Rimlight from MediaPipe's selfie segmentation model: "
    "written in ONNX instead of TensorFlow Lite, operations rearranged, the last one's pixels left to the caller "
    "to interleave; weights as they were, save for the first layer's, divided by 255."
)
"""In the file itself, as its licence asks of changed files (section 4b)."""

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
_CUSTOM = 32
_OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
_SAME_PADDING = 0


def convert(tflite: bytes) -> onnx.ModelProto:
    """RGB planes (1, 3, H, W) float32 in 0..255 to probabilities (1, 4, H/2, W/2).

    The four are those of the upper left, upper right, lower left and lower right pixel of each 2x2.
    """
    return _Conversion(tflite).model()


class _Conversion:
    def __init__(self, tflite: bytes) -> None:
        self._file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(tflite, 0))
        self._graph = self._file.subgraphs[0]
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._constants = {
            n: values for n, t in enumerate(self._graph.tensors) if (values := self._stored(t)) is not None
        }
        self._renamed = {self._graph.inputs[0]: "rgb"}
        self._small: dict[int, str] = {}
        """By number: what an enlarged tensor is enlarged from."""
        self._enlarged_later: dict[int, int] = {}
        self._sums: dict[int, tuple[int, int]] = {}
        """By number: a full and an enlarged tensor whose sum is only convolved or averaged."""
        self._count = 0

    def model(self) -> onnx.ModelProto:
        for operator in self._graph.operators:
            kind = self._kind(operator)
            getattr(self, f"_{kind.lower()}")(operator, [int(n) for n in operator.inputs], int(operator.outputs[0]))
        _, height, width, _ = self._shape(self._graph.inputs[0])
        given = helper.make_tensor_value_info("rgb", TensorProto.FLOAT, [1, 3, height, width])
        made = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 4, height // 2, width // 2])
        graph = helper.make_graph(self._nodes, "selfie", [given], [made], self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        model.producer_name = "rimlight/tools/make_selfie_onnx.py"
        model.doc_string = _NOTICE
        onnx.checker.check_model(model, full_check=True)
        return model

    def _dequantize(self, _: Any, inputs: list[int], output: int) -> None:
        self._constants[output] = self._constants[inputs[0]].astype(np.float32)

    def _conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        weights = self._constants[inputs[1]].transpose(0, 3, 1, 2)
        if self._name(inputs[0]) == "rgb":
            # The network wants 0..1.
            weights = weights / np.float32(255)
        named, bias = self._weight(weights), self._weight(self._constants[inputs[2]])
        if inputs[0] in self._enlarged_later:
            small = self._node("Conv", [self._name(self._enlarged_later[inputs[0]]), named, bias])
            self._small[output] = small
        elif inputs[0] in self._sums:
            full, enlarged = self._sums[inputs[0]]
            part = self._enlarge(self._node("Conv", [self._small[enlarged], named]))
            self._node("Add", [self._node("Conv", [self._name(full), named, bias]), part], output)
        else:
            self._convolve(operator, inputs[0], [named, bias], weights, output)

    def _depthwise_conv_2d(self, operator: Any, inputs: list[int], output: int) -> None:
        weights = self._constants[inputs[1]].transpose(3, 0, 1, 2)
        named = [self._weight(weights), self._weight(self._constants[inputs[2]])]
        self._convolve(operator, inputs[0], named, weights, output, group=len(weights))

    def _convolve(
        self, operator: Any, source: int, named: list[str], weights: NDArray[Any], output: int, group: int = 1
    ) -> None:
        options = operator.builtinOptions
        strides = (options.strideH, options.strideW)
        padding = [0, 0]
        if options.padding == _SAME_PADDING:
            sides = zip(self._shape(source)[1:3], strides, weights.shape[2:], strict=True)
            padding = [max(0, (-(-side // stride) - 1) * stride + kernel - side) for side, stride, kernel in sides]
        before = [total // 2 for total in padding]
        after = [total - first for total, first in zip(padding, before, strict=True)]
        self._node("Conv", [self._name(source), *named], output, pads=before + after, strides=strides, group=group)

    def _relu(self, _: Any, inputs: list[int], output: int) -> None:
        self._node("Relu", [self._name(inputs[0])], output)

    def _hard_swish(self, _: Any, inputs: list[int], output: int) -> None:
        self._node("HardSwish", [self._name(inputs[0])], output)

    def _logistic(self, _: Any, inputs: list[int], output: int) -> None:
        target = "mask" if output == self._graph.outputs[0] else output
        self._node("Sigmoid", [self._name(inputs[0])], target)

    def _add(self, _: Any, inputs: list[int], output: int) -> None:
        enlarged = [n for n in inputs if n in self._small]
        if enlarged:
            # Only convolutions and means use it, and they take it apart.
            self._sums[output] = (next(n for n in inputs if n not in enlarged), enlarged[0])
        else:
            self._node("Add", [self._name(n) for n in inputs], output)

    def _mul(self, _: Any, inputs: list[int], output: int) -> None:
        values, factors = inputs
        _, height, width, _ = self._shape(values)
        scales = self._weight(np.array([1, 1, height, width], np.float32))
        repeated = self._node(
            "Resize",
            [self._name(factors), "", scales],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        self._node("Mul", [self._name(values), repeated], output)

    def _average_pool_2d(self, _: Any, inputs: list[int], output: int) -> None:
        if inputs[0] not in self._sums:
            self._node("GlobalAveragePool", [self._name(inputs[0])], output)
            return
        full, enlarged = self._sums[inputs[0]]
        parts = (self._name(full), self._small[enlarged])
        self._node("Add", [self._node("GlobalAveragePool", [part]) for part in parts], output)

    _mean = _average_pool_2d

    def _resize_bilinear(self, operator: Any, inputs: list[int], output: int) -> None:
        options = operator.builtinOptions
        doubled = [2 * side for side in self._shape(inputs[0])[1:3]] == self._shape(output)[1:3]
        if options.alignCorners or not options.halfPixelCenters or not doubled:
            raise ValueError("this network enlarges otherwise than by two, half a pixel in")
        self._enlarged_later[output] = inputs[0]

    def _convolution2dtransposebias(self, _: Any, inputs: list[int], output: int) -> None:
        (weights,) = self._constants[inputs[1]]
        corners = self._weight(weights.reshape(4, -1, 1, 1))
        bias = self._weight(np.repeat(self._constants[inputs[2]], 4))
        self._node("Conv", [self._name(inputs[0]), corners, bias], output)

    def _enlarge(self, small: str) -> str:
        scales = self._weight(np.array([1, 1, 2, 2], np.float32))
        return self._node("Resize", [small, "", scales], mode="linear", coordinate_transformation_mode="half_pixel")

    def _node(self, kind: str, inputs: list[str], output: int | str | None = None, **attributes: Any) -> str:
        name = output if isinstance(output, str) else self._fresh() if output is None else self._name(output)
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def _weight(self, values: NDArray[Any]) -> str:
        """The name of a constant, kept in half precision where that says the same."""
        name = self._fresh()
        half = values.astype(np.float16)
        if values.dtype == np.float32 and values.size > 4 and np.array_equal(half.astype(np.float32), values):
            self._weights.append(numpy_helper.from_array(np.ascontiguousarray(half), f"{name}_half"))
            return self._node("Cast", [f"{name}_half"], name, to=TensorProto.FLOAT)
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _fresh(self) -> str:
        self._count += 1
        return f"n{self._count}"

    def _name(self, tensor: int) -> str:
        return self._renamed.get(tensor, f"t{tensor}")

    def _shape(self, tensor: int) -> list[int]:
        return [int(side) for side in self._graph.tensors[tensor].shape]

    def _stored(self, tensor: Any) -> NDArray[Any] | None:
        content = self._file.buffers[tensor.buffer].data
        if content is None or not len(content):
            return None
        return np.frombuffer(bytes(content), _TYPES[tensor.type]).reshape(tensor.shape)

    def _kind(self, operator: Any) -> str:
        code = self._file.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if getattr(operator.builtinOptions, "fusedActivationFunction", 0):
            raise ValueError("this network has activations within other operations")
        return str(code.customCode.decode()) if number == _CUSTOM else _OPERATORS[number]


def main() -> None:
    for model in (GENERAL, LANDSCAPE):
        file = model.onnx.path
        onnx.save(convert(model.tflite.checked()), file)
        print(f"{file.name}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
