#!/usr/bin/env python3
"""The mixtures of gpu_bench in other people's programs, on the first GPU: seconds of the fastest run.

usage: bench/gpu_peers.py [--seconds S] [--device cuda|cpu] [--small]

The same EM with full covariances in PyTorch and in CuPy, as one writes it: with all rows and components at once where
that fits into memory, and one component after the other, of which the faster one counts; and scikit-learn's own on
arrays of PyTorch. Data of the same distribution and shape, the same start, fixed iterations. Prints a line of JSON for
each program and problem, and one with a note where a package is missing or fails. Starts nothing new after S seconds.
"""

import argparse
import gc
import json
import math
import os
import time
import warnings

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # SciPy looks at it when it is imported

SHAPES = {  # as gpu_operations.cpp has them: rows, columns, components, iterations, type
    "em 2 columns float64": (4_000_000, 2, 4, 25, "float64"),
    "em 64 columns float64": (1_000_000, 64, 64, 5, "float64"),
    "em 64 columns float32": (1_000_000, 64, 64, 5, "float32"),
    "em 16 columns float64": (1_000_000, 16, 16, 5, "float64"),
}
SMALL = {name: (rows // 1000, cols, min(components, 4), 2, dtype)
         for name, (rows, cols, components, _, dtype) in SHAPES.items()}
MOST_BYTES = 4 << 30  # of one array of all rows, components and columns
REG_COVAR = 1e-6


# ---- the same arrays in both packages ---------------------------------------------------------------------------------

class Torch:
    def __init__(self, device):
        import torch
        if device == "cuda" and not torch.cuda.is_available():
            raise ImportError("PyTorch finds no GPU")
        self.xp = torch
        self.device = device
        self.name = f"PyTorch {torch.__version__}"

    def normals(self, rows, cols, dtype):
        self.xp.manual_seed(1)
        return self.xp.randn(rows, cols, dtype=getattr(self.xp, dtype), device=self.device)

    def arange(self, n):
        return self.xp.arange(n, device=self.device)

    def eye(self, x):
        return self.xp.eye(x.shape[1], dtype=x.dtype, device=self.device)

    def empty(self, rows, cols, x):
        return self.xp.empty((rows, cols), dtype=x.dtype, device=self.device)

    def stack(self, arrays):
        return self.xp.stack(arrays)

    def wait(self):
        if self.device == "cuda":
            self.xp.cuda.synchronize()

    def free(self):
        gc.collect()
        if self.device == "cuda":
            self.xp.cuda.empty_cache()


class CuPy:
    def __init__(self, device):
        if device != "cuda":
            raise ImportError("CuPy needs a GPU")
        import cupy
        cupy.cuda.runtime.getDeviceCount()
        self.xp = cupy
        self.name = f"CuPy {cupy.__version__}"

    def normals(self, rows, cols, dtype):
        return self.xp.random.default_rng(1).standard_normal((rows, cols), dtype=dtype)

    def arange(self, n):
        return self.xp.arange(n)

    def eye(self, x):
        return self.xp.eye(x.shape[1], dtype=x.dtype)

    def empty(self, rows, cols, x):
        return self.xp.empty((rows, cols), dtype=x.dtype)

    def stack(self, arrays):
        return self.xp.stack(arrays)

    def wait(self):
        self.xp.cuda.Device().synchronize()

    def free(self):
        gc.collect()
        self.xp.get_default_memory_pool().free_all_blocks()


def blobs(arrays, rows, cols, components, dtype):
    """Blob k at 5 k in every coordinate, one after the other."""
    x = arrays.normals(rows, cols, dtype)
    x += (5 * (arrays.arange(rows) * components // rows))[:, None]
    return x


def start(arrays, x, components):
    """Equal weights, the row in the middle of each blob, unit covariances."""
    rows = len(x)
    means = arrays.stack([x[(2 * k + 1) * rows // (2 * components)] for k in range(components)])
    covariances = arrays.stack([arrays.eye(x)] * components)
    return means[:, 0] * 0 + 1 / components, means, covariances


# ---- EM ---------------------------------------------------------------------------------------------------------------

def whitening(arrays, covariances):
    """Inverse Cholesky factors, and the logarithms of their determinants."""
    xp = arrays.xp
    factors = xp.linalg.cholesky(covariances)
    inverses = xp.linalg.solve(factors, xp.broadcast_to(arrays.eye(covariances[0]), covariances.shape))
    return inverses, xp.log(xp.einsum("kii->ki", inverses)).sum(1)


def responsibilities(xp, log_prob):
    largest = xp.amax(log_prob, 1)
    shares = xp.exp(log_prob - largest[:, None])
    total = shares.sum(1)
    return shares / total[:, None], (largest + xp.log(total)).mean()


def all_at_once(arrays, x, weights, means, covariances):
    """One iteration with arrays of all rows, components and columns."""
    xp = arrays.xp
    inverses, log_det = whitening(arrays, covariances)
    z = xp.einsum("kij,nkj->nki", inverses, x[:, None, :] - means)
    constant = xp.log(weights) + log_det - 0.5 * x.shape[1] * math.log(2 * math.pi)
    shares, log_likelihood = responsibilities(xp, constant - 0.5 * (z * z).sum(2))
    counts = shares.sum(0)
    means = (shares.T @ x) / counts[:, None]
    difference = x[:, None, :] - means
    covariances = xp.einsum("nki,nkj->kij", difference * shares[:, :, None], difference) / counts[:, None, None]
    return counts / len(x), means, covariances + REG_COVAR * arrays.eye(x), log_likelihood


def by_component(arrays, x, weights, means, covariances):
    """One iteration with arrays of all rows and columns, as scikit-learn does it."""
    xp = arrays.xp
    n_components = len(means)
    inverses, log_det = whitening(arrays, covariances)
    constant = xp.log(weights) + log_det - 0.5 * x.shape[1] * math.log(2 * math.pi)
    log_prob = arrays.empty(len(x), n_components, x)
    for k in range(n_components):
        z = (x - means[k]) @ inverses[k].T
        log_prob[:, k] = constant[k] - 0.5 * (z * z).sum(1)
    shares, log_likelihood = responsibilities(xp, log_prob)
    counts = shares.sum(0)
    means = (shares.T @ x) / counts[:, None]
    moments = []
    for k in range(n_components):
        difference = x - means[k]
        moments.append((difference * shares[:, k, None]).T @ difference / counts[k])
    return counts / len(x), means, arrays.stack(moments) + REG_COVAR * arrays.eye(x), log_likelihood


def seconds_of_em(arrays, x, iteration, components, iterations):
    begin = time.perf_counter()
    model = start(arrays, x, components)
    for _ in range(iterations):
        *model, log_likelihood = iteration(arrays, x, *model)
    log_likelihood = float(log_likelihood)
    arrays.wait()
    return time.perf_counter() - begin, log_likelihood


def measure_em(arrays, shape):
    rows, cols, components, iterations, dtype = shape
    x = blobs(arrays, rows, cols, components, dtype)
    answer = {"program": arrays.name}
    for iteration in (by_component, all_at_once):
        if iteration is all_at_once and rows * cols * components * x.itemsize > MOST_BYTES:
            continue
        seconds_of_em(arrays, x, iteration, components, 1)  # compiles and allocates
        runs = [seconds_of_em(arrays, x, iteration, components, iterations) for _ in range(2)]
        seconds, log_likelihood = min(runs)
        if seconds < answer.get("seconds", math.inf):
            answer.update(seconds=seconds, log_likelihood=log_likelihood, variant=iteration.__name__)
    return answer


class ArrayEm:
    """The EM above, in one of the packages."""

    def __init__(self, make_arrays, device):
        self.arrays = make_arrays(device)

    def measure(self, shape):
        try:
            return measure_em(self.arrays, shape)
        finally:
            self.arrays.free()


class ScikitLearn:
    """GaussianMixture on arrays of PyTorch, by scikit-learn's array API."""

    def __init__(self, device):
        import sklearn
        from sklearn.mixture import GaussianMixture
        self.arrays = Torch(device)
        self.mixture = GaussianMixture
        self.name = f"scikit-learn {sklearn.__version__} on {self.arrays.name}"
        sklearn.set_config(array_api_dispatch=True)

    def fit(self, x, components, iterations):
        weights, means, covariances = start(self.arrays, x, components)
        model = self.mixture(components, tol=0.0, max_iter=iterations, reg_covar=REG_COVAR, weights_init=weights,
                             means_init=means, precisions_init=covariances, init_params="random_from_data")
        begin = time.perf_counter()
        model.fit(x)
        self.arrays.wait()
        return time.perf_counter() - begin

    def measure(self, shape):
        rows, cols, components, iterations, dtype = shape
        x = blobs(self.arrays, rows, cols, components, dtype)
        try:
            self.fit(x, components, 1)
            return {"program": self.name, "seconds": min(self.fit(x, components, iterations) for _ in range(2))}
        finally:
            self.arrays.free()


# ---- the program ------------------------------------------------------------------------------------------------------

PROGRAMS = {
    "PyTorch": lambda device: ArrayEm(Torch, device),
    "CuPy": lambda device: ArrayEm(CuPy, device),
    "scikit-learn": ScikitLearn,
}


def one_line(error):
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def measured(program, name, shape):
    """What can go wrong in other people's packages must not end this program."""
    try:
        return program.measure(shape)
    except Exception as error:  # pylint: disable=broad-except
        return {"program": name, "note": one_line(error)}


def made(name, device):
    try:
        return PROGRAMS[name](device), ""
    except Exception as error:  # pylint: disable=broad-except
        return None, one_line(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    programs = {name: made(name, options.device) for name in PROGRAMS}
    for row, shape in (SMALL if options.small else SHAPES).items():
        for name, (program, note) in programs.items():
            if not note and time.perf_counter() - begin > options.seconds:
                note = "no time left"
            answer = {"program": name, "note": note} if note else measured(program, name, shape)
            print(json.dumps({"row": row, **answer}), flush=True)


if __name__ == "__main__":
    main()
