#!/usr/bin/env python3
"""scikit-learn on the problem of `samebits bench em`: blobs of the same shape, the same start, fixed iterations.

usage: bench/sklearn_em.py [ROWS COLS COMPONENTS ITERATIONS]

Needs scikit-learn (pip install scikit-learn). Prints seconds and the mean log-likelihood. Threads are those of its BLAS.
"""

import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture


def blobs(rows, cols, components):
    noise = np.random.Generator(np.random.Philox(1)).standard_normal((rows, cols))
    return noise + 5.0 * (np.arange(rows) * components // rows)[:, None]


def main():
    rows, cols, components, iterations = (int(a) for a in sys.argv[1:]) if sys.argv[1:] else (4_000_000, 2, 4, 25)
    x = blobs(rows, cols, components)
    middle = [(2 * k + 1) * rows // (2 * components) for k in range(components)]
    model = GaussianMixture(
        components, tol=0.0, max_iter=iterations, reg_covar=1e-6, weights_init=np.full(components, 1 / components),
        means_init=x[middle], precisions_init=np.stack([np.eye(cols)] * components), init_params="random")
    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    model.fit(x)
    seconds = time.perf_counter() - begin
    print(f"scikit-learn {sklearn.__version__}: {rows} x {cols}, K = {components}, {model.n_iter_} iterations: "
          f"{seconds:.2f} s, log-likelihood {model.score(x):.6f}")


if __name__ == "__main__":
    main()
