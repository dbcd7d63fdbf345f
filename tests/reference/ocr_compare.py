#!/usr/bin/env python3
"""Reads every OCR picture with Argus and with RapidOCR, in turns, and prints one table.

For developers; no test runs it. Needs an environment with rapidocr 3.10.0 and onnxruntime 1.32.0, and:

    cargo build --release -p argus-tools --example ocr_bench
    python tests/reference/ocr_compare.py --data DIR [--bench target/release/examples/ocr_bench] [--repeat 3] [--only TEXT]

DIR holds index.json and its pictures. Both sides use the graphs and the ONNX Runtime library of that environment, with two
threads; times are the least of the repeats, image decoding included. Character error rate (CER) for items with a text: edit
distance over the truth's length after joining white space, case and width of punctuation folded; items whose scoring allows
no folding are folded on both sides alike. Recall: share of the truth's words (blocks, lines, words) found among the words read.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
import unicodedata
from pathlib import Path


def fold(text):
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def truth_words(truth):
    if "words" in truth:
        return [w["text"] for w in truth["words"] if not w["ignore"]]
    parts = truth.get("lines") or truth.get("blocks") or []
    texts = [p if isinstance(p, str) else p.get("text") or "" for p in parts]
    return [word for text in texts for word in re.findall(r"\w+", text)]


def score(truth, text):
    """(kind, errors or hits, total)."""
    if "text" in truth:
        want = fold(truth["text"]).replace(" ", "")
        return "cer", distance(want, fold(text).replace(" ", "")), len(want)
    if "contains" in truth:
        return "recall", sum(part in text for part in truth["contains"]), len(truth["contains"])
    have = {}
    for word in re.findall(r"\w+", fold(text)):
        have[word] = have.get(word, 0) + 1
    hits, total = 0, 0
    for word in (part for item in truth_words(truth) for part in re.findall(r"\w+", fold(item))):
        total += 1
        if have.get(word, 0) > 0:
            have[word] -= 1
            hits += 1
    return "recall", hits, total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bench", default="target/release/examples/ocr_bench")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", default="")
    parser.add_argument("--texts", action="store_true", help="print what was read where the two differ")
    args = parser.parse_args()

    import onnxruntime
    import rapidocr

    runtime = next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"), None)
    if runtime is None:
        sys.exit("the installed onnxruntime ships no libonnxruntime.so")
    models = Path(rapidocr.__file__).parent / "models"
    engine = rapidocr.RapidOCR(
        params={"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error"}
    )
    bench = subprocess.Popen(
        [args.bench, "--runtime", str(runtime), "--models", str(models), "--server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )

    def ours(path):
        bench.stdin.write(f"{path}\n")
        bench.stdin.flush()
        answer = json.loads(bench.stdout.readline())
        if "error" in answer:
            return "", 0, 0.0, answer["error"]
        return answer["text"], len(answer["lines"]), answer["ms"][0], [round(s) for s in answer["stages_ms"]]

    def theirs(path):
        start = time.perf_counter()
        result = engine(path)
        elapsed = (time.perf_counter() - start) * 1000
        stages = [round((s or 0) * 1000) for s in (getattr(result, "elapse_list", None) or [])]
        texts = result.txts or ()
        return "\n".join(texts), len(texts), elapsed, stages

    items = [i for i in json.loads((args.data / "index.json").read_text()) if i["task"] == "ocr" and args.only in i["id"]]
    totals = {"cer": [[0, 0], 0], "recall": [[0, 0], 0]}
    rows, ratios, sums = [], [], [0.0, 0.0]
    macro = {"cer": [[], []], "recall": [[], []]}
    for item in items:
        path = str((args.data / item["file"]).resolve())
        best, read = [None, None], [None, None]
        for round_ in range(args.repeat + 1):
            sides = [ours, theirs] if round_ % 2 else [theirs, ours]
            for side in sides:
                which = 0 if side is ours else 1
                text, count, ms, stages = side(path)
                read[which] = (text, count, stages)
                # The first round warms caches and memory pools.
                if round_ > 0 or args.repeat == 0:
                    best[which] = ms if best[which] is None else min(best[which], ms)
        kind, mine, total = score(item["truth"], read[0][0])
        _, other, _ = score(item["truth"], read[1][0])
        totals[kind][0][0] += mine
        totals[kind][0][1] += other
        totals[kind][1] += total
        macro[kind][0].append(mine / max(total, 1))
        macro[kind][1].append(other / max(total, 1))
        ratios.append(best[0] / best[1])
        sums = [sums[0] + best[0], sums[1] + best[1]]
        print(
            f"{item['id']:32} {best[0]:7.0f} {best[1]:7.0f} ms {best[0] / best[1]:5.2f}  {kind:6} "
            f"{mine:4} {other:4} of {total:4}  lines {read[0][1]:3} {read[1][1]:3}  {read[0][2]} {read[1][2]}",
            flush=True,
        )
        if args.texts and mine != other:
            print("   argus:", repr(read[0][0])[:1500])
            print("   rapid:", repr(read[1][0])[:1500])
            print("   truth:", repr(item["truth"].get("text") or truth_words(item["truth"]))[:1500])
    bench.stdin.close()
    bench.wait()
    print(f"\n{'':24} {'argus':>9} {'rapidocr':>9}")
    print(f"{'total time (s)':24} {sums[0] / 1000:9.2f} {sums[1] / 1000:9.2f}   ratio {sums[0] / sums[1]:.3f}")
    print(f"{'median ratio':24} {statistics.median(ratios):9.3f}")
    print(f"{'slower than rapidocr':24} {sum(r > 1 for r in ratios):9} of {len(ratios)}")
    for kind, name in (("cer", "character error rate"), ("recall", "word recall")):
        (mine, other), total = totals[kind]
        if total:
            print(f"{name:24} {mine / total:9.4f} {other / total:9.4f}   over {total}")
            print(f"{name + ', mean':24} {statistics.mean(macro[kind][0]):9.4f} {statistics.mean(macro[kind][1]):9.4f}   per item")


if __name__ == "__main__":
    main()
