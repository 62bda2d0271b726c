/* The forward half of minivae, with the names of its Python code: one example at a time, in nats.
   Letters: D pixels, Z latents, I inputs, O outputs, K categories. A matrix (I, O) is an array, row by row. */

const LOG_2PI = Math.log(2 * Math.PI);

const each = (n, f) => { const y = new Float64Array(n); for (let i = 0; i < n; i++) y[i] = f(i); return y; };
const sum = (n, f) => { let total = 0; for (let i = 0; i < n; i++) total += f(i); return total; };

// ---- layers.py

// y = x W + b                                          x (I), W (I, O), b (O) -> y (O)
function linear(x, W, b) {
  const y = Float64Array.from(b), O = y.length;
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;                           // a white pixel adds nothing
    for (let o = 0; o < O; o++) y[o] += x[i] * W[i * O + o];
  }
  return y;
}

const ACTIVATIONS = {
  tanh: x => x.map(Math.tanh),                          // y = tanh(x)
  relu: x => x.map(v => Math.max(v, 0)),                // y = max(x, 0)
};

// Linear layers with an activation between them, none after the last.    x (I) -> y (O)
function mlp(x, layers, activation) {
  for (const [W, b] of layers.slice(0, -1)) x = ACTIVATIONS[activation](linear(x, W, b));
  return linear(x, ...layers.at(-1));
}

// ---- posteriors/: q(z|x), read from h, what the encoder outputs

const POSTERIORS = {
  diagonal: {                                           // h = [μ, log σ²]
    latents: h => h.length / 2,
    mean: h => h.subarray(0, h.length / 2),
    scale(h) {                                          // σ = exp(½ log σ²), as a matrix: C = diag σ
      const Z = h.length / 2;
      return (i, j) => i === j ? Math.exp(0.5 * h[Z + i]) : 0;
    },
    // KL = ½ Σ (μ² + σ² − 1 − log σ²)    (Kingma & Welling 2014, appendix B)
    kl(h) {
      const Z = h.length / 2;
      return 0.5 * sum(Z, i => h[i] ** 2 + Math.expm1(h[Z + i]) - h[Z + i]);
    },
  },
  full: {                                       // h = [μ, log C_ii, C_ij below the diagonal row by row]
    latents: h => (Math.sqrt(9 + 8 * h.length) - 3) / 2,
    mean: h => h.subarray(0, POSTERIORS.full.latents(h)),
    scale(h) {
      const Z = POSTERIORS.full.latents(h);
      return (i, j) => i === j ? Math.exp(h[Z + i]) : i > j ? h[2 * Z + i * (i - 1) / 2 + j] : 0;
    },
    // KL = ½ (‖C‖² + ‖μ‖² − Z) − Σ log C_ii
    kl(h) {
      const Z = POSTERIORS.full.latents(h), C = POSTERIORS.full.scale(h);
      return 0.5 * (sum(Z, i => sum(i + 1, j => C(i, j) ** 2) + h[i] ** 2) - Z) - sum(Z, i => h[Z + i]);
    },
  },
};

// z = μ + C ε; for the diagonal q, this is z = μ + σ ε    (Kingma & Welling 2014, §2.4)
function sample(q, h, eps) {
  const mu = q.mean(h), C = q.scale(h);
  return each(mu.length, i => mu[i] + sum(i + 1, j => C(i, j) * eps[j]));
}

// Covariance (C Cᵀ)_ij of two latents under q(z|x)
function covariance(q, h, i, j) {
  const C = q.scale(h);
  return sum(Math.min(i, j) + 1, k => C(i, k) * C(j, k));
}

// ---- likelihoods/: p(x|z), read from a, what the decoder outputs

const softplus = a => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));     // log(1 + exp(a))
const sigmoid = a => 0.5 * (1 + Math.tanh(0.5 * a));                            // 1 / (1 + exp(−a))

const LIKELIHOODS = {
  Bernoulli: () => ({
    encoder_input: x => x,
    log_prob: (x, a) => sum(x.length, d => x[d] * a[d] - softplus(a[d])),     // log p = Σ [x a − softplus(a)]
    mean: a => a.map(sigmoid),                                                  // E[x|z] = sigmoid(a)
  }),
  Gaussian({variance, floor}) {
    const sigma2 = (a, d, D) => variance === "shared" ? floor + Math.exp(a[D])          // σ² = floor + exp(s)
      : variance === "per-pixel" ? floor + Math.exp(a[D + d]) : variance;
    return {
      encoder_input: x => x,
      // log p = −½ Σ [(x − m)²/σ² + log σ² + log 2π]
      log_prob: (x, a) => -0.5 * sum(x.length, d => {
        const v = sigma2(a, d, x.length);
        return (x[d] - a[d]) ** 2 / v + Math.log(v) + LOG_2PI;
      }),
      mean: (a, D) => a.subarray(0, D),                                         // E[x|z] = m
    };
  },
  Categorical({levels: K}) {
    const log_softmax = (a, d) => {                                             // log π = a − log Σ exp a
      const own = a.subarray(d * K, d * K + K), top = Math.max(...own);
      const log_sum = top + Math.log(sum(K, k => Math.exp(own[k] - top)));
      return k => own[k] - log_sum;
    };
    return {
      encoder_input: x => x.map(v => v / (K - 1)),
      log_prob: (x, a) => sum(x.length, d => log_softmax(a, d)(x[d])),          // log p = Σ log π[x]
      mean: (a, D) => each(D, d => {                                            // E[x|z] = Σ k π[k]
        const log_pi = log_softmax(a, d);
        return sum(K, k => k * Math.exp(log_pi(k)));
      }),
    };
  },
};

// The parameters that all examples share, appended to what the decoder outputs
function append_shared(a, shared) {
  const all = new Float64Array(a.length + shared.length);
  all.set(a);
  all.set(shared, a.length);
  return all;
}

// ---- autoencoder.py: loss(x, a) and x̂ of a plain autoencoder

const ERRORS = {
  SquaredError: {loss: (x, a) => sum(x.length, d => (x[d] - a[d]) ** 2), output: a => a},   // ‖x − x̂‖²
  CrossEntropy: {loss: (x, a) => -LIKELIHOODS.Bernoulli().log_prob(x, a), output: a => a.map(sigmoid)},
};

// ---- vae.py, autoencoder.py. encode: x (D) -> h; represent: h -> its z (Z); decode: z -> E[x|z] or x̂ (D)

function VAE({encoder, decoder, shared, activation, posterior, likelihood, data_dim, latent_dim}) {
  const q = POSTERIORS[posterior], p = LIKELIHOODS[likelihood.name](likelihood);
  const decoder_forward = z => append_shared(mlp(z, decoder, activation), shared);
  return {
    q, p, data_dim, latent_dim, decoder_forward,
    encode: x => mlp(p.encoder_input(x), encoder, activation),
    represent: h => q.mean(h),
    decode: z => p.mean(decoder_forward(z), data_dim),
    to_grey: x => p.encoder_input(x),
    log_prob: (x, z) => p.log_prob(x, decoder_forward(z)),
  };
}

function Autoencoder({encoder, decoder, activation, error, data_dim, latent_dim}) {
  const decoder_forward = z => mlp(z, decoder, activation);
  return {
    data_dim, latent_dim, decoder_forward,
    encode: x => mlp(x, encoder, activation),
    represent: h => h,
    decode: z => ERRORS[error].output(decoder_forward(z)),
    to_grey: x => x,
    loss: (x, z) => ERRORS[error].loss(x, decoder_forward(z)),
  };
}
