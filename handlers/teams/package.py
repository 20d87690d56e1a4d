"""The app package for Teams: the manifest for one app and one host, and its two icons.

The icons are drawn here, from the same shapes as the web door's, so that no picture has to be kept in
step by hand. Teams' rules: 192×192 in colour; 32×32 in white on nothing.
"""

import json
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.routes import TYPED
from bot.settings import Misconfigured

TEMPLATE = Path(__file__).with_name("manifest.json")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
DOMAIN = re.compile(r"(?=.{1,253}$)[a-zA-Z0-9-]{1,63}(\.[a-zA-Z0-9-]{1,63})*(:\d{1,5})?")
TARGETED_VERSION = "1.30"
"""Targeted messages are declared from 1.29 on; without them 1.25 is accepted most widely."""

TEAL, WHITE = (0x0F, 0x76, 0x6E), (0xFF, 0xFF, 0xFF)
SIDE = 32
"""The icons' shapes are in this many units, whatever their size."""
STROKES = (((9.0, 23.0), (16.0, 8.0)), ((16.0, 8.0), (23.0, 23.0)), ((11.8, 17.5), (20.2, 17.5)))
STROKE, DOT, DOT_RADIUS, CORNER = 1.3, (16.0, 23.4), 1.7, 9.0

Pixel = tuple[int, int, int, int]


def manifest(app_id: str, domain: str, *, targeted: bool = False) -> dict[str, Any]:
    """The manifest of one app; raises Misconfigured for what Teams would not take."""
    if not GUID.fullmatch(app_id):
        raise Misconfigured("--app-id must be the app's id in Azure: 8-4-4-4-12 hexadecimal digits.")
    if not DOMAIN.fullmatch(domain):
        raise Misconfigured("--domain must be a host name like amends.example.com, without https://.")
    text = TEMPLATE.read_text(encoding="utf-8").replace("APP_ID", app_id).replace("DOMAIN", domain)
    made: dict[str, Any] = json.loads(text)
    bot = made["bots"][0]
    for listed in bot["commandLists"]:
        listed["commands"] = [
            {"title": words.partition(" ")[0], "description": f"{words}: {meaning}"}
            for words, meaning in TYPED.items()
        ]
    if targeted:
        made["$schema"] = made["$schema"].replace(made["manifestVersion"], TARGETED_VERSION)
        made["manifestVersion"] = TARGETED_VERSION
        bot["supportsTargetedMessages"] = True
    return made


def write(path: Path, app_id: str, domain: str, *, targeted: bool = False) -> None:
    """Writes the package to upload to Teams; raises Misconfigured, also where it cannot be written."""
    made = manifest(app_id, domain, targeted=targeted)
    files = {
        "manifest.json": json.dumps(made, indent=2, ensure_ascii=False).encode(),
        "color.png": color_icon(),
        "outline.png": outline_icon(),
    }
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in files.items():
                package.writestr(name, content)
    except OSError as wrong:
        raise Misconfigured(f"--out {path} cannot be written: {wrong.strerror or wrong}.") from None


def color_icon() -> bytes:
    """192×192: the mark in white on a teal tile with round corners."""

    def pixel(x: float, y: float, unit: float) -> Pixel:
        tile, mark = _tile(x, y, unit), _mark(x, y, unit)
        mixed = (round(teal + (white - teal) * mark) for teal, white in zip(TEAL, WHITE, strict=True))
        red, green, blue = mixed
        return red, green, blue, round(255 * tile)

    return _png(192, pixel)


def outline_icon() -> bytes:
    """32×32: the mark in white on nothing."""
    return _png(32, lambda x, y, unit: (*WHITE, round(255 * _mark(x, y, unit))))


def _covered(distance: float, unit: float) -> float:
    """How much of a pixel a shape covers whose edge is `distance` away (below 0: inside)."""
    return min(1.0, max(0.0, 0.5 - distance / unit))


def _mark(x: float, y: float, unit: float) -> float:
    strokes = min(_to_line(x, y, start, end) for start, end in STROKES) - STROKE
    dot = math.hypot(x - DOT[0], y - DOT[1]) - DOT_RADIUS
    return _covered(min(strokes, dot), unit)


def _tile(x: float, y: float, unit: float) -> float:
    half = SIDE / 2
    beyond = (max(0.0, abs(one - half) - (half - CORNER)) for one in (x, y))
    return _covered(math.hypot(*beyond) - CORNER, unit)


def _to_line(x: float, y: float, start: tuple[float, float], end: tuple[float, float]) -> float:
    along = (end[0] - start[0], end[1] - start[1])
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / (along[0] ** 2 + along[1] ** 2)
    share = min(1.0, max(0.0, share))
    return math.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])


def _png(size: int, pixel: Callable[[float, float, float], Pixel]) -> bytes:
    """A square PNG (RGBA, 8 bits); https://www.w3.org/TR/png-3/ says how."""
    unit = SIDE / size
    rows = bytearray()
    for row in range(size):
        rows.append(0)
        for column in range(size):
            rows.extend(pixel((column + 0.5) * unit, (row + 0.5) * unit, unit))
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in pieces)


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
