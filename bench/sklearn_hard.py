#!/usr/bin/env python3
"""What scikit-learn's GaussianMixture makes of the hard cases of docs/models.md (tests/backends/gmm_hard_test.cpp).

usage: bench/sklearn_hard.py data/faithful.csv

Each line: the case, the covariance type, and "right" (within 1e-6 standard deviations, or the tolerance given), "wrong
by" how many standard deviations, or the error. The right answer is EM in 64-bit-mantissa long double from the same
start, centred on the data, after the same 20 iterations.
"""
import sys
import warnings

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture

ITERATIONS = 20
LONG = np.longdouble


def cholesky(a):
    n = len(a)
    factor = np.zeros_like(a)
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j] - factor[i, :j] @ factor[j, :j]
            factor[i, j] = np.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def solve(factor, b):
    z = np.zeros_like(b)
    for i in range(len(factor)):
        z[i] = (b[i] - factor[i, :i] @ z[:i]) / factor[i, i]
    return z


def restricted(covariance, kind):
    return np.diag(np.diag(covariance)) if kind == "diag" else covariance


def shared(covariances, shares, kind):
    """Tied covariances are the mean over all rows."""
    if kind != "tied":
        return covariances
    return [sum(s * c for s, c in zip(shares, covariances)) / sum(shares)] * len(covariances)


def log_densities(x, weights, means, covariances):
    columns = []
    for w, m, c in zip(weights, means, covariances):
        factor = cholesky(c)
        z = solve(factor, (x - m).T)
        constant = np.log(w) - x.shape[1] * np.log(2 * LONG(np.pi)) / 2 - np.log(np.diag(factor)).sum()
        columns.append(constant - (z * z).sum(0) / 2)
    return np.stack(columns, 1)


def scores(x, *mixture):
    d = log_densities(x, *mixture)
    top = d.max(1)
    return top + np.log(np.exp(d - top[:, None]).sum(1))


def em(x, mixture, kind, reg_covar):
    for _ in range(ITERATIONS):
        d = log_densities(x, *mixture)
        shares = np.exp(d - scores(x, *mixture)[:, None])
        sums = shares.sum(0)
        means = (shares.T @ x) / sums[:, None]
        covariances = []
        for k, m in enumerate(means):
            centred = x - m
            c = restricted((shares[:, k, None] * centred).T @ centred / sums[k], kind)
            covariances.append(c + LONG(reg_covar) * np.eye(len(m), dtype=LONG))
        mixture = (sums / len(x), means, shared(covariances, sums, kind))
    return mixture


def slices(x, k, kind, reg_covar):
    """Sorted by the first column and cut into k slices, each a component; rounded to double, as a start."""
    order = np.argsort(x[:, 0], kind="stable")
    parts = [x[order[j * len(x) // k:(j + 1) * len(x) // k]].astype(LONG) for j in range(k)]
    weights = np.array([len(p) / len(x) for p in parts])
    means = np.array([p.mean(0) for p in parts]).astype(np.float64)
    exact = [restricted((p - p.mean(0)).T @ (p - p.mean(0)) / len(p), kind) for p in parts]
    covariances = [c.astype(np.float64) + reg_covar * np.eye(x.shape[1]) for c in shared(exact, weights, kind)]
    return weights, means, covariances


def precisions(covariances, kind):
    if kind == "tied":
        return np.linalg.inv(covariances[0])
    if kind == "diag":
        return np.array([1 / np.diag(c) for c in covariances])
    return np.array([np.linalg.inv(c) for c in covariances])


def distance(found, expected, kind):
    d = 0
    for k, c in enumerate(expected[2]):
        sd = np.sqrt(np.diag(c))
        covariance = {"full": lambda: found.covariances_[k], "tied": lambda: found.covariances_,
                      "diag": lambda: np.diag(found.covariances_[k])}[kind]()
        d = max(d, abs(found.weights_[k] - expected[0][k]), np.abs((found.means_[k] - expected[1][k]) / sd).max(),
                np.abs((covariance - c) / np.outer(sd, sd)).max())
    return float(d)


def run(case, call):
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            outcome = call()
        except Exception as error:  # the message is the outcome
            outcome = f"{type(error).__name__}: {' '.join(str(error).split())[:150]}"
        names = {w.category.__name__ for w in caught} - {"ConvergenceWarning"}
    print(f"{case:58} {outcome}" + (f"   [{', '.join(sorted(names))}]" if names else ""), flush=True)


def fit_case(name, x, reg_covar=0.0, k=2, tolerance=1e-6, kinds=("full", "diag")):
    for kind in kinds:
        def call():
            start = slices(x, k, kind, reg_covar)
            model = GaussianMixture(k, covariance_type=kind, tol=0, max_iter=ITERATIONS, reg_covar=reg_covar,
                                    weights_init=start[0], means_init=start[1],
                                    precisions_init=precisions(start[2], kind)).fit(x)
            exact = em(x.astype(LONG), tuple(np.asarray(part, dtype=LONG) for part in start), kind, reg_covar)
            d = distance(model, exact, kind)
            return f"right ({d:.1e})" if d <= tolerance else f"wrong by {d:.2g}"
        run(f"{name}, {kind}", call)


def default_case(name, x, k, reg_covar=1e-6, best=None):
    for kind in ("full", "diag"):
        def call():
            model = GaussianMixture(k, covariance_type=kind, reg_covar=reg_covar, random_state=0, tol=1e-6,
                                    max_iter=300).fit(x)
            score = model.score(x)
            return f"mean log-likelihood {score:.9g}" + (f", best {best:.9g}" if best is not None else "")
        run(f"{name}, {kind}", call)


def query_case(x, value, dtype=np.float64):
    for kind in ("full", "diag"):
        def call():
            model = GaussianMixture(2, covariance_type=kind, random_state=0).fit(x.astype(dtype))
            row = np.array([[value, value]], dtype=dtype)
            mixture = (model.weights_.astype(LONG), model.means_.astype(LONG),
                       [np.asarray(np.diag(c) if kind == "diag" else c, dtype=LONG) for c in model.covariances_])
            right = scores(row.astype(LONG), *mixture)[0]
            return (f"score {model.score_samples(row)[0]:.9g} (right: {right:.9g}), proba "
                    f"{model.predict_proba(row)[0].tolist()}, label {model.predict(row)[0]}")
        run(f"query at {value:g}, {np.dtype(dtype).name}, {kind}", call)


def main(file):
    faithful = np.loadtxt(file, delimiter=",", skiprows=1)
    print(f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}")
    for offset in (0, 1e3, 1e6, 1e8, 1e9):
        fit_case(f"offset {offset:g}", faithful + offset)
    for offset in (0, 1e3, 1e4):
        fit_case(f"offset {offset:g}, float", (faithful + offset).astype(np.float32), tolerance=1e-4)
    for distance in (1e4, 1e6, 1e8):
        apart = faithful + np.where(faithful[:, :1] > 3, distance, 0.0)
        fit_case(f"clusters {distance:g} apart", apart, kinds=("full", "diag", "tied"))
    for unit in (1e-8, 1e8, 1e150, 1e160):
        fit_case(f"unit {unit:g}", faithful * unit)
    default_case("unit 1e-160, reg_covar 0", faithful * 1e-160, 2, 0.0)
    for unit in (1e-8, 2.0**-1060):
        default_case(f"unit {unit:g}, standard reg_covar", faithful * unit, 2)
    for value in (0.1, 1e8):
        constant = np.hstack([faithful, np.full((len(faithful), 1), value)])
        default_case(f"constant column {value:g}, reg_covar 0", constant, 2, 0.0)
        fit_case(f"constant column {value:g}, reg_covar 1e-6", constant, 1e-6)
    collinear = np.hstack([faithful, 2 * faithful[:, 1:]])
    default_case("collinear column, reg_covar 0", collinear, 2, 0.0)
    fit_case("collinear column, reg_covar 1e-6", collinear, 1e-6)
    i = np.arange(200)
    points = np.stack([np.where(i % 2 == 0, 0.0, 10), np.where(i % 4 < 2, 0.0, 10)], 1)
    default_case("4 different rows, K = 7", points, 7, best=float(np.log(0.25) - np.log(2 * np.pi * 1e-6)))
    default_case("4 different rows, K = 7, reg_covar 0", points, 7, 0.0)
    i = np.arange(12.0)
    default_case("12 rows, K = 12", np.stack([i, i * i], 1), 12, best=float(-np.log(12) - np.log(2 * np.pi * 1e-6)))
    a, b = np.meshgrid(np.arange(5), np.arange(20), indexing="ij")
    wide = ((a * a * 7 + a * b * 3 + b) % 11).astype(float)
    default_case("5 rows x 20 columns, K = 1, reg_covar 0", wide, 1, 0.0)
    default_case("5 rows x 20 columns, K = 1", wide, 1)
    for value in (1e3, 1e7, 1e150, 1e160):
        query_case(faithful, value)
    query_case(faithful, 1e25, np.float32)


if __name__ == "__main__":
    main(sys.argv[1])
