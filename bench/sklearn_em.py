#!/usr/bin/env python3
"""scikit-learn on the problem of `samebits bench em`: the same blobs, the same start, fixed iterations.

usage: bench/sklearn_em.py ROWS COLS COMPONENTS ITERATIONS [--covariance full|tied|diag|spherical] [--normals FILE.npy]

FILE holds ROWS * COLS standard normals, such as `samebits random normal --n N --seed 1 --out FILE` writes: then the data
have the bits of `samebits bench em`. Prints one JSON object. Needs scikit-learn; threads are those of its BLAS.

       bench/sklearn_em.py --fits [DATA_SETS RESTARTS ROWS COLS COMPONENTS]

many small fits instead, each restart a fit of its own, shared out by joblib over two processes as one does by hand.
"""

import argparse
import json
import time
import warnings

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture


def blobs(normals, rows, cols, components, distance):
    return normals.reshape(rows, cols) + distance * (np.arange(rows) * components // rows)[:, None]


def normals_of(options, n):
    if options.normals:
        return np.load(options.normals)[:n]
    return np.random.Generator(np.random.Philox(1)).standard_normal(n)


def precisions(covariance, components, cols):
    return {
        "full": np.stack([np.eye(cols)] * components),
        "tied": np.eye(cols),
        "diag": np.ones((components, cols)),
        "spherical": np.ones(components),
    }[covariance]


def one_large(options):
    rows, cols, components, iterations = options.sizes
    x = blobs(normals_of(options, rows * cols), rows, cols, components, 5.0)
    middle = [(2 * k + 1) * rows // (2 * components) for k in range(components)]
    model = GaussianMixture(
        components, covariance_type=options.covariance, tol=0.0, max_iter=iterations, reg_covar=1e-6,
        weights_init=np.full(components, 1 / components), means_init=x[middle],
        precisions_init=precisions(options.covariance, components, cols), init_params="random_from_data")
    begin = time.perf_counter()
    model.fit(x)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "n_iter": model.n_iter_, "log_likelihood": model.score(x)}


def fit_once(x, components, restart):
    return GaussianMixture(components, tol=1e-3, max_iter=100, random_state=restart).fit(x).lower_bound_


def many_small(options):
    from joblib import Parallel, delayed

    data_sets, restarts, rows, cols, components = options.sizes or (40, 20, 300, 2, 3)
    noise = np.random.Generator(np.random.Philox(1)).standard_normal((data_sets, rows * cols))
    x = [blobs(normals, rows, cols, components, 2.0) for normals in noise]
    with Parallel(n_jobs=2) as pool:
        pool(delayed(fit_once)(x[0], components, i) for i in range(4))  # processes are there
        begin = time.perf_counter()
        pool(delayed(fit_once)(data, components, i) for data in x for i in range(restarts))
        seconds = time.perf_counter() - begin
    return {"seconds": seconds, "fits": data_sets * restarts}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--covariance", default="full")
    parser.add_argument("--normals", default="")
    parser.add_argument("--fits", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    result = many_small(options) if options.fits else one_large(options)
    print(json.dumps({"scikit-learn": sklearn.__version__, **result}))


if __name__ == "__main__":
    main()
