"""Makes bayesian_gmm.json with scikit-learn: python3 tests/data/bayesian_gmm.py > tests/data/bayesian_gmm.json

Start: a stable sort of the rows by column 0 is cut into k slices (slice j has sorted rows j*n//k to (j+1)*n//k - 1),
and every row belongs wholly to the component of its slice. The parameters are those after n_iter iterations. Fits have
either the default priors and reg_covar 0, or the options below.
"""

import csv
import json
import pathlib
import warnings

import numpy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

DATA = pathlib.Path(__file__).parents[2] / "data"
OPTIONS = {
    "reg_covar": 1e-3,
    "weight_concentration_prior": 0.25,
    "mean_precision_prior": 0.5,
    "mean_prior": [5.0, 3.0, 4.0, 1.0],
    "degrees_of_freedom_prior": 6.5,
    "covariance_prior": [[2.0, 0.1, 0.2, 0.0], [0.1, 1.0, 0.0, 0.1], [0.2, 0.0, 3.0, 0.3], [0.0, 0.1, 0.3, 1.5]],
}


class SlicedStart(BayesianGaussianMixture):
    def _initialize_parameters(self, X, random_state, xp=None):
        n, k = len(X), self.n_components
        order = numpy.argsort(X[:, 0], kind="stable")
        shares = numpy.zeros((n, k))
        for j in range(k):
            shares[order[j * n // k : (j + 1) * n // k], j] = 1
        self._initialize(X, shares)


def fit(dataset, k, covariance, prior, n_iter, options):
    with open(DATA / f"{dataset}.csv", newline="") as file:
        x = numpy.array([[float(v) for v in row] for row in list(csv.reader(file))[1:]])
    given = {name: numpy.array(value) if isinstance(value, list) else value for name, value in options.items()}
    if options and covariance == "diag":
        given["covariance_prior"] = numpy.diag(given["covariance_prior"])
    given = {"reg_covar": 0} | given
    model = SlicedStart(n_components=k, covariance_type=covariance, weight_concentration_prior_type=prior, tol=0,
                        max_iter=n_iter, **given).fit(x)
    return {
        "dataset": dataset, "n_components": k, "covariance": covariance, "prior": prior, "n_iter": n_iter,
        "has_options": bool(options), "weights": model.weights_.tolist(), "means": model.means_.ravel().tolist(),
        "covariances": model.covariances_.ravel().tolist(), "mean_precision": model.mean_precision_.tolist(),
        "degrees_of_freedom": model.degrees_of_freedom_.tolist(),
        "weight_concentration": numpy.ravel(model.weight_concentration_).tolist(),
    }


warnings.simplefilter("ignore", ConvergenceWarning)
fits = [fit(dataset, k, covariance, prior, n_iter, {})
        for dataset, k in (("faithful", 4), ("iris", 3))
        for covariance in ("full", "diag")
        for prior in ("dirichlet_distribution", "dirichlet_process")
        for n_iter in (1, 300)]
fits += [fit("iris", 3, covariance, prior, 100, OPTIONS)
         for covariance in ("full", "diag")
         for prior in ("dirichlet_distribution", "dirichlet_process")]
print('{"about": "scikit-learn ' + sklearn.__version__ + ', see bayesian_gmm.py",\n "options": ' + json.dumps(OPTIONS)
      + ',\n "fits": [\n' + ",\n".join(json.dumps(f) for f in fits) + "\n]}")
