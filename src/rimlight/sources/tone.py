"""Images of high dynamic range made standard ones, by FFmpeg's colour table filter with a table of ours."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rimlight.errors import DiskError
from rimlight.hdr import Transfer, table
from rimlight.tags import ColorTags
from rimlight.types import Size

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph

_STEPS = 33
"""Of the table, between which it is interpolated: within 0.5 of a level of the formula on grays, 0.4 on average."""
_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
"""By their code points of H.273."""
_CODED_IN = {1: "bt709", 5: "bt601", 6: "bt601", 7: "smpte240m"}
"""Names of the scaler's for other matrices than BT.2020's."""


def transfer_of(tags: ColorTags) -> Transfer | None:
    """The kind of high dynamic range that a file says it has; None if it has none."""
    return _TRANSFERS.get(tags.transfer)


class ToneMapper:
    """Makes images of the size (as coded) 4:2:0, 8 bits, BT.709, limited range. Used by one thread."""

    def __init__(self, transfer: Transfer, size: Size) -> None:
        self._transfer = transfer
        self._size = size
        self._like: tuple[object, ...] = ()
        self._graph: Graph

    def mapped(self, image: VideoFrame) -> VideoFrame:
        """The image anew, without its times. Raises DiskError if no file can be written in the temporary folder."""
        like = (image.width, image.height, image.format.name, int(image.colorspace), int(image.color_range))
        if like != self._like:
            self._graph, self._like = self._made_for(image), like
        self._graph.push(image)
        return self._graph.vpull()

    def _made_for(self, image: VideoFrame) -> Graph:
        from av.filter import Graph

        graph = Graph()
        graph.threads = 1
        matrix = _CODED_IN.get(image.colorspace, "bt2020")
        coded = "pc" if image.color_range == 2 else "tv"
        with tempfile.TemporaryDirectory(prefix="rimlight-") as folder:
            # A name without anything that a filter's arguments would have to escape.
            cube = Path(folder) / "table.cube"
            try:
                cube.write_text(_cube(self._transfer), encoding="ascii")
            except OSError as error:
                raise DiskError(f"{cube} cannot be written: {error.strerror}", "Free some space there.") from error
            graph.link_nodes(
                graph.add(
                    "buffer",
                    f"video_size={image.width}x{image.height}:pix_fmt={image.format.name}:time_base=1/90000:"
                    f"pixel_aspect=1/1:colorspace={int(image.colorspace)}:range={int(image.color_range)}",
                ),
                graph.add(
                    "scale",
                    f"{self._size.width}:{self._size.height}:flags=bicubic:in_color_matrix={matrix}:"
                    f"in_range={coded}:out_range=pc",
                ),
                graph.add("format", "pix_fmts=gbrp16le"),
                graph.add("lut3d", file=str(cube), interp="tetrahedral"),
                graph.add("scale", "out_color_matrix=bt709:in_range=pc:out_range=tv"),
                graph.add("format", "pix_fmts=yuv420p"),
                graph.add("buffersink"),
            ).configure()
        return graph


def _cube(transfer: Transfer) -> str:
    """The table as a .cube file, red running fastest."""
    rows = table(transfer, _STEPS).reshape(-1, 3).tolist()
    return "\n".join([f"LUT_3D_SIZE {_STEPS}", *("{:.6f} {:.6f} {:.6f}".format(*row) for row in rows), ""])
