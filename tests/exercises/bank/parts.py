"""Exercises 5 to 8: see test_bank.py."""

MISTAKES = [
    ("5", "no [:, None]", "return dlogp * (x - sigmoid(a))",
     "dlogp (N,) needs a new axis, [:, None], to be multiplied with each row",
     r"None|newaxis|axis|shape|broadcast|column|per example|one (number )?(for|per) each|row|reshape"),
    ("5", "sign", "return dlogp[:, None] * (sigmoid(a) - x)",
     "the sign is reversed: that is the gradient of -log p",
     r"sign|minus|negative|[-−] ?log|x ?[-−] ?(sigmoid|π)|revers|[-−]1"),
    ("5", "no upstream", "return x - sigmoid(a)",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream|chain rule"),
    ("5", "sigmoid differentiated", """\
s = sigmoid(a)
return dlogp[:, None] * (x - s * (1 - s))""",
     "softplus' is the sigmoid itself, not the sigmoid's derivative",
     r"softplus|sigmoid'?s? derivative|derivative of (the )?sigmoid|itself|1 ?[-−] ?(s|π|sigmoid)|second derivative|too often|once too"),
    ("5", "softplus not differentiated", "return dlogp[:, None] * (x - softplus(a))",
     "softplus was not differentiated: its derivative is the sigmoid",
     r"softplus|differentiat"),
    ("5", "softplus' alone", "return -dlogp[:, None] * sigmoid(a)",
     "the term x is missing: x·a also depends on a",
     r"\bx\b|first term|x ?·? ?a"),
    ("5", "logit minus", "return dlogp[:, None] * (x - a)",
     "the sigmoid is missing: x minus the logit, not minus the probability",
     r"sigmoid|logit\b.{0,40}(not|instead|itself|minus|rather)|a itself|probability"),
    ("5", "extra link", """\
s = sigmoid(a)
return dlogp[:, None] * (x - s) * s * (1 - s)""",
     """\
a factor π (1 - π) too many: it cancels when the derivative is taken with respect to the logit""",
     r"1 ?[-−] ?(s|π|sigmoid)|too many|extra|cancel|factor|sigmoid'?s? derivative|derivative of (the )?sigmoid|twice|once more|link"),
    ("5", "with respect to the probability", """\
p = sigmoid(a)
return dlogp[:, None] * (x / p - (1 - x) / (1 - p))""",
     "that is the derivative with respect to π; the link ∂π/∂a is missing",
     r"π|probab|respect|link|chain|logit|p ?\* ?\(1|1 ?[-−] ?(p|π|s)|divi"),
    ("5", "mean over the pixels", """\
da = dlogp[:, None] * (x - sigmoid(a))
da /= a.shape[1]
return da""",
     "it was divided by D: over the pixels there is a sum and not a mean",
     r"\bD\b|mean|averag|pixel|divi|sum|shape\[1\]"),
    ("5", "summed over the pixels", "return dlogp * (x - sigmoid(a)).sum(axis=-1)",
     "it was summed over the pixels: da is (N, D)",
     r"sum|shape|\(N, D\)|axis|each pixel|per pixel"),
    ("5", "dlogp averaged", "return np.mean(dlogp) * (x - sigmoid(a))",
     "dlogp was averaged: each example has its own upstream gradient",
     r"mean|averag|own|each example|dlogp|upstream|per example|None"),
    ("5", "sigmoid of -a", "return dlogp[:, None] * (x - 1 / (1 + np.exp(a)))",
     "the sign in the exponent is wrong: the sigmoid has exp(-a)",
     r"exp\(|exponent|sign of a|[-−]a\b|1 ?[-−] ?(π|sigmoid|s\b)|sigmoid.{0,30}(sign|minus|flip|revers)|sign.{0,30}(sigmoid|exp)"),
    ("5", "hard threshold", "return dlogp[:, None] * (x - (a > 0))",
     "the probability was rounded to 0 or 1: the sigmoid is needed",
     r"sigmoid|threshold|round|0 or 1|probab|step|hard|a ?> ?0"),
    ("5", "sigmoid without the inner half", "return dlogp[:, None] * (x - 0.5 * (1 + np.tanh(a)))",
     "in the sigmoid the ½ inside the tanh is missing",
     r"half|½|0\.5|tanh|sigmoid|2 ?a|a ?/ ?2|twice|double"),
    ("5", "ones only", "return dlogp[:, None] * x * (1 - sigmoid(a))",
     "the pixels that are 0 are left out: there the derivative is -π",
     r"\b0\b|zero|black|1 ?[-−] ?x|left out|second term|missing|x ?= ?0|off"),
    ("5", "minus lost for zeros", """\
s = sigmoid(a)
return dlogp[:, None] * np.where(x == 1, 1 - s, s)""",
     "for pixels that are 0 the minus is lost: the derivative is -π",
     r"sign|minus|negative|[-−] ?(s|π)|\b0\b|zero"),
    ("5", "matrix product", "return dlogp @ (x - sigmoid(a))",
     "the matrix product sums over the examples; each row is to be scaled",
     r"@|matrix|sum|shape|each row|element|\(N, D\)|None"),
    ("5", "return in the loop", """\
da = np.zeros_like(a)
for n, d in enumerate(dlogp):
    da[n] = d * (x[n] - sigmoid(a[n]))
    return da""",
     "return stands inside the loop: only the first example is done",
     r"return|inside|indent|loop|first|only|zero|other examples"),
    ("5", "double: sign and no upstream", "return sigmoid(a) - x",
     "the sign is reversed, and dlogp is missing",
     r"sign|minus|negative|dlogp|upstream|chain"),
    ("5", "double: divided by N, softplus", """\
N, D = a.shape
return dlogp[:, None] / N * (x - softplus(a))""",
     "it was divided by N, and softplus was not differentiated",
     r"\bN\b|mean|averag|divi|batch|softplus|sigmoid|derivative"),
    ("5", "double: extra link and sign", """\
s = sigmoid(a)
error = s - x
return dlogp[:, None] * error * s * (1 - s)""",
     "the sign is reversed, and there is a factor π (1 - π) too many",
     r"sign|minus|negative|factor|extra|too many|1 ?[-−] ?(s|π)|cancel|link|derivative"),
    ("5", "double: logit minus, mean over the pixels", "return dlogp[:, None] * (x - a) / x.shape[-1]",
     "the sigmoid is missing, and it was divided by the number of pixels",
     r"sigmoid|logit|probab|\bD\b|pixel|mean|averag"),
    ("5", "double: dlogp averaged, sign", "return (sigmoid(a) - x) * dlogp.mean()",
     "dlogp was averaged over the batch, and the sign is reversed",
     r"mean|averag|each example|per example|own|sign|minus|negative"),
    ("5", "sign of a loss", "return (sigmoid(a) - x) * dlogp.reshape(-1, 1)",
     "the sign is wrong: that is the gradient of −log p (the cross-entropy)",
     r"sign|minus|negat|[-−]1|opposite|[-−]log p|x\s*[-−]\s*(sigmoid|π)"),
    ("5", "no upstream again", """\
pi = sigmoid(a)
return x - pi""",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream"),
    ("5", "no new axis", "return dlogp * (x - sigmoid(a))",
     "dlogp is (N,) and needs an axis, dlogp[:, None], to go with (N, D)",
     r"\[:, None\]|axis|column|shape|broadcast|per example|reshape"),
    ("5", "logits for probabilities", "return np.einsum('n,nd->nd', dlogp, x - a)",
     """\
the sigmoid is missing: the logit a is used as if it were the probability""",
     r"sigmoid (is )?(missing|forgotten|left)|(missing|forgot\w*|need\w*|without|no|through|the|not) (the )?sigmoid|as if it were|probabilit|sigmoid\(a\)|raw logit|softplus′|softplus'"),
    ("5", "derivative by pi", """\
pi = sigmoid(a)
return dlogp[:, None] * (x / pi - (1 - x) / (1 - pi))""",
     """\
that is the derivative by π, not by the logit a: the chain rule's link π (1 − π) is missing""",
     r"by π|by pi|respect to|chain|π\s*\(1|pi\s*\*?\s*\(1|link|logit|sigmoid′|sigmoid'|derivative of (the )?sigmoid|1\s*[-−]\s*(π|pi|sigmoid)"),
    ("5", "sigmoid slope once more", """\
pi = sigmoid(a)
da = (x - pi) * pi * (1 - pi)
return da * dlogp[:, np.newaxis]""",
     """\
the factor π (1 − π) is too much: x − π is already the derivative by the logit""",
     r"π\s*\(1|pi\s*\*?\s*\(1|already|extra|too (much|many)|sigmoid′|sigmoid'|slope|derivative of (the )?sigmoid|1\s*[-−]\s*(π|pi|sigmoid)|squared error"),
    ("5", "softplus underived", "return dlogp[:, None] * (x - softplus(a))",
     "softplus was not derived: its derivative is the sigmoid",
     r"softplus (was|is|itself|has|must)|derivative (of|is).*(softplus|sigmoid)|softplus′|softplus'|not derived|underived|sigmoid, not softplus|instead of sigmoid"),
    ("5", "softplus forgotten", "return dlogp[:, None] * x + np.zeros_like(a)",
     """\
the second term, −softplus(a), is forgotten: its derivative −sigmoid(a) is missing""",
     r"softplus|[-−]\s*sigmoid|second term|sigmoid\(a\) (is )?(missing|forgotten)|[-−]\s*π|missing"),
    ("5", "black pixels forgotten", "return dlogp[:, None] * x * (1 - sigmoid(a))",
     "only the pixels with x = 1 get a gradient; where x = 0 it is −π",
     r"x = 0|x=0|zeros?|black|only (the )?(pixels|ones|where)|other (term|case)|1 [-−] x|both|x\s*[-−]\s*(sigmoid|π)"),
    ("5", "pixel mean", "return dlogp[:, None] * (x - sigmoid(a)) / x.shape[1]",
     "divided by the number of pixels; log p is a sum over the pixels",
     r"\bD\b|pixel|mean|averag|sum|divid|shape\[1\]"),
    ("5", "batch mean", "return dlogp[:, None] * (x - sigmoid(a)) / len(dlogp)",
     "divided by N, but the mean over the batch is already in dlogp",
     r"\bN\b|batch|mean|averag|divid|already|len\("),
    ("5", "upstream on one term", "return dlogp[:, None] * x - sigmoid(a)",
     """\
the parentheses are missing: dlogp multiplies only x and not the sigmoid""",
     r"bracket|parenthes|both|only x|precedence|dlogp|upstream|second term"),
    ("5", "hard decision", "return dlogp[:, None] * (x - (a > 0))",
     """\
the probability was rounded to 0 or 1 (a > 0); the sigmoid belongs there""",
     r"round|threshold|hard|a\s*>\s*0|0 or 1|step|smooth|instead of (the )?(sigmoid|probabilit)"),
    ("5", "tanh without the inner half", "return dlogp[:, None] * (x - 0.5 * (1 + np.tanh(a)))",
     "that is sigmoid(2a): the half inside the tanh is missing",
     r"half|½|0\.5|2\s*a|sigmoid|twice|inside"),
    ("5", "sigmoid sign", "return dlogp[:, None] * (x - 1 / (1 + np.exp(a)))",
     "the sign in the exponent is wrong: that is 1 − π, the probability of 0",
     r"sign|exp\([-−]|exponent|1\s*[-−]\s*π|sigmoid\([-−]|probability of 0|minus"),
    ("5", "sigmoid of the wrong thing", "return dlogp[:, None] * (x - sigmoid(x))",
     "the sigmoid is taken of x instead of the logits a",
     r"sigmoid\(a\)|of x\b|instead of (the logits? )?a\b|sigmoid\(x\)|wrong variable|of the logits?|`x` is used where `a`"),
    ("5", "by x", "return dlogp[:, None] * a",
     "that is the derivative by x, not by a",
     r"by x\b|respect to|wrong variable|\bby a\b|derivative (by|of)|sigmoid|x\s*[-−]\s*π"),
    ("5", "summed", "return dlogp * (x - sigmoid(a)).sum(axis=-1)",
     """\
summed over the pixels: each logit has its own derivative, da is (N, D)""",
     r"sum|shape|each|own|axis|\(N, D\)"),
    ("5", "double: sign and mean", "return dlogp[:, None] * np.subtract(sigmoid(a), x) / x.size",
     "wrong sign, and divided by the number of elements",
     r"sign|minus|negat|divid|mean|size|\bN\b|\bD\b|pixel"),
    ("5", "double: sign and no upstream again", "return sigmoid(a) - x",
     "the sign is wrong, and the upstream gradient dlogp is missing",
     r"sign|minus|negat|opposite|dlogp|upstream"),
    ("5", "squared error of the probability", """\
s = sigmoid(a)
return -2 * (x - s) * s * (1 - s) * dlogp[:, None]""",
     """\
that is the gradient of the squared error (x − π)²; wanted is the one of log p, x − π""",
     r"squared|squares|error|π\s*\(1|1\s*[-−]\s*(s|π|pi|sigmoid)|slope|sigmoid′|sigmoid'|extra factor|derivative of (the )?sigmoid"),
    ("5", "upstream averaged", "return dlogp.sum() * (x - sigmoid(a)) / len(x)",
     "dlogp was averaged over the batch: each example has its own number",
     r"averag|mean|sum|each example|own|per example|dlogp|batch"),
    ("5", "slope of the sigmoid", """\
pi = sigmoid(a)
return dlogp[:, None] * (x - pi * (1 - pi))""",
     """\
π (1 − π) is the derivative of the sigmoid; the derivative of softplus is the sigmoid""",
     r"π ?\(1|pi ?\* ?\(1|(derivative|slope) of (the )?(sigmoid|softplus)|sigmoid itself|just (the )?sigmoid|differentiat|x ?[−-] ?(sigmoid|π)"),
    ("5", "mean over the batch", "return dlogp[:, None] * (x - sigmoid(a)) / len(x)",
     "divided by N; a mean is in dlogp already",
     r"\bN\b|divi|mean|batch|len\(x\)|number of examples|too small|factor"),
    ("5", "pixels summed", """\
da = (x - sigmoid(a)).sum(axis=-1, keepdims=True)
return dlogp[:, None] * da * np.ones_like(a)""",
     "the pixels are summed; each a_d affects only its own pixel",
     r"sum|own|each pixel|each logit|pixels|axis|elementwise"),
    ("5", "softmax from the next lecture", """\
e = np.exp(a - a.max(axis=1, keepdims=True))
return dlogp[:, None] * (x - e / e.sum(axis=1, keepdims=True))""",
     "a softmax over the pixels; each pixel has its own sigmoid",
     r"softmax|sigmoid|own|independent|each pixel"),
    ("5", "total of dlogp", "return dlogp.sum() * (x - sigmoid(a))",
     "dlogp is summed; each example has its own upstream gradient",
     r"sum|own|each example|each row|column|None|dlogp|upstream|per example"),
    ("5", "with respect to x", "return dlogp[:, None] * a",
     "this is the derivative with respect to x, not a",
     r"respect to x|differentiat|not a\b|sigmoid\(a\)|x ?[−-] ?(sigmoid|π)|∂a|softplus"),
    ("5", "derivative of p, not of log p", """\
pi = sigmoid(a)
return dlogp[:, None] * np.where(x == 1, pi * (1 - pi), -pi * (1 - pi))""",
     "the probabilities are differentiated, not their logarithms",
     r"logarithm|not (of )?log|log p\b|1 ?/ ?π|divi\w* by|π ?\(1|pi ?\* ?\(1|derivative of (p|the prob)|x ?[−-] ?(sigmoid|π)"),
    ("5", "log p multiplied", "return (dlogp * log_prob(x, a))[:, None] * (x - sigmoid(a))",
     "the gradient has log p as a factor, which does not belong there",
     r"log.?p(rob)?\b|extra|factor|does not belong|too much|log p\(|value of"),
    ("5", "printed only", """\
da = dlogp[:, None] * (x - sigmoid(a))
print(da)""",
     "da is printed, but not returned",
     r"return|None|print"),
    ("5", "double: sign and row", """\
grad = np.zeros_like(a)
for n in range(len(x)):
    grad[n] = dlogp[0] * (sigmoid(a[n]) - x[n])
return grad""",
     "the sign is wrong, and all examples use the first example's dlogp",
     r"sign|minus|negativ|dlogp|upstream|own|first"),
    ("5", "earlier 3", "return dlogp[:, None] * (x - softplus(a))",
     "(from the bank before)",
     r"softplus is not differentiated"),
    ("5", "earlier 23", "return dlogp[:, None] * (sigmoid(a) - x)",
     "(from the bank before)",
     r"sign of `.*x - sigmoid.a.*` is wrong"),
    ("5", "earlier 24", "return dlogp[:, None] * (x - a)",
     "(from the bank before)",
     r"x − a is used where x − sigmoid"),
    ("5", "earlier 25", "return x - sigmoid(a)",
     "(from the bank before)",
     r"upstream gradient `dlogp` is left out"),
    ("6", "half missing", "return np.concatenate([dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)",
     "the factor ½ of ∂σ/∂log σ² is missing",
     r"half|½|0\.5|twice|factor (of )?(2|two)|double"),
    ("6", "eps missing", "return np.concatenate([dz, dz * 0.5 * np.exp(0.5 * logvar)], axis=-1)",
     "ε is missing in the part for log σ²: ∂z/∂σ = ε",
     r"eps|ε|noise"),
    ("6", "sigma missing", "return np.concatenate([dz, 0.5 * dz * eps], axis=-1)",
     "σ is missing in the part for log σ²: ∂σ/∂log σ² = ½ σ",
     r"(σ\b|sigma|exp\(|standard deviation).{0,60}(missing|forgot\w*|left out|lack\w*|without|absent|not multiplied|no factor|dropp?ed|multipl\w*|include|need\w*)|(missing|forgot\w*|left out|lack\w*|without|absent|not multiplied|no factor|dropp?ed|multipl\w*|include|need\w*).{0,60}(σ\b|sigma|exp\(|standard deviation)|½ ?·? ?σ"),
    ("6", "order swapped", """\
return np.concatenate([dz * eps * 0.5 * np.exp(0.5 * logvar), dz], axis=-1)""",
     "the two halves are swapped: first μ, then log σ²",
     r"swap|order|halves|first|exchang|places|revers"),
    ("6", "axis 0", """\
dmu = dz
dlogvar = dz * eps * 0.5 * np.exp(0.5 * logvar)
return np.concatenate([dmu, dlogvar])""",
     """\
the axis is missing: they are joined along the examples, (2N, Z) instead of (N, 2Z)""",
     r"axis|shape|\(N, 2 ?Z\)|2 ?N|concatenat"),
    ("6", "variance for sigma", "return np.concatenate([dz, dz * 0.5 * np.exp(logvar) * eps], axis=-1)",
     "exp(log σ²) is σ², not σ: the ½ in the exponent is missing",
     r"σ².{0,40}(not|instead|for|rather|where).{0,12}(σ|sigma)|(σ|sigma).{0,40}(not|instead|rather).{0,12}(σ²|variance)|variance|exponent|in the exp|exp\(½|exp\(0\.5|half.{0,20}exp"),
    ("6", "mu times mu", """\
return np.concatenate([dz * mu, dz * eps * 0.5 * np.exp(0.5 * logvar)], axis=-1)""",
     "∂z/∂μ is 1 and not μ",
     r"is 1|= ?1|factor (μ|mu)\b|multipl.{0,30}(μ|\bmu\b)|times (μ|mu)\b|(μ|\bmu\b).{0,40}(too many|extra|not|too much|factor)"),
    ("6", "logvar without upstream", "return np.concatenate([dz, eps * 0.5 * np.exp(0.5 * logvar)], axis=-1)",
     "the upstream gradient dz is missing in the part for log σ²",
     r"\bdz\b|upstream|chain"),
    ("6", "no upstream", """\
s = np.exp(logvar / 2)
return np.concatenate([np.ones_like(eps), s * eps / 2], axis=-1)""",
     "the upstream gradient dz is missing in both parts",
     r"\bdz\b|upstream|chain"),
    ("6", "mu times sigma", """\
sigma = np.exp(0.5 * logvar)
dmu = dz * sigma
dlogvar = dz * 0.5 * sigma * eps
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the part for μ has a factor σ too many: ∂z/∂μ = 1",
     r"(σ|sigma|exp).{0,40}(too many|too much|extra|should not|must not|does not belong|not belong|once too|superfluous|is 1|= ?1|multiplied|remove|no )|(too many|too much|extra|should not|must not|does not belong|not belong|once too|superfluous|is 1|= ?1|multiplied|remove|no ).{0,40}(σ|sigma|exp)|∂z/∂(μ|mu) ?(is|=) ?1"),
    ("6", "with respect to sigma", "return np.concatenate([dz, dz * eps], axis=-1)",
     """\
that is the derivative with respect to σ: the link ∂σ/∂log σ² = ½ σ is missing""",
     r"respect|link|chain|∂σ|(by|to) σ\b|½ ?·? ?σ|0\.5 ?\*? ?(sigma|σ)"),
    ("6", "with respect to the variance", """\
return np.concatenate([dz, dz * eps * 0.5 / np.exp(0.5 * logvar)], axis=-1)""",
     """\
that is the derivative with respect to σ²: it was divided by σ instead of multiplied (∂σ²/∂log σ² = σ² is missing)""",
     r"respect|(by|to) σ²|divi|instead of multipl|link|chain|recipro|1 ?/ ?σ|invers"),
    ("6", "logvar not exponentiated", "return np.concatenate([dz, dz * 0.5 * logvar * eps], axis=-1)",
     "log σ² was used where σ = exp(½ log σ²) is needed",
     r"exp\(|exponenti|\bexp\b|(log ?σ²|logvar).{0,40}(instead|in place|itself|not|for|where)"),
    ("6", "z for eps", """\
z = sample(h, eps)
return np.concatenate([dz, dz * 0.5 * np.exp(0.5 * logvar) * z], axis=-1)""",
     "z was used in place of ε",
     r"\bz\b|eps|ε"),
    ("6", "new noise", """\
noise = np.random.standard_normal(eps.shape)
return np.concatenate([dz, dz * 0.5 * np.exp(0.5 * logvar) * noise], axis=-1)""",
     "new noise is drawn: the ε of the forward pass must be used",
     r"new|random|drawn?|eps|ε|noise|same|differ"),
    ("6", "mu for logvar", """\
return np.concatenate([dz, dz * 0.5 * np.exp(0.5 * mu) * eps], axis=-1)""",
     "σ was computed from μ and not from log σ²",
     r"(μ|\bmu\b).{0,50}(instead|not|for|in place|rather|wrong)|(from|exp\w* of|with) (μ|mu)\b|wrong (half|variable)|exp\(½ ?·? ?μ"),
    ("6", "quarter", """\
sigma = np.exp(0.5 * logvar)
dsigma = 0.5 * dz * eps
return np.concatenate([dz, dsigma * 0.5 * sigma], axis=-1)""",
     "the factor ½ is there twice: ∂z/∂σ is ε, without ½",
     r"half|½|0\.5|quarter|¼|twice|factor|0\.25"),
    ("6", "brackets of concatenate", """\
dlogvar = 0.5 * dz * np.exp(0.5 * logvar) * eps
return np.concatenate(dz, dlogvar, axis=-1)""",
     "np.concatenate takes one list of arrays: the brackets are missing",
     r"bracket|list|concatenate|tuple|argument|TypeError|sequence"),
    ("6", "stack", "return np.stack([dz, dz * 0.5 * np.exp(0.5 * logvar) * eps], axis=-1)",
     "np.stack makes a new axis, (N, Z, 2): concatenate was meant",
     r"stack|concatenat|shape|axis|\(N, 2 ?Z\)"),
    ("6", "interleaved", """\
dlogvar = dz * 0.5 * np.exp(0.5 * logvar) * eps
return np.stack([dz, dlogvar], axis=-1).reshape(h.shape)""",
     """\
the parts for μ and log σ² alternate, they should stand one after the other""",
     r"interleav|alternat|order|stack|concatenat|reshape|place|position|halves|mixed"),
    ("6", "double: half and eps missing", "return np.concatenate([dz, dz * np.exp(0.5 * logvar)], axis=-1)",
     "the factor ½ and ε are missing",
     r"half|½|0\.5|twice|eps|ε|noise"),
    ("6", "double: variance, no half", """\
dmu = dz.copy()
dlogvar = dz * eps
dlogvar *= np.exp(logvar)
return np.hstack((dmu, dlogvar))""",
     "σ² was used for σ, and the factor ½ is missing",
     r"σ²|variance|σ\b|sigma|half|½|0\.5|exponent"),
    ("6", "double: swapped, half missing", "return np.concatenate([dz * eps * np.exp(0.5 * logvar), dz], axis=-1)",
     "the two halves are swapped, and the factor ½ is missing",
     r"swap|order|halves|first|exchang|half|½|0\.5|twice"),
    ("6", "double: mu times sigma, half missing", """\
sigma = np.exp(0.5 * logvar)
return np.concatenate([dz * sigma, dz * sigma * eps], axis=-1)""",
     """\
the part for μ has a factor σ too many, and the factor ½ of the part for log σ² is missing""",
     r"σ|sigma|too many|extra|half|½|0\.5|twice"),
    ("6", "double: eps missing, sign", "return np.concatenate([dz, -0.5 * np.exp(0.5 * logvar) * dz], axis=-1)",
     "ε is missing in the part for log σ², and its sign is reversed",
     r"eps|ε|noise|sign|minus|negative"),
    ("6", "half forgotten", """\
sd = np.sqrt(np.exp(logvar))
return np.hstack([dz, dz * eps * sd])""",
     "the ½ of ∂σ/∂log σ² = ½ σ is missing",
     r"½|half|0\.5|twice|factor (of )?(2|two)|double"),
    ("6", "stops at sigma", "return np.concatenate([dz, eps * dz], -1)",
     "that is the derivative by σ: the link ∂σ/∂log σ² = ½ σ is missing",
     r"by σ\b|½\s*σ|link|chain|∂σ/∂|σ (is )?(missing|forgotten)|factor .*σ|respect to σ|exp\("),
    ("6", "variance for sd", "return np.concatenate([dz, 0.5 * dz * eps * np.exp(logvar)], axis=1)",
     "σ² was used in place of σ: exp(½ log σ²) is needed, not exp(log σ²)",
     r"σ²|variance|exp\((0\.5|½)|exp\(logvar\)|exp\(log σ²\)|standard deviation|square root"),
    ("6", "noise forgotten", """\
sigma = np.exp(logvar / 2)
return np.concatenate([dz, dz * sigma / 2], axis=-1)""",
     "ε is missing in the part for log σ²",
     r"ε|eps|noise"),
    ("6", "upstream forgotten in one half", "return np.concatenate([dz, 0.5 * np.exp(0.5 * logvar) * eps], axis=-1)",
     "dz is missing in the part for log σ²",
     r"dz|upstream"),
    ("6", "upstream forgotten", """\
sigma = np.exp(0.5 * logvar)
return np.concatenate([np.ones_like(mu), 0.5 * sigma * eps], axis=-1)""",
     """\
only the local derivatives are returned: the upstream gradient dz is missing in both halves""",
     r"dz|upstream|chain"),
    ("6", "halves swapped", """\
d1, d2 = 0.5 * dz * np.exp(0.5 * logvar) * eps, dz
return np.concatenate([d1, d2], axis=-1)""",
     "the two halves are swapped: dμ comes first",
     r"swap|order|first|exchang|halves|wrong (place|way)"),
    ("6", "along the batch", "return np.concatenate([dz, dz * eps * 0.5 * np.exp(0.5 * logvar)])",
     "joined along axis 0 (the batch) instead of the last axis",
     r"axis|shape|concatenat|joined|stack"),
    ("6", "mu scaled by mu", """\
s = np.exp(0.5 * logvar)
return np.concatenate([dz * mu, 0.5 * dz * s * eps], axis=-1)""",
     "∂z/∂μ is 1, and not μ",
     r"μ|mu\b|\b1\b|one"),
    ("6", "mu scaled by sigma", """\
s = np.exp(0.5 * logvar)
return np.concatenate([dz * s, 0.5 * dz * s * eps], axis=-1)""",
     "∂z/∂μ is 1: the σ does not belong in dμ",
     r"μ|mu\b|\b1\b|one"),
    ("6", "z instead of z minus mu", """\
z = sample(h, eps)
return np.concatenate([dz, 0.5 * dz * z], axis=-1)""",
     """\
½ z was used, with μ in it; only σ ε depends on log σ², so it has to be ½ (z − μ)""",
     r"μ|mu\b|z\s*[-−]\s*μ|σ\s*ε|only"),
    ("6", "logvar in front", """\
return np.concatenate([dz, dz * eps * 0.5 * logvar * np.exp(0.5 * logvar)], axis=-1)""",
     """\
the derivative of exp(½ l) is ½ exp(½ l); the factor l = log σ² does not belong there""",
     r"(factor|times|by) (l = )?(log σ²|logvar)|derivative of exp|extra factor|too many|does not belong|logvar itself|log σ² itself"),
    ("6", "fresh noise", """\
eps = np.random.default_rng().standard_normal(mu.shape)
return np.concatenate([dz, dz * eps * 0.5 * np.exp(0.5 * logvar)], axis=-1)""",
     "new noise is drawn: the ε of the forward pass has to be used",
     r"noise|ε|eps|drawn|random|forward|same"),
    ("6", "divided by sigma", """\
return np.concatenate([dz, 0.5 * dz * eps / np.exp(0.5 * logvar)], axis=-1)""",
     "divided by σ instead of multiplied with it",
     r"divid|multipl|1/σ|inverse|reciprocal"),
    ("6", "log sigma", "return np.concatenate([dz, dz * eps * np.exp(logvar)], axis=-1)",
     """\
h was read as log σ: σ is exp(½ log σ²), with ½ in the exponent and ½ in front""",
     r"log σ\b(?!²)|½|half|0\.5|variance|exp\(logvar\)|exp\(log σ²\)"),
    ("6", "noise squared", """\
return np.concatenate([dz, 0.5 * dz * eps ** 2 * np.exp(0.5 * logvar)], axis=-1)""",
     "ε is squared, but z is linear in ε",
     r"ε²|eps\s*\*\*|squar|linear|ε|eps|noise"),
    ("6", "prior pull included", """\
s = np.exp(0.5 * logvar)
return np.concatenate([dz + mu, 0.5 * dz * s * eps + 0.5 * (s ** 2 - 1)], axis=-1)""",
     """\
the gradient of the KL has been added; this function is only about the sample""",
     r"\bKL\b|prior|extra|(was|been|is) added|only about|adds?"),
    ("6", "tuple", "return dz, 0.5 * np.exp(0.5 * logvar) * eps * dz",
     "a tuple of two arrays is returned instead of one (N, 2Z) array",
     r"tuple|concatenat|one array|two arrays|\(N, 2Z\)|shape"),
    ("6", "double: no half, minus", "return np.concatenate([-dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)",
     "dμ has the wrong sign, and the ½ in dlog σ² is missing",
     r"sign|minus|negat|½|half|0\.5|twice"),
    ("6", "double: variance, no half again", """\
return np.concatenate([dz, dz * eps * np.exp(logvar) / np.exp(-logvar)], -1)""",
     "σ was computed wrongly (exp(2 log σ²)), and the ½ is missing",
     r"σ|sigma|exp\(|exponent|½|half|0\.5|variance"),
    ("6", "double: no dz, no half", """\
return np.concatenate([np.ones(dz.shape), eps * np.exp(0.5 * logvar)], axis=-1)""",
     "dz is missing, and the ½ in the part for log σ²",
     r"dz|upstream|½|half|0\.5|twice"),
    ("6", "double: no noise, no half", "return np.concatenate([dz, dz * np.exp(0.5 * logvar)], axis=-1)",
     "ε and the ½ are missing in the part for log σ²",
     r"ε|eps|noise|½|half|0\.5|twice"),
    ("6", "dmu of ones", """\
sigma = np.exp(0.5 * logvar)
dmu = np.ones_like(dz)
dlogvar = dz * eps * 0.5 * sigma
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the upstream gradient dz is missing in the part for μ",
     r"\bdz\b|upstream|chain rule"),
    ("6", "z for the noise", """\
dmu = dz
dlogvar = 0.5 * dz * sample(h, eps)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the factor is z = μ + σ ε, but only σ ε belongs there",
     r"μ|\bmu\b|sample|\bz\b|σ ?ε|sigma \* eps|does not depend"),
    ("6", "KL on top", """\
sigma = np.exp(0.5 * logvar)
dmu = dz + mu
dlogvar = dz * eps * 0.5 * sigma
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "μ is added, as for the KL; here is only the gradient through z",
     r"KL|\bmu\b|μ|add|exercise 7|extra|does not belong"),
    ("6", "exp forgotten", """\
dmu = dz
dlogvar = dz * eps * 0.5 * logvar
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "σ is exp(½ log σ²), but the exp is missing",
     r"\bexp|σ = |½ ?log ?σ².*σ"),
    ("6", "stacked in turns", """\
std = np.exp(0.5 * logvar)
return np.stack([dz, 0.5 * std * eps * dz], axis=-1).reshape(h.shape)""",
     "μ and log σ² alternate; h has all of μ first, then all of log σ²",
     r"order|alternat|interleav|concatenat|stack|first half|halves|layout|in turn"),
    ("6", "½ twice", """\
sigma = np.exp(0.5 * logvar)
dmu = dz
dlogvar = 0.5 * dz * eps * 0.5 * sigma
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the factor ½ occurs twice",
     r"½|0\.5|0\.25|half|¼|quarter|twice"),
    ("6", "noise drawn again", """\
eps = np.random.randn(*dz.shape)
std = np.exp(0.5 * logvar)
return np.concatenate([dz, 0.5 * std * eps * dz], axis=-1)""",
     "new noise is drawn; the backward pass needs the ε of the forward pass",
     r"ε|eps|noise|random|drawn"),
    ("6", "a pair, not an array", """\
std = np.exp(0.5 * logvar)
return dz, 0.5 * std * eps * dz""",
     "the two parts are not joined into one array",
     r"concatenat|tuple|pair|shape|one array|two|joined"),
    ("6", "sign of the exponent", """\
dmu = dz
dlogvar = -0.5 * dz * eps * np.exp(0.5 * logvar)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the part for log σ² has the wrong sign",
     r"sign|minus|negativ"),
    ("6", "double: no ½ and wrong order", """\
std = np.exp(0.5 * logvar)
return np.hstack([std * eps * dz, dz])""",
     "the ½ is missing and the halves are in the wrong order",
     r"½|0\.5|half|order|swap|twice|first"),
    ("6", "earlier 12", """\
eps *= 0.5
return np.concatenate([dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)""",
     "(from the bank before)",
     r"eps was changed in place"),
    ("6", "earlier 19", "return np.concatenate([dz, dz * eps * 0.5 * np.exp(logvar)], axis=-1)",
     "(from the bank before)",
     r"exp\(log σ²\) is σ²"),
    ("6", "earlier 26", "return np.concatenate([dz, dz * eps], axis=-1)",
     "(from the bank before)",
     r"derivative with respect to σ; the factor"),
    ("6", "earlier 27", "return np.concatenate([dz, dz * eps * np.exp(0.5 * logvar)], axis=-1)",
     "(from the bank before)",
     r"derivative with respect to log σ, but log σ² is needed"),
    ("7", "half missing in logvar", """\
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * (np.exp(logvar) - 1)], axis=-1)""",
     "the factor ½ of the part for log σ² is missing",
     r"half|½|0\.5|twice|factor (of )?(2|two)|double"),
    ("7", "two missing in mu", """\
d = dkl[:, None]
return 0.5 * np.concatenate([d * mu, d * (np.exp(logvar) - 1)], axis=-1)""",
     "the part for μ is ½ μ: the 2 of the derivative of μ² is missing",
     r"half|½|0\.5|\b2\b|two|μ²|\bmu\b|too small"),
    ("7", "minus one missing", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * np.exp(logvar)], axis=-1)""",
     "the -1 from the term -log σ² is missing",
     r"[-−] ?1\b|minus one|1 (is )?(missing|forgot)|[-−] ?log ?σ²|[-−] ?½|[-−] ?0\.5|offset"),
    ("7", "sign of logvar's part", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (1 - np.exp(logvar))], axis=-1)""",
     "the sign of the part for log σ² is reversed",
     r"sign|minus|negative|revers|[-−]1"),
    ("7", "logvar not exponentiated", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (logvar - 1)], axis=-1)""",
     "log σ² was used where σ² = exp(log σ²) is needed",
     r"exp\(|exponenti|\bexp\b|(log ?σ²|logvar).{0,40}(instead|in place|itself|for|where)"),
    ("7", "sigma for variance", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(0.5 * logvar) - 1)], axis=-1)""",
     "σ was used for σ²: exp(log σ²), not exp(½ log σ²)",
     r"exp\(½|exp\(0\.5|σ (was|is|stands|instead|in place|for|rather|where|and not)|not σ\b|sigma|standard dev|σ² ?=|exponent|variance|half.{0,20}exp"),
    ("7", "with respect to sigma", """\
sigma = np.exp(0.5 * logvar)
return dkl[:, None] * np.concatenate([mu, sigma - 1 / sigma], axis=-1)""",
     "that is the derivative with respect to σ and not to log σ²",
     r"respect to (σ|sigma)|(by|to|for) (σ\b|sigma)(?!²)|σ and not|not by σ|chain|link|∂σ\b|log σ²,? not|respect"),
    ("7", "with respect to the variance", """\
var = np.exp(logvar)
return dkl[:, None] * np.concatenate([mu, 0.5 * (1 - 1 / var)], axis=-1)""",
     """\
that is the derivative with respect to σ²: the link ∂σ²/∂log σ² = σ² is missing""",
     r"respect|(by|to) σ²|∂σ²|chain|link|factor (σ²|exp)|1 ?/ ?σ²"),
    ("7", "no [:, None]", """\
return np.concatenate([dkl * mu, dkl * 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "dkl (N,) needs a new axis, [:, None], to be multiplied with each row",
     r"None|newaxis|axis|shape|broadcast|column|per example|row|reshape"),
    ("7", "no upstream", "return np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)",
     "the upstream gradient dkl is missing",
     r"dkl|upstream|chain"),
    ("7", "upstream in mu only", """\
dmu = dkl[:, None] * mu
dlogvar = 0.5 * (np.exp(logvar) - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the upstream gradient dkl is missing in the part for log σ²",
     r"dkl|upstream|chain"),
    ("7", "upstream summed", """\
return dkl.sum() * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "dkl was summed: each example has its own",
     r"sum|own|each example|per example|None|dkl|upstream"),
    ("7", "divided by N", """\
return dkl[:, None] / len(h) * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "it was divided by N: the KL is not averaged over the batch here",
     r"\bN\b|mean|averag|batch|divi|len"),
    ("7", "axis 0", """\
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * (np.exp(logvar) - 1)], axis=0)""",
     "the parts are joined along the examples, (2N, Z) instead of (N, 2Z)",
     r"axis|shape|\(N, 2 ?Z\)|2 ?N|concatenat"),
    ("7", "h split the wrong way", """\
logvar, mu = np.split(h, 2, axis=-1)
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     """\
h = [μ, log σ²] was split the wrong way round: mu and logvar changed places""",
     r"swap|places|split|wrong way|halves|exchang|order|mixed|first half"),
    ("7", "mu squared", """\
return dkl[:, None] * np.concatenate([mu ** 2, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "μ² was not differentiated: the part for μ is μ",
     r"μ²|squar|mu ?\*\* ?2|derivative|differentiat"),
    ("7", "log term not differentiated", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1 - logvar)], axis=-1)""",
     """\
the term log σ² was kept: it was not differentiated (its derivative is 1, and the constant -1 vanishes)""",
     r"(log ?σ²|logvar).{0,60}(differentiat|kept|derivative|still|itself|too many|vanish)|not differentiat|undifferentiat"),
    ("7", "chain twice", """\
var = np.exp(logvar)
return dkl[:, None] * np.concatenate([mu, 0.5 * (var - 1) * var], axis=-1)""",
     """\
the derivative is with respect to log σ² already: it was multiplied by σ² once too often""",
     r"once (too|more)|twice|extra|too many|already|second time|again|superfluous|factor (σ²|exp)"),
    ("7", "the other KL", """\
var = np.exp(logvar)
return dkl[:, None] * np.concatenate([mu / var, 0.5 * (1 - (1 + mu ** 2) / var)], axis=-1)""",
     "that is the gradient of KL(p ‖ q), the other direction",
     r"p ?(‖|\|\|) ?q|p, ?q|direction|other (way|kl|order)|revers\w* (kl|direction)|swapp?ed|divided by"),
    ("7", "dkl on the columns", """\
d = np.resize(dkl, mu.shape)
return np.concatenate([d * mu, d * 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "dkl was repeated along the wrong axis: each row needs its own number",
     r"None|axis|row|column|each example|per example|broadcast|resize|repeat|dkl|upstream"),
    ("7", "double: no half, no upstream", "return np.concatenate([mu, np.exp(logvar) - 1], axis=-1)",
     """\
the factor ½ of the part for log σ² and the upstream gradient are missing""",
     r"half|½|0\.5|twice|dkl|upstream|chain"),
    ("7", "double: sigma and sign", """\
sd = np.exp(0.5 * logvar)
return dkl[:, None] * np.concatenate([mu, 0.5 * (1 - sd)], axis=-1)""",
     "σ was used for σ², and the sign of the part for log σ² is reversed",
     r"σ²|variance|σ\b|sigma|sign|minus|negative|revers"),
    ("7", "double: half mu, no minus one", """\
return dkl[:, None] * 0.5 * np.concatenate([mu, np.exp(logvar)], axis=-1)""",
     "the part for μ lacks a factor 2, and the -1 is missing",
     r"\b2\b|half|½|0\.5|μ|[-−] ?1|log ?σ²|term"),
    ("7", "double: variance, dkl summed", """\
var = np.exp(logvar)
return dkl.sum() * np.concatenate([mu, 0.5 - 0.5 / var], axis=-1)""",
     """\
the derivative is with respect to σ² and not to log σ², and dkl was summed over the batch""",
     r"respect|log ?σ²|logvar|variance|chain|link|sum|own|each example|per example"),
    ("7", "double: mu squared, minus one missing", """\
return dkl[:, None] * np.concatenate([mu ** 2, 0.5 * np.exp(logvar)], axis=-1)""",
     """\
μ² was not differentiated, and the -1 of the part for log σ² is missing""",
     r"μ²|squar|mu ?\*\* ?2|differentiat|[-−] ?1|minus one"),
    ("7", "half kept on mu", """\
return dkl[:, None] * 0.5 * np.concatenate([mu, np.exp(logvar) - 1], axis=-1)""",
     "½ is too much in dμ: the derivative of ½ μ² is μ",
     r"μ|mu\b"),
    ("7", "half lost", """\
g = np.hstack((mu, np.expm1(logvar)))
return g * dkl[:, None]""",
     "the ½ in the part for log σ² is missing",
     r"½|half|0\.5|twice|factor (of )?(2|two)"),
    ("7", "two mu", "return dkl[:, None] * np.hstack([2 * mu, 0.5 * (np.exp(logvar) - 1)])",
     "the 2 of μ²'s derivative cancels with the ½ in front: dμ is μ",
     r"μ|mu\b"),
    ("7", "minus one lost", """\
return np.concatenate([mu, 0.5 * np.exp(logvar)], axis=-1) * dkl[:, None]""",
     "the −1 is missing, the derivative of −log σ²",
     r"[-−]\s*1\b|minus (1|one)|[-−]\s*log σ²|[-−]\s*½|normali[sz]"),
    ("7", "minus log kept", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1 - logvar)], axis=-1)""",
     """\
−1 − log σ² was copied as it stands: the constant's derivative is 0, and that of −log σ² is −1""",
     r"[-−]\s*log σ²|logvar|constant|not derived|derivative of|copied|underived|[-−]\s*1\b"),
    ("7", "by the variance", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (1 - np.exp(-logvar))], axis=-1)""",
     "that is the derivative by σ²; by log σ² there is one more factor, σ²",
     r"by σ²|respect to σ²|variance|chain|link|factor (of )?σ²|times σ²|∂σ²/∂"),
    ("7", "by sigma", """\
sigma = np.exp(0.5 * logvar)
dsigma = sigma - 1 / sigma
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * dsigma], axis=-1)""",
     """\
that is the derivative by σ; asked is the one by log σ², with the factor ½ σ""",
     r"by σ\b|respect to σ\b|chain|link|½\s*σ|factor .*σ|standard deviation|∂σ"),
    ("7", "log sigma read", """\
return dkl[:, None] * np.concatenate([mu, np.exp(2 * logvar) - 1], axis=-1)""",
     """\
h's second half is log σ², but it was treated as log σ: σ² is exp(logvar), with ½ in front""",
     r"log σ\b(?!²)|exp\(2|exp\(logvar\)|exp\(log σ²\)|squared|½|σ⁴|2 ?\* ?logvar"),
    ("7", "sd for variance", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(0.5 * logvar) - 1)], axis=-1)""",
     "σ stands where σ² belongs: exp(log σ²), without ½ in the exponent",
     r"variance|exp\(logvar\)|exp\(log σ²\)|standard deviation|exponent|\bσ (stands|instead|was|is)|σ² belongs|σ, not σ²|exp\((½|0\.5)"),
    ("7", "sign as in the ELBO", """\
return -dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     """\
the sign is wrong: that is the gradient of −KL, as it stands in the ELBO""",
     r"sign|minus|negat|[-−]1|[-−]KL|opposite"),
    ("7", "half a sign", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (1 - np.exp(logvar))], axis=-1)""",
     "the sign of the part for log σ² is wrong: ½ (σ² − 1)",
     r"sign|minus|negat|opposite|σ²\s*[-−]\s*1|[-−]1"),
    ("7", "upstream lost", "return np.concatenate([mu, (np.exp(logvar) - 1) / 2], axis=-1)",
     "the upstream gradient dkl is missing",
     r"dkl|upstream"),
    ("7", "no axis", "return dkl * np.concatenate([mu, (np.exp(logvar) - 1) / 2], axis=-1)",
     "dkl (N,) needs a second axis: dkl[:, None]",
     r"\[:, None\]|axis|column|shape|broadcast|per example|reshape"),
    ("7", "upstream on mu only", """\
return np.concatenate([dkl[:, None] * mu, (np.exp(logvar) - 1) / 2], axis=-1)""",
     "dkl is missing in the part for log σ²",
     r"dkl|upstream"),
    ("7", "mean of latents", """\
return dkl[:, None] / mu.shape[-1] * np.concatenate([mu, 0.5 * np.expm1(logvar)], -1)""",
     "divided by the number of latents; the KL is a sum over them",
     r"latent|\bZ\b|mean|averag|sum|divid"),
    ("7", "upstream averaged", """\
return dkl.mean() * np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)""",
     "dkl is averaged: each example has its own upstream number",
     r"averag|mean|own|each example|per example|dkl|upstream"),
    ("7", "reverse KL", """\
var = np.exp(logvar)
return dkl[:, None] * np.concatenate([mu / var, 0.5 * (1 - (1 + mu ** 2) / var)], axis=-1)""",
     "that is the gradient of KL(p ‖ q), the other way round",
     r"KL\(p|revers|other way|direction|swapped|exchang|roles|divid\w* by σ²|μ/σ²|mu ?/ ?"),
    ("7", "value for derivative", """\
return dkl[:, None] * 0.5 * np.concatenate([mu ** 2, np.exp(logvar) - 1 - logvar], axis=-1)""",
     "the terms of the KL themselves are returned and not their derivatives",
     r"deriv|μ²|mu\s*\*\*|itself|themselves|terms|value"),
    ("7", "double: halves swapped, no minus one", "return dkl[:, None] * np.concatenate([0.5 * np.exp(logvar), mu], -1)",
     "the halves are swapped and the −1 is missing",
     r"swap|order|first|exchang|halves|[-−]\s*1|minus (1|one)"),
    ("7", "double: half and one", "return dkl[:, None] * np.concatenate([mu, np.exp(logvar)], axis=-1)",
     "the ½ and the −1 are missing in the part for log σ²",
     r"½|half|0\.5|twice|[-−]\s*1|minus (1|one)"),
    ("7", "double: upstream and sign", "return -np.concatenate([mu, 0.5 * np.expm1(logvar)], axis=-1)",
     "the upstream gradient is missing and the sign is wrong",
     r"dkl|upstream|sign|minus|negat|opposite"),
    ("7", "double: mu halved, sigma", """\
return 0.5 * dkl[:, None] * np.concatenate([mu, np.exp(0.5 * logvar) - 1], axis=-1)""",
     "½ is too much in dμ, and σ stands where σ² belongs",
     r"μ|mu\b|σ²|variance|exp\(|½|half|0\.5"),
    ("7", "two mu again", """\
c = dkl[:, None]
dmu = 2 * c * mu
dlogvar = 0.5 * c * (np.exp(logvar) - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the ½ before μ² is forgotten",
     r"½|0\.5|half|twice|\b2\b|factor"),
    ("7", "plus one", """\
c = dkl[:, None]
dmu = c * mu
dlogvar = 0.5 * c * (np.exp(logvar) + 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "the sign of the 1 is wrong",
     r"sign|[−-] ?1\b|minus|plus|has to be subtracted"),
    ("7", "dkl without column", """\
dmu = dkl * mu
dlogvar = 0.5 * dkl * (np.exp(logvar) - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "dkl has to be a column: dkl[:, None]",
     r"column|None|broadcast|shape|\(N, 1\)"),
    ("7", "negative KL as in the paper", """\
c = dkl[:, None]
dmu = -c * mu
dlogvar = 0.5 * c * (1 - np.exp(logvar))
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "this is the gradient of −KL, as in the ELBO",
     r"sign|minus|negativ|−KL|-KL|ELBO"),
    ("7", "second half first", """\
c = dkl[:, None]
return np.concatenate([0.5 * c * (np.exp(logvar) - 1), c * mu], axis=-1)""",
     "the two halves are in the wrong order",
     r"order|swap|halves|first|exchanged|wrong half|interchang"),
    ("7", "mu squared again", """\
c = dkl[:, None]
dmu = 0.5 * c * mu ** 2
dlogvar = 0.5 * c * (np.exp(logvar) - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "½ μ² is not differentiated",
     r"derivative|differentiat|μ²|mu ?\*\* ?2|squar|power|\bμ\b|\bmu\b"),
    ("7", "logvar for the variance", """\
c = dkl[:, None]
dmu = c * mu
dlogvar = 0.5 * c * (logvar - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "log σ² is used in place of σ² = exp(log σ²)",
     r"\bexp|in place of (σ²|the variance)|variance|σ² = "),
    ("7", "mean over the latents", """\
c = dkl[:, None]
dmu = c * mu / mu.shape[1]
dlogvar = 0.5 * c * (np.exp(logvar) - 1) / mu.shape[1]
return np.concatenate([dmu, dlogvar], axis=-1)""",
     "divided by the number of latents; the KL is a sum over them",
     r"latent|\bZ\b|mean|divi|sum|shape\[1\]|factor|too small|number of"),
    ("7", "double: no ½, plus one", """\
c = dkl[:, None]
dmu = c * mu
dlogvar = c * (np.exp(logvar) + 1)
return np.concatenate([dmu, dlogvar], axis=-1)""",
     """\
the ½ of the part for log σ² is missing, and the sign of the 1 is wrong""",
     r"½|0\.5|half|twice|sign|[−-] ?1|minus|plus"),
    ("7", "earlier 4", """\
return dkl[:, None] * np.concatenate([mu, 0.5 * (np.exp(0.5 * logvar) - 1)], axis=1)""",
     "(from the bank before)",
     r"exp.½ log σ²."),
    ("7", "earlier 5", """\
return dkl[:, None] * np.concatenate([mu, -0.5 * (np.exp(logvar) - 1)], axis=1)""",
     "(from the bank before)",
     r"sign of .*np.exp\(logvar\) - 1"),
    ("7", "earlier 28", """\
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * np.exp(logvar)], axis=-1)""",
     "(from the bank before)",
     r"− 1. is missing"),
    ("7", "earlier 29", "return np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)",
     "(from the bank before)",
     r"upstream gradient `dkl` is left out"),
    ("7", "earlier 30", """\
v = np.exp(logvar)
return np.concatenate([dkl[:, None] * mu, dkl[:, None] * 0.5 * (1 - 1 / v)], axis=-1)""",
     "(from the bank before)",
     r"derivative with respect to σ²; the factor"),
    ("8", "sign of dm", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([d * (m - x) / v, ds], axis=-1)""",
     "the sign of dm is reversed: (x - m)/σ²",
     r"sign|minus|negative|x ?[-−] ?m|revers|[-−]1"),
    ("8", "sign of ds", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * (1 / v - (x - m) ** 2 / v ** 2) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "the sign of ds is reversed",
     r"sign|minus|negative|revers|[-−]1"),
    ("8", "floor forgotten", """\
v = np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)""",
     "the floor is forgotten: σ² = FLOOR + exp(s)",
     r"floor"),
    ("8", "link is the variance", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)""",
     "the link ∂σ²/∂s is exp(s) and not σ²: the floor does not depend on s",
     r"floor|exp\(s\)|link|∂σ²|chain"),
    ("8", "link missing", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v)], axis=-1)""",
     """\
the last link ∂σ²/∂s = exp(s) is missing: that is the derivative with respect to σ²""",
     r"link|exp\(s\)|chain|∂σ²/∂s|respect to (σ²|the variance)|(by|to) σ²"),
    ("8", "half missing", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)], axis=-1)""",
     "the factor ½ in ds is missing",
     r"half|½|0\.5|twice|factor (of )?(2|two)|double"),
    ("8", "log term forgotten", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * (x - m) ** 2 / v ** 2 * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "the term log σ² is left out of ds: two terms depend on σ²",
     r"\blog σ|log (term|variance|\(?σ)|1 ?/ ?(σ²|v\b)|two terms|second term|other term|one of the|− 1 / variance. is missing"),
    ("8", "square term forgotten", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, -0.5 * d / v * np.exp(s)], axis=-1)""",
     "the term (x - m)²/σ² is left out of ds: two terms depend on σ²",
     r"\(x ?[-−] ?m\)|squar|two terms|first term|term|error"),
    ("8", "no [:, None]", """\
v = FLOOR + np.exp(s)
ds = dlogp * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([dlogp * (x - m) / v, ds], axis=-1)""",
     "dlogp (N,) needs a new axis, [:, None], to be multiplied with each row",
     r"None|newaxis|axis|shape|broadcast|column|per example|row|reshape"),
    ("8", "no upstream", """\
v = FLOOR + np.exp(s)
e = x - m
return np.concatenate([e / v, 0.5 * (e ** 2 / v ** 2 - 1 / v) * np.exp(s)], axis=-1)""",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream"),
    ("8", "square of the variance missing", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v - 1 / v) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     """\
the derivative of 1/σ² is -1/σ⁴: σ² is not squared in the first term of ds""",
     r"σ⁴|(σ²|\bv\b|variance).{0,40}squar|squar.{0,40}(σ²|\bv\b|variance)|v ?\*\* ?2|variance ?\*\* ?2|derivative of 1 ?/"),
    ("8", "error not squared in ds", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "in ds the error x - m is not squared",
     r"squar|\(x ?[-−] ?m\)|\*\* ?2|error"),
    ("8", "two in dm", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([2 * d * (x - m) / v, ds], axis=-1)""",
     "a factor 2 too many in dm: the ½ in front of the sum cancels it",
     r"\b2\b|two|twice|half|½|0\.5|cancel|double"),
    ("8", "variance missing in dm", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([d * (x - m), ds], axis=-1)""",
     "dm is not divided by σ²",
     r"divi|/ ?(σ²|v\b|variance)|1 ?/ ?(σ²|v)|(σ²|variance).{0,20}(missing|forgot)|(missing|without|forgot|lacks?).{0,20}(σ²|variance)"),
    ("8", "s for exp(s)", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * s
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "the link ∂σ²/∂s is exp(s), not s",
     r"exp|link|∂σ²|chain|\bs\b"),
    ("8", "log kept", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - np.log(v)) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "log σ² was not differentiated: its derivative is 1/σ²",
     r"\blog.{0,60}(differentiat|derivative|itself|kept|still)|1 ?/ ?(σ²|v\b)|not differentiat"),
    ("8", "link not on the log term", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 * np.exp(s) - 1)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     """\
for the term log σ² the derivative by s was taken as 1: with the floor it is exp(s)/σ²""",
     r"floor|exp\(s\) ?/ ?(σ²|v)|(link|chain).{0,60}(log|second|other|both)|(log|second|other|both).{0,60}(link|chain|exp\(s\))"),
    ("8", "plus between the terms", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 + 1 / v) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds], axis=-1)""",
     "the two terms of ds have the same sign here: it is minus 1/σ²",
     r"sign|minus|plus|[-−] ?1 ?/ ?(σ²|v)|\+|has to be subtracted"),
    ("8", "order swapped", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([ds, d * (x - m) / v], axis=-1)""",
     "the two halves are swapped: first m, then s",
     r"swap|order|halves|first|exchang|places|revers"),
    ("8", "axis 0", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
return np.concatenate([d * (x - m) / v, ds])""",
     "the axis is missing: (2N, D) instead of (N, 2D)",
     r"axis|shape|\(N, 2 ?D\)|2 ?N|concatenat"),
    ("8", "double: half missing, log forgotten", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * (x - m) ** 2 / v ** 2 * np.exp(s)], axis=-1)""",
     "in ds the factor ½ and the term from log σ² are missing",
     r"half|½|0\.5|twice|log|1 ?/ ?(σ²|v)|term"),
    ("8", "double: floor and sign of dm", """\
v = np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (m - x) / v, d * 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)""",
     "the floor is forgotten, and the sign of dm is reversed",
     r"floor|sign|minus|negative|x ?[-−] ?m|revers"),
    ("8", "double: link missing, no upstream", """\
variance = FLOOR + np.exp(s)
error = x - m
dvariance = 0.5 * (error ** 2 / variance ** 2 - 1 / variance)
return np.concatenate([error / variance, dvariance], axis=-1)""",
     "the link exp(s) is missing, and so is the upstream gradient dlogp",
     r"link|exp\(s\)|chain|respect|dlogp|upstream|∂σ²"),
    ("8", "double: s for exp(s), half missing", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
return np.concatenate([d * (x - m) / v, d * ((x - m) ** 2 / v ** 2 - 1 / v) * s], axis=-1)""",
     "the link is exp(s) and not s, and the factor ½ in ds is missing",
     r"exp\(s\)|link|chain|∂σ²|half|½|0\.5|twice"),
    ("8", "double: two in dm, plus between the terms", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
e = x - m
ds = 0.5 * d * (e ** 2 / v ** 2 + 1 / v) * np.exp(s)
return np.concatenate([2 * d * e / v, ds], axis=-1)""",
     """\
a factor 2 too many in dm, and plus instead of minus between the terms of ds""",
     r"\b2\b|two|twice|half|½|sign|minus|plus"),
    ("8", "floor lost", """\
var = np.exp(s)
dm = (x - m) / var
ds = 0.5 * ((x - m) ** 2 / var - 1)
return dlogp[:, None] * np.concatenate([dm, ds], axis=-1)""",
     "the FLOOR is missing: σ² is FLOOR + exp(s)",
     r"floor|1e-3"),
    ("8", "last link missing", """\
v = FLOOR + np.exp(s)
ds = -0.5 * (1 / v - (x - m) ** 2 / v ** 2)
return dlogp[:, None] * np.concatenate([(x - m) / v, ds], axis=-1)""",
     "the link ∂σ²/∂s = exp(s) is missing: ds is the derivative by σ²",
     r"exp\(s\)|link|∂σ²/∂s|by σ²|respect to σ²|chain"),
    ("8", "floor in the link", """\
v = np.exp(s) + FLOOR
z2 = (x - m) ** 2 / v
ds = (z2 - 1) / 2
return np.concatenate([dlogp[:, None] * (x - m) / v, dlogp[:, None] * ds], axis=-1)""",
     """\
the link ∂σ²/∂s is exp(s), without the floor; here it was taken to be σ²""",
     r"floor|exp\(s\)|link|∂σ²/∂s|chain"),
    ("8", "log term forgotten again", """\
v = FLOOR + np.exp(s)
r = x - m
return dlogp[:, None] * np.concatenate([r / v, 0.5 * r ** 2 / v ** 2 * np.exp(s)], axis=-1)""",
     "log σ² also depends on s: its part −½ exp(s)/σ² is missing",
     r"log σ²|log term|normali[sz]|second term|two terms|1/σ²|1/v|log\(v|missing term|−½|both terms|− 1 / variance. is missing"),
    ("8", "only the log term", """\
v = FLOOR + np.exp(s)
return dlogp[:, None] * np.concatenate([(x - m) / v, -0.5 / v * np.exp(s)], axis=-1)""",
     "the squared error over σ² depends on s too: ½ (x − m)²/σ⁴ is missing",
     r"squared|quadratic|\(x\s*[-−]\s*m\)|two terms|first term|both terms|residual|error"),
    ("8", "mean sign", """\
v = FLOOR + np.exp(s)
d = m - x
return dlogp[:, None] * np.hstack([d / v, 0.5 * (d ** 2 / v - 1) / v * np.exp(s)])""",
     "the sign of dm is wrong: it is (x − m)/σ²",
     r"sign|minus|negat|x\s*[-−]\s*m|opposite"),
    ("8", "ds sign", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([d / v, 0.5 * (1 - d ** 2 / v) / v * np.exp(s)])""",
     "the sign of ds is wrong: ½ ((x − m)²/σ² − 1) exp(s)/σ²",
     r"sign|minus|negat|opposite|[-−]1"),
    ("8", "two of the square", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([2 * d / v, 0.5 * (d ** 2 / v - 1) / v * np.exp(s)])""",
     "dm is twice too large: the ½ in front cancels the 2 of the square",
     r"twice|\b2\b|½|half|0\.5|factor|double"),
    ("8", "half of ds", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([d / v, (d * d / v - 1) / v * np.exp(s)])""",
     "the ½ in ds is missing",
     r"½|half|0\.5|twice|factor (of )?(2|two)"),
    ("8", "not divided", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([d, 0.5 * (d ** 2 / v - 1) / v * np.exp(s)])""",
     "dm is not divided by the variance σ²",
     r"not divided|divid\w* by|variance|/σ²|/ ?v\b|1/σ²"),
    ("8", "divided by sd", """\
sd = np.sqrt(FLOOR + np.exp(s))
d = (x - m) / sd
return dlogp[:, None] * np.hstack([d, 0.5 * (d ** 2 - 1) / sd ** 2 * np.exp(s)])""",
     "dm is (x − m)/σ², but it was divided by σ only",
     r"standard|by σ\b|only once|sqrt|root|/σ²|by σ²|by the variance|σ only"),
    ("8", "square not squared", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([d / v, 0.5 * (d ** 2 / v - 1 / v) * np.exp(s)])""",
     """\
the derivative of 1/σ² by σ² is −1/σ⁴: the quadratic term has to be divided by σ² squared""",
     r"σ⁴|σ²\)²|v\s*\*\*\s*2|v²|squared?|variance|once more|1/σ|divid"),
    ("8", "residual not squared", """\
v = FLOOR + np.exp(s)
d = x - m
return dlogp[:, None] * np.hstack([d / v, 0.5 * (d / v ** 2 - 1 / v) * np.exp(s)])""",
     "the square on (x − m) is missing in ds",
     r"squar|\(x\s*[-−]\s*m\)²|\*\*\s*2|residual|d²"),
    ("8", "no upstream again", """\
v = FLOOR + np.exp(s)
r = x - m
return np.concatenate([r / v, 0.5 * (r ** 2 / v ** 2 - 1 / v) * np.exp(s)], axis=-1)""",
     "the upstream gradient dlogp is missing",
     r"dlogp|upstream"),
    ("8", "flat upstream", """\
v = FLOOR + np.exp(s)
r = x - m
return dlogp * np.concatenate([r / v, 0.5 * (r ** 2 / v ** 2 - 1 / v) * np.exp(s)], axis=-1)""",
     "dlogp needs a second axis to meet (N, 2D)",
     r"\[:, None\]|axis|column|shape|broadcast|per example|reshape"),
    ("8", "s as log sd", """\
sd = np.exp(s)
v = FLOOR + sd ** 2
r = x - m
return dlogp[:, None] * np.concatenate([r / v, (r ** 2 / v - 1) / v * sd ** 2], axis=-1)""",
     """\
exp(s) was taken for σ and squared; exp(s) is the variance itself (less the floor)""",
     r"exp\(2|exp\(s\) (is|was|itself)|log σ\b(?!²)|standard deviation|squared (once )?(too|again)|taken for σ|2 ?s|log of the variance|is the variance"),
    ("8", "halves swapped", """\
v = FLOOR + np.exp(s)
r = x - m
return dlogp[:, None] * np.concatenate([0.5 * (r ** 2 / v ** 2 - 1 / v) * np.exp(s), r / v], axis=-1)""",
     "the two halves are swapped: dm comes first",
     r"swap|order|first|exchang|halves"),
    ("8", "log derived to one", """\
v = FLOOR + np.exp(s)
r = x - m
return dlogp[:, None] * np.concatenate([r / v, 0.5 * (r ** 2 / v ** 2 - 1) * np.exp(s)], axis=-1)""",
     "the derivative of log σ² by σ² is 1/σ², not 1",
     r"1/σ²|1 ?/ ?v|log σ²|derivative of (the )?log|divid|variance"),
    ("8", "double: no floor, no half", """\
v = np.exp(s)
r = x - m
return dlogp[:, None] * np.concatenate([r / v, r ** 2 / v - 1], axis=-1)""",
     "the floor is missing, and the ½ in ds",
     r"floor|1e-3|½|half|0\.5|twice"),
    ("8", "double: no link, sign of m", """\
v = FLOOR + np.exp(s)
d = m - x
return dlogp[:, None] * np.concatenate([d / v, 0.5 * (d ** 2 / v ** 2 - 1 / v)], axis=-1)""",
     "the sign of dm is wrong, and in ds the link exp(s) is missing",
     r"sign|minus|negat|x\s*[-−]\s*m|opposite|exp\(s\)|link|chain|∂σ²/∂s"),
    ("8", "double: no log term, no half", """\
v = FLOOR + np.exp(s)
r = x - m
return dlogp[:, None] * np.concatenate([r / v, (r / v) ** 2 * np.exp(s)], axis=-1)""",
     "in ds the ½ is missing, and the part that comes from log σ²",
     r"½|half|0\.5|twice|log σ²|log term|second term|two terms|1/σ²|normali[sz]"),
    ("8", "double: no upstream, no floor", """\
r = x - m
return np.concatenate([r * np.exp(-s), 0.5 * (r ** 2 * np.exp(-s) - 1)], axis=-1)""",
     "the floor is missing, and so is the upstream gradient dlogp",
     r"floor|1e-3|dlogp|upstream"),
    ("8", "divided by σ", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = c * r / np.sqrt(v)
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2) * np.exp(s)
return np.concatenate([dm, ds], axis=-1)""",
     "the part for m is divided by σ in place of σ²",
     r"\bσ\b.*σ²|σ².*\bσ\b|root|sqrt|standard dev|divi\w+ by (σ²|the variance)|/ ?(σ²|variance)"),
    ("8", "½ for the mean", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = 0.5 * c * r / v
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2) * np.exp(s)
return np.concatenate([dm, ds], axis=-1)""",
     "the part for m has a ½, but the square gives a 2 that cancels it",
     r"½|0\.5|half|\b2\b|twice|cancel"),
    ("8", "sign of the log term", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = c * r / v
ds = 0.5 * c * (1 / v + r ** 2 / v ** 2) * np.exp(s)
return np.concatenate([dm, ds], axis=-1)""",
     "the term from log σ² has the wrong sign",
     r"sign|minus|negativ|plus|log|has to be subtracted"),
    ("8", "floor as a maximum", """\
c = dlogp[:, None]
r = x - m
v = np.maximum(np.exp(s), FLOOR)
dm = c * r / v
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2) * np.exp(s)
return np.concatenate([dm, ds], axis=-1)""",
     "FLOOR is added to exp(s), not a lower limit for it",
     r"FLOOR|maximum|limit|σ² (is|=)|exp\(s\)"),
    ("8", "s as log σ", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(2 * s)
dm = c * r / v
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2) * 2 * np.exp(2 * s)
return np.concatenate([dm, ds], axis=-1)""",
     "s is taken for log σ; σ² is FLOOR + exp(s)",
     r"exp\(s\)|log σ\b|\b2 ?\*? ?s\b|FLOOR \+|twice|standard dev|squared"),
    ("8", "half of s, as in exercise 6", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = c * r / v
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2) * 0.5 * np.exp(0.5 * s)
return np.concatenate([dm, ds], axis=-1)""",
     "∂σ²/∂s is exp(s), not ½ exp(½ s), which would be ∂σ/∂s",
     r"exp\(s\)|½|0\.5|half|∂σ|chain|exercise 6|standard"),
    ("8", "dlogp only for m", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = c * r / v
ds = -0.5 * (1 / v - r ** 2 / v ** 2) * np.exp(s)
return np.concatenate([dm, ds], axis=-1)""",
     "dlogp is missing in the part for s",
     r"dlogp|upstream|chain rule"),
    ("8", "constant differentiated", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = c * r / v
ds = -0.5 * c * ((1 / v - r ** 2 / v ** 2) * np.exp(s) + np.log(2 * np.pi))
return np.concatenate([dm, ds], axis=-1)""",
     "log 2π is a constant and has no derivative",
     r"2 ?\*? ?(π|pi|np\.pi)|constant"),
    ("8", "double: sign of m, no chain rule", """\
c = dlogp[:, None]
r = x - m
v = FLOOR + np.exp(s)
dm = -c * r / v
ds = -0.5 * c * (1 / v - r ** 2 / v ** 2)
return np.concatenate([dm, ds], axis=-1)""",
     "the sign of the part for m is wrong, and the link ∂σ²/∂s is missing",
     r"sign|minus|negativ|exp\(s\)|∂σ²|chain|respect to"),
    ("8", "earlier 31", """\
v = FLOOR + np.exp(s)
return dlogp[:, None] * np.concatenate([(x - m) / v, 0.5 * ((x - m) ** 2 / v - 1)], axis=-1)""",
     "(from the bank before)",
     r"exp\(s\), without the floor"),
    ("8", "earlier 32", """\
v = FLOOR + np.exp(s)
return dlogp[:, None] * np.concatenate([(x - m) / v, 0.5 * (x - m) ** 2 / v * np.exp(s) / v], axis=-1)""",
     "(from the bank before)",
     r"− 1 / variance. is missing"),
]

RIGHT = [
    ("5", "overflow", """\
e = np.exp(a)
return dlogp[:, None] * (x - e / (1 + e))"""),
    ("5", "einsum", "return np.einsum('n,nd->nd', dlogp, x - sigmoid(a))"),
    ("5", "two cases", """\
s = sigmoid(a)
return np.where(x == 1, 1 - s, -s) * dlogp.reshape(-1, 1)"""),
    ("5", "own sigmoid", "return dlogp[:, None] * (x - 1 / (1 + np.exp(-a)))"),
    ("5", "row by row", """\
return np.stack([d * (xn - sigmoid(an)) for d, xn, an in zip(dlogp, x, a)])"""),
    ("5", "transposed twice", """\
half_tanh = np.tanh(a / 2) / 2
return ((x - 0.5 - half_tanh).T * dlogp).T"""),
    ("5", "exp of minus softplus", """\
da = np.empty(a.shape)
np.subtract(x, np.exp(-softplus(-a)), out=da)
da *= dlogp[..., np.newaxis]
return da
raise NotImplementedError"""),
    ("5", "two cases again", """\
pi = sigmoid(a)
return np.where(x == 1, 1 - pi, -pi) * dlogp[:, None]"""),
    ("5", "einsum again", "return np.einsum('n,nd->nd', dlogp, np.subtract(x, sigmoid(a)))"),
    ("5", "transposes", "return (dlogp * (x - sigmoid(a)).T).T"),
    ("5", "tanh form", """\
t = np.tanh(a / 2)
return dlogp.reshape(-1, 1) * (x - 0.5 - 0.5 * t)"""),
    ("5", "naive exp", "return dlogp[:, None] * (x - np.exp(a) / (1 + np.exp(a)))"),
    ("5", "pixel by pixel", """\
import math
da = np.empty(a.shape)
for (n, d), logit in np.ndenumerate(a):
    probability = 0.5 + 0.5 * math.tanh(logit / 2)
    da[n, d] = dlogp[n] * (1 - probability) if x[n, d] == 1 else -dlogp[n] * probability
return da"""),
    ("5", "signs instead of classes", """\
sign = 2 * x - 1                 # +1 or −1
return dlogp.reshape(-1, 1) * sign * sigmoid(-sign * a)"""),
    ("5", "diagonal matrix", "return np.diag(dlogp) @ x - np.diag(dlogp).dot(sigmoid(a))"),
    ("6", "hstack and root of the variance", "return np.hstack((dz, dz * eps * np.sqrt(np.exp(logvar)) / 2))"),
    ("6", "from z", """\
z = sample(h, eps)
return np.c_[dz, dz * (z - mu) / 2]"""),
    ("6", "filled in", """\
dh = np.empty_like(h, order="F")
Z = h.shape[1] // 2
dh[:, :Z] = dz
dh[:, Z:] = dz
dh[:, Z:] *= np.exp(0.5 * h[:, Z:])
dh[:, Z:] *= eps
dh[:, Z:] *= 0.5
return dh"""),
    ("6", "tile", """\
factor = np.ones(h.shape)
np.multiply(0.5 * eps, np.exp(logvar) ** 0.5, out=factor[:, mu.shape[1]:])
return np.tile(dz, (1, 2)) * factor
raise NotImplementedError"""),
    ("6", "index by index", """\
rows = []
for n in range(len(dz)):
    row = [g for g in dz[n]]
    row += [g * e * np.exp(l / 2) / 2 for g, e, l in zip(dz[n], eps[n], logvar[n])]
    rows.append(row)
return np.array(rows)"""),
    ("6", "empty and fill", """\
dh = np.empty_like(h)
Z = eps.shape[1]
dh[:, :Z] = dz
dh[:, Z:] = dz * (sample(h, eps) - mu) / 2
return dh"""),
    ("6", "sqrt form", "return np.hstack((dz, dz * eps * np.sqrt(np.exp(logvar)) / 2))"),
    ("6", "tile again", """\
return np.tile(dz, 2) * np.c_[np.ones_like(mu), 0.5 * eps * np.exp(logvar / 2)]"""),
    ("6", "σ ε recovered from the sample", """\
spread = sample(h, eps) - mu
dh = np.empty_like(h)
dh[:, :mu.shape[1]] = dz
np.multiply(dz, spread / 2, out=dh[:, mu.shape[1]:])
return dh"""),
    ("6", "root of the variance, tile", """\
factors = np.hstack((np.ones(mu.shape), eps * np.sqrt(np.exp(logvar)) / 2))
return np.tile(dz, (1, 2)) * factors"""),
    ("6", "a dataclass in between", """\
from dataclasses import dataclass

@dataclass
class Pair:
    dmu: np.ndarray
    dlogvar: np.ndarray

    def joined(self):
        return np.append(self.dmu, self.dlogvar, axis=-1)

pair = Pair(+dz, dz * eps * np.exp(0.5 * logvar - np.log(2)))
return pair.joined()
raise NotImplementedError"""),
    ("7", "einsum and expm1", """\
g = np.append(mu, np.expm1(logvar) / 2, axis=1)
return np.einsum("n,nz->nz", dkl, g)"""),
    ("7", "sinh", """\
s = np.sinh(logvar / 2) * np.exp(logvar / 2)
return np.block([[dkl[:, None] * mu, dkl[:, None] * s]])"""),
    ("7", "diagonal matrix", """\
return np.diag(dkl) @ np.concatenate([2 * mu, np.exp(logvar) - 1.0], axis=1) * [[0.5]]"""),
    ("7", "copyto and out", """\
dh = np.ones(h.shape)
dmu, dlogvar = np.split(dh, 2, axis=1)
np.copyto(dmu, mu)
np.exp(logvar, out=dlogvar)
dlogvar -= 1
dlogvar /= 2
dh *= dkl.reshape(len(dkl), 1)
return dh"""),
    ("7", "loops", """\
N, Z = mu.shape
dh = [[0.0] * (2 * Z) for _ in range(N)]
for n in range(N):
    for i in range(Z):
        dh[n][i] = dkl[n] * mu[n, i]
        dh[n][Z + i] = dkl[n] * (np.exp(logvar[n, i]) - 1) / 2
return np.array(dh)
raise NotImplementedError"""),
    ("7", "the well-known minus half", """\
dlogvar = -0.5 * (1 - np.exp(logvar))
return np.concatenate((mu, dlogvar), axis=-1) * np.expand_dims(dkl, -1)"""),
    ("7", "sinh again", """\
s = np.exp(0.5 * logvar) * np.sinh(0.5 * logvar)
return dkl[:, None] * np.concatenate([mu, s], axis=1)"""),
    ("7", "row by row", """\
rows = []
for k, m_, l_ in zip(dkl, mu, logvar):
    rows.append(np.append(k * m_, k * np.expm1(l_) / 2))
return np.array(rows)"""),
    ("7", "expm1 and one multiplication", "return np.c_[mu, np.expm1(logvar) / 2] * dkl[:, np.newaxis]"),
    ("7", "sinh again again", """\
# ½ (e^v − 1) = e^(v/2) sinh(v/2)
dlogvar = np.exp(0.5 * logvar) * np.sinh(0.5 * logvar)
return (dkl * np.concatenate([mu, dlogvar], axis=-1).T).T"""),
    ("7", "flat loop over h", """\
N, two_Z = h.shape
Z = two_Z // 2
dh = np.zeros(h.size)
for k, value in enumerate(h.ravel()):
    n, i = divmod(k, two_Z)
    dh[k] = dkl[n] * (value if i < Z else 0.5 * (np.e ** value - 1))
return dh.reshape(N, two_Z)"""),
    ("8", "standardized error", """\
sigma = np.sqrt(FLOOR + np.exp(s))
t = (x - m) / sigma
da = np.hstack([t / sigma, (t - 1) * (t + 1) / 2 * (1 - FLOOR / sigma ** 2)])
return da * dlogp[:, None]"""),
    ("8", "precision and einsum", """\
tau = 1 / (np.exp(s) + FLOOR)
dm = np.einsum("n,nd,nd->nd", dlogp, x - m, tau)
ds = 0.5 * np.einsum("n,nd,nd->nd", dlogp, (x - m) ** 2 * tau ** 2 - tau, np.exp(s))
return np.concatenate((dm, ds), axis=1)"""),
    ("8", "terms one after the other", """\
v: np.ndarray = FLOOR + np.exp(s)
up = -0.5 * dlogp[:, None]
dv = np.zeros_like(v)
dv -= up * (x - m) ** 2 * v ** -2.0
dv += up / v
return np.concatenate([up * -2 * (x - m) / v, dv * np.exp(s)], axis=-1)
raise NotImplementedError"""),
    ("8", "pixel by pixel", """\
D = x.shape[1]
da = np.zeros(a.shape, order="F")
for n, d in np.ndindex(*x.shape):
    e, r = np.exp(a[n, D + d]), x[n, d] - a[n, d]
    v = e + FLOOR
    da[n, d] += dlogp[n] * r / v
    np.add.at(da, (n, D + d), dlogp[n] * e * (r * r - v) / (2 * v * v))
return da"""),
    ("8", "precision form", """\
lam = 1 / (FLOOR + np.exp(s))
r = (x - m) * lam
ds = 0.5 * np.exp(s) * (r * r - lam)
return dlogp[:, None] * np.concatenate([r, ds], axis=-1)"""),
    ("8", "variance minus floor", """\
var = np.exp(s) + FLOOR
z = (x - m) / np.sqrt(var)
share = 1 - FLOOR / var
return np.stack([z / np.sqrt(var), 0.5 * (z ** 2 - 1) * share], axis=1).reshape(a.shape) * dlogp[:, None]"""),
    ("8", "named pieces", """\
g = dlogp[:, np.newaxis]
variance: np.ndarray = FLOOR + np.exp(s)
dvariance = g * (-0.5 / variance + 0.5 * (x - m) ** 2 / variance ** 2)
return np.concatenate([-g * (m - x) / variance, dvariance * np.exp(s)], axis=-1)"""),
    ("8", "z-scores and a share", """\
std = np.sqrt(FLOOR + np.exp(s))
score = (x - m) / std
share = 1 - FLOOR / std ** 2              # exp(s)/σ²
da = np.empty(a.shape)
left, right = np.array_split(da, 2, axis=1)
left[...] = score / std
right[...] = (score - 1) * (score + 1) * share / 2
da *= dlogp[:, None]
return da"""),
    ("8", "with the precision", """\
precision = np.reciprocal(np.exp(s) + FLOOR)
error = np.subtract(m, x)
ds = precision - np.square(precision * error)
ds *= -np.exp(s)
ds /= 2
dm = -precision * error
return np.einsum("n,nd->nd", dlogp, np.concatenate((dm, ds), 1))"""),
    ("8", "one function for each term", """\
def of_square(v):
    return -(x - m) ** 2 / v ** 2

def of_log(v):
    return 1 / v

variance = FLOOR + np.exp(s)
dvariance = sum(term(variance) for term in (of_square, of_log)) * -0.5
rows = [up * np.concatenate([dm, ds]) for up, dm, ds in zip(dlogp, (x - m) / variance, dvariance * np.exp(s))]
return np.array(rows)
raise NotImplementedError"""),
]

REFUSED = [
    ("5", "list of rows", "return [d * (xn - sigmoid(an)) for d, xn, an in zip(dlogp, x, a)]", r"list|array"),
    ("5", "a changed", """\
a[...] = dlogp[:, None] * (x - sigmoid(a))
return a""", r"in place|chang|modif|overwrit|input"),
    ("5", "list comprehension", """\
pi = sigmoid(a)
return [g * (r - s) for g, r, s in zip(dlogp, x, pi)]""", r"list|array|type"),
    ("6", "float32", """\
sigma = np.exp(0.5 * logvar)
return np.concatenate([dz, 0.5 * dz * sigma * eps], axis=-1).astype("float32")""", r"float32|dtype|precision|single|digits|round"),
    ("6", "single precision", """\
d = np.concatenate([dz, dz * eps * 0.5 * np.exp(0.5 * logvar)], axis=-1)
return d.astype(np.float32)""", r"float32|precision|dtype|float64|single"),
    ("6", "as a matrix object in float32", """\
sigma = np.exp(0.5 * logvar)
dmu = dz
dlogvar = dz * eps * 0.5 * sigma
return np.concatenate([dmu, dlogvar], axis=-1).astype("float32")""", r"float32|single|precision|round|dtype|float64"),
    ("7", "nested lists", """\
g = np.concatenate([mu, 0.5 * (np.exp(logvar) - 1)], axis=-1)
return (dkl[:, None] * g).tolist()""", r"list|array"),
    ("7", "dictionary", """\
return {"mu": dkl[:, None] * mu, "logvar": dkl[:, None] * 0.5 * (np.exp(logvar) - 1)}""", r"dict|array|concatenat|type"),
    ("7", "single precision", """\
c = dkl[:, None].astype(np.float32)
h32 = h.astype(np.float32)
mu, logvar = np.split(h32, 2, axis=-1)
dmu = c * mu
dlogvar = 0.5 * c * (np.exp(logvar) - 1)
return np.concatenate([dmu, dlogvar], axis=-1)""", r"float32|single|precision|round|dtype|float64|digits"),
    ("8", "a changed", """\
v = FLOOR + np.exp(s)
d = dlogp[:, None]
ds = d * 0.5 * ((x - m) ** 2 / v ** 2 - 1 / v) * np.exp(s)
dm = d * (x - m) / v
a[:, :x.shape[1]] = dm
a[:, x.shape[1]:] = ds
return a""", r"in place|chang|modif|overwrit|input"),
]
