"""Exercises 12 to 15: see test_bank.py."""

MISTAKES = [
    ("12", "dC transposed", """\
dC = eps[:, :, None] * dz[:, None, :]
diagonal = dC[:, range(Z), range(Z)] * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "∂z_i/∂C_ij is ε_j: dC_ij = dz_i ε_j, and this is its transpose",
     r"transpos|swap|exchang|dz_i|ε_j|row|column|below"),
    ("12", "diagonal without exp", """\
dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dz * eps, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "the link C_ii = exp(log C_ii) is missing: times C_ii",
     r"C_ii|diagonal|link|exp|log C"),
    ("12", "exp of exp", """\
dC = dz[:, :, None] * eps[:, None, :]
Cii = np.exp(C[:, range(Z), range(Z)])
return np.concatenate([dz, dz * eps * Cii, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "C_ii is exp(log C_ii) already; exp was taken twice",
     r"exp|C_ii|diagonal|twice"),
    ("12", "below before diagonal", """\
dC = np.einsum("ni,nj->nij", dz, eps)
d = np.einsum("nii->ni", dC) * np.einsum("nii->ni", C)
return np.concatenate([dz, dC[:, BELOW[0], BELOW[1]], d], axis=1)""",
     "the order of h is μ, diagonal, below: the last two were exchanged",
     r"(?s)order|swap|exchang|place|diagonal.*below|below.*diagonal"),
    ("12", "mean last", """\
dC = np.einsum("ni,nj->nij", dz, eps)
d = dz * eps * C[:, range(Z), range(Z)]
return np.concatenate([d, dC[:, BELOW[0], BELOW[1]], dz], axis=1)""",
     "μ comes first in h",
     r"order|swap|exchang|place|first"),
    ("12", "whole lower triangle", """\
dC = dz[:, :, None] * eps[:, None, :]
r, c = np.tril_indices(Z)
return np.concatenate([dz, dz * eps * C[:, range(Z), range(Z)], dC[:, r, c]], axis=1)""",
     "tril_indices without −1 takes the diagonal once more: too many columns",
     r"shape|column|BELOW|diagonal"),
    ("12", "mean times eps", """\
dC = dz[:, :, None] * eps[:, None, :]
dmu = dz * eps
return np.concatenate([dmu, dmu * C[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "∂z/∂μ = 1: dμ is dz, without ε",
     r"μ|\bmu\b|mean"),
    ("12", "mean forgotten", """\
dC = dz[:, :, None] * eps[:, None, :]
dh = np.zeros_like(h)
dh[:, Z:2 * Z] = dz * eps * C[:, range(Z), range(Z)]
dh[:, 2 * Z:] = dC[:, BELOW[0], BELOW[1]]
return dh""",
     "dμ = dz was left out",
     r"μ|\bmu\b|mean"),
    ("12", "mean through C", """\
dC = dz[:, :, None] * eps[:, None, :]
dmu = (np.swapaxes(C, 1, 2) @ dz[..., None])[..., 0]
return np.concatenate([dmu, dz * eps * C[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "Cᵀ dz is the gradient for ε; that for μ is dz",
     r"μ|\bmu\b|mean"),
    ("12", "eps forgotten", """\
dC = dz[:, :, None] * C
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "∂z_i/∂C_ij is ε_j, not C_ij",
     r"ε|\beps\b"),
    ("12", "link for all of C", """\
dC = dz[:, :, None] * eps[:, None, :] * C
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "only the diagonal is a logarithm; below it the factor C_ij is too much",
     r"below|off.?diagonal|C_ij|only the diagonal"),
    ("12", "half on the diagonal", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = 0.5 * dz * eps * C[:, range(Z), range(Z)]
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
h has log C_ii and not log C_ii²: the ½ of exercise 6 doesn't belong here""",
     r"half|½|0\.5|twice|factor|log C"),
    ("12", "square on the diagonal", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = dz * eps * np.exp(2 * h[:, Z:2 * Z])
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "the link is C_ii, not C_ii²",
     r"C_ii|diagonal|squar|exp"),
    ("12", "divided by C_ii", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = dz * eps / C[:, range(Z), range(Z)]
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "∂C_ii/∂log C_ii is C_ii, not 1/C_ii",
     r"C_ii|diagonal|divid|multipl|exp"),
    ("12", "log C_ii for C_ii", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = dz * eps * h[:, Z:2 * Z]
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "the factor is C_ii = exp(log C_ii), and log C_ii itself was taken",
     r"C_ii|diagonal|exp|log C"),
    ("12", "upstream forgotten", """\
ones = np.ones_like(dz)
dC = ones[:, :, None] * eps[:, None, :]
return np.concatenate([ones, eps * C[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "the upstream gradient dz is missing",
     r"\bdz\b|upstream"),
    ("12", "upstream only for the mean", """\
below = eps[:, BELOW[1]]
return np.concatenate([dz, eps * C[:, range(Z), range(Z)], below], axis=1)""",
     "the parts for C lack the upstream gradient dz",
     r"\bdz\b|upstream"),
    ("12", "z for eps", """\
z = sample(h, eps)
dC = dz[:, :, None] * z[:, None, :]
return np.concatenate([dz, dC[:, range(Z), range(Z)] * C[:, range(Z), range(Z)],
                       dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "∂z_i/∂C_ij is ε_j; z_j was taken",
     r"ε|\beps\b|\bz\b"),
    ("12", "symmetric dC", """\
dC = dz[:, :, None] * eps[:, None, :]
dC = dC + dC.transpose(0, 2, 1)
diagonal = dz * eps * C[:, range(Z), range(Z)]
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "C is triangular, not symmetric: C_ij enters only z_i",
     r"symmetr|transpos|dz_i|triang|below|ε_j"),
    ("12", "log determinant slipped in", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = dz * eps * C[:, range(Z), range(Z)] + 1
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
a 1 was added (the derivative of log det C, which belongs to the KL and not to the sample)""",
     r"\+ ?1|constant|diagonal|determinant|log det|KL|too (much|large)|C_ii"),
    ("12", "diagonal over the wrong axes", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = np.diagonal(dC) * np.diagonal(C)
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
np.diagonal takes axes 0 and 1, that is example and row; axis1=1, axis2=2 are wanted""",
     r"shape|axis|axes|diagonal|dimension"),
    ("12", "summed over the batch", """\
dC = dz.T @ eps
diagonal = np.diag(dC) * C[:, range(Z), range(Z)]
below = np.tile(dC[BELOW], (len(h), 1))
return np.concatenate([dz, diagonal, below], axis=1)""",
     """\
dzᵀ ε sums over the examples; each example has its own C and its own dC""",
     r"example|batch|sum|dzᵀ|own"),
    ("12", "strictly below in the loop", """\
dh = np.zeros_like(h)
dh[:, :Z] = dz
k = 2 * Z
for i in range(Z):
    for j in range(i):
        dh[:, k] = dz[:, i] * eps[:, j]
        k += 1
return dh""",
     "the diagonal was left out: its part of dh is zero",
     r"diagonal|C_ii|log C"),
    ("12", "diagonal of the sum", """\
s = (dz * eps).sum(axis=1, keepdims=True)
below = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return np.concatenate([dz, s * C[:, range(Z), range(Z)], below], axis=1)""",
     "C_ii enters z_i only: no sum over i",
     r"sum|diagonal|C_ii|own"),
    ("12", "nothing returned", """\
dC = dz[:, :, None] * eps[:, None, :]
dh = np.concatenate([dz, dz * eps * C[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "dh is computed and not returned",
     r"return|None"),
    ("12", "double: transposed, no link", """\
dC = dz[:, None, :] * eps[:, :, None]
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "dC is transposed, and the diagonal lacks its factor C_ii",
     r"transpos|swap|exchang|dz_i|ε_j|row|C_ii|link|diagonal|exp"),
    ("12", "double: mean forgotten, no link", """\
dh = np.zeros_like(h)
dh[:, Z:2 * Z] = dz * eps
dh[:, 2 * Z:] = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return dh""",
     "dμ was left out, and the diagonal lacks its factor C_ii",
     r"μ|\bmu\b|mean|C_ii|link|diagonal|exp"),
    ("12", "double: below before diagonal, no link", """\
below = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return np.concatenate([dz, below, dz * eps], axis=1)""",
     "diagonal and below were exchanged, and the factor C_ii is missing",
     r"order|swap|exchang|C_ii|link|exp|diagonal"),
    ("12", "double: transposed, half on the diagonal", """\
below = eps[:, BELOW[0]] * dz[:, BELOW[1]]
diagonal = dz * eps * C[:, range(Z), range(Z)] / 2
return np.hstack([dz, diagonal, below])""",
     """\
below the diagonal i and j were exchanged, and on it there is a ½ too much""",
     r"transpos|swap|exchang|dz_i|ε_j|½|half|0\.5|twice|factor"),
    ("12", "double: no upstream, no link", """\
return np.concatenate([np.ones_like(dz), eps, eps[:, BELOW[1]]], axis=1)""",
     "the upstream gradient dz is missing, and so is the factor C_ii",
     r"\bdz\b|upstream|C_ii|link|exp"),
    ("12", "dC transposed again", """\
dC = np.einsum("ni,nj->nji", dz, eps)
d = dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, d, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "dC is transposed: ∂loss/∂C_ij is dz_i ε_j, not dz_j ε_i",
     r"transpos|dz_?i|i and j|swap|index|indices|order|rows? and columns?|above"),
    ("12", "diagonal without exp again", """\
dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dz * eps, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
the link C_ii = exp(log C_ii) is missing on the diagonal: the factor C_ii""",
     r"C_?ii|exp\(|\bexp\b|log C|link"),
    ("12", "diagonal by the log", """\
dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dz * eps * h[:, Z:2 * Z], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
on the diagonal the factor is C_ii itself = exp(log C_ii), not log C_ii""",
     r"exp\(|\bexp\b|log C_?ii|not .*log|C_?ii itself|of the log"),
    ("12", "half from habit", """\
outer = dz[:, :, None] * eps[:, None]
diag = 0.5 * dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, diag, outer[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
the ½ on the diagonal is too much: h has log C_ii, a standard deviation, not log σ²""",
     r"½|half|0\.5|log σ²|variance|standard deviation|factor"),
    ("12", "half exponent", """\
outer = dz[:, :, None] * eps[:, None]
diag = 0.5 * dz * eps * np.exp(0.5 * h[:, Z:2 * Z])
return np.concatenate([dz, diag, outer[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
the diagonal is treated like log σ², with ½ in front and in the exponent; C_ii is exp(log C_ii)""",
     r"½|half|0\.5|log σ²|variance|standard deviation|exp"),
    ("12", "parts in another order", """\
outer = dz[:, :, None] * eps[:, None]
below = outer[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, below, dz * eps * np.exp(h[:, Z:2 * Z])], axis=1)""",
     """\
the parts are in the wrong order: the diagonal comes before what is below it""",
     r"order|swap|places|comes? (before|first|after)|exchang"),
    ("12", "mu through C", """\
dmu = (C.transpose(0, 2, 1) @ dz[..., None])[..., 0]
outer = dz[:, :, None] * eps[:, None]
diag = dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dmu, diag, outer[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
∂z/∂μ is the identity: dμ is dz, C does not come in (Cᵀ dz would be the gradient by ε)""",
     r"dμ|μ|mu\b|identity|by ε|by eps"),
    ("12", "off-diagonal in log too", """\
dC = np.einsum("ni,nj->nij", dz, eps) * C
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "only the diagonal is stored as a log; below it there is no factor C_ij",
     r"only the diagonal|below (it|the diagonal).*(no|not|factor|log|exp|C)|off.?diagonal|C_?ij|factor C|stored as (a )?log"),
    ("12", "z minus mu on the diagonal", """\
z = sample(h, eps)
dC = np.einsum("ni,nj->nij", dz, eps)
return np.concatenate([dz, dz * (z - mu), dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "z − μ is the whole sum Σ_j C_ij ε_j; of log C_ii only C_ii ε_i depends",
     r"z\s*[-−]\s*(μ|mu)|whole sum|Σ_?j|only C_?ii|C_?ii ε_?i|C_?ii eps|other j|all j|off.?diagonal|row"),
    ("12", "batch summed", """\
dC = dz.T @ eps
below = np.tile(dC[BELOW], (len(dz), 1))
return np.concatenate([dz, dz * eps * np.exp(h[:, Z:2 * Z]), below], axis=1)""",
     """\
dz.T @ eps sums over the batch: every example has its own C and needs its own dC""",
     r"batch|each example|every example|own|per example|sum"),
    ("12", "no noise below", """\
d = dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, d, dz[:, BELOW[0]]], axis=1)""",
     "ε_j is missing below the diagonal",
     r"ε|eps|noise"),
    ("12", "no upstream below", """\
d = dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, d, eps[:, BELOW[1]]], axis=1)""",
     "the upstream gradient dz_i is missing below the diagonal",
     r"dz|upstream"),
    ("12", "same index twice", """\
d = dz * eps * np.exp(h[:, Z:2 * Z])
below = dz[:, BELOW[0]] * eps[:, BELOW[0]]
return np.concatenate([dz, d, below], axis=1)""",
     """\
ε has to be taken at the column number j = BELOW[1], but the row number i was used for both""",
     r"BELOW\[1\]|column|ε_?j|eps_?j|row|index|j\b"),
    ("12", "diagonal included", """\
rows, cols = np.tril_indices(Z)
dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dz * eps * np.exp(h[:, Z:2 * Z]), dC[:, rows, cols]], axis=1)""",
     """\
np.tril_indices(Z) contains the diagonal, so that it is there twice: the result is too wide""",
     r"shape|tril|-1|wide|columns|twice|contains the diagonal|includ"),
    ("12", "exp twice", """\
diag = np.exp(C[:, range(Z), range(Z)])
below = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return np.concatenate([dz, dz * eps * diag, below], axis=1)""",
     """\
unpack has already taken the exp of the diagonal; it was taken a second time""",
     r"twice|already|second|again|exp of exp|exp\(C|too often"),
    ("12", "covariance gradient", """\
dC = np.einsum("ni,nj->nij", dz, eps)
dS = dC @ C.transpose(0, 2, 1)
d = dz * eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([dz, d, dS[:, BELOW[0], BELOW[1]]], axis=1)""",
     """\
dC was multiplied by Cᵀ, as for the covariance C Cᵀ; asked is the gradient by C itself""",
     r"Cᵀ|C\.T|covariance|C itself|too much|extra|multiplied by C"),
    ("12", "double: dC transposed, no exp", """\
dC = eps[:, :, None] * dz[:, None, :]
return np.concatenate([dz, dz * eps, dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "dC is transposed, and the factor C_ii is missing on the diagonal",
     r"transpos|dz_?i|swap|indices|diagonal|C_?ii|exp"),
    ("12", "double: half diag, order", """\
below = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return np.concatenate([dz, below, 0.5 * dz * eps * np.exp(h[:, Z:2 * Z])], axis=1)""",
     """\
the diagonal and the part below it have changed places, and the ½ on the diagonal is too much""",
     r"order|swap|places|exchang|½|half|0\.5|diagonal"),
    ("12", "no dz anywhere", """\
d = eps * np.exp(h[:, Z:2 * Z])
return np.concatenate([np.ones_like(dz), d, eps[:, BELOW[1]]], axis=1)""",
     """\
only the derivatives of z are there: the upstream gradient dz is missing in all the parts""",
     r"dz|upstream"),
    ("12", "double: mu through C, diag bare", """\
dmu = np.einsum("nij,ni->nj", C, dz)
return np.concatenate([dmu, dz * eps, dz[:, BELOW[0]] * eps[:, BELOW[1]]], axis=1)""",
     "dμ is dz without C, and on the diagonal the factor C_ii is missing",
     r"dμ|μ|mu\b|identity|diagonal|C_?ii|exp"),
    ("12", "average over the batch", """\
dC = np.ones((len(h), 1, 1)) * (dz.T @ eps / len(h))[None]
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     "dC is averaged over the examples; each example has its own C",
     r"each example|own|averag|sum|mean|examples|batch"),
    ("12", "noise only", """\
dC = np.ones(C.shape) * eps[:, None, :]
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     "the upstream gradient dz is missing in dC",
     r"\bdz\b|upstream|chain rule"),
    ("12", "no noise", """\
dC = np.ones(C.shape) * dz[:, :, None]
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     "ε is missing in dC",
     r"ε|eps|noise"),
    ("12", "symmetric", """\
dC = dz[:, :, None] * eps[:, None, :]
dC = dC + dC.transpose(0, 2, 1)
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     "C is not symmetric; the transposed part does not belong to dC",
     r"symmetr|transpos|twice|dz_j|dz_i|added|ε_j"),
    ("12", "diagonal of z", """\
dC = dz[:, :, None] * eps[:, None, :]
i = np.arange(Z)
ld = dz * sample(h, eps)
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     """\
z_i contains more than C_ii ε_i; only C_ii ε_i is the derivative with respect to log C_ii""",
     r"C_ii ε_i|ε_i|contains|\bz\b.*(in place|instead)|sample|only C_ii|\bμ_?i?\b.*(diagonal|log C)|C_ii"),
    ("12", "with the inverse", """\
e = np.linalg.solve(C, eps[..., None])[..., 0]
dC = dz[:, :, None] * e[:, None, :]
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([dz, ld, be], axis=1)""",
     "ε is multiplied by C⁻¹, but ε itself is the factor",
     r"inverse|C⁻¹|solve|ε|eps"),
    ("12", "noise added to μ", """\
dC = dz[:, :, None] * eps[:, None, :]
i = np.arange(Z)
ld = dC[:, i, i] * C[:, i, i]
be = dC[:, BELOW[0], BELOW[1]]
return np.concatenate([(dz + eps), ld, be], axis=1)""",
     "ε is added to the part for μ",
     r"μ|\bmu\b|ε|eps|add|just dz|simply dz|∂z/∂μ"),
    ("12", "earlier 39", """\
dC = dz[:, :, None] * eps[:, None, :]
return np.concatenate([dz, dC[:, range(Z), range(Z)], dC[:, BELOW[0], BELOW[1]]], axis=1)""",
     "(from the bank before)",
     r"the factor ∂C_ii/∂log C_ii = C_ii is left out"),
    ("12b", "log of the product", ("log_jacobian", """\
z = sigmoid(zeta)
with np.errstate(divide="ignore"):
    return np.log(z * (1 - z)).sum(axis=-1)"""),
     "for ζ = ±800 z rounds to 0 or 1 and the logarithm is −∞: use softplus",
     r"inf|finite|800|softplus|round|underflow|overflow"),
    ("12b", "plus softplus", ("log_jacobian", "return (softplus(zeta) + softplus(-zeta)).sum(axis=-1)"),
     "the sign: log z = −softplus(−ζ) and log(1 − z) = −softplus(ζ)",
     r"sign|minus|negative|−softplus|-softplus"),
    ("12b", "no sum", ("log_jacobian", "return -softplus(zeta) - softplus(-zeta)"),
     "the sum over i is missing: (N,) is wanted",
     r"sum|shape|\(N,\)|axis"),
    ("12b", "only log z", ("log_jacobian", "return -softplus(-zeta).sum(axis=1)"),
     "∂z/∂ζ is z (1 − z): log(1 − z) is missing",
     r"1 ?[-−] ?z|softplus\(ζ\)|softplus\(zeta\)|z ?\(1|slope|log z"),
    ("12b", "only log 1-z", ("log_jacobian", "return -softplus(zeta).sum(axis=1)"),
     "∂z/∂ζ is z (1 − z): log z is missing",
     r"log z|softplus\([-−](ζ|zeta)\)|z ?\(1|slope|log\(1"),
    ("12b", "mean", ("log_jacobian", "return (-softplus(zeta) - softplus(-zeta)).mean(axis=-1)"),
     "a sum over i, not a mean",
     r"sum|mean|\bZ\b"),
    ("12b", "sum over everything", ("log_jacobian", "return np.sum(-softplus(zeta) - softplus(-zeta))"),
     "one number per example is wanted: the sum is over the last axis only",
     r"axis|shape|example|\(N,\)"),
    ("12b", "sum over the batch", ("log_jacobian", "return (-softplus(zeta) - softplus(-zeta)).sum(axis=0)"),
     """\
the sum runs over the examples (axis 0); it has to run over the latents""",
     r"axis|shape|example|\(N,\)|batch"),
    ("12b", "log of the sum", ("log_jacobian", """\
z = sigmoid(zeta)
return np.log((z * (1 - z)).sum(axis=-1) + 1e-300)"""),
     "the sum of the logarithms is asked; this is the logarithm of the sum",
     r"sum|log of|each|finite|logarithm|order"),
    ("12b", "slope without log", ("log_jacobian", """\
z = sigmoid(zeta)
slope = z * (1 - z)
return slope.sum(axis=-1)"""),
     "the logarithm is missing",
     r"\blog|logarithm|softplus"),
    ("12b", "logit", ("log_jacobian", "return (softplus(zeta) - softplus(-zeta)).sum(axis=-1)"),
     "log z − log(1 − z) is ζ; the logarithms add",
     r"sign|add|minus|plus|log\(1 ?[-−] ?z\)|softplus"),
    ("12b", "product of logs", ("log_jacobian", "return (-softplus(zeta) * -softplus(-zeta)).sum(axis=-1)"),
     "the log of a product is the sum of the logs, not their product",
     r"sum|add|product|multipl|\+"),
    ("12b", "clipped", ("log_jacobian", """\
z = np.clip(sigmoid(zeta), 1e-7, 1 - 1e-7)
return (np.log(z) + np.log(1 - z)).sum(axis=-1)"""),
     """\
clipping keeps it finite but wrong far out: log ∂z/∂ζ is about −800 at ζ = 800""",
     r"clip|800|softplus|large|far|round|extreme|inf|finite"),
    ("12b", "clip bound added", ("log_jacobian", """\
z = sigmoid(zeta)
return np.log(z * (1 - z) + 1e-6).sum(axis=-1)"""),
     "the small constant in the logarithm changes the value",
     r"constant|1e-|small|800|softplus|large|far|extreme|add"),
    ("12b", "naive exp", ("log_jacobian", """\
with np.errstate(all="ignore"):
    return (-zeta - 2 * np.log(1 + np.exp(-zeta))).sum(axis=-1)"""),
     "exp(−ζ) overflows for ζ = −800: use softplus",
     r"overflow|inf|finite|800|softplus|nan"),
    ("12b", "derivative for its logarithm", ("log_jacobian", "return (1 - 2 * sigmoid(zeta)).sum(axis=-1)"),
     "that is the derivative of the log-Jacobian, not the log-Jacobian",
     r"derivative|backward|log_jacobian|log|softplus"),
    ("12b", "sign of the gradient", ("log_jacobian_backward", "return dlogj[:, None] * (2 * sigmoid(zeta) - 1)"),
     "the sign: 1 − 2z",
     r"sign|minus|negative|1 ?[-−] ?2"),
    ("12b", "upstream forgotten", ("log_jacobian_backward", "return 1 - 2 * sigmoid(zeta)"),
     "the upstream gradient dlogj is missing",
     r"dlogj|upstream"),
    ("12b", "None forgotten", ("log_jacobian_backward", "return dlogj * (1 - 2 * sigmoid(zeta))"),
     "dlogj is (N,), and needs [:, None] against (N, Z)",
     r"None|shape|broadcast|axis|\(N, ?1\)|example"),
    ("12b", "only of log z", ("log_jacobian_backward", "return dlogj[:, None] * (1 - sigmoid(zeta))"),
     """\
that is the derivative of log z only; that of log(1 − z), −z, is missing""",
     r"log\(1 ?[-−] ?z\)|1 ?[-−] ?2|−z|-z|second|factor 2|one of|term|log z"),
    ("12b", "only of log 1-z", ("log_jacobian_backward", "return -dlogj[:, None] * sigmoid(zeta)"),
     "that is the derivative of log(1 − z) only; that of log z is missing",
     r"log z|1 ?[-−] ?2|first|one of|term|log\(1 ?[-−] ?z\)"),
    ("12b", "the slope itself", ("log_jacobian_backward", """\
z = sigmoid(zeta)
return dlogj[:, None] * z * (1 - z)"""),
     "z (1 − z) is ∂z/∂ζ itself, not the derivative of its logarithm",
     r"logarithm|slope|∂z/∂ζ|sigmoid|z ?\(1|1 ?[-−] ?2|log"),
    ("12b", "derivative of the slope", ("log_jacobian_backward", """\
z = sigmoid(zeta)
return dlogj[:, None] * z * (1 - z) * (1 - 2 * z)"""),
     """\
that is the derivative of the slope, not of its logarithm: divide by z (1 − z)""",
     r"logarithm|slope|z ?\(1|\blog|second derivative"),
    ("12b", "zeta for z", ("log_jacobian_backward", "return dlogj[:, None] * (1 - 2 * zeta)"),
     "1 − 2z with z = sigmoid(ζ); ζ itself was taken",
     r"sigmoid|not ζ|ζ itself|instead of z|in place of z|for z\b"),
    ("12b", "by z", ("log_jacobian_backward", """\
z = sigmoid(zeta)
with np.errstate(all="ignore"):
    return dlogj[:, None] * (1 / z - 1 / (1 - z))"""),
     "that is the derivative by z; by ζ there is one link more, z (1 − z)",
     r"by z|respect to z|link|chain|z ?\(1|∂z/∂ζ|inf|nan|finite"),
    ("12b", "tanh without the half", ("log_jacobian_backward", "return -dlogj[:, None] * np.tanh(zeta)"),
     "1 − 2z is −tanh(ζ/2): the ½ is missing",
     r"half|½|0\.5|/ ?2|tanh|sigmoid"),
    ("12b", "half", ("log_jacobian_backward", "return dlogj[:, None] * (0.5 - sigmoid(zeta))"),
     "too small by a factor of 2: 1 − 2z",
     r"factor|half|½|twice|0\.5|1 ?[-−] ?2"),
    ("12b", "upstream over Z", ("log_jacobian_backward", """\
g = dlogj[:, None] / zeta.shape[1]
return g * (1 - 2 * sigmoid(zeta))"""),
     "the log-Jacobian is a sum over i: no 1/Z",
     r"\bZ\b|mean|sum|factor|shape\[1\]|divid|small"),
    ("12b", "double: sign, no upstream", ("log_jacobian_backward", "return sigmoid(zeta) - sigmoid(-zeta)"),
     "the sign is wrong, and dlogj is missing",
     r"sign|minus|dlogj|upstream|negative"),
    ("12b", "double: no sum, plus softplus", ("log_jacobian", "return softplus(zeta) + softplus(-zeta)"),
     "the sign is wrong, and the sum is missing",
     r"sign|minus|sum|shape|\(N,\)|negative"),
    ("12b", "double: mean, plus softplus", ("log_jacobian", """\
both = np.array([softplus(zeta), softplus(-zeta)])
return both.sum(axis=0).mean(axis=1)"""),
     "the sign is wrong, and a mean stands for the sum",
     r"sign|minus|negative|sum|mean"),
    ("12b", "double: the slope itself, no upstream", ("log_jacobian_backward", "return sigmoid(zeta) * sigmoid(-zeta)"),
     """\
that is ∂z/∂ζ and not the derivative of its logarithm, and dlogj is missing""",
     r"logarithm|slope|∂z/∂ζ|log|dlogj|upstream|1 ?[-−] ?2"),
    ("12b", "double: half, sign", ("log_jacobian_backward", "return 0.5 * dlogj[:, None] * np.tanh(0.5 * zeta)"),
     "the sign is wrong, and it is too small by a factor of 2",
     r"sign|minus|negative|half|½|factor|0\.5|twice"),
    ("12b", "log of rounded numbers", ("log_jacobian", """\
z = sigmoid(zeta)
return np.log(z * (1 - z)).sum(axis=-1)"""),
     """\
for ζ = ±800 z rounds to 0 or 1 and the log is −∞: write it with softplus""",
     r"round|inf|∞|softplus|overflow|finite|±?800|stable|log of 0|log\(0\)"),
    ("12b", "only log z again", ("log_jacobian", "return -softplus(-zeta).sum(axis=1)"),
     "log (1 − z) is missing: the slope is z (1 − z)",
     r"1\s*[-−]\s*z|softplus\(ζ\)|softplus\(zeta\)|second|slope|two terms|both"),
    ("12b", "sign of the Jacobian", ("log_jacobian", "return (softplus(zeta) + softplus(-zeta)).sum(-1)"),
     """\
the sign is wrong: that is −log |∂z/∂ζ|, the log-Jacobian of the inverse map""",
     r"sign|minus|negat|opposite|inverse|[-−]softplus"),
    ("12b", "difference of the logs", ("log_jacobian", "return (-softplus(-zeta) + softplus(zeta)).sum(axis=-1)"),
     "log z − log (1 − z) is just ζ; the two logs have to be added",
     r"add|plus|sum of|just ζ|ζ itself|sign|minus|difference|logit|product"),
    ("12b", "no sum again", ("log_jacobian", "return -softplus(zeta) - softplus(-zeta)"),
     "the sum over the latents is missing: (N,) is asked",
     r"sum|shape|\(N,\)|axis"),
    ("12b", "summed over all", ("log_jacobian", "return np.sum(-softplus(zeta) - softplus(-zeta))"),
     """\
the sum also runs over the examples: one number for each example is asked""",
     r"axis|each example|per example|shape|\(N,\)|batch|examples"),
    ("12b", "slope in place of its log", ("log_jacobian", """\
s = sigmoid(zeta)
return (s * (1 - s)).sum(axis=1)"""),
     "the logarithm is missing: the slopes themselves are summed",
     r"logarithm|\blogs?\b (is|of|was|are|is missing)|missing.* log\b|slopes? (itself|themselves)|\bln\b"),
    ("12b", "slope back", ("log_jacobian_backward", """\
z = sigmoid(zeta)
return dlogj[:, None] * z * (1 - z)"""),
     "that is ∂z/∂ζ itself; asked is the derivative of its logarithm, 1 − 2z",
     r"1\s*[-−]\s*2|of (its|the) log|∂z/∂ζ|slope itself|derivative of the log|not (of )?the slope|z \(1|z\(1"),
    ("12b", "second derivative back", ("log_jacobian_backward", """\
z = sigmoid(zeta)
return dlogj[:, None] * z * (1 - z) * (1 - 2 * z)"""),
     """\
that is the derivative of the slope, not of its log: divide by z (1 − z)""",
     r"of (its|the) log|divid|slope|second derivative|extra factor|too much|too many|z \(1|z\(1"),
    ("12b", "half of it back", ("log_jacobian_backward", "return dlogj[:, None] * (1 - sigmoid(zeta))"),
     "only log z was derived; log (1 − z) adds −z: 1 − 2z",
     r"log \(?1|1\s*[-−]\s*2|two|both|second|twice|only log z|[-−]\s*z"),
    ("12b", "sign back", ("log_jacobian_backward", "return dlogj[:, None] * np.tanh(0.5 * zeta)"),
     "the sign is wrong: 1 − 2 sigmoid(ζ) is −tanh(ζ/2)",
     r"sign|minus|negat|opposite|[-−]\s*tanh|1\s*[-−]\s*2"),
    ("12b", "no upstream back", ("log_jacobian_backward", "return 1 - 2 * sigmoid(zeta)"),
     "the upstream gradient dlogj is missing",
     r"dlogj|upstream"),
    ("12b", "zeta for z back", ("log_jacobian_backward", "return dlogj[:, None] * (1 - 2 * zeta)"),
     "ζ stands where z = sigmoid(ζ) belongs",
     r"sigmoid\(ζ\)|sigmoid\(zeta\)|sigmoid|ζ (stands|instead|was|is|itself)|zeta (stands|instead|was|is|itself)"),
    ("12b", "summed back", ("log_jacobian_backward", "return (dlogj[:, None] * (1 - 2 * sigmoid(zeta))).sum(axis=1)"),
     "summed over the latents: dζ is (N, Z)",
     r"sum|shape|\(N, Z\)|axis"),
    ("12b", "double: half back, no upstream", ("log_jacobian_backward", "return sigmoid(-zeta)"),
     "only log z was derived, and dlogj is missing",
     r"log \(?1|1\s*[-−]\s*2|two|both|second|only|dlogj|upstream|[-−]\s*z"),
    ("12b", "double: sign, sum", ("log_jacobian", "return softplus(zeta) + softplus(-zeta)"),
     "the sign is wrong, and the sum over the latents is missing",
     r"sign|minus|negat|opposite|sum|shape|axis"),
    ("12b", "J: log of a product", ("log_jacobian", """\
z = sigmoid(zeta)
return np.log(z * (1 - z)).sum(axis=-1)"""),
     "z is rounded to 0 or 1 for a large ζ, so this is log 0 = −∞",
     r"log 0|inf|∞|finite|round|softplus|800|large"),
    ("12b", "J: sum over the examples", ("log_jacobian", "return (-softplus(zeta) - softplus(-zeta)).sum(axis=0)"),
     "the sum goes over the examples, not over the latents",
     r"axis|examples|latents|shape|\(N,\)"),
    ("12b", "J: mean over the latents", ("log_jacobian", "return (-softplus(zeta) - softplus(-zeta)).mean(axis=-1)"),
     "a mean over the latents in place of a sum",
     r"mean|sum|averag|divi"),
    ("12b", "B: no column", ("log_jacobian_backward", "return dlogj * (1 - 2 * sigmoid(zeta))"),
     "dlogj has to be a column: dlogj[:, None]",
     r"column|None|broadcast|shape|\(N, 1\)"),
    ("12b", "B: with respect to z", ("log_jacobian_backward", """\
z = sigmoid(zeta)
return dlogj[:, None] * (1 / z - 1 / (1 - z))"""),
     "this is the derivative with respect to z, not ζ",
     r"respect to|∂z|chain|1 ?/ ?z|divi|ζ|zeta"),
    ("12b", "B: double: sign and no dlogj", ("log_jacobian_backward", "return sigmoid(zeta) - sigmoid(-zeta)"),
     "the sign is wrong and dlogj is missing",
     r"sign|minus|negativ|dlogj|upstream"),
    ("13", "sigma forgotten", ("score", "return np.concatenate([eps, 0.5 * (eps ** 2 - 1)], axis=1)"),
     "∂log q/∂μ is ε/σ: 1/σ is missing",
     r"σ|std|divid"),
    ("13", "times sigma", ("score", "return np.concatenate([eps * q.std(), 0.5 * (eps ** 2 - 1)], axis=1)"),
     "∂log q/∂μ is ε divided by σ, not times σ",
     r"σ|std|divid"),
    ("13", "over the variance", ("score", """\
std = q.std()
return np.concatenate([eps / std ** 2, 0.5 * (eps ** 2 - 1)], axis=1)"""),
     "(z − μ)/σ² is ε/σ; ε was divided by σ²",
     r"σ|std|divid"),
    ("13", "sign of the mean", ("score", "return np.concatenate([-eps / q.std(), 0.5 * (eps ** 2 - 1)], axis=1)"),
     "the inner derivative −1 was forgotten: +ε/σ",
     r"sign|minus|negative|inner"),
    ("13", "half forgotten", ("score", "return np.concatenate([eps / q.std(), eps ** 2 - 1], axis=1)"),
     "½ (ε² − 1): the ½ is missing (that is the derivative by log σ)",
     r"half|½|0\.5|twice|factor|log σ\b"),
    ("13", "minus 1 forgotten", ("score", "return np.concatenate([eps / q.std(), 0.5 * eps ** 2], axis=1)"),
     "the term −½ log σ² was forgotten: ½ (ε² − 1)",
     r"[-−] ?1|normali[sz]|log σ²|−½|-0\.5|constant|logvar|second (half|part)"),
    ("13", "bracket at the half", ("score", "return np.concatenate([eps / q.std(), 0.5 * eps ** 2 - 1], axis=1)"),
     "½ (ε² − 1): the ½ belongs to the 1 as well",
     r"bracket|parenthes|½|0\.5|half|constant|log σ²|logvar"),
    ("13", "sign of the log variance", ("score", "return np.concatenate([eps / q.std(), 0.5 * (1 - eps ** 2)], axis=1)"),
     "the sign for log σ²: ½ (ε² − 1)",
     r"sign|minus|negative|ε² ?[-−] ?1"),
    ("13", "by the variance", ("score", """\
s = q.std()
return np.concatenate([eps / s, 0.5 * (eps ** 2 - 1) / s ** 2], axis=1)"""),
     "that is the derivative by σ², not by log σ²",
     r"σ²|log σ²|variance|logvar|link|std"),
    ("13", "by sigma", ("score", """\
s = q.std()
return np.concatenate([eps / s, (eps ** 2 - 1) / s], axis=1)"""),
     "that is the derivative by σ, not by log σ²",
     r"σ|std|link|logvar"),
    ("13", "halves exchanged", ("score", "return np.concatenate([0.5 * (eps ** 2 - 1), eps / q.std()], axis=1)"),
     "the order is [∂μ, ∂log σ²]; the halves were exchanged",
     r"order|swap|exchang|halves|first"),
    ("13", "along with z", ("score", """\
return np.concatenate([np.zeros_like(eps), np.full_like(eps, -0.5)], axis=1)"""),
     "z was moved along with μ and σ; the score is the derivative at fixed z",
     r"fixed z|hold|held|fixed|total|μ|reparam|moves"),
    ("13", "standardized twice", ("score", """\
e = (eps - q.mean()) / q.std()
return np.concatenate([e, 0.5 * (e ** 2 - 1)], axis=1)"""),
     "ε is (z − μ)/σ already: it must not be centred and scaled again",
     r"ε|\beps\b|already|μ|mean"),
    ("13", "concatenated below", ("score", "return np.concatenate([eps / q.std(), 0.5 * (eps ** 2 - 1)])"),
     "concatenate needs axis=1: (S, 2Z) is wanted",
     r"axis|shape|\(S, 2 ?Z\)"),
    ("13", "std not called", ("score", "return np.concatenate([eps / q.std, 0.5 * (eps ** 2 - 1)], axis=-1)"),
     "q.std is a method: q.std()",
     r"std\(\)|call|method|operand|TypeError|unsupported"),
    ("13", "averaged over the samples", ("score", """\
s = np.concatenate([eps / q.std(), 0.5 * (eps ** 2 - 1)], axis=1)
return s.mean(axis=0)"""),
     "one row for each sample is wanted, not their mean",
     r"shape|mean|row|each sample|\(S"),
    ("13", "square of the scaled noise", ("score", """\
e = eps / q.std()
return np.concatenate([e, 0.5 * (e ** 2 - 1)], axis=1)"""),
     "in the part for log σ² it is ε², not (ε/σ)²",
     r"ε²|eps ?\*\* ?2|σ|std"),
    ("13", "own sample included", ("best_coefficient", """\
s2 = score ** 2
a = (f * s2).sum(axis=0) / s2.sum(axis=0)
return np.tile(a, (len(score), 1))"""),
     "the sample's own f is in its own a",
     r"own|other|leave|itself|exclu"),
    ("13", "own sample only in the numerator", ("best_coefficient", """\
s2 = score ** 2
return (f * s2).sum(axis=0) / (s2.sum(axis=0) - s2)"""),
     "the numerator still has the sample's own term",
     r"own|other|leave|itself|exclu|numerator"),
    ("13", "own sample only in the denominator", ("best_coefficient", """\
s2 = score ** 2
fs2 = f * s2
return (fs2.sum(axis=0) - fs2) / s2.sum(axis=0)"""),
     "the denominator still has the sample's own term",
     r"own|other|leave|itself|exclu|denominator"),
    ("13", "not squared", ("best_coefficient", """\
fs = f * score
return (fs.sum(axis=0) - fs) / (score.sum(axis=0) - score)"""),
     "the score has to be squared, above and below",
     r"squar|s²|score²|\*\* ?2"),
    ("13", "numerator not squared", ("best_coefficient", """\
top, below = f * score, score ** 2
return (top.sum(axis=0) - top) / (below.sum(axis=0) - below)"""),
     "Σ f s² above: the square is missing in the numerator",
     r"squar|s²|score²|\*\* ?2|numerator"),
    ("13", "denominator not squared", ("best_coefficient", """\
top = f * score ** 2
return (top.sum(0) - top) / (score.sum(0) - score)"""),
     "Σ s² below: the square is missing in the denominator",
     r"squar|s²|score²|\*\* ?2|denominator"),
    ("13", "plain baseline", ("best_coefficient", """\
S = len(f)
a = (f.sum(axis=0) - f) / (S - 1)
return a * np.ones_like(score)"""),
     "that is the mean of f; it has to be weighted with score²",
     r"weight|score²|s²|squar|mean of f|average of f"),
    ("13", "sum against mean", ("best_coefficient", """\
s2 = score ** 2
n = len(s2) - 1
return ((f * s2).sum(axis=0) - f * s2) / n / (s2.sum(axis=0) - s2)"""),
     "a mean above and a sum below: too small by S − 1",
     r"S ?[-−] ?1|mean|sum|factor|\bn\b|small|average"),
    ("13", "sum over the parameters", ("best_coefficient", """\
s2 = score ** 2
fs2 = f * s2
num = fs2.sum(axis=1, keepdims=True) - fs2
return num / (s2.sum(axis=1, keepdims=True) - s2)"""),
     """\
the sums run over the parameters (axis 1); they have to run over the samples""",
     r"axis|samples|parameter"),
    ("13", "one a for all parameters", ("best_coefficient", """\
s2 = (score ** 2).sum(axis=1, keepdims=True)
fs2 = (f * score ** 2).sum(axis=1, keepdims=True)
a = (fs2.sum(axis=0) - fs2) / (s2.sum(axis=0) - s2)
return a * np.ones_like(score)"""),
     """\
each element of the score has its own a; here the parameters were pooled""",
     r"own|each|element|parameter|column|pool|axis"),
    ("13", "upside down", ("best_coefficient", """\
s2 = score ** 2
fs2 = f * s2
return (s2.sum(axis=0) - s2) / (fs2.sum(axis=0) - fs2)"""),
     "numerator and denominator were exchanged",
     r"exchang|swap|upside|numerator|denominator|inver|recipro|f score²"),
    ("13", "mask reversed", ("best_coefficient", """\
a = np.empty_like(score)
for s in range(len(score)):
    mine = np.arange(len(score)) == s
    w = score[mine] ** 2
    a[s] = (f[mine] * w).sum(axis=0) / w.sum(axis=0)
return a"""),
     """\
only the own sample is used, and it should be all but that: a is f itself""",
     r"own|other|mask|itself|exclu"),
    ("13", "only the samples before", ("best_coefficient", """\
a = np.zeros_like(score)
for s in range(1, len(score)):
    w = score[:s] ** 2
    a[s] = (f[:s] * w).sum(axis=0) / w.sum(axis=0)
return a"""),
     """\
only the samples before s were used, and those after s belong to the others too""",
     r"other|before|after|all|first row|own"),
    ("13", "the neighbour left out", ("best_coefficient", """\
s2 = score ** 2
fs2 = f * s2
num = fs2.sum(axis=0) - np.roll(fs2, 1, axis=0)
return num / (s2.sum(axis=0) - np.roll(s2, 1, axis=0))"""),
     "row s leaves out sample s − 1, not s itself",
     r"own|other|row|itself|shift|neighbo|exclu|leave"),
    ("13", "f as a row", ("best_coefficient", """\
s2 = score ** 2
fs2 = f.T * s2
return (fs2.sum(axis=0) - fs2) / (s2.sum(axis=0) - s2)"""),
     "f is (S, 1) and belongs to the rows: no transpose",
     r"shape|broadcast|transpos|\(S, 1\)|row"),
    ("13", "covariance", ("best_coefficient", """\
a = np.empty_like(score)
for s in range(len(score)):
    sc, ff = np.delete(score, s, axis=0), np.delete(f * score, s, axis=0)
    c = sc - sc.mean(axis=0)
    a[s] = (c * ff).sum(axis=0) / (c ** 2).sum(axis=0)
return a"""),
     """\
the score was centred (a covariance over a variance); asked are the plain sums Σ f s²/Σ s²""",
     r"cent|covarian|varian|mean|Σ f|f ?s²|score²|squar"),
    ("13", "f squared", ("best_coefficient", """\
t, u = f ** 2 * score ** 2, score ** 2
return (t.sum(0) - t) / (u.sum(0) - u)"""),
     "f is not squared: Σ f s², not Σ (f s)²",
     r"(?s)f²|f ?\*\* ?2|\bf\b.*squar|squar.*\bf\b"),
    ("13", "double: own included, not squared", ("best_coefficient", """\
a = (f * score).sum(axis=0) / score.sum(axis=0)
return a + 0 * score"""),
     "the own sample is included, and the score is not squared",
     r"own|other|leave|itself|squar|s²|score²|\*\* ?2"),
    ("13", "double: half and minus 1 forgotten", ("score", "return np.concatenate([eps / q.std(), eps ** 2], axis=1)"),
     "for log σ² both the ½ and the −1 are missing",
     r"half|½|0\.5|twice|factor|[-−] ?1|log σ²|logvar"),
    ("13", "double: sigma and half forgotten", ("score", "return np.hstack([eps, eps ** 2 - 1])"),
     "1/σ is missing for μ, and ½ for log σ²",
     r"σ|\bstd\b|divid|half|½|0\.5|twice"),
    ("13", "double: halves exchanged, sign", ("score", """\
dmu = eps / q.std()
return np.concatenate([0.5 * (1 - eps * eps), dmu], axis=1)"""),
     """\
the two halves were exchanged, and the one for log σ² has the wrong sign""",
     r"order|swap|exchang|halves|sign|minus|negative"),
    ("13", "double: upside down, own included", ("best_coefficient", """\
w = score ** 2
return w.sum(axis=0) / (f * w).sum(axis=0) * np.ones_like(w)"""),
     """\
numerator and denominator were exchanged, and the own sample is included""",
     r"exchang|swap|upside|numerator|inver|recipro|own|other|leave|exclu"),
    ("13", "double: f squared, wrong axis", ("best_coefficient", """\
w = score ** 2
t = f ** 2 * w
return (t.sum(axis=1, keepdims=True) - t) / (w.sum(axis=1, keepdims=True) - w)"""),
     """\
f is not to be squared, and the sums run over the parameters in place of the samples""",
     r"(?s)f²|\bf\b.*squar|squar.*\bf\b|axis|samples|parameter"),
    ("13", "score without sigma", ("score", "return np.concatenate([eps, 0.5 * (eps ** 2 - 1)], axis=-1)"),
     "∂log q/∂μ is (z − μ)/σ² = ε/σ: the division by σ is missing",
     r"divid|/σ|by σ|σ (is )?(missing|forgotten)|std|sigma"),
    ("13", "score by variance", ("score", "return np.hstack([eps / q.std() ** 2, 0.5 * (eps ** 2 - 1)])"),
     """\
(z − μ)/σ² is ε/σ, since z − μ = σ ε already has one σ: divided once too often""",
     r"ε/σ|eps ?/ ?(σ|sigma|q\.std)|once|σ²|variance|one σ|std"),
    ("13", "score times sigma", ("score", """\
s = q.std()
return np.concatenate([eps * s, (eps ** 2 - 1) / 2], axis=1)"""),
     "ε was multiplied by σ; it has to be divided by it",
     r"divid|multipl|ε/σ|inverse|σ|std"),
    ("13", "score no half", ("score", "return np.concatenate([eps / q.std(), eps ** 2 - 1], axis=-1)"),
     "the ½ in ∂log q/∂log σ² is missing",
     r"½|half|0\.5|twice|factor (of )?(2|two)"),
    ("13", "score no one", ("score", "return np.concatenate([eps / q.std(), eps ** 2 / 2], axis=-1)"),
     "the −1 is missing: the normalizer −½ log σ² depends on σ² too",
     r"[-−]\s*1|minus (1|one)|log σ²|normali[sz]|[-−]\s*½|second term"),
    ("13", "score sign", ("score", "return np.concatenate([-eps / q.std(), 0.5 * (1 - eps ** 2)], axis=-1)"),
     "the sign is wrong in both parts: that is the derivative of −log q",
     r"sign|minus|negat|opposite"),
    ("13", "score by z", ("score", "return np.concatenate([-eps / q.std(), 0.5 * (eps ** 2 - 1)], axis=-1)"),
     """\
the derivative by z has a minus, the one by μ has none: the sign of the first half is wrong""",
     r"sign|minus|negat|by z|opposite"),
    ("13", "score by sigma", ("score", """\
s = q.std()
return np.concatenate([eps / s, (eps ** 2 - 1) / s], axis=-1)"""),
     "the second half is the derivative by σ, asked is the one by log σ²",
     r"by σ\b|respect to σ\b|½\s*σ|chain|link|∂σ|by log σ²"),
    ("13", "score by the variance", ("score", """\
s2 = q.std() ** 2
return np.concatenate([eps / q.std(), 0.5 * (eps ** 2 - 1) / s2], axis=-1)"""),
     """\
the second half is the derivative by σ², asked is the one by log σ²: a factor σ² is missing""",
     r"by σ²|log σ²|chain|link|respect to|σ²|variance"),
    ("13", "score of eps as z", ("score", """\
mu, s = q.mean(), q.std()
d = eps - mu
return np.concatenate([d / s ** 2, 0.5 * (d ** 2 / s ** 2 - 1)], axis=-1)"""),
     "eps was taken for z: z − μ is σ ε",
     r"z = μ|z\s*[-−]\s*μ|σ\s*ε|eps.*z|\bz\b|μ|mean"),
    ("13", "score pathwise", ("score", """\
return np.concatenate([np.ones_like(eps), 0.5 * q.std() * eps], axis=-1)"""),
     "these are the derivatives of z (reparameterization), not of log q",
     r"of z\b|reparam|pathwise|∂z|of the sample|not of log q|derivative of log q"),
    ("13", "all samples in a", ("best_coefficient", """\
w = score ** 2
a = (f * w).sum(axis=0) / w.sum(axis=0)
return np.broadcast_to(a, score.shape).copy()"""),
     "the sample itself is in its own average: leave row s out",
     r"own|itself|leave|left out|the other|exclu|without"),
    ("13", "a is the mean of f", ("best_coefficient", """\
S = len(f)
return np.broadcast_to((f.sum(axis=0) - f) / (S - 1), score.shape).copy()"""),
     """\
the plain mean of the other f was taken; the weights score² are missing""",
     r"score²|weight|score\s*\*\*|mean of f|s²|plain mean|squar"),
    ("13", "score not squared", ("best_coefficient", """\
num, den = f * score, score
return (num.sum(0) - num) / (den.sum(0) - den)"""),
     "the scores are not squared",
     r"squar|score²|s²|\*\*\s*2"),
    ("13", "only the top left out", ("best_coefficient", """\
w = score ** 2
num = f * w
return (num.sum(axis=0) - num) / w.sum(axis=0)"""),
     "the sample is left out of the numerator but not of the denominator",
     r"denominator|numerator|below|both|bottom|Σ score²|divisor"),
    ("13", "one row of a", ("best_coefficient", """\
w = score ** 2
return (f * w).sum(axis=0) / w.sum(axis=0)"""),
     """\
one row for all samples is returned; a is (S, P), each row without its own sample""",
     r"shape|\(S, P\)|row|own|leave|each sample|other|itself"),
    ("13", "earlier samples only", ("best_coefficient", """\
w = score ** 2
out = np.zeros(score.shape)
for s in range(1, len(score)):
    out[s] = (f[:s] * w[:s]).sum(axis=0) / w[:s].sum(axis=0)
return out"""),
     """\
only the samples before s are used; all the others belong in, also the later ones""",
     r"later|after|before|earlier|all (the )?other|previous"),
    ("13", "pooled columns", ("best_coefficient", """\
w = score ** 2
n = f * w
top = (n.sum() - n.sum(axis=1))
bot = (w.sum() - w.sum(axis=1))
return np.repeat((top / bot)[:, None], score.shape[1], axis=1)"""),
     """\
the sums also run over the columns; each element of the score has its own a""",
     r"column|each element|own|axis|per element|parameter|over P|pool"),
    ("13", "double: f squared, own sample inside", ("best_coefficient", """\
w = score ** 2
return np.zeros_like(score) + (f ** 2 * w).sum(axis=0) / w.sum(axis=0)"""),
     "f is squared, and the own sample is not left out",
     r"squar|f²|own|itself|leave|left out|other|exclu"),
    ("13", "double: score half and sign", ("score", "return np.concatenate([eps / q.std(), 1 - eps ** 2], axis=-1)"),
     "the second half has the wrong sign and lacks the ½",
     r"sign|minus|negat|opposite|½|half|0\.5|twice"),
    ("13", "double: score bare", ("score", "return np.concatenate([eps, eps ** 2 - 1], axis=-1)"),
     """\
the division by σ in the first half and the ½ in the second are missing""",
     r"σ|sigma|std|divid|½|half|0\.5|twice"),
    ("13", "double: no squares, own inside", ("best_coefficient", """\
a = (f * np.abs(score)).sum(axis=0) / np.abs(score).sum(axis=0)
return np.tile(a, (len(score), 1))"""),
     "the scores are not squared, and the own sample is not left out",
     r"squar|score²|s²|\*\*\s*2|own|itself|leave|left out|other|exclu|abs"),
    ("13", "score: noise held fixed", ("score", """\
dmu = np.zeros_like(eps)
dlogvar = -0.5 * np.ones_like(eps)
return np.concatenate([dmu, dlogvar], axis=1)"""),
     "ε is held fixed, but for the score z has to be held fixed",
     r"held fixed|z fixed|fixed|ε|eps|constant|depend"),
    ("13", "score: halves exchanged", ("score", "return np.concatenate([0.5 * (eps ** 2 - 1), eps / q.std()], axis=1)"),
     "the halves are in the wrong order",
     r"order|swap|halves|first|exchang|interchang"),
    ("13", "score: mean over the samples", ("score", """\
return np.concatenate([eps / q.std(), 0.5 * (eps ** 2 - 1)], axis=1).mean(axis=0)"""),
     "averaged over the samples; each sample has its own row",
     r"shape|mean|averag|each sample|own|row|\(S,"),
    ("13", "score: std without brackets", ("score", """\
dmu = eps / q.std
dlogvar = 0.5 * (eps ** 2 - 1)
return np.concatenate([dmu, dlogvar], axis=1)"""),
     "q.std is a function; it has to be called: q.std()",
     r"q\.std|call|bracket|parenthes|\(\)|unsupported|method|function|TypeError"),
    ("13", "score: eps taken for z", ("score", """\
dmu = (eps - q.mean()) / q.std() ** 2
dlogvar = 0.5 * (((eps - q.mean()) / q.std()) ** 2 - 1)
return np.concatenate([dmu, dlogvar], axis=1)"""),
     "ε is inserted for z; z is μ + σ ε",
     r"\bz\b|μ|mean|σ ?ε|eps|ε"),
    ("13", "coefficient: means with different counts", ("best_coefficient", """\
s2 = score ** 2
top = f * s2
return (top.sum(axis=0) - top) / (len(f) - 1) / s2.mean(axis=0)"""),
     "the lower mean goes over all samples, the upper one over the others",
     r"denominator|own|other|all samples|s2|score²|lower|mean|without|left out"),
    ("13", "coefficient: already subtracted", ("best_coefficient", """\
s2 = score ** 2
top = f * s2
return f - (top.sum(axis=0) - top) / (s2.sum(axis=0) - s2)"""),
     "f − a is returned, but a is asked for",
     r"f ?[−-] ?a|subtract|\ba\b|itself|asked|not f"),
    ("13", "coefficient: the next sample left out", ("best_coefficient", """\
s2 = score ** 2
top = f * s2
return (top.sum(axis=0) - np.roll(top, 1, axis=0)) / (s2.sum(axis=0) - np.roll(s2, 1, axis=0))"""),
     "a neighbour is left out in place of the sample itself",
     r"own|roll|itself|wrong sample|other|neighbo|shift|left out|previous|row"),
    ("13", "earlier 40", ("score", "return np.concatenate([eps / q.std(), eps * eps - 1], axis=1)"),
     "(from the bank before)",
     r"derivative with respect to log σ, but log σ² is needed"),
    ("13", "earlier 41", ("score", "return np.concatenate([eps / q.std(), 0.5 * eps * eps], axis=1)"),
     "(from the bank before)",
     r"−½ is missing in the part for log σ²"),
    ("14", "itself included", """\
return (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]""",
     "the sum over j is over the others: j = i is in it",
     r"j ?≠ ?i|j ?= ?i|other|itself|own|j != i|diagonal"),
    ("14", "plus for the neighbours", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] + others) / precision[i, i], 1 / precision[i, i]""",
     "the quadratic form has a minus: b_i − Σ Λ_ij mean_j",
     r"sign|minus|negative|subtract"),
    ("14", "sign of the shift", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return -(shift[i] + others) / precision[i, i], 1 / precision[i, i]""",
     "b_i enters with a plus",
     r"sign|plus|minus|b_i|shift|negative"),
    ("14", "shift forgotten", """\
others = sum(precision[i, j] * mean[j] for j in range(len(mean)) if j != i)
return -others / precision[i, i], 1 / precision[i, i]""",
     "the linear term b_i is missing",
     r"b_i|shift|\bb\b|linear"),
    ("14", "neighbours forgotten", "return shift[i] / precision[i, i], 1 / precision[i, i]",
     "the terms Λ_ij E[z_j] of the other latents are missing",
     r"other|Λ_ij|j ≠ i|neighbo|off.?diagonal|mean_j|cross"),
    ("14", "not divided", """\
others = np.delete(precision[i], i) @ np.delete(mean, i)
return shift[i] - others, 1 / precision[i, i]""",
     "the mean has to be divided by Λ_ii",
     r"divid|Λ_ii|precision\[i, ?i\]|variance times"),
    ("14", "precision for variance", """\
others = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - others) / precision[i, i], precision[i, i]""",
     "Λ_ii is the precision; the variance is 1/Λ_ii",
     r"1 ?/ ?Λ|precision|inver|recipro|variance"),
    ("14", "standard deviation", """\
others = np.delete(precision[i], i) @ np.delete(mean, i)
v = 1 / precision[i, i]
return v * (shift[i] - others), np.sqrt(v)""",
     "the standard deviation was returned, not the variance",
     r"standard deviation|root|sqrt|variance|√|std"),
    ("14", "marginal variance", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], np.linalg.inv(precision)[i, i]""",
     """\
that is the marginal variance of the joint, (Λ⁻¹)_ii; mean field's is 1/Λ_ii""",
     r"inverse|marginal|1 ?/ ?Λ|1/precision|joint|variance"),
    ("14", "exact mean", "return np.linalg.solve(precision, shift)[i], 1 / precision[i, i]",
     """\
that is the mean of the joint, Λ⁻¹ b; one update holds the other means where they are""",
     r"joint|exact|solve|other|held|current|mean_j|Λ⁻¹|\bmean\b"),
    ("14", "exact mean and variance", """\
covariance = np.linalg.inv(precision)
return (covariance @ shift)[i], covariance[i, i]""",
     """\
that is the exact marginal of the joint, and not the best factor given the others""",
     r"joint|exact|marginal|inverse|other|1 ?/ ?Λ|solve"),
    ("14", "neighbours twice", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - 2 * others) / precision[i, i], 1 / precision[i, i]""",
     "Λ_ij and Λ_ji together cancel the ½: factor 1, not 2",
     r"\b2\b|twice|½|half|double|factor"),
    ("14", "neighbours half", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - 0.5 * others) / precision[i, i], 1 / precision[i, i]""",
     "z_i z_j comes twice, as ij and as ji, so that the ½ is gone",
     r"½|half|twice|0\.5|factor|\b2\b"),
    ("14", "variance doubled", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], 2 / precision[i, i]""",
     "−½ Λ_ii z² has the variance 1/Λ_ii: the 2 is too much",
     r"½|half|twice|\b2\b|factor|variance"),
    ("14", "variance halved", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], 0.5 / precision[i, i]""",
     "the ½ of the Gaussian's exponent is not part of the variance: 1/Λ_ii",
     r"½|half|twice|0\.5|factor|variance"),
    ("14", "order of the two", """\
v = 1.0 / precision[i, i]
m = v * (shift[i] - precision[i] @ mean + precision[i, i] * mean[i])
return v, m""",
     "the mean comes first, then the variance",
     r"order|first|swap|exchang"),
    ("14", "all factors at once", """\
d = np.diag(precision)
m = (shift - precision @ mean + d * mean) / d
return m, 1 / d""",
     "only factor i is asked, not all of them",
     r"shape|\[i\]|number|scalar|only|factor i|one"),
    ("14", "only the mean", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i]""",
     "the variance is not returned",
     r"variance|two|return|unpack|iterable"),
    ("14", "only the shift divided", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return shift[i] / precision[i, i] - others, 1 / precision[i, i]""",
     "the brackets: the whole of b_i − Σ has to be divided by Λ_ii",
     r"bracket|parenthes|divid|Λ_ii|whole"),
    ("14", "diagonal taken back without its factor", """\
others = precision[i] @ mean - mean[i]
return (shift[i] - others) / precision[i, i], 1 / precision[i, i]""",
     "the own term is Λ_ii mean_i, not mean_i",
     r"Λ_ii|own|itself|j ?= ?i|precision\[i, ?i\]|diagonal|other"),
    ("14", "neighbours only on the left", """\
others = 0.0
for j in range(i):
    others += precision[i, j] * mean[j]
return (shift[i] - others) / precision[i, i], 1 / precision[i, i]""",
     "only the latents before i were counted, and those after i were not",
     r"other|after|before|j ?> ?i|j ?< ?i|all"),
    ("14", "means forgotten", """\
others = precision[i].sum() - precision[i, i]
return (shift[i] - others) / precision[i, i], 1 / precision[i, i]""",
     "the Λ_ij are to be multiplied with the means of the others",
     r"mean|E\[z"),
    ("14", "divided by the others' precision", """\
d = np.diag(precision)
others = (precision[i] * mean / d).sum() - mean[i]
return (shift[i] - others) / d[i], 1 / d[i]""",
     "Λ_ij mean_j was divided by Λ_jj, which has no place here",
     r"Λ_jj|divid|mean_j|other|E\[z"),
    ("14", "gradient step", "return mean[i] + (shift[i] - precision[i] @ mean), 1 / precision[i, i]",
     """\
a step along the gradient, not the maximum: the bracket has to be divided by Λ_ii""",
     r"divid|Λ_ii|precision\[i, ?i\]|step|gradient"),
    ("14", "halfway there", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
new = (shift[i] - others) / precision[i, i]
return 0.5 * (mean[i] + new), 1 / precision[i, i]""",
     "the old mean_i was mixed in; the best q_i doesn't depend on it",
     r"mean_i|mean\[i\]|old|damp|itself|own|half|average|½"),
    ("14", "mean without its entry", """\
others = np.delete(precision[i], i) @ mean
return (shift[i] - others) / precision[i, i], 1 / precision[i, i]""",
     """\
entry i was deleted from the row, and not from mean: the lengths differ""",
     r"shape|size|length|mismatch|dimension|matmul"),
    ("14", "log variance", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], -np.log(precision[i, i])""",
     "the logarithm of the variance was returned",
     r"\blog|variance"),
    ("14", "printed", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
print((shift[i] - others) / precision[i, i], 1 / precision[i, i])""",
     "the two numbers are printed, and not returned",
     r"return|None|print"),
    ("14", "double: sign, precision for variance", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] + others) / precision[i, i], precision[i, i]""",
     """\
the sign of the others is wrong, and the precision is returned in place of the variance""",
     r"sign|minus|subtract|1 ?/ ?Λ|precision|inver|variance"),
    ("14", "double: itself included, not divided", "return shift[i] - precision[i] @ mean, 1 / precision[i, i]",
     "j = i is in the sum, and the division by Λ_ii is missing",
     r"j ?≠ ?i|other|itself|own|divid|Λ_ii|j ?= ?i"),
    ("14", "double: shift forgotten, standard deviation", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return -others / precision[i, i], precision[i, i] ** -0.5""",
     """\
b_i is missing, and the standard deviation is returned in place of the variance""",
     r"b_i|shift|linear|standard deviation|root|sqrt|variance"),
    ("14", "double: neighbours twice, not divided", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return shift[i] - 2 * others, 1 / precision[i, i]""",
     """\
the others count once and not twice, and the division by Λ_ii is missing""",
     r"\b2\b|twice|½|half|double|divid|Λ_ii"),
    ("14", "double: order, itself included", """\
v = 1 / precision[i, i]
return v, v * (shift[i] - precision[i] @ mean)""",
     "the variance was returned first, and the sum has j = i in it",
     r"order|first|swap|exchang|j ?≠ ?i|other|itself|own|j ?= ?i"),
    ("14", "own term inside", """\
return (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]""",
     "the sum has j = i in it; only the other latents j ≠ i are averaged",
     r"j\s*(=|≠|!=)\s*i|own|itself|Λ_?ii (m|z|E)|exclu|leave|left out|the other"),
    ("14", "plus the others", """\
rest = sum(precision[i, j] * mean[j] for j in range(len(mean)) if j != i)
return (shift[i] + rest) / precision[i, i], 1 / precision[i, i]""",
     """\
the sign of the others' contribution is wrong: it is subtracted from b_i""",
     r"sign|minus|subtract|negat|opposite"),
    ("14", "not divided again", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return shift[i] - rest, 1 / precision[i, i]""",
     "the mean is not divided by Λ_ii",
     r"divid|/ ?Λ_?ii|1/Λ|by the precision|precision\[i, ?i\]"),
    ("14", "precision for variance again", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - rest) / precision[i, i], precision[i, i]""",
     "Λ_ii is the precision; the variance is its reciprocal",
     r"reciprocal|1/Λ|1 ?/ ?precision|inverse|precision|invert"),
    ("14", "standard deviation again", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - rest) / precision[i, i], precision[i, i] ** -0.5""",
     "the standard deviation is returned instead of the variance",
     r"standard|root|sqrt|not .*variance|instead of the variance|\*\* -?0\.5"),
    ("14", "marginal variance again", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - rest) / precision[i, i], np.linalg.inv(precision)[i, i]""",
     """\
the variance of the exact marginal, (Λ⁻¹)_ii, was taken; the factor's variance is 1/Λ_ii""",
     r"marginal|invers|1/Λ|1 ?/ ?precision|exact|Λ⁻¹"),
    ("14", "exact mean again", "return np.linalg.solve(precision, shift)[i], 1 / precision[i, i]",
     """\
that is the exact posterior mean; one update uses the means of the other factors as they are now""",
     r"exact|posterior|current|now|other (factors|means|latents)|mean\b.*(not used|ignored)|fixed|solve|one update"),
    ("14", "half cross terms", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - 0.5 * rest) / precision[i, i], 1 / precision[i, i]""",
     """\
Λ_ij z_i z_j stands in the double sum twice (ij and ji), which cancels the ½""",
     r"½|half|0\.5|twice|symmetr|both|double"),
    ("14", "only earlier ones", """\
acc = shift[i]
for j in range(i):
    acc -= precision[i, j] * mean[j]
return acc / precision[i, i], 1 / precision[i, i]""",
     "only the latents before i are in the sum; those after i are missing",
     r"after|later|before|all (the )?other|j\s*>\s*i|range|every other"),
    ("14", "others forgotten", "return shift[i] / precision[i, i], 1 / precision[i, i]",
     "the contribution of the other latents, Σ Λ_ij mean_j, is missing",
     r"other|Λ_?ij|mean_?j|Σ|cross|coupl|neighbou?r"),
    ("14", "shift forgotten again", """\
rest = precision[i] @ mean - precision[i, i] * mean[i]
return -rest / precision[i, i], 1 / precision[i, i]""",
     "b_i is missing",
     r"b_?i|shift|linear term"),
    ("14", "whole shift", """\
rest = precision @ mean - np.diag(precision) * mean
return (shift - rest) / np.diag(precision), 1 / np.diag(precision)""",
     "all factors are computed at once; only the numbers of q_i are asked",
     r"\[i\]|only|one (factor|number|latent)|shape|vector|single|all (the )?(factors|latents)|array"),
    ("14", "natural parameters", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return shift[i] - rest, precision[i, i]""",
     """\
the coefficients of z_i and −½ z_i² are returned; mean and variance are b/Λ_ii and 1/Λ_ii""",
     r"natural|divid|Λ_?ii|precision|mean and|reciprocal|coefficient"),
    ("14", "variance first", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return 1 / precision[i, i], (shift[i] - rest) / precision[i, i]""",
     "the order is wrong: first the mean, then the variance",
     r"order|swap|first|exchang"),
    ("14", "writes into mean", """\
mean[i] = 0
mean[i] = (shift[i] - precision[i] @ mean) / precision[i, i]
return mean[i], 1 / precision[i, i]""",
     "the array mean that was passed in is changed",
     r"in place|chang|overwrit|modif|input|passed in|copy"),
    ("14", "mean only", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] - rest) / precision[i, i]""",
     "the variance is not returned",
     r"variance|two|tuple|return|unpack|pair"),
    ("14", "factor two in variance", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
lam = 0.5 * precision[i, i]
return (shift[i] - rest) / lam, 1 / lam""",
     """\
−½ Λ_ii z² already is the form of a Gaussian with precision Λ_ii: the ½ must not be counted again""",
     r"½|half|0\.5|twice|factor|Λ_?ii|double|\b2\b"),
    ("14", "double: plus, own inside", """\
return (shift[i] + precision[i] @ mean) / precision[i, i], 1 / precision[i, i]""",
     "the sign of the sum is wrong, and j = i is in it",
     r"sign|minus|subtract|j\s*(=|≠|!=)\s*i|own|itself|other|exclu|diagonal"),
    ("14", "double: own inside, precision", """\
return (shift[i] - precision[i] @ mean) / precision[i, i], precision[i, i]""",
     """\
j = i is in the sum, and the precision is returned instead of the variance""",
     r"j\s*(=|≠|!=)\s*i|own|itself|other|exclu|reciprocal|1/Λ|1 ?/ ?precision|inverse|precision"),
    ("14", "double: no shift, sd", """\
k = [j for j in range(len(mean)) if j != i]
return -precision[i, k] @ mean[k] / precision[i, i], 1 / np.sqrt(precision[i, i])""",
     """\
b_i is missing, and the standard deviation is returned instead of the variance""",
     r"b_?i|shift|linear term|standard|root|sqrt|variance"),
    ("14", "double: plus, half", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return (shift[i] + 0.5 * rest) / precision[i, i], 1 / precision[i, i]""",
     """\
the sign of the others' part is wrong, and the ½ cancels with the double sum""",
     r"sign|minus|subtract|opposite|½|half|0\.5|twice|symmetr|double"),
    ("14", "mean set to zero", """\
mean[i] = 0
return (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]""",
     "the caller's array mean is changed",
     r"chang|modif|caller|in place|copy|overwr"),
    ("14", "shift of the others", """\
total = shift[i]
for j in range(len(mean)):
    if j != i:
        total -= precision[i, j] * shift[j]
return total / precision[i, i], 1 / precision[i, i]""",
     "the b_j of the others are used in place of their means",
     r"means? (of|in)|mean\[j\]|mean_j|b_j|shift\[j\]|E\[z|their means|shift.*(in place|instead)"),
    ("14", "Λ_ii for Λ_ii m_i", """\
mu = (shift[i] - (precision[i] @ mean - precision[i, i])) / precision[i, i]
return mu, 1 / precision[i, i]""",
     "Λ_ii is taken away in place of Λ_ii mean_i",
     r"mean\[i\]|mean_i|m_i|times|multipl|Λ_ii|precision\[i, ?i\]|j ?(≠|!=) ?i|own|itself"),
    ("14", "counted from one", """\
others = np.arange(len(mean)) != i - 1
mu = (shift[i - 1] - precision[i - 1, others] @ mean[others]) / precision[i - 1, i - 1]
return mu, 1 / precision[i - 1, i - 1]""",
     "i is counted from 0, but i − 1 is used",
     r"i ?[−-] ?1|from 0|index|off by one|wrong latent|counted|other latent|neighbo"),
    ("14", "½ of the quadratic term", """\
mu = (shift[i] - precision[i] @ mean + precision[i, i] * mean[i]) / precision[i, i]
return mu, 0.5 / precision[i, i]""",
     """\
the ½ belongs to the Gaussian's exponent −½ z²/σ², so the variance is 1/Λ_ii""",
     r"½|0\.5|half|1 ?/ ?(Λ|precision)|twice|factor 2"),
    ("14", "double: itself included, precision returned", """\
return (shift[i] - precision[i] @ mean) / precision[i, i], precision[i, i]""",
     """\
the sum contains i itself, and the precision is returned in place of the variance""",
     r"j ?(≠|!=) ?i|itself|own|other|exclud|1 ?/|precision|inverse|varianc|diagonal"),
    ("14", "earlier 42", """\
return (shift[i] - precision[i] @ mean) / precision[i, i], 1 / precision[i, i]""",
     "(from the bank before)",
     r"the sum over the others includes j = i"),
    ("14", "earlier 43", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return (shift[i] - others) / precision[i, i], np.linalg.inv(precision)[i, i]""",
     "(from the bank before)",
     r"the marginal variance"),
    ("14", "earlier 44", "return 1.0",
     "(from the bank before)",
     r"returned a float, 1.0"),
    ("15", "the ELBO's weights", "return np.ones_like(log_w) * dbound / len(log_w)",
     """\
1/L is the ELBO's answer; here each sample counts with its normalized weight""",
     r"1/L|ELBO|weight|softmax|w_l"),
    ("15", "not normalized", "return dbound * np.exp(log_w - log_w.max(axis=0))",
     "the weights are not divided by their sum",
     r"normali[sz]|sum|divid|softmax"),
    ("15", "divided by the mean", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * w / w.mean(axis=0)""",
     "divided by the mean and not by the sum: too large by L",
     r"sum|mean|\bL\b|factor"),
    ("15", "1/L once more", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * w / w.sum(axis=0) / len(w)""",
     "the 1/L cancels: too small by L",
     r"1/L|\bL\b|factor|cancel|sum to"),
    ("15", "normalized over the examples", """\
w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
return dbound * w / w.sum(axis=1, keepdims=True)""",
     """\
the softmax runs over the examples (axis 1); it has to run over the samples (axis 0)""",
     r"axis|example|samples"),
    ("15", "normalized over everything", """\
w = np.exp(log_w - log_w.max())
return dbound * w / w.sum()""",
     "normalized over all samples of all examples, not for each example",
     r"axis|each example|per example|own|finite|underflow|sum"),
    ("15", "no top", """\
with np.errstate(all="ignore"):
    w = np.exp(log_w)
    return dbound * w / w.sum(axis=0)""",
     "exp(−1000) is 0, and 0/0 is nan: subtract the largest log w first",
     r"nan|underflow|largest|max|top|finite|−1000|-1000|subtract"),
    ("15", "small number against zero", """\
w = np.exp(log_w)
return dbound * w / (w.sum(axis=0) + 1e-12)""",
     """\
1e-12 hides the underflow: the weights come out as 0; subtract the largest log w""",
     r"underflow|largest|max|top|1e-|zero|−1000|-1000|small|sum to"),
    ("15", "largest of all", """\
with np.errstate(all="ignore"):
    w = np.exp(log_w - log_w.max())
    return dbound * w / w.sum(axis=0)""",
     """\
the largest log w of all examples was subtracted; each example needs its own""",
     r"nan|underflow|largest|max|each example|own|axis|finite"),
    ("15", "smallest subtracted", """\
with np.errstate(all="ignore"):
    w = np.exp(log_w - log_w.min(axis=0))
    return dbound * w / w.sum(axis=0)""",
     "the smallest was subtracted, and exp overflows: subtract the largest",
     r"nan|overflow|largest|max|top|finite|smallest|min"),
    ("15", "upstream forgotten", """\
w = np.exp(log_w - log_w.max(axis=0))
return w / w.sum(axis=0)""",
     "the upstream gradient dbound is missing",
     r"dbound|upstream"),
    ("15", "upstream along the wrong axis", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound[:, None] * w / w.sum(axis=0)""",
     "the examples are the last axis here: no [:, None]",
     r"None|shape|broadcast|axis|\(N, ?1\)"),
    ("15", "upstream summed", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound.sum() * w / w.sum(axis=0)""",
     "each example has its own dbound; their sum was used",
     r"dbound|upstream|own|example|sum"),
    ("15", "softmax of the weights", """\
w = np.exp(np.exp(log_w - log_w.max(axis=0)))
return dbound * w / w.sum(axis=0)""",
     "exp was taken twice: the softmax is of log w, not of w",
     r"exp|twice|softmax|log w|weight"),
    ("15", "logs normalized", "return dbound * log_w / log_w.sum(axis=0)",
     "log w was normalized, not w: exp is missing",
     r"exp|softmax|w_l|log"),
    ("15", "log of the normalized weights", "return dbound * (log_w - bound(log_w) - np.log(len(log_w)))",
     "that is the logarithm of the normalized weights: exp is missing",
     r"exp|\blog|softmax"),
    ("15", "only the largest", """\
d = np.zeros_like(log_w)
d[log_w.argmax(axis=0), np.arange(log_w.shape[1])] = dbound
return d""",
     "not only the largest weight counts: all of them, in proportion",
     r"largest|max|all|proportion|softmax|weight"),
    ("15", "sign", """\
w = np.exp(log_w - log_w.max(axis=0))
return -dbound * w / w.sum(axis=0)""",
     "the sign: the bound grows with each log w",
     r"sign|minus|negative"),
    ("15", "one minus the weight", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * (1 - w / w.sum(axis=0))""",
     "1 − w̃ in place of w̃",
     r"1 ?[-−]|w̃|weight|softmax"),
    ("15", "softmax derivative", """\
w = np.exp(log_w - log_w.max(axis=0))
w /= w.sum(axis=0)
return dbound * w * (1 - w)""",
     """\
w̃ (1 − w̃) is the derivative of the softmax; that of the log of the sum is w̃ itself""",
     r"1 ?[-−]|softmax|w̃|weight|derivative"),
    ("15", "ELBO subtracted", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * (w / w.sum(axis=0) - 1 / len(w))""",
     "1/L was subtracted: the derivative of log 1/L is zero",
     r"1/L|subtract|constant|ELBO|zero|sum to|\bL\b"),
    ("15", "squared", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * (w / w.sum(axis=0)) ** 2""",
     "the normalized weight is not squared here",
     r"squar|w̃²|\*\* ?2|weight|softmax"),
    ("15", "top added back only once", """\
top = log_w.max(axis=0)
with np.errstate(all="ignore"):
    return dbound * np.exp(log_w - top) / (np.exp(top) * np.exp(log_w - top).sum(axis=0))""",
     """\
numerator and denominator must both be scaled by exp(−top); exp(top) stands only below""",
     r"top|max|both|cancel|normali[sz]|sum|nan|inf|finite|scale"),
    ("15", "sum while it grows", """\
w = np.exp(log_w - log_w.max(axis=0))
d = np.zeros_like(w)
total = np.zeros(w.shape[1])
for l in range(len(w)):
    total += w[l]
    with np.errstate(all="ignore"):
        d[l] = dbound * w[l] / total
return d""",
     """\
each weight was divided by the sum up to itself, not by the sum over all samples""",
     r"sum|all|normali[sz]|total|cumulat|nan"),
    ("15", "sigmoid", "return dbound * 0.5 * (1 + np.tanh(0.5 * log_w))",
     "a softmax over the samples is wanted, not a sigmoid of each",
     r"softmax|sigmoid|normali[sz]|sum|samples"),
    ("15", "summed over the samples", """\
w = np.exp(log_w - log_w.max(axis=0))
return (dbound * w / w.sum(axis=0)).sum(axis=0)""",
     "one number for each log w is wanted: (L, N), no sum",
     r"shape|sum|\(L, N\)|axis"),
    ("15", "root of the weights", """\
w = np.exp(0.5 * (log_w - log_w.max(axis=0)))
return dbound * w / w.sum(axis=0)""",
     "a ½ slipped into the exponent: the weights are w, not √w",
     r"½|0\.5|half|root|exponent|softmax|weight|√"),
    ("15", "double: mean, no upstream", """\
w = np.exp(log_w - log_w.max(axis=0))
return w / w.mean(axis=0)""",
     "divided by the mean and not by the sum, and dbound is missing",
     r"sum|mean|\bL\b|factor|dbound|upstream"),
    ("15", "double: sign, 1/L", """\
w = np.exp(log_w - log_w.max(axis=0))
return -dbound * w / w.sum(axis=0) / w.shape[0]""",
     "the sign is wrong, and 1/L is too much",
     r"sign|minus|negative|1/L|\bL\b|factor|cancel"),
    ("15", "double: not normalized, no upstream", "return np.exp(log_w - log_w.max(axis=0))",
     "the weights are not divided by their sum, and dbound is missing",
     r"normali[sz]|sum|divid|softmax|dbound|upstream"),
    ("15", "double: no top, mean", """\
with np.errstate(all="ignore"):
    w = np.exp(log_w)
    return dbound * w / w.mean(axis=0)""",
     """\
divided by the mean and not by the sum, and exp underflows: subtract the largest""",
     r"sum|mean|\bL\b|factor|nan|underflow|largest|max|finite"),
    ("15", "double: sign, wrong axis", """\
w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
return -dbound * w / w.sum(axis=1, keepdims=True)""",
     """\
the softmax runs over the examples and not the samples, and the sign is wrong""",
     r"axis|example|samples|sign|minus|negative"),
    ("15", "elbo answer", "return np.ones_like(log_w) * dbound / len(log_w)",
     """\
1/L for all is the ELBO's gradient; here each sample has the weight w_l/Σ w""",
     r"ELBO|normali[sz]ed|w_?l|softmax|equal|same for all|weights?\b"),
    ("15", "over the examples", """\
w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
return dbound * w / w.sum(axis=1, keepdims=True)""",
     "normalized over the examples (axis 1) instead of the samples (axis 0)",
     r"axis|over the (samples|examples)|across|samples"),
    ("15", "no shift", """\
w = np.exp(log_w)
return dbound * w / w.sum(axis=0)""",
     """\
without subtracting the largest log w, exp underflows to 0 and 0/0 is nan""",
     r"subtract|largest|max|underflow|overflow|nan|0/0|stable|top|shift"),
    ("15", "unnormalised", "return dbound * np.exp(log_w - log_w.max(axis=0))",
     "the weights are not divided by their sum",
     r"normali[sz]|divid|by their sum|by the sum|Σ"),
    ("15", "one global top", """\
w = np.exp(log_w - log_w.max())
return dbound * w / w.sum(axis=0)""",
     """\
the maximum is taken over everything; each example needs its own largest log w, else all its w underflow""",
     r"own|each example|per example|axis|underflow|nan|global|max|0/0|largest"),
    ("15", "extra 1/L", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * w / w.sum(axis=0) / log_w.shape[0]""",
     "the extra 1/L is wrong: log 1/L is a constant and falls away",
     r"1/L|\bL\b|constant|falls|extra"),
    ("15", "no upstream", """\
w = np.exp(log_w - log_w.max(axis=0))
return w / w.sum(axis=0)""",
     "the upstream gradient dbound is missing",
     r"dbound|upstream"),
    ("15", "column upstream", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound[:, None] * w / w.sum(axis=0)""",
     """\
dbound belongs to the last axis of (L, N): no new axis, or dbound[None, :]""",
     r"axis|shape|broadcast|None|\(L, N\)|column|last"),
    ("15", "one sum for all", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * w / w.sum()""",
     "the sum runs over all examples as well: axis=0 is missing",
     r"axis|each example|per example|all examples|own|column"),
    ("15", "winner takes all", "return dbound * (log_w == log_w.max(axis=0))",
     """\
only the largest weight gets a gradient, as if the bound were the maximum; it is a softmax""",
     r"largest|maximum|argmax|winner|smooth|all samples|softmax|hard|share"),
    ("15", "log weights", """\
top = log_w.max(axis=0)
lse = top + np.log(np.exp(log_w - top).sum(axis=0))
return dbound * (log_w - lse)""",
     "the logarithms of the normalized weights are returned; exp is missing",
     r"exp|log(arithm)?s?\b|log.?softmax"),
    ("15", "slope of softmax", """\
w = np.exp(log_w - log_w.max(axis=0))
r = w / w.sum(axis=0)
return dbound * r * (1 - r)""",
     """\
the derivative is the softmax itself, not the softmax's derivative r (1 − r)""",
     r"1\s*[-−]|itself|once|second|derivative of (the )?softmax|too (far|much|many)|extra|factor"),
    ("15", "squared weights", """\
w = np.exp(log_w - log_w.max(axis=0))
r = w / w.sum(axis=0)
return dbound * r ** 2""",
     """\
the normalized weights are squared (as in the doubly reparameterized estimator)""",
     r"squar|r²|\*\*|power|doubly|twice"),
    ("15", "proportional to log w", "return dbound * log_w / log_w.sum(axis=0)",
     "the log weights themselves are normalized; first take exp",
     r"exp|log w|logarithm|weights? themselves|softmax"),
    ("15", "shift in place", """\
log_w -= log_w.max(axis=0)
w = np.exp(log_w)
return dbound * w / w.sum(axis=0)""",
     "log_w -= ... changes the array that was passed in",
     r"in place|chang|overwrit|modif|input|passed in|copy|-="),
    ("15", "sign again", """\
w = np.exp(log_w.max(axis=0) - log_w)
return dbound * w / w.sum(axis=0)""",
     """\
the sign in the exponent is wrong: small weights get the large gradients""",
     r"sign|minus|negat|exponent|revers|opposite|inverse|1/w|[-−]\s*log"),
    ("15", "double: all examples, no upstream", """\
w = np.exp(log_w - log_w.max())
return w / w.sum()""",
     """\
max and sum run over the examples too (axis=0 is missing), and dbound is missing""",
     r"axis|each example|own|dbound|upstream|all examples"),
    ("15", "double: mean, no upstream again", """\
w = np.exp(log_w - log_w.max(axis=0))
return w / w.mean(axis=0)""",
     """\
divided by the mean instead of the sum (L times too large), and dbound is missing""",
     r"\bL\b|mean|sum|dbound|upstream"),
    ("15", "double: sign of everything, 1/L", """\
w = np.exp(log_w - log_w.max(axis=0))
return -dbound * w / w.sum(axis=0) / len(w)""",
     "the sign is wrong, and the 1/L is too much",
     r"sign|minus|negat|opposite|1/L|\bL\b|constant|extra"),
    ("15", "softmax less 1/L", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * (w / w.sum(axis=0) - 1 / len(w))""",
     "1/L was subtracted: the constant log 1/L has the derivative 0",
     r"1/L|constant|subtract|\bL\b|baseline|ELBO|extra"),
    ("15", "smallest subtracted again", """\
w = np.exp(log_w - log_w.min(axis=0))
return dbound * w / w.sum(axis=0)""",
     "the smallest log w is subtracted, so exp overflows",
     r"overflow|inf|nan|largest|max|min"),
    ("15", "with respect to w", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound / w.sum(axis=0) * np.ones_like(w)""",
     """\
this is the derivative with respect to w, not log w; the factor w_l is missing""",
     r"respect to w|factor w|w_l|∂w|chain|numerator|times w|multipl|`w` is missing"),
    ("15", "top has its own derivative", """\
w = np.exp(log_w - log_w.max(axis=0))
return dbound * (w / w.sum(axis=0) + (log_w == log_w.max(axis=0)))""",
     "the derivative of the largest log w is added, but it cancels",
     r"top|max|largest|cancel|add|extra|twice|sum to 1|add up to"),
    ("15", "minus", """\
w = np.exp(log_w - log_w.max(axis=0))
return -dbound * w / w.sum(axis=0)""",
     "the sign is wrong",
     r"sign|minus|negativ"),
    ("15", "log_w shifted in place", """\
log_w -= log_w.max(axis=0)
w = np.exp(log_w)
return dbound * w / w.sum(axis=0)""",
     "the caller's array log_w is changed",
     r"in place|chang|modif|caller|copy|overwr"),
    ("15", "samples summed", """\
w = np.exp(log_w - log_w.max(axis=0))
return (dbound * w / w.sum(axis=0)).sum(axis=0)""",
     """\
the result is summed over the samples, but each log w_l has its own derivative""",
     r"shape|sum|each|own|\(L, N\)|axis"),
    ("15", "double: axis and no dbound", """\
w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
return w / w.sum(axis=1, keepdims=True)""",
     "the weights are normalized over the examples, and dbound is missing",
     r"axis|examples|samples|over L|dbound|upstream"),
    ("15", "earlier 45", "return dbound / len(log_w) + 0 * log_w",
     "(from the bank before)",
     r"1/L is used for all samples"),
    ("15", "earlier 46", """\
w = np.exp(log_w)
return dbound * w / w.sum(axis=0)""",
     "(from the bank before)",
     r"log_w.max.axis=0.. is missing"),
]

RIGHT = [
    ("12", "written into h's shape", """\
dh = np.empty_like(h)
dh[:, :Z] = dz
dh[:, Z:2 * Z] = dz * eps * np.exp(h[:, Z:2 * Z])
dh[:, 2 * Z:] = dz[:, BELOW[0]] * eps[:, BELOW[1]]
return dh"""),
    ("12", "one outer product per example", """\
rows = []
for d, e, c in zip(dz, eps, C):
    outer = np.outer(d, e)
    rows.append(np.hstack([d, np.diag(outer) * np.diag(c), outer[BELOW]]))
return np.array(rows)"""),
    ("12", "add.at", """\
dC = np.matmul(dz[:, :, None], eps[:, None, :])
dh = np.zeros(h.shape)
np.add.at(dh, (slice(None), np.arange(Z)), dz)
np.add.at(dh, (slice(None), np.arange(Z, 2 * Z)), np.einsum("nii,nii->ni", dC, C))
np.add.at(dh, (slice(None), np.arange(2 * Z, h.shape[1])), dC[:, BELOW[0], BELOW[1]])
return dh"""),
    ("12", "index form", """\
i, j = BELOW
dh = np.zeros_like(h)
dh[:, :Z] += dz
dh[:, Z:2 * Z] = dz * eps * C[:, range(Z), range(Z)]
dh[:, 2 * Z:] = dz[:, i] * eps[:, j]
return dh"""),
    ("12", "matmul outer", """\
dC = dz[..., None] @ eps[:, None, :]
diag = np.einsum("nii->ni", dC * C)
return np.concatenate([dz, diag, dC[:, BELOW[0], BELOW[1]]], axis=-1)"""),
    ("12", "append pieces", """\
parts = [dz]
for i in range(Z):
    parts.append((dz[:, i] * C[:, i, i] * eps[:, i])[:, None])
for i in range(Z):
    for j in range(i):
        parts.append((dz[:, i] * eps[:, j])[:, None])
return np.hstack(parts)"""),
    ("12", "element by element", """\
dh = np.zeros(h.shape)
for n in range(len(h)):
    dh[n, :Z] = dz[n]
    position = 2 * Z
    for i in range(Z):
        dh[n, Z + i] = dz[n, i] * eps[n, i] * np.exp(h[n, Z + i])
        for j in range(i):
            dh[n, position] = dz[n, i] * eps[n, j]
            position += 1
return dh"""),
    ("12", "einsum with a chain-rule mask", """\
slope = np.where(np.eye(Z, dtype=bool), C, 1.0)
dC = np.einsum("ni,nj,nij->nij", dz, eps, slope)
order = ([*range(Z), *BELOW[0]], [*range(Z), *BELOW[1]])
return np.column_stack((dz, dC[(slice(None), *order)]))"""),
    ("12", "no dC at all", """\
rows, columns = BELOW
diagonal = np.diagonal(C, axis1=1, axis2=2)
return np.block([[dz, dz * eps * diagonal, np.take(dz, rows, axis=1) * np.take(eps, columns, axis=1)]])
raise NotImplementedError"""),
    ("12b", "ζ − 2 softplus", ("log_jacobian", "return np.sum(zeta - 2 * softplus(zeta), axis=1)")),
    ("12b", "absolute value", ("log_jacobian", """\
r = np.abs(zeta)
return -(r + 2 * np.log1p(np.exp(-r))).sum(axis=-1)""")),
    ("12b", "logaddexp", ("log_jacobian", """\
return np.array([-sum(np.logaddexp(0, v) + np.logaddexp(0, -v) for v in row) for row in zeta])""")),
    ("12b", "tanh", ("log_jacobian_backward", "return -dlogj[:, None] * np.tanh(zeta / 2)")),
    ("12b", "two sigmoids", ("log_jacobian_backward", 'return np.einsum("n,nz->nz", dlogj, sigmoid(-zeta) - sigmoid(zeta))')),
    ("12b", "transposed twice", ("log_jacobian_backward", "return (dlogj * (1 - 2 * sigmoid(zeta)).T).T")),
    ("12b", "zeta minus twice", ("log_jacobian", "return (zeta - 2 * softplus(zeta)).sum(axis=-1)")),
    ("12b", "absolute value again", ("log_jacobian", """\
a = np.abs(zeta)
return -np.sum(a + 2 * np.log1p(np.exp(-a)), -1)""")),
    ("12b", "tanh back", ("log_jacobian_backward", "return -np.tanh(zeta / 2) * dlogj[..., np.newaxis]")),
    ("12b", "sigmoid difference", ("log_jacobian_backward", "return (sigmoid(-zeta) - sigmoid(zeta)) * dlogj[:, None]")),
    ("12b", "J: absolute value", ("log_jacobian", """\
return -(np.abs(zeta) + 2 * np.log1p(np.exp(-np.abs(zeta)))).sum(axis=-1)""")),
    ("12b", "J: logaddexp and a matrix product", ("log_jacobian", """\
both = np.logaddexp(0, zeta) + np.logaddexp(0, -zeta)
return -both @ np.ones(zeta.shape[1])""")),
    ("12b", "B: difference of two sigmoids", ("log_jacobian_backward", """\
up, down = sigmoid(-zeta), sigmoid(zeta)
return np.einsum("n,nz->nz", dlogj, up - down)
raise NotImplementedError""")),
    ("12b", "B: tanh", ("log_jacobian_backward", """\
return np.multiply.outer(dlogj, np.ones(zeta.shape[1])) * -np.tanh(zeta / 2)""")),
    ("13", "from z", ("score", """\
mu, var = q.mean(), q.std() ** 2
z = mu + np.sqrt(var) * eps
return np.hstack([(z - mu) / var, -0.5 + 0.5 * (z - mu) ** 2 / var])""")),
    ("13", "factored", ("score", """\
out = np.empty((eps.shape[0], 2 * eps.shape[1]))
np.divide(eps, q.std(), out=out[:, :eps.shape[1]])
np.multiply(0.5 * (eps - 1), eps + 1, out=out[:, eps.shape[1]:])
return out""")),
    ("13", "loop with a mask", ("best_coefficient", """\
S = score.shape[0]
rows = []
for s in range(S):
    keep = np.arange(S) != s
    w = score[keep] ** 2
    rows.append((f[keep] * w).sum(axis=0) / w.sum(axis=0))
return np.stack(rows)""")),
    ("13", "matrix of the others", ("best_coefficient", """\
others = 1 - np.eye(len(score))
w = np.square(score)
return (others @ (w * f)) / (others @ w)""")),
    ("13", "weighted average", ("best_coefficient", """\
F = np.broadcast_to(f, score.shape)
drop = lambda array, s: np.delete(array, s, axis=0)
each = range(len(score))
return np.array([np.average(drop(F, s), axis=0, weights=drop(score, s) ** 2) for s in each])""")),
    ("13", "score from z", ("score", """\
s = q.std()
z = q.mean() + s * eps
d = z - q.mean()
return np.hstack([d / s ** 2, -0.5 + 0.5 * d ** 2 / s ** 2])""")),
    ("13", "score factors", ("score", """\
return np.concatenate([eps / q.std(), (eps - 1) * (eps + 1) / 2], axis=1)""")),
    ("13", "coefficient by delete", ("best_coefficient", """\
rows = []
f = np.broadcast_to(f, score.shape)
for s in range(len(score)):
    w = np.delete(score, s, axis=0) ** 2
    rows.append((np.delete(f, s, axis=0) * w).sum(0) / w.sum(0))
return np.array(rows)""")),
    ("13", "coefficient by matrix", ("best_coefficient", """\
others = 1 - np.eye(len(score))
w = score * score
return (others @ (f * w)) / (others @ w)""")),
    ("13", "score: through z and the definition", ("score", """\
mean, std = q.mean(), q.std()
z = mean + std * eps
variance = std * std
dmu = (z - mean) / variance
dlogvar = -0.5 * (1 - np.square(z - mean) / variance)
return np.hstack((dmu, dlogvar))""")),
    ("13", "score: columns of one array", ("score", """\
S, Z = eps.shape
out = np.empty((S, 2 * Z), order="F")
out[:, :Z] = np.divide(eps, q.std())
out[:, Z:] = (eps - 1) * (eps + 1) / 2
return out
raise NotImplementedError""")),
    ("13", "coefficient: np.delete", ("best_coefficient", """\
rows = []
f = np.broadcast_to(f, score.shape)
for s in range(len(score)):
    other_f, other_s = np.delete(f, s, axis=0), np.delete(score, s, axis=0)
    rows.append(np.average(other_f, axis=0, weights=other_s ** 2))
return np.vstack(rows)""")),
    ("13", "coefficient: matrix with a hole", ("best_coefficient", """\
others = np.ones((len(f), len(f))) - np.eye(len(f))
return (others @ (f * score ** 2)) / (others @ score ** 2)""")),
    ("14", "Newton", """\
r = shift[i] - np.dot(precision[i], mean)
return mean[i] + r / precision[i, i], 1.0 / precision[i, i]"""),
    ("14", "copy with a zero", """\
rest = mean.copy()
rest[i] = 0
variance = np.reciprocal(precision[i][i])
answer = (variance * (shift[i] - (precision[:, i] * rest).sum()), variance)
return answer"""),
    ("14", "generator and walrus", """\
others = sum(precision[j, i] * mean[j] for j in range(mean.shape[0]) if j != i)
return ((shift[i] - others) * (v := 1 / precision[i, i]), v)"""),
    ("14", "recursion", """\
def others(j: int) -> float:
    if j == len(mean):
        return 0.0
    return others(j + 1) + (0.0 if j == i else precision[i, j] * mean[j])
return np.float64((shift[i] - others(0)) / precision[i, i]), np.float64(precision[i, i]) ** -1"""),
    ("14", "mask", """\
keep = np.arange(len(mean)) != i
v = 1.0 / precision[i, i]
return v * (shift[i] - precision[i, keep] @ mean[keep]), v"""),
    ("14", "residual", """\
lam = precision[i, i]
r = shift[i] - np.dot(precision[i], mean)
return (mean[i] + r / lam, lam ** -1)"""),
    ("14", "continue loop", """\
s = float(shift[i])
for j, mj in enumerate(mean):
    if j == i:
        continue
    s -= precision[j, i] * mj
return np.float64(s / precision[i, i]), np.float64(1 / precision[i, i])"""),
    ("14", "list of two", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
return [(shift[i] - rest) / precision[i, i], 1 / precision[i, i]]"""),
    ("14", "arrays of one", """\
rest = np.delete(precision[i], i) @ np.delete(mean, i)
v = 1 / precision[i:i + 1, i]
return v * (shift[i] - rest), v"""),
    ("14", "np.delete twice", """\
variance = 1 / precision[i, i]
return variance * (shift[i] - np.delete(precision[i], i) @ np.delete(mean, i)), variance"""),
    ("14", "a Newton step", """\
gradient = shift[i] - np.dot(precision[:, i], mean)
curvature = np.linalg.det(precision[i:i + 1, i:i + 1])
return tuple([mean[i] + gradient / curvature, curvature ** -1])"""),
    ("14", "masked copy", """\
without = np.array(mean, dtype=float)
without[i] = 0.0
natural = np.subtract(shift, precision @ without)[i]
a, b = natural, precision.item(i, i)
return a / b, np.float64(1) / b
raise NotImplementedError"""),
    ("14", "a quadratic through three points", """\
def log_q(z):
    point = [z if j == i else value for j, value in enumerate(mean)]
    return shift @ point - 0.5 * (point @ precision @ np.array(point))

low, mid, high = log_q(-1.0), log_q(0.0), log_q(1.0)
slope, curve = (high - low) / 2, 2 * mid - high - low
return slope / curve, 1 / curve"""),
    ("14", "as an array of two", """\
mu = (shift[i] - precision[i] @ mean + precision[i, i] * mean[i]) / precision[i, i]
return np.array([mu, 1 / precision[i, i]])"""),
    ("15", "from the bound", "return dbound * np.exp(log_w - bound(log_w)) / log_w.shape[0]"),
    ("15", "all in the exponent", """\
d = log_w - np.logaddexp.reduce(log_w, axis=0)
return np.einsum("ln,n->ln", np.exp(d), dbound)"""),
    ("15", "differences of all pairs", """\
import numpy
with numpy.errstate(over="ignore"):
    return numpy.stack([dbound / numpy.exp(log_w - row).sum(axis=0) for row in log_w])"""),
    ("15", "column by column", """\
out = np.zeros_like(log_w)
for n, column in enumerate(log_w.T):
    e = np.exp(column - max(column))
    out[:, n] = dbound[n] * e / sum(e)
return out
raise NotImplementedError"""),
    ("15", "through the bound", "return np.exp(log_w - bound(log_w)) / len(log_w) * dbound"),
    ("15", "one over pairwise", """\
d = log_w[:, None] - log_w[None]
with np.errstate(over="ignore"):
    return dbound / np.exp(-d).sum(axis=1)"""),
    ("15", "column loop", """\
out = np.empty_like(log_w)
for n in range(log_w.shape[1]):
    e = np.exp(log_w[:, n] - np.max(log_w[:, n]))
    out[:, n] = dbound[n] * e / e.sum()
return out"""),
    ("15", "logaddexp", "return np.exp(log_w - np.logaddexp.reduce(log_w, axis=0)) * dbound"),
    ("15", "through bound itself", "return np.exp(log_w - bound(log_w)) * dbound / len(log_w)"),
    ("15", "logaddexp.reduce", """\
total = np.logaddexp.reduce(log_w, axis=0)
share = np.subtract(log_w, total)
np.exp(share, out=share)
share *= dbound
return share"""),
    ("15", "pairwise ratios", """\
out = np.zeros(log_w.shape)
with np.errstate(over="ignore"):
    for l, row in enumerate(log_w):
        out[l] = dbound / np.exp(log_w - row).sum(axis=0)
return out"""),
    ("15", "column by column again", """\
def softmax(column):
    e = np.exp(column - max(column))
    return e / sum(e)

return np.stack([d * softmax(c) for d, c in zip(dbound, log_w.T)], axis=-1)
raise NotImplementedError"""),
]

REFUSED = [
    ("12", "a list", """\
dC = dz[:, :, None] * eps[:, None, :]
diagonal = dz * eps * C[:, range(Z), range(Z)]
return np.concatenate([dz, diagonal, dC[:, BELOW[0], BELOW[1]]], axis=1).tolist()""", r"list|array"),
    ("12b", "column", ("log_jacobian", "return (-softplus(zeta) - softplus(-zeta)).sum(axis=-1, keepdims=True)"), r"shape|\(N,\)|keepdims"),
    ("12b", "J: half precision", ("log_jacobian", """\
return (-softplus(zeta) - softplus(-zeta)).sum(axis=-1).astype(np.float16)"""), r"float16|half|precision|round|dtype|float64|digits"),
    ("13", "two arrays", ("score", "return eps / q.std(), 0.5 * (eps ** 2 - 1)"), r"tuple|array|concatenate|shape"),
    ("13", "score: list of rows", ("score", "return [np.append(e / q.std(), 0.5 * (e ** 2 - 1)) for e in eps]"), r"list|array"),
    ("14", "dictionary", """\
others = precision[i] @ mean - precision[i, i] * mean[i]
return {"mean": (shift[i] - others) / precision[i, i], "variance": 1 / precision[i, i]}""", r"dict|two|tuple|number"),
    ("14", "old mean overwritten", """\
mean[i] = 0
mean[i] = (shift[i] - precision[i] @ mean) / precision[i, i]
return mean[i], 1 / precision[i, i]""", r"in place|input|overwr|chang|mean"),
    ("15", "log weights overwritten", """\
log_w -= log_w.max(axis=0)
np.exp(log_w, out=log_w)
return dbound * log_w / log_w.sum(axis=0)""", r"in place|input|overwr|chang|log_w"),
    ("15", "nested lists", """\
w = np.exp(log_w - log_w.max(axis=0))
return (dbound * w / w.sum(axis=0)).tolist()""", r"list|array|type"),
    ("15", "dict of rows", """\
w = np.exp(log_w - log_w.max(axis=0))
return {l: row for l, row in enumerate(dbound * w / w.sum(axis=0))}""", r"dict|array"),
]
