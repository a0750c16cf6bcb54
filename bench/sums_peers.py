#!/usr/bin/env python3
"""Other people's sums, on the data of `samebits bench sum` and `samebits bench pairwise`: seconds of the fastest run.

usage: bench/sums_peers.py numbers FILE.npy REPEAT     NumPy's sum and histogram, math.fsum
       bench/sums_peers.py pairs FILE.npy N REPEAT     KeOps: the gaussian total of N rows of 3 columns with N others

FILE holds standard normals, as `samebits random normal --n N --seed 1 --out FILE` writes them: those of the benchmarks.
The last line of the output is a JSON object; what is not installed is missing in it. Needs NumPy, and for pairs pykeops.
"""

import hashlib
import json
import math
import struct
import sys
import time

import numpy as np


def best(repeat, action):
    """The shortest time and the last result."""
    seconds = []
    result = None
    for _ in range(repeat):
        begin = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), result


def digest(*values):
    """As samebits names results by their bits."""
    return "sha256:" + hashlib.sha256(struct.pack(f"<{len(values)}d", *values)).hexdigest()


def numbers(file, repeat):
    x = np.load(file)
    sum_seconds, total = best(repeat, x.sum)
    histogram_seconds, _ = best(min(repeat, 3), lambda: np.histogram(x, bins=100, range=(-8, 8)))
    values = x.tolist()
    fsum_seconds, exact = best(1, lambda: math.fsum(values))
    return {"numpy": np.__version__, "n": len(x), "sum": sum_seconds, "histogram": histogram_seconds,
            "fsum": fsum_seconds, "fsum_digest": digest(exact), "sum_error": abs(float(total) - exact)}


def pairs(file, n, repeat):
    try:
        import pykeops
        from pykeops.numpy import LazyTensor
    except ImportError:
        return {}
    x = np.load(file)[:3 * n].reshape(n, 3)
    answer = {"keops": pykeops.__version__, "n": n}
    for dtype in (np.float64, np.float32):
        rows = x.astype(dtype)
        others = rows.copy()

        def total(n_rows=n):
            squares = ((LazyTensor(rows[:n_rows, None, :]) - LazyTensor(others[None, :n_rows, :])) ** 2).sum(-1)
            return float((-squares / 2).exp().sum(1).sum(dtype=np.float64))

        total(100)  # compiles
        seconds, value = best(repeat, total)
        answer[np.dtype(dtype).name] = {"seconds": seconds, "total": value}
    return answer


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "numbers":
        answer = numbers(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 5 and sys.argv[1] == "pairs":
        answer = pairs(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        raise SystemExit(__doc__)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
