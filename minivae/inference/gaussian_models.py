"""Models whose log p(x, z) is a quadratic in z, so that everything about them is known exactly.

log p(x, z) = const + bᵀz − ½ zᵀΛz has the posterior N(Λ⁻¹b, Λ⁻¹). Each class computes log_joint from its
definition, likelihood and prior, and gives Λ and b independently of it: two ways to the same posterior,
compared in the tests.
"""

import math

import numpy

from ..backend import get_xp, to_numpy
from ..errors import require_positive, require_shape
from ..prior import LOG_2PI
from .distributions import MultivariateNormal, cholesky
from .model import Model, observations, require_real


class QuadraticModel(Model):
    """What they share. A subclass has xp, its library, and precision_and_shift() -> Λ (Z, Z), b (Z,), in NumPy."""

    def posterior(self):
        """p(z|x) = N(Λ⁻¹ b, Λ⁻¹)"""
        precision, shift = self.precision_and_shift()
        covariance = numpy.linalg.inv(precision)
        return MultivariateNormal(covariance @ shift, 0.5 * (covariance + covariance.T))


class GaussianMean(QuadraticModel):
    """Z unknown means: x_n ~ N(z, σ² I), z ~ N(m₀, s₀² I).    x (N, Z), noise σ, prior_mean m₀, prior_std s₀

    The latents are independent, in the prior and in the posterior.
    """

    def __init__(self, x, noise=1.0, prior_mean=0.0, prior_std=1.0):
        require_positive(noise=noise, prior_std=prior_std)
        require_real(prior_mean=prior_mean)
        x = observations("x", x, 2)
        self.N, Z = x.shape
        self.names = tuple(f"z{i + 1}" for i in range(Z))
        self.support = ("real",) * Z
        self.variance, self.prior_mean, self.prior_variance = noise ** 2, prior_mean, prior_std ** 2
        self.xp = get_xp(x)
        self.mean_x = x.mean(axis=0)                                        # x̄ (Z,)
        self.scatter = ((x - self.mean_x) ** 2).sum(axis=0)                 # Σ (x − x̄)² (Z,)

    def log_joint(self, z):
        return self.log_joint_local(z).sum(axis=1)

    def log_joint_local(self, z):
        """Σₙ log N(x_ni; zᵢ, σ²) + log N(zᵢ; m₀, s₀²), with Σ (x − z)² = Σ (x − x̄)² + N (x̄ − z)²"""
        self.check(z)
        squares = self.scatter + self.N * (self.mean_x - z) ** 2
        log_px = -0.5 * (squares / self.variance + self.N * (LOG_2PI + math.log(self.variance)))
        deviation = z - self.prior_mean
        log_pz = -0.5 * (deviation ** 2 / self.prior_variance + LOG_2PI + math.log(self.prior_variance))
        return log_px + log_pz

    def log_joint_gradient(self, z):
        """∂/∂z = N (x̄ − z)/σ² − (z − m₀)/s₀²"""
        self.check(z)
        return self.N * (self.mean_x - z) / self.variance - (z - self.prior_mean) / self.prior_variance

    def precision_and_shift(self):
        """Λ = (N/σ² + 1/s₀²) I,   b = N x̄/σ² + m₀/s₀²"""
        precision = self.N / self.variance + 1 / self.prior_variance
        shift = self.N * to_numpy(self.mean_x) / self.variance + self.prior_mean / self.prior_variance
        return precision * numpy.eye(self.latent_dim), shift

    def log_evidence(self):
        """log p(x) = log p(x|x̄) + log p(x̄): the first does not depend on z, and x̄ ~ N(m₀, s₀² + σ²/N)."""
        mean_x, scatter = to_numpy(self.mean_x), to_numpy(self.scatter)
        variance_of_mean = self.variance / self.N
        log_p_given_mean = -0.5 * (self.N * (LOG_2PI + math.log(self.variance)) + scatter / self.variance
                                   - LOG_2PI - math.log(variance_of_mean))
        variance = self.prior_variance + variance_of_mean
        log_p_mean = -0.5 * ((mean_x - self.prior_mean) ** 2 / variance + LOG_2PI + math.log(variance))
        return float((log_p_given_mean + log_p_mean).sum())


class LinearRegression(QuadraticModel):
    """y_n ~ N(x_nᵀ w, σ²), w ~ N(0, s² I); the latent z is w.    X (N, Z), y (N,), noise σ, prior_std s

    The data couple the weights: they are correlated in the posterior, unless XᵀX is diagonal.
    """

    def __init__(self, X, y, noise=1.0, prior_std=1.0):
        require_positive(noise=noise, prior_std=prior_std)
        self.X, self.y = observations("X", X, 2), observations("y", y, 1)
        self.xp = get_xp(self.X, self.y)
        require_shape("y", self.y, self.X.shape[:1])
        self.names = tuple(f"w{i + 1}" for i in range(self.X.shape[1]))
        self.support = ("real",) * self.X.shape[1]
        self.variance, self.prior_variance = noise ** 2, prior_std ** 2

    def log_joint(self, w):
        """Σₙ log N(y_n; x_nᵀ w, σ²) + Σᵢ log N(wᵢ; 0, s²)"""
        return self._log_likelihood(w) + self._log_prior(w).sum(axis=1)

    def log_joint_local(self, w):
        """The terms with wᵢ: its prior, and −½ ‖y − X w‖²/σ² minus its value at wᵢ = 0.

        Times σ², with r = y − X w and xᵢ a column of X: −½ (‖r‖² − ‖r + xᵢ wᵢ‖²) = wᵢ xᵢᵀ r + ½ wᵢ² ‖xᵢ‖².
        """
        residual = self._residual(w)
        quadratic = w * (residual @ self.X) + 0.5 * w * w * (self.X * self.X).sum(axis=0)
        return quadratic / self.variance + self._log_prior(w)

    def log_joint_gradient(self, w):
        """∂/∂w = Xᵀ (y − X w)/σ² − w/s²"""
        return self._residual(w) @ self.X / self.variance - w / self.prior_variance

    def _residual(self, w):
        self.check(w)
        return self.y - w @ self.X.T                                        # (S, N)

    def _log_likelihood(self, w):
        return -0.5 * (self._residual(w) ** 2 / self.variance + LOG_2PI + math.log(self.variance)).sum(axis=1)

    def _log_prior(self, w):
        return -0.5 * (w * w / self.prior_variance + LOG_2PI + math.log(self.prior_variance))

    def precision_and_shift(self):
        """Λ = XᵀX/σ² + I/s²,   b = Xᵀy/σ²"""
        X, y = to_numpy(self.X), to_numpy(self.y)
        precision = X.T @ X / self.variance + numpy.eye(self.latent_dim) / self.prior_variance
        return precision, X.T @ y / self.variance

    def log_evidence(self):
        """log p(y) = log N(y; 0, σ² I + s² X Xᵀ): y = X w + noise is a sum of two Gaussians."""
        X, y = to_numpy(self.X), to_numpy(self.y)
        covariance = self.variance * numpy.eye(len(y)) + self.prior_variance * X @ X.T
        return float(MultivariateNormal(numpy.zeros(len(y)), covariance).log_prob(y[None])[0])


class CorrelatedGaussian(QuadraticModel):
    """No data, only a target: log p(x, z) = log N(z; mean, covariance), so log p(x) = 0.

    mean (Z,), covariance (Z, Z). It shows what mean field does to a correlation, and nothing else.
    """

    def __init__(self, mean, covariance):
        self.mean = observations("mean", mean, 1)
        covariance = observations("covariance", covariance, 2)
        self.xp = xp = get_xp(self.mean, covariance)
        Z = len(self.mean)
        require_shape("covariance", covariance, (Z, Z))
        C = cholesky("covariance", to_numpy(covariance))
        self.names = tuple(f"z{i + 1}" for i in range(Z))
        self.support = ("real",) * Z
        self.precision = xp.asarray(numpy.linalg.inv(C).T @ numpy.linalg.inv(C))        # Λ
        self.diagonal = xp.asarray(to_numpy(self.precision).diagonal().copy())          # Λ_ii
        self.log_norm = -0.5 * Z * LOG_2PI - float(numpy.log(C.diagonal()).sum())

    def log_joint(self, z):
        """log N(z; m, Λ⁻¹) = −½ (z − m)ᵀ Λ (z − m) + ½ log|Λ| − Z/2 log 2π"""
        self.check(z)
        d = z - self.mean
        return -0.5 * ((d @ self.precision) * d).sum(axis=1) + self.log_norm

    def log_joint_local(self, z):
        """The terms with zᵢ of −½ Σᵢⱼ Λᵢⱼ dᵢ dⱼ, where d = z − m:   −dᵢ Σⱼ Λᵢⱼ dⱼ + ½ Λᵢᵢ dᵢ²"""
        self.check(z)
        d = z - self.mean
        return -d * (d @ self.precision) + 0.5 * self.diagonal * d * d

    def log_joint_gradient(self, z):
        """∂/∂z = −Λ (z − m)"""
        self.check(z)
        return -(z - self.mean) @ self.precision

    def precision_and_shift(self):
        """Λ,   b = Λ m"""
        precision = to_numpy(self.precision)
        return precision, precision @ to_numpy(self.mean)

    def log_evidence(self):
        return 0.0
