"""Writes the golden pictures of tools/tests/resize.rs: one drawn picture, resized by Pillow and by OpenCV.

Run by a developer when a filter is added, never by `cargo test`:

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 pillow==13.0.0 opencv-python-headless==5.0.0.93
    venv/bin/python tests/golden/resize.py

Every file is named SOFTWARE-FILTER-WIDTHxHEIGHT.png.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parents[2] / "tools" / "tests" / "data" / "resize"
SIZES = [(40, 23), (150, 100), (61, 97)]


def drawn() -> np.ndarray:
    """97 x 61 pixels: a gradient, hard edges, thin lines, a disc, and a corner of noise."""
    width, height = 97, 61
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), (x + y) % 256], axis=-1).astype(np.uint8)
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    draw.ellipse([8, 8, 38, 38], fill=(250, 240, 20), outline=(0, 0, 0))
    for offset in range(0, 30, 3):
        draw.line([45 + offset, 5, 45 + offset, 30], fill=(255, 255, 255) if offset % 2 else (0, 0, 0))
    draw.polygon([(50, 58), (70, 35), (93, 55)], fill=(10, 20, 200))
    picture = np.array(image)
    picture[44:61, 0:30] = np.random.default_rng(7).integers(0, 256, (17, 30, 3), dtype=np.uint8)
    return picture


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = drawn()
    Image.fromarray(picture).save(FOLDER / "source.png")
    filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
    for width, height in SIZES:
        for name, kind in filters.items():
            resized = Image.fromarray(picture).resize((width, height), kind)
            resized.save(FOLDER / f"pillow-{name}-{width}x{height}.png")
        resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        Image.fromarray(resized).save(FOLDER / f"opencv-linear-{width}x{height}.png")


if __name__ == "__main__":
    main()
