"""Exercises 0 to 4: see test_bank.py."""

MISTAKES = [
    ("0", "divided by h", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old + h
    plus = f(x)
    x[i] = old - h
    minus = f(x)
    x[i] = old
    grad[i] = (plus - minus) / h
return grad""",
     """\
the two points are 2h apart, but the difference was divided by h only: twice too large""",
     r"2 ?\*? ?h|twice|double|factor (of )?(2|two)|too large|half"),
    ("0", "forward difference", """\
grad = np.zeros_like(x)
fx = f(x)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old + h
    grad[i] = (f(x) - fx) / h
    x[i] = old
return grad""",
     """\
a forward (one-sided) difference was taken, not the central one: its error is of order h""",
     r"forward|one.?sided|central|other (way|side|direction)|both (sides|ways|directions)"),
    ("0", "precedence of 2*h", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / 2 * h
return grad""",
     """\
/ 2 * h divides by 2 and then multiplies by h: parentheses around 2 * h are missing""",
     r"parenthes|bracket|precedence|multipl|\(2 ?\*? ?h\)|order of operations|divide.* by h|h²|tiny|small"),
    ("0", "sign", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old - h
    first = f(x)
    x[i] = old + h
    second = f(x)
    x[i] = old
    grad[i] = (first - second) / (2 * h)
return grad""",
     """\
the two values are subtracted the wrong way round: the sign is reversed""",
     r"sign|minus|negative|wrong way (a)?round|swapped|order|revers"),
    ("0", "x not put back", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    x[i] += h
    plus = f(x)
    x[i] -= 2 * h
    minus = f(x)
    grad[i] = (plus - minus) / (2 * h)
return grad""",
     "the old value is not put back: every element of x stays at x - h",
     r"put(ting)? .*back|restor|chang|modif|as it was|stays|left"),
    ("0", "old is the same array", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    old = x
    x[i] += h
    plus = f(x)
    x = old
    x[i] -= h
    minus = f(x)
    x = old
    grad[i] = (plus - minus) / (2 * h)
return grad""",
     """\
old = x makes no copy, it is a second name for the same array, so the second value is that at x itself: half""",
     r"copy|same array|alias|second name|half|x ?[-−] ?h|one.?sided|put .*back|restor"),
    ("0", "whole array shifted, scalar", "return (f(x + h) - f(x - h)) / (2 * h)",
     """\
all elements are shifted at once, so there is one number (the sum of the derivatives) instead of one for each""",
     r"one element|each element|all (the )?elements|at once|scalar|one number|single number|shape|whole array"),
    ("0", "rows for elements", """\
grad = np.zeros_like(x)
for i in range(len(x)):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / (2 * h)
return grad""",
     """\
range(len(x)) goes over the rows: for a matrix a whole row is shifted at once, not one element""",
     r"row|first axis|len\(|any shape|one element|each element|at once|dimension|1-?d|0-?d|unsized"),
    ("0", "flatten copies", """\
grad = np.zeros(x.size)
flat = x.flatten()
for i in range(flat.size):
    old = flat[i]
    flat[i] = old + h
    plus = f(x)
    flat[i] = old - h
    minus = f(x)
    flat[i] = old
    grad[i] = (plus - minus) / (2 * h)
return grad.reshape(x.shape)""",
     """\
flatten makes a copy, so that x itself never changes and every difference is zero""",
     r"flatten|copy|zero|never change|not change|unchanged|ravel|view"),
    ("0", "flat result", """\
grad = []
for i in range(x.size):
    old = x.flat[i]
    x.flat[i] = old + h
    plus = f(x)
    x.flat[i] = old - h
    minus = f(x)
    x.flat[i] = old
    grad.append((plus - minus) / (2 * h))
return np.array(grad)""",
     "the result is flat: it does not have the shape of x",
     r"shape|flat|reshape|1-?d"),
    ("0", "return in the loop", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old + h
    plus = f(x)
    x[i] = old - h
    minus = f(x)
    x[i] = old
    grad[i] = (plus - minus) / (2 * h)
    return grad""",
     "return stands inside the loop, so only the first element is filled",
     r"return|inside|indent|first (element|entry)|only one|zero|loop"),
    ("0", "f of one element", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    grad[i] = (f(x[i] + h) - f(x[i] - h)) / (2 * h)
return grad""",
     "f gets a single element, but it takes the whole array",
     r"whole (array|x)|entire|single|f (gets|takes|expects|needs)|only (one|an|x\[i)|a (number|scalar) to f|shape|size|f\(x\["),
    ("0", "added to all of grad", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad += (f(x + e) - f(x - e)) / (2 * h)
return grad""",
     """\
each derivative is added to the whole grad, not written to its own element: all entries are the sum""",
     r"index|grad\[|sum|all (the )?(entries|elements)|every|own (element|place|entry)|same"),
    ("0", "integer result", """\
grad = np.zeros(x.shape, dtype=int)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / (2 * h)
return grad""",
     "grad is an integer array: the decimals are cut off",
     r"int|dtype|float|decimal|round|truncat|whole number"),
    ("0", "step stays in e", """\
grad = np.zeros_like(x)
e = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / (2 * h)
return grad""",
     """\
e is not set back to 0, so the elements before are shifted too and the derivatives pile up""",
     r"reset|set back|put(ting)? .*back|zero|earlier|before|previous|accumul|pile|cumulative|one element|more than one|several|restor"),
    ("0", "second derivative", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - 2 * f(x) + f(x - e)) / h ** 2
return grad""",
     """\
this is the difference formula for the second derivative, not the first""",
     r"second derivative|first derivative|curvature|2 ?\*? ?f\(x\)|h\*\*2|h²|h \*\* 2|hessian|central"),
    ("0", "h much too small", """\
h = 1e-13
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / (2 * h)
return grad""",
     "h was set much too small: rounding errors dominate the difference",
     r"round|too small|step size|precision|digits|noise|cancel|\bh\b.{0,30}(small|1e|overwrit|replac|chang)"),
    ("0", "relative step", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old * (1 + h)
    plus = f(x)
    x[i] = old * (1 - h)
    minus = f(x)
    x[i] = old
    grad[i] = (plus - minus) / (2 * h)
return grad""",
     """\
the step is relative, x·h, but the division is by 2h: every derivative is multiplied by x""",
     r"relative|multiplied by x|times x|factor (of )?x\b|x ?[·*] ?h|h ?[·*] ?x|add.{0,20}\bh\b|proportional|scal"),
    ("0", "last element missing", """\
grad = np.zeros_like(x)
for k in range(x.size - 1):
    old = x.flat[k]
    x.flat[k] = old + h
    plus = f(x)
    x.flat[k] = old - h
    grad.flat[k] = (plus - f(x)) / (2 * h)
    x.flat[k] = old
return grad""",
     "the loop stops one too early: the last element stays 0",
     r"last|one (too )?(early|short|few)|off.by.one|loop|size ?- ?1|range|not (all|every)|zero"),
    ("0", "two indices only", """\
grad = np.zeros_like(x)
for i in range(x.shape[0]):
    for j in range(x.shape[1]):
        old = x[i, j]
        x[i, j] = old + h
        plus = f(x)
        x[i, j] = old - h
        minus = f(x)
        x[i, j] = old
        grad[i, j] = (plus - minus) / (2 * h)
return grad""",
     "two nested loops fit matrices only; x may have any shape",
     r"any shape|shape|dimension|matri|1-?d|3-?d|vector|index"),
    ("0", "double: sign and divided by h", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x - e) - f(x + e)) / h
return grad""",
     "the sign is reversed, and it was divided by h instead of 2h",
     r"sign|minus|negative|[-−]2|wrong way (a)?round|2 ?\*? ?h|twice|double|factor"),
    ("0", "double: forward and not put back", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    before = f(x)
    x[i] += h
    grad[i] = (f(x) - before) / h
return grad""",
     "a one-sided difference was taken, and x is not put back",
     r"forward|one.?sided|central|both (sides|ways)|put .*back|restor|as it was|chang"),
    ("0", "double: flat, divided by h", """\
grad = []
for k in range(x.size):
    e = np.zeros(x.size)
    e[k] = h
    e = e.reshape(x.shape)
    grad.append((f(x + e) - f(x - e)) / h)
return np.array(grad)""",
     """\
the result is flat instead of like x, and it was divided by h instead of 2h""",
     r"shape|flat|reshape|2 ?\*? ?h|twice|double"),
    ("0", "double: last element missing, sign", """\
grad = np.zeros_like(x)
for k in range(0, x.size - 1):
    old = x.flat[k]
    x.flat[k] = old - h
    minus = f(x)
    x.flat[k] = old + h
    grad.flat[k] = (minus - f(x)) / (2 * h)
    x.flat[k] = old
return grad""",
     "the last element is left out, and the sign is reversed",
     r"last|off.by.one|size ?- ?1|range|sign|minus|negative|wrong way (a)?round"),
    ("0", "double: forward, averaged", """\
f0 = f(x)
grad = np.zeros(x.shape)
for i in np.ndindex(x.shape):
    moved = x.copy()
    moved[i] += h
    grad[i] = (f(moved) - f0) / h / x.size
return grad""",
     """\
a one-sided difference was taken, and it was divided by the number of elements""",
     r"forward|one.?sided|central|x\.size|number of elements|averag|mean"),
    ("0", "one-sided", """\
grad = np.empty(x.shape)
base = f(x)
it = np.nditer(x, flags=["multi_index"])
for _ in it:
    idx = it.multi_index
    old = x[idx]
    x[idx] = old + h
    grad[idx] = (f(x) - base) / h
    x[idx] = old
return grad""",
     """\
the forward difference was used instead of the central one, which is right to only about five digits""",
     r"central|forward difference|one.?sided|two.?sided|x\s*[-−]\s*h|other way|both (sides|directions)"),
    ("0", "precedence over 2 times h", """\
grad = np.zeros_like(x)
for idx in np.ndindex(*x.shape):
    old = x[idx]
    x[idx] = old + h
    fp = f(x)
    x[idx] = old - h
    fm = f(x)
    x[idx] = old
    grad[idx] = (fp - fm) / 2 * h
return grad""",
     """\
/ 2 * h multiplies by h; it has to be divided by (2 * h), the parentheses are missing""",
     r"parenthes|bracket|2\s*\*?\s*h|precedence|multipl\w+ (by|with) h|divid\w+ by|h²|times h|too small"),
    ("0", "divided by h only", """\
grad = np.zeros_like(x)
for idx in np.ndindex(x.shape):
    old = x[idx]
    x[idx] = old + h; up = f(x)
    x[idx] = old - h; down = f(x)
    x[idx] = old
    grad[idx] = (up - down) / h
return grad""",
     """\
the distance between the two points is 2h, but it was divided by h: everything is twice too large""",
     r"2\s*\*?\s*h|twice|factor (of )?(2|two)|double|half|½|0\.5"),
    ("0", "all elements at once", "return (f(x + h) - f(x - h)) / (2 * h)",
     """\
all elements are shifted at once, so the result is one number (the sum of all the derivatives)""",
     r"at once|one (element|entry|number)|each element|every element|shape|scalar|sum of|single|loop|element by element"),
    ("0", "all elements at once, filled", "return np.full_like(x, (f(x + h) - f(x - h)) / (2 * h))",
     """\
all elements are shifted at once: every entry gets the sum of all derivatives""",
     r"at once|one (element|entry) |each element|every element|sum of|same (number|value)|all (the )?elements|one at a time"),
    ("0", "flat result again", """\
g = []
for idx in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[idx] = h
    g.append((f(x + e) - f(x - e)) / (2 * h))
return np.array(g)""",
     """\
the gradient has one axis only, it has not been brought to the shape of x""",
     r"shape|reshape|flat|1-?d|one axis"),
    ("0", "flatten is a copy", """\
v = x.flatten()
g = np.zeros(x.size)
for i in range(x.size):
    old = v[i]
    v[i] = old + h
    a = f(x)
    v[i] = old - h
    b = f(x)
    v[i] = old
    g[i] = (a - b) / (2 * h)
return g.reshape(x.shape)""",
     """\
x.flatten() is a copy: x itself is never changed, f sees the same x twice, and the gradient is zero""",
     r"copy|zero|never (change|reach|moved)|same x|not change|unchanged|flatten|view"),
    ("0", "rows only", """\
g = np.zeros_like(x)
for i in range(len(x)):
    keep = x[i].copy()
    x[i] += h
    up = f(x)
    x[i] = keep - h
    dn = f(x)
    x[i] = keep
    g[i] = (up - dn) / (2 * h)
return g""",
     """\
range(len(x)) runs over the rows: with more than one axis whole rows are shifted at once""",
     r"rows?|axis|axes|len\(x\)|at once|shape|each element|every element|one element|dimension|sum"),
    ("0", "tiny step", """\
h = 1e-13
g = np.zeros_like(x)
for idx in np.ndindex(x.shape):
    old = x[idx]
    x[idx] = old + h
    a = f(x)
    x[idx] = old - h
    b = f(x)
    x[idx] = old
    g[idx] = (a - b) / (2 * h)
return g""",
     """\
a step of 1e-13 is too small: the difference of f drowns in rounding errors, and the argument h is ignored""",
     r"round|too small|cancel|precision|h (is )?(ignored|overwritten|not used)|argument h|step|digits|1e-13"),
    ("0", "old is a view", """\
flat = x.reshape(-1)
g = np.zeros(x.size)
for i in range(x.size):
    old = flat[i:i + 1]
    flat[i] += h
    a = f(x)
    flat[i] = old[0] - h
    b = f(x)
    flat[i:i + 1] = old
    g[i] = (a - b) / (2 * h)
return g.reshape(x.shape)""",
     """\
old is a view and changes along with x, so that x − h is never reached: the differences are half as large""",
     r"view|copy|alias|changes? (along )?with|half|factor (of )?(2|two)|one.?sided|x\s*[-−]\s*h|central|forward difference"),
    ("0", "returned in the loop", """\
g = np.zeros(x.shape)
for idx in np.ndindex(x.shape):
    old = x[idx]
    x[idx] = old + h
    fp = f(x)
    x[idx] = old - h
    fm = f(x)
    x[idx] = old
    g[idx] = (fp - fm) / (2 * h)
    return g""",
     "return stands inside the loop, so that only the first element is done",
     r"inside the loop|in the loop|indent|only the first|first (element|entry)|zero|too early|rest"),
    ("0", "double: minus plus, by h", """\
out = np.zeros_like(x)
for idx in np.ndindex(x.shape):
    old = x[idx]
    x[idx] = old - h
    first = f(x)
    x[idx] = old + h
    second = f(x)
    x[idx] = old
    out[idx] = (first - second) / h
return out""",
     """\
the sign is wrong, f(x − h) − f(x + h), and it was divided by h instead of 2h""",
     r"sign|minus|negat|[-−]2|2\s*\*?\s*h|twice|factor|order|opposite|double"),
    ("0", "int result", """\
g = np.zeros(x.shape, dtype=int)
for idx in np.ndindex(x.shape):
    e = np.zeros(x.shape)
    e[idx] = h
    g[idx] = (f(x + e) - f(x - e)) / (2 * h)
return g""",
     "the result array has integers: the decimals are cut off",
     r"int|dtype|truncat|decimal|whole number|float"),
    ("0", "second derivative again", """\
grad = np.zeros(x.shape)
mid = f(x)
for i in np.ndindex(x.shape):
    e = np.zeros(x.shape)
    e[i] = h
    grad[i] = (f(x + e) - 2 * mid + f(x - e)) / h ** 2
return grad""",
     "this is the formula of the second derivative",
     r"second deriv|second.order|curvature|2 ?f\(x\)|minus f|plus sign|subtract|first deriv|difference of"),
    ("0", "h is relative", """\
grad = np.zeros(x.shape)
for i in np.ndindex(x.shape):
    old = x[i]
    x[i] = old * (1 + h)
    up = f(x)
    x[i] = old * (1 - h)
    down = f(x)
    x[i] = old
    grad[i] = (up - down) / (2 * h)
return grad""",
     """\
x is multiplied by 1 ± h, so the step is h x, but the division is by 2 h: the result has a factor x too much""",
     r"relative|multipl|factor (of )?x|times x|h ?\*? ?x|add(s|ed|ing)? h|step"),
    ("1", "dW bound anew", """\
dW = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     """\
dW = ... only gives a new array that name: nothing is written into the array that was passed""",
     r"dW ?\[|written|write|in place|\[\.\.\.\]|\[:\]|name|rebind|bound|unchanged|fill"),
    ("1", "dW transposed", """\
dW[...] = dy.T @ x
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "the product is transposed: dy.T @ x is (O, I), and dW is (I, O)",
     r"transpos|shape|broadcast|x\.T ?@ ?dy|order"),
    ("1", "mean for dW", """\
dW[...] = x.T @ dy / len(x)
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     """\
dW was divided by N: the chain rule sums over the batch, the mean is in dy already""",
     r"mean|averag|divi|1/N|\bN\b|batch|sum"),
    ("1", "mean for db", """\
dW[...] = x.T @ dy
db[...] = dy.mean(axis=0)
return dy @ W.T""",
     "db is the mean over the batch instead of the sum",
     r"mean|averag|divi|1/N|\bN\b|sum"),
    ("1", "dx transposed", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return W @ dy.T""",
     "dx comes out transposed, (I, N) instead of (N, I)",
     r"transpos|shape|\.T|\(N, I\)|\(I, N\)"),
    ("1", "dx reshaped for transposed", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (W @ dy.T).reshape(x.shape)""",
     "reshape does not transpose: the elements of dx stand in wrong places",
     r"reshape|transpos|\.T|order|place|position|permut"),
    ("1", "dx by pseudo-inverse", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ np.linalg.pinv(W)""",
     """\
going backwards was mistaken for inverting W: the transpose is needed and not the inverse""",
     r"invers|pinv|transpos|W\.T"),
    ("1", "loop adds to old dW", """\
db[...] = dy.sum(axis=0)
for xn, dyn in zip(x, dy):
    dW += np.outer(xn, dyn)
return dy @ W.T""",
     """\
the outer products are added to what was in dW before: it must be overwritten""",
     r"add|accumul|\+=|overwrit|old|before|previous|zero|reset|left"),
    ("1", "db added", """\
dW[...] = x.T @ dy
db += dy.sum(axis=0)
return dy @ W.T""",
     "db is added to what was there before instead of overwritten",
     r"add|accumul|\+=|overwrit|old|before|previous|zero|reset|left"),
    ("1", "no return", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
dx = dy @ W.T""",
     "dx is not returned",
     r"return|None"),
    ("1", "three returned", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ W.T, dW, db""",
     "three arrays are returned as a tuple; only dx is asked",
     r"tuple|return|only dx|shape|three"),
    ("1", "db over the wrong axis", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=1)
return dy @ W.T""",
     """\
db is summed over the outputs (axis 1) instead of the examples (axis 0)""",
     r"axis|shape|broadcast|over the (batch|examples|outputs)"),
    ("1", "db summed over everything", """\
dW[...] = x.T @ dy
db[...] = dy.sum()
return dy @ W.T""",
     """\
db is the sum over all of dy: the axis is missing, so each output gets the same number""",
     r"axis|all (of|the)|total|same (number|value)|each output|every|over the outputs|whole"),
    ("1", "db of the last example", """\
dW[...] = x.T @ dy
for n in range(len(dy)):
    db[...] = dy[n]
return dy @ W.T""",
     """\
db is overwritten in the loop for each example, so that only the last one remains""",
     r"last|overwrit|sum|one example|add"),
    ("1", "dW without upstream", """\
dW[...] = x.sum(axis=0)[:, None]
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "the upstream gradient dy is missing in dW",
     r"dy|upstream|chain rule"),
    ("1", "dx with dW", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ dW.T""",
     "dx was computed with dW instead of W",
     r"\bdW\b.{0,40}(instead|not|for|in place|rather|wrong)|with dW|from dW|dW\.T|wrong (variable|array|matrix)|\bW\b, not dW|dW.{0,30}where `?W"),
    ("1", "sums before the product", """\
dW[...] = np.einsum('ni,mo->io', x, dy)
db[...] = np.einsum('no->o', dy)
return np.einsum('no,io->ni', dy, W)""",
     """\
x and dy are summed over the batch separately: the product is to be taken for each example first""",
     r"each example|same example|same n\b|separate|mix|pair|cross|per example|different examples|(sum|index).{0,40}(first|before|batch|own)"),
    ("1", "W changed before dx", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
W -= 0.1 * dW
return dy @ W.T""",
     """\
a gradient step changes W here; the gradient is only to be computed, and dx needs the old W""",
     r"step|updat|chang|modif|\bW\b|descent"),
    ("1", "written to a copy", """\
np.copyto(dW.copy(), x.T @ dy)
np.copyto(db, dy.sum(axis=0))
return np.matmul(dy, W.T)""",
     "the product is written into a copy of dW and is lost",
     r"\bcopy\b|not (filled|written|changed)|unchanged|never (filled|written)|nothing (is|was) written"),
    ("1", "extra x in dx", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return x * (dy @ W.T)""",
     "dx has an extra factor x: ∂y/∂x is W alone",
     r"extra|factor|\bx\b|too (many|much)|multipl"),
    ("1", "double: means and transposed dx", """\
dW[...] = x.T @ dy / len(x)
db[...] = dy.sum(axis=0) / len(x)
return (dy @ W.T).T""",
     "dW and db were divided by N, and dx is transposed",
     r"mean|averag|divi|\bN\b|batch|transpos|shape"),
    ("1", "double: dW added, db bound anew", """\
dW += x.T @ dy
db = dy.sum(axis=0)
return dy @ W.T""",
     "dW is added to the old values, and db is never written into",
     r"add|accumul|\+=|overwrit|old|written|write|in place|name|unchanged|\[\.\.\.\]|db"),
    ("1", "double: first example and minus", """\
dW[...] = x.T @ dy
db[...] = dy[0]
return -dy @ W.T""",
     "db takes the first example only, and dx has the wrong sign",
     r"first|sum|example|batch|sign|minus|negative"),
    ("1", "double: db without axis, mean for dx", """\
dW[...] = x.T @ dy
db[...] = np.sum(dy)
return dy @ W.T / len(x)""",
     "the axis is missing in the sum for db, and dx was divided by N",
     r"axis|total|every output|each output|mean|averag|divi|\bN\b|batch"),
    ("1", "double: dW without upstream, db added", """\
dW[...] = x.T @ np.ones_like(dy)
db += dy.sum(axis=0)
return dy @ W.T""",
     """\
dy is missing in dW, and db is added to the old values instead of overwritten""",
     r"dy|upstream|chain|add|accumul|\+=|overwrit|old"),
    ("1", "rebinds names", """\
dW = x.T.dot(dy)
db = np.sum(dy, 0)
dx = dy.dot(W.T)
return dx""",
     """\
dW = ... makes a new array under a local name: nothing is written into the arrays that were passed in""",
     r"in place|\[\.\.\.\]|\[:\]|local|rebind|written into|write into|new array|not (filled|changed|written)|untouched"),
    ("1", "W untransposed", """\
np.matmul(x.T, dy, out=dW)
np.sum(dy, axis=0, out=db)
return dy @ W""",
     "the transpose of W is missing in dx = dy @ W.T",
     r"transpos|W\.T|Wᵀ|shape|mismatch|matmul"),
    ("1", "wrong side transposed", """\
dW[...] = x @ dy.T
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "x @ dy.T is (N, N) and sums over the wrong index; dW is x.T @ dy",
     r"x\.T|xᵀ|transpos|shape|mismatch|core dimension"),
    ("1", "db mean", """\
dW[:] = np.einsum("ni,no->io", x, dy)
db[:] = dy.mean(axis=0)
return np.einsum("no,io->ni", dy, W)""",
     "db takes the mean over the batch, but the chain rule wants the sum",
     r"mean|averag|1/N|\bN\b|batch size|divid"),
    ("1", "db one number", """\
dW[...] = x.T @ dy
db[...] = dy.sum()
return dy @ W.T""",
     """\
dy.sum() without an axis adds up everything: each element of db gets the same number; sum over axis 0""",
     r"axis|all elements|same (number|value)|over (the )?(batch|examples|n)|everything|outputs"),
    ("1", "last example wins", """\
for n in range(len(x)):
    dW[...] = np.outer(x[n], dy[n])
    db[...] = dy[n]
return dy @ W.T""",
     """\
in the loop dW and db are overwritten instead of summed, so that only the last example counts""",
     r"last (example|row|one)|overwrit|add(ed)? (up|together)|summed|accumulat|\+=|collect"),
    ("1", "accumulates on old contents", """\
for n in range(x.shape[0]):
    dW += np.outer(x[n], dy[n])
    db += dy[n]
return dy @ W.T""",
     """\
+= adds to what stood in dW and db before; they have to be overwritten (set to zero first)""",
     r"overwrit|\+=|adds? to|added|zero (first|before|them)|accumulat|before|old (content|value)|previous"),
    ("1", "divided by N", """\
N = dy.shape[0]
dW[...] = (x.T @ dy) / N
db[...] = dy.sum(0) / N
return dy @ W.T""",
     """\
dW and db are divided by N; the mean is already in dy, here belongs a sum""",
     r"\bN\b|mean|averag|batch size|len\(x\)|divid"),
    ("1", "no return again", """\
dx = dy @ W.T
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)""",
     "dx is computed but not returned",
     r"return|None"),
    ("1", "three returned again", """\
dx = np.dot(dy, W.T)
dW[...] = np.dot(x.T, dy)
db[...] = np.sum(dy, axis=0)
return dx, dW, db""",
     "a tuple of three is returned where only dx is wanted",
     r"return|tuple|only dx|three"),
    ("1", "x overwritten too early", """\
x = dy @ W.T
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return x""",
     """\
x is replaced by dx before dW is computed from it, so that dW is dxᵀ dy""",
     r"overwrit|replac|before dW|order|dxᵀ|dx\.T|x (is|was) (already|no longer)|already dx|dx (instead|in place) of x|from dx|first"),
    ("1", "dx written into x", """\
dW[...] = x.T @ dy
db[...] = dy.sum(0)
x[...] = dy @ W.T
return x""",
     "the input x is overwritten in place with dx",
     r"in place|overwrit|input|chang\w* x|x (is|was) (changed|modified)|leave|modif"),
    ("1", "descent sign", """\
dW[...] = -(x.T @ dy)
db[...] = -dy.sum(axis=0)
return dy @ W.T""",
     """\
the sign of dW and db is wrong: the minus belongs to the descent step, not to the gradient""",
     r"sign|minus|negat|[-−]1|opposite"),
    ("1", "tanh slipped in", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (dy @ W.T) * (1 - x ** 2)""",
     """\
dx has the derivative of a tanh as an extra factor, but this layer is only linear""",
     r"1\s*[-−]\s*x|tanh|activation|extra factor|only linear|additional|dy @ W\.T"),
    ("1", "upstream left out of dW", """\
dW[...] = np.repeat(x.sum(axis=0)[:, None], dy.shape[1], axis=1)
db[...] = len(dy)
return np.tile(W.sum(axis=1), (len(x), 1))""",
     "the upstream gradient dy is missing everywhere, as if it were all ones",
     r"upstream|dy (is )?(missing|not used|forgotten|left out|does not)|without dy|all ones|chain rule|(missing|forgot\w*|ignor\w*) .*dy"),
    ("1", "double: minus dW, mean db", """\
dW[...] = -x.T @ dy
db[...] = np.average(dy, axis=0)
return dy @ W.T""",
     """\
dW has the wrong sign, and db takes the mean over the batch instead of the sum""",
     r"sign|minus|negat|mean|average|sum|1/N"),
    ("1", "y for dy", """\
y = x @ W
dW[...] = x.T @ y
db[...] = y.sum(axis=0)
return y @ W.T""",
     "y was put where the upstream gradient dy belongs",
     r"upstream|y (was|is|stands|instead)|instead of dy|dy (is )?(missing|not used|never)|where dy|output y|x W|x @ W"),
    ("1", "product of the means", """\
dW[...] = np.mean(x, axis=0)[:, None] * np.mean(dy, axis=0)
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     """\
the means of x and dy were multiplied; the sum runs over the products x_ni dy_no of each example, without 1/N""",
     r"product|each example|per example|outer|mean|averag"),
    ("1", "double: dW added, db mean", """\
dW += x.T @ dy
db[...] = dy.sum(axis=0) / len(x)
return dy @ W.T""",
     """\
dW is added to what was there instead of overwritten, and db is a mean instead of a sum""",
     r"overwrit|\+=|adds? to|added|accumulat|old (content|value)|mean|averag|sum|\bN\b|divid"),
    ("1", "double: dx halved by N, db in new array", """\
dW[...] = x.T @ dy
db = dy.sum(axis=0)
return dy @ W.T / len(dy)""",
     "db = ... only makes a local name, and dx is divided by N",
     r"in place|local|\[\.\.\.\]|rebind|not (filled|written)|written into|write into|\bN\b|divid|mean|batch"),
    ("1", "new local arrays", """\
dW = x.T @ dy
db = dy.sum(axis=0)
dx = dy @ W.T
return dx""",
     """\
dW = ... only makes a new local name; the caller's arrays are not filled""",
     r"\[\.\.\.\]|write|written|rebind|local|in place|caller|fill|new array|existing"),
    ("1", "W not transposed", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ W""",
     "dx needs the transpose of W",
     r"transpos|W\.T|Wᵀ|shape|mismatch"),
    ("1", "x not transposed", """\
dW[...] = dy.T @ x
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "the wrong one is transposed: dyᵀ x is the transpose of dW",
     r"transpos|x\.T|xᵀ|shape|broadcast"),
    ("1", "dW averaged", """\
N = x.shape[0]
dW[...] = (1 / N) * np.dot(x.T, dy)
db[...] = (1 / N) * np.sum(dy, axis=0)
return np.dot(dy, W.T)""",
     """\
dW and db are divided by N, as in another course; here the mean, if any, is in dy already""",
     r"mean|averag|divi|1/N|factor (of )?N|N times|\bN\b"),
    ("1", "last example wins again", """\
for n in range(len(x)):
    dW[...] = np.outer(x[n], dy[n])
    db[...] = dy[n]
return dy @ W.T""",
     """\
each example overwrites the one before, so only the last one remains; they have to be added up""",
     r"last|overwrit|\+=|add|sum|one example|single example"),
    ("1", "sums multiplied", """\
dW[...] = np.outer(x.sum(axis=0), dy.sum(axis=0))
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     """\
x and dy are summed over the examples before they are multiplied; the sum of the products is needed""",
     r"sum(s|med)?.*(before|product|multipl|separate)|product.*sum|outer|different examples|same example|x\.T|xᵀ|mix"),
    ("1", "value of y in place of dy", """\
y = x @ W
dW[...] = x.T @ y
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "dW is computed with the output y in place of its gradient dy",
     r"\bdy\b|upstream|output"),
    ("1", "dx without dy", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return np.ones_like(dy) @ W.T""",
     "the upstream gradient dy is missing in dx",
     r"\bdy\b|upstream|chain rule"),
    ("1", "b has slope one", """\
dW[...] = x.T @ dy
db[...] = 1.0
return dy @ W.T""",
     """\
∂y/∂b is 1, but it has to be multiplied by dy and summed over the examples""",
     r"\bdb\b.*(\bdy\b|upstream|sum|constant|all ones|\b1\b)|upstream|∂y/∂b|bias|sum of dy"),
    ("1", "tanh as well", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (dy @ W.T) * (1 - x ** 2)""",
     """\
dx has a factor 1 − x², the slope of a tanh, but this layer has no activation""",
     r"1 ?[−-] ?x|tanh|activation|extra factor|does not belong|linear layer"),
    ("1", "added to what is there", """\
dW += x.T @ dy
db += dy.sum(axis=0)
return dy @ W.T""",
     """\
the gradients are added to the old content of dW and db, not written over it""",
     r"add|overwrit|\+=|old (content|value)|accumul|replace|what (is|was)"),
    ("1", "W trained at once", """\
dx = dy @ W.T
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
W -= 0.01 * dW
return dx""",
     """\
W is changed by a step of gradient descent; the backward pass should leave it alone""",
     r"chang\w*.*W|W.*(chang|modif|alone|overwr)|modif\w*.*W|in place|gradient descent|update|input"),
    ("1", "db from the first example", """\
dW[...] = x.T @ dy
db[...] = dy[0]
return dy @ W.T""",
     """\
db contains only the first example's dy; all examples have to be added up""",
     r"first|sum|all (the )?examples|axis|add|one example|single"),
    ("1", "bias in dx", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (dy - db) @ W.T""",
     "db is subtracted from dy in dx, but b has no influence on ∂y/∂x",
     r"\bdb\b|bias|subtract|only dy|dy @ W|\bdx\b.*(W\.T|Wᵀ)"),
    ("1", "double: factor 2 and no sum", """\
dW[...] = 2 * x.T @ dy
db[...] = dy.mean(axis=0)
return dy @ W.T""",
     "dW has a factor 2 too much, and db is a mean in place of a sum",
     r"2|twice|double|factor|mean|sum|averag"),
    ("1", "earlier 0", """\
dW[...] = x.T @ dy
db[...] = dy.mean(axis=0)
return dy @ W.T""",
     "(from the bank before)",
     r"mean of `dy` is taken, but the sum"),
    ("1", "earlier 1", """\
dW = x.T @ dy
db = dy.sum(axis=0)
return dy @ W.T""",
     "(from the bank before)",
     r"nothing was written there; .*in place"),
    ("1", "earlier 2", "dW[...] = dy.T @ x",
     "(from the bank before)",
     r"reverse of the other: one of the arrays probably needs a transpose"),
    ("1", "earlier 6", """\
dW[...] = x.T @ dy
db[...] = dy[-1]
return dy @ W.T""",
     "(from the bank before)",
     r"from the last example alone"),
    ("1", "earlier 7", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
dy = dy @ W.T""",
     "(from the bank before)",
     r"nothing was returned"),
    ("1", "earlier 8", """\
dy /= len(x)
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return dy @ W.T""",
     "(from the bank before)",
     r"dy was changed in place"),
    ("1", "earlier 9", """\
dW += x.T @ dy
db += dy.sum(axis=0)
return dy @ W.T""",
     "(from the bank before)",
     r"added to what was there"),
    ("1", "earlier 10", """\
dW[...] = x.T @ dy
return dy @ W.T""",
     "(from the bank before)",
     r"nothing was written into db"),
    ("2", "tanh: no square", ("tanh_backward", "return dy * (1 - y)"),
     "y is not squared: tanh' = 1 - y²",
     r"not squar|squar\w* (is )?(missing|forgot)|(missing|forgot|without|lacks?).{0,20}squar|y²|y ?\*\* ?2|y squared"),
    ("2", "tanh: tanh of y", ("tanh_backward", "return dy * (1 - np.tanh(y) ** 2)"),
     "y is tanh(a) already; tanh was applied a second time",
     r"already|twice|second time|again|tanh\(y\)|is (the )?output|output"),
    ("2", "tanh: no upstream", ("tanh_backward", "return 1 - y ** 2"),
     "the upstream gradient dy is missing",
     r"dy|upstream|chain rule"),
    ("2", "tanh: sigmoid's derivative", ("tanh_backward", "return dy * y * (1 - y)"),
     "y (1 - y) is the derivative of the sigmoid, not of tanh",
     r"sigmoid|logistic|1 ?[-−] ?y|y ?\( ?1"),
    ("2", "tanh: parentheses", ("tanh_backward", "return dy * 1 - y ** 2"),
     "the parentheses around 1 - y² are missing: this is dy - y²",
     r"parenthes|bracket|precedence|dy ?[-−] ?y|\(1 ?[-−] ?y"),
    ("2", "tanh: swapped", ("tanh_backward", "return y * (1 - dy ** 2)"),
     "dy and y changed places",
     r"swap|places|exchang|mixed up|dy ?\*\* ?2|dy²|roles|wrong way|instead of y|confus"),
    ("2", "tanh: matrix product", ("tanh_backward", "return dy @ (1 - y ** 2).T"),
     "a matrix product was taken; the chain rule is elementwise here",
     r"element|matrix|@|shape|matmul"),
    ("2", "tanh: summed", ("tanh_backward", """\
da = dy * (1 - y ** 2)
return da.sum(axis=0)"""),
     "there is no sum: each y depends on its own a, so da is (N, O)",
     r"sum|shape|\(N, O\)"),
    ("2", "tanh: power with a hat", ("tanh_backward", "return dy * (1 - y ^ 2)"),
     "^ is the bitwise xor in Python; powers are **",
     r"\^|xor|\*\*|bitwise|ufunc|TypeError|power"),
    ("2", "tanh: doubled y", ("tanh_backward", "return dy * (1 - 2 * y)"),
     "y² was turned into 2y: y is doubled and not squared",
     r"2 ?·? ?\*? ?y\b|doubl|2y|squar|twice y"),
    ("2", "tanh: no return", ("tanh_backward", "dy * (1 - y ** 2)"),
     "nothing is returned",
     r"return|None"),
    ("2", "relu: times y", ("relu_backward", "return dy * y"),
     "dy was multiplied by relu's output; its derivative is 1 or 0",
     r"0 or 1|1 or 0|0/1|mask|multiplied by (relu'?s? )?(the )?(output|y\b)|y itself|is (the )?output|not its derivative|slope"),
    ("2", "relu: no upstream", ("relu_backward", "return np.where(y > 0, 1.0, 0.0)"),
     "the upstream gradient dy is missing",
     r"dy|upstream|chain rule"),
    ("2", "relu: mask of dy", ("relu_backward", "return np.where(dy > 0, dy, 0)"),
     "the mask was made from dy and not from y",
     r"(mask|condition|where|compar|sign|test|made|decid|depend|>).{0,40}\bdy\b|\bdy\b ?> ?0|\bdy\b.{0,30}(instead|in place|not)|upstream.{0,40}(mask|sign|negative|> ?0)|negative.{0,30}(dy|upstream|gradient)|y and not dy|y, not dy"),
    ("2", "relu: zero included", ("relu_backward", "return dy * (y >= 0)"),
     """\
y >= 0 is always true: where relu is off y is 0, and there the gradient must be 0""",
     r">=|≥|at (0|zero)|y ?(=|==|is) ?0|kink|always|everywhere|inactive|off|strict|y ?> ?0"),
    ("2", "relu: swapped branches", ("relu_backward", "return np.where(y > 0, 0, dy)"),
     "the two branches are swapped: the gradient passes where relu is off",
     r"swap|branch|revers|invert|wrong way|opposite|flip|inactive|is off|where y (is|=|==) ?0|exchang"),
    ("2", "relu: selected elements", ("relu_backward", "return dy[y > 0]"),
     """\
indexing with the mask leaves a flat array of the active elements; the shape (N, O) is lost""",
     r"shape|flat|1-?d|index|select|\(N, O\)"),
    ("2", "relu: leaky", ("relu_backward", "return np.where(y > 0, dy, 0.01 * dy)"),
     "this is the leaky relu: below 0 the slope should be 0 and not 0.01",
     r"leaky|0\.01|slope|should be (0|zero)|must be (0|zero)|inactive|off"),
    ("2", "relu: half at the kink", ("relu_backward", "return dy * np.heaviside(y, 0.5)"),
     "where y is 0 the derivative is taken as ½ and not as 0",
     r"half|½|0\.5|kink|at (0|zero)|y ?(=|==|is) ?0|inactive|off"),
    ("2", "relu: if on an array", ("relu_backward", """\
if y > 0:
    return dy
else:
    return 0"""),
     """\
if needs one truth value, y > 0 is an array of them: np.where or a product with the mask is needed""",
     r"ambiguous|truth|\bif\b|np\.where"),
    ("2", "double: tanh: no square, no upstream", ("tanh_backward", "return 1 - y"),
     "y is not squared, and the upstream gradient is missing",
     r"squar|y ?\*\* ?2|y²|dy|upstream|chain"),
    ("2", "double: relu: zero included, mean", ("relu_backward", """\
mask = (y >= 0).astype(float)
return mask * dy / len(dy)"""),
     "the mask is 1 also where y is 0, and it was divided by N",
     r">=|≥|at (0|zero)|kink|y ?> ?0|inactive|mean|averag|divi|\bN\b"),
    ("2", "double: relu: relu of dy times y", ("relu_backward", "return np.maximum(dy, 0) * y"),
     """\
relu was applied to dy, which loses its negative values, and the factor is y instead of 1 or 0""",
     r"dy|negative|upstream|sign|derivative|0 or 1|1 or 0|y ?> ?0|output"),
    ("2", "double: tanh: parentheses, tanh of y", ("tanh_backward", "return dy * 1 - np.tanh(y) ** 2"),
     """\
the parentheses around 1 - y² are missing, and tanh was applied to y, which is its output already""",
     r"parenthes|bracket|precedence|already|twice|again|second time|tanh\(y\)|output"),
    ("2", "double: relu: zero included, no upstream", ("relu_backward", "return np.where(y >= 0, 1.0, 0.0)"),
     """\
the mask is 1 also where y is 0, and the upstream gradient dy is missing""",
     r">=|≥|at (0|zero)|kink|y ?> ?0|inactive|dy|upstream|chain"),
    ("2", "tanh of tanh", ("tanh_backward", """\
t = np.tanh(y)
return dy * (1 - t * t)"""),
     "y is already tanh(a); tanh is applied a second time",
     r"already|twice|second time|again|y \*\* 2|y²|tanh\(y\)|output"),
    ("2", "bracket around 1 - y", ("tanh_backward", "return dy * (1 - y) ** 2"),
     "the square is outside the bracket: (1 − y)² instead of 1 − y²",
     r"bracket|parenthes|square|1\s*[-−]\s*y"),
    ("2", "sigmoid rule", ("tanh_backward", "return dy * y * (1 - y)"),
     "y (1 − y) is the derivative of the sigmoid, not of tanh",
     r"sigmoid|logistic|1\s*[-−]\s*y"),
    ("2", "no bracket", ("tanh_backward", "return dy * 1 - y ** 2"),
     """\
the bracket is missing: dy multiplies only the 1, and y² is subtracted without dy""",
     r"bracket|parenthes|precedence|only the 1|both terms|dy .*(only|first)|y² (is|was)|also"),
    ("2", "inverse function", ("tanh_backward", """\
slope = 1.0 / (1.0 - np.square(y))
return slope * dy"""),
     """\
divided by 1 − y² instead of multiplied: that is the derivative of the inverse, artanh""",
     r"divid|inverse|reciprocal|multipl|1/|artanh|arctanh"),
    ("2", "tanh local slope only", ("tanh_backward", """\
out = np.empty_like(y)
out[...] = 1 - y ** 2
return out"""),
     "the upstream gradient dy is missing",
     r"upstream|dy (is )?(missing|not used|forgotten|left out)|without dy|chain rule|(missing|forgot\w*|multipl\w*|factor) (by |with )?(the )?dy"),
    ("2", "tanh from dy", ("tanh_backward", "return y * (1 - dy ** 2)"),
     "dy and y are swapped",
     r"swap|exchang|mixed|wrong (way|order|variable)|roles?|dy² |dy \*\* ?2|square of dy|places|1\s*[-−]\s*dy"),
    ("2", "matrix product", ("tanh_backward", "return dy @ (1 - y ** 2).T"),
     "a matrix product where the elementwise product belongs",
     r"elementwise|element-wise|element by element|matrix|shape|@|\*"),
    ("2", "sqrt slope", ("tanh_backward", "return dy * np.sqrt(1 - y ** 2)"),
     "the root is too much: tanh′ is 1 − y², not its square root",
     r"root|sqrt|1\s*[-−]\s*y|power|square"),
    ("2", "tanh sum", ("tanh_backward", "return (dy * (1 - y ** 2)).sum(axis=0)"),
     """\
summed over the batch, but every y depends on its own a only: the result is (N, O)""",
     r"sum|shape|axis"),
    ("2", "relu value", ("relu_backward", "return dy * np.maximum(0, y)"),
     """\
dy is multiplied by relu itself (y) and not by its derivative, which is 1 where y > 0""",
     r"derivative|slope|value of|by y\b|times y|itself|1 where|mask|0 or 1"),
    ("2", "relu of dy", ("relu_backward", "return np.where(dy > 0, dy, 0)"),
     "the mask is taken from the sign of dy and not from y",
     r"dy\s*>\s*0|sign of dy|negative (dy|gradient|upstream)|(taken )?from dy|of dy|y\s*>\s*0|where y|depend on y, not on dy"),
    ("2", "negative only", ("relu_backward", """\
da = dy.copy()
da[y < 0] = 0
return da"""),
     """\
y is never below 0: the test has to be y <= 0, otherwise everything passes""",
     r"never|<=|≤|>\s*0|kink|y = 0|y == 0|zero|everything passes|passes through|where y|mask"),
    ("2", "boolean picks", ("relu_backward", "return dy[y > 0]"),
     """\
indexing with the mask gives a flat, shorter array; the other elements have to be 0""",
     r"shape|flat|index|mask|1-?d|one axis|short"),
    ("2", "if on an array", ("relu_backward", """\
if y > 0:
    return dy
else:
    return 0"""),
     """\
if cannot decide about a whole array: its truth value is ambiguous; use a mask or np.where""",
     r"truth|ambiguous|whole array|np\.where|mask|elementwise|if "),
    ("2", "guided", ("relu_backward", "return dy * (y > 0) * (dy > 0)"),
     """\
negative upstream gradients are cut as well; only the sign of y decides""",
     r"dy\s*>\s*0|negative|sign of dy|only y|of y|y\s*>\s*0|extra"),
    ("2", "leaky", ("relu_backward", "return np.where(y > 0, dy, 0.01 * dy)"),
     "that is the leaky relu: for a ≤ 0 the derivative is 0",
     r"leaky|0\.01|zero|\b0\b|slope"),
    ("2", "step only", ("relu_backward", "return 1.0 * (y > 0)"),
     """\
the upstream gradient dy is missing: only the derivative of relu is returned""",
     r"upstream|dy (is )?(missing|not used|forgotten|left out)|without dy|chain rule|(missing|forgot\w*|multipl\w*|factor) (by |with )?(the )?dy"),
    ("2", "double: no dy, sign", ("tanh_backward", "return y ** 2 - 1"),
     "dy is missing, and the sign is wrong",
     r"dy|upstream|sign|minus|negat"),
    ("2", "double: relu inverted, no dy", ("relu_backward", "return (y <= 0).astype(float)"),
     "the mask is the wrong way round, and dy is missing",
     r"dy|upstream|way round|invert|revers|opposite|y\s*>\s*0|mask"),
    ("2", "double: tanh of tanh, sign", ("tanh_backward", "return dy * (np.tanh(y) ** 2 - 1)"),
     "tanh is taken of y, which already is a tanh, and the sign is wrong",
     r"already|twice|second|again|y²|y \*\* 2|sign|minus|negat"),
    ("2", "relu places changed", ("relu_backward", "return y * (dy > 0)"),
     "dy and y have changed places: the mask belongs to y, the value to dy",
     r"swap|places|exchang|dy\s*>\s*0|sign of dy|by y\b|times y|roles?|mask"),
    ("2", "tanh: not squared", ("tanh_backward", "return dy * (1 - y)"),
     "the square of y is missing",
     r"squar|y ?²|\*\* ?2|1 ?[−-] ?y"),
    ("2", "tanh: slope differentiated again", ("tanh_backward", "return -2 * y * dy"),
     "1 − y² is the derivative already; it is differentiated once more",
     r"[−-] ?2 ?\*? ?y|second deriv|once more|again|already|1 ?[−-] ?y"),
    ("2", "tanh: slope of artanh", ("tanh_backward", "return dy / (1 - y ** 2)"),
     """\
division in place of multiplication: this is the derivative of the inverse function""",
     r"divi|multipl|inverse|artanh|arctanh|1 ?/"),
    ("2", "tanh: squares dy", ("tanh_backward", "return dy * (1 - dy ** 2)"),
     "dy is used in place of y in the slope",
     r"(y|output).*(in place|instead|not dy|rather)|dy.*(in place of y|instead of y|squar)|wrong variable|1 ?[−-] ?y ?(²|\*\*)|depends? on y|`dy` is used where `y`"),
    ("2", "tanh: in place", ("tanh_backward", """\
dy *= 1 - y ** 2
return dy"""),
     "the caller's array dy is changed",
     r"in place|chang|modif|caller|overwr|input"),
    ("2", "tanh: plus", ("tanh_backward", "return dy * (1 + y * y)"),
     "the sign of y² is wrong: 1 − y²",
     r"sign|1 ?[−-] ?y|plus|minus|has to be subtracted"),
    ("2", "relu: zeros written into dy", ("relu_backward", """\
dy[y == 0] = 0
return dy"""),
     "the caller's array dy is changed",
     r"in place|chang|modif|caller|overwr|input|copy"),
    ("2", "relu: half at zero", ("relu_backward", "return dy * np.heaviside(y, 0.5)"),
     "the slope at 0 is ½ here; it should be 0",
     r"½|0\.5|half|at 0|y ?= ?0|zero"),
    ("2", "double: relu: if on the sum, no dy", ("relu_backward", "return np.ones_like(y) if y.sum() > 0 else np.zeros_like(y)"),
     """\
one decision for the whole array, and the upstream gradient dy is missing""",
     r"\bdy\b|upstream|each element|elementwise|whole|sum|mask|y ?> ?0"),
    ("2", "earlier 11", ("relu_backward", """\
dy[y <= 0] = 0
return dy"""),
     "(from the bank before)",
     r"dy was changed in place"),
    ("2", "earlier 14", ("relu_backward", "return dy * y"),
     "(from the bank before)",
     r"multiplied by y, but the slope is 1 where y > 0"),
    ("2", "earlier 15", ("relu_backward", "return dy"),
     "(from the bank before)",
     r"factor `y > 0` is missing|y > 0 is needed"),
    ("2", "earlier 16", ("tanh_backward", "return dy * (1 - y)"),
     "(from the bank before)",
     r"`y` is used where `y .. 2` is needed"),
    ("3", "no tanh", """\
for i in reversed(range(len(layers))):
    W, b = layers[i]
    dW, db = grads[i]
    dy = linear_backward(dy, inputs[i], W, dW, db)
return dy""",
     "the derivative of tanh between the layers is missing",
     r"(tanh|activation).{0,60}(missing|forgot\w*|left out|lack\w*|without|absent|not multiplied|no factor|dropp?ed|multipl\w*|include|need\w*)|(missing|forgot\w*|left out|lack\w*|without|absent|not multiplied|no factor|dropp?ed|multipl\w*|include|need\w*).{0,60}(tanh|activation)"),
    ("3", "tanh for x too", """\
for i in range(len(layers) - 1, -1, -1):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
tanh_backward is also applied at the first layer, but its input x is not the output of a tanh""",
     r"first layer|\bx\b.{0,30}(not|no|tanh)|one too many|not (the output of )?a tanh|layer 0|i ?> ?0|once too often|one tanh too|\bx is"),
    ("3", "tanh before the linear layer", """\
for i in reversed(range(len(layers))):
    dy = tanh_backward(dy, inputs[i])
    dy = linear_backward(dy, inputs[i], layers[i][0], grads[i][0], grads[i][1])
return dy""",
     """\
the order is wrong: tanh_backward comes after linear_backward, because inputs[i] is the output of the tanh before layer i""",
     r"order|before|after|shape|broadcast"),
    ("3", "forward order", """\
for i in range(len(layers)):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i < len(layers) - 1:
        dy = tanh_backward(dx, inputs[i])
return dx""",
     "the layers are gone through forwards and not in reverse",
     r"revers|backward|last layer|forward|order|direction|shape|mismatch"),
    ("3", "dy not passed on", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dx = tanh_backward(dx, inputs[i])
return dx""",
     "the result is not passed on: each layer gets the dy of the last one",
     r"pass|dy|next|same|shape|mismatch|each layer|updated?|reassign|last layer"),
    ("3", "no return", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dx, inputs[i])""",
     "dx is not returned",
     r"return|None"),
    ("3", "stops before layer 0", """\
for i in range(len(layers) - 1, 0, -1):
    W, _ = layers[i]
    dW, db = grads[i]
    dy = tanh_backward(linear_backward(dy, inputs[i], W, dW, db), inputs[i])
return dy""",
     "the loop stops before layer 0, so that the first layer is left out",
     r"layer 0|first layer|stop|range|one too (early|few)|left out|missing|skip|shape|off.by.one|grads\[0\]"),
    ("3", "inputs one too early", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i - 1], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dx, inputs[i])
return dx""",
     """\
the index is off by one: the input of layer i is inputs[i] and not inputs[i - 1]""",
     r"index|off.by.one|inputs\[i|i ?[-−] ?1|shape|mismatch|wrong input"),
    ("3", "inputs not reversed", """\
for k, ((W, b), y, (dW, db)) in enumerate(zip(reversed(layers), inputs, reversed(grads))):
    dy = linear_backward(dy, y, W, dW, db)
    if k < len(layers) - 1:
        dy = tanh_backward(dy, y)
return dy""",
     "layers and grads are reversed, but the inputs are not",
     r"revers|order|inputs|shape|mismatch|index"),
    ("3", "grads not reversed", """\
for k, i in enumerate(reversed(range(len(layers)))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[k])
    if i > 0:
        dy = tanh_backward(dx, inputs[i])
return dx""",
     """\
the gradients are written in the wrong places: grads is not reversed with the layers""",
     r"revers|order|grads|wrong (layer|place)|shape|broadcast|index"),
    ("3", "new grads", """\
grads = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
grads is replaced by a new list: nothing is written into the arrays that were passed""",
     r"grads|new list|written|write|name|unchanged|passed|fill"),
    ("3", "dy and y swapped", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(inputs[i], dx)
return dx""",
     """\
the arguments of tanh_backward are swapped: first the gradient, then the output""",
     r"swap|order of|argument|exchang|places|wrong way (a)?round|wrong order|mixed up"),
    ("3", "tanh again", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dx, tanh(inputs[i]))
return dx""",
     """\
inputs[i] is the tanh's output already; tanh was applied to it once more""",
     r"already|again|once more|twice|second time|output|tanh\("),
    ("3", "relu instead of tanh", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = dx * (inputs[i] > 0)
return dx""",
     "the derivative is relu's, but the activation is tanh",
     r"relu|> ?0|mask|activation|tanh'?s? derivative|1 ?[-−] ?y"),
    ("3", "two layers by hand", """\
(W0, b0), (W1, b1) = layers
d = linear_backward(dy, inputs[1], W1, *grads[1])
return linear_backward(tanh_backward(d, inputs[1]), inputs[0], W0, *grads[0])""",
     "this fits exactly two layers; there may be any number",
     r"any number|number of layers|two layers|unpack|too many values|more layers|three|loop|general"),
    ("3", "zip from the back", """\
for (W, b), y, (dW, db) in reversed(zip(layers, inputs, grads)):
    dy = linear_backward(dy, y, W, dW, db)
    if y is not inputs[0]:
        dy = tanh_backward(dy, y)
return dy""",
     "a zip cannot be reversed: make a list of it first",
     r"zip|revers|list\("),
    ("3", "first tanh left out", """\
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 1:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
the tanh after the first layer is left out: the condition should be i > 0""",
     r"i ?> ?0|i ?> ?1|y₁|inputs\[1\]|first (tanh|hidden|layer|activation)|(one|a) tanh.{0,30}(missing|left out|skipp)|condition"),
    ("3", "returns the tanh's gradient", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dx, inputs[i])
return dy""",
     """\
dy is returned, the gradient at the first layer's output, and not dx, that for its input""",
     r"\bdx\b|wrong variable|first layer'?s? output|output of (the )?(first layer|layer 0)|\bdy\b.{0,30}return|return.{0,30}\bdy\b|shape|instead of (that|the one) for"),
    ("3", "weights moved", """\
for i in reversed(range(len(layers))):
    W, b = layers[i]
    dW, db = grads[i]
    dx = linear_backward(dy, inputs[i], W, dW, db)
    W -= 0.01 * dW
    b -= 0.01 * db
    if i > 0:
        dy = tanh_backward(dx, inputs[i])
return dx""",
     """\
the weights are changed by a gradient step; only the gradients are asked""",
     r"weight|step|updat|chang|modif|layers|descent|learning"),
    ("3", "recursion forgets the result", """\
W, b = layers[-1]
dx = linear_backward(dy, inputs[-1], W, *grads[-1])
if len(layers) > 1:
    mlp_backward(tanh_backward(dx, inputs[-1]), inputs[:-1], layers[:-1], grads[:-1])
return dx""",
     """\
what the recursive call returns is dropped, so the gradient of the last layer's input is returned and not that of x""",
     r"return|recurs|dropped|discard|last layer|shape|\bx\b|dx"),
    ("3", "double: no tanh, two layers only", """\
(W0, b0), (W1, b1) = layers[0], layers[-1]
dh = linear_backward(dy, inputs[-1], W1, *grads[-1])
return linear_backward(dh, inputs[0], W0, *grads[0])""",
     """\
tanh's derivative is missing, and only the first and the last layer are done""",
     r"tanh|activation|layers|middle|between|any number|shape|mismatch"),
    ("3", "double: tanh for x too, no return", """\
for i in range(len(layers) - 1, -1, -1):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    dy = tanh_backward(dy, inputs[i])""",
     "tanh is also undone for x, and nothing is returned",
     r"return|None|\bx\b|input|tanh"),
    ("3", "double: mean and no square", """\
for i in reversed(range(len(layers))):
    dx = linear_backward(dy / len(dy), inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = dx * (1 - inputs[i])
return dx""",
     """\
at each layer it is divided by N, and the square of tanh's derivative is missing""",
     r"mean|averag|divi|\bN\b|batch|squar|y²|\*\* ?2|1 ?[-−] ?y|tanh"),
    ("3", "double: relu, for x too", """\
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    dy = dy * (inputs[i] > 0)
return dy""",
     """\
the derivative is relu's and not tanh's, and it is also applied at the input x""",
     r"relu|tanh|activation|\bx\b|first layer|i ?> ?0"),
    ("3", "double: new grads, first tanh left out", """\
own = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *own[i])
    if i > 1:
        dy = tanh_backward(dy, inputs[i])
grads = own
return dy""",
     """\
the gradients go into a new list and not into the arrays of grads, and the first tanh is left out""",
     r"grads|new list|written|unchanged|tanh|i ?> ?0|i ?> ?1"),
    ("3", "tanh at the input too", """\
for k in range(len(layers) - 1, -1, -1):
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    dy = tanh_backward(dy, inputs[k])
return dy""",
     """\
the tanh derivative is applied to the network's input x as well, which never went through a tanh""",
     r"input x|first layer|inputs\[0\]|network'?s input|never went|no tanh (before|in front|at)|one (too many|tanh)|once too|to x\b|x (itself|is|has)|last step|dx"),
    ("3", "no tanh again", """\
for inp, (W, b), (dW, db) in zip(inputs[::-1], layers[::-1], grads[::-1]):
    dy = linear_backward(dy, inp, W, dW, db)
return dy""",
     "the derivative of tanh between the layers is missing",
     r"tanh|activation|1\s*[-−]\s*y²|1\s*[-−]\s*y \*\*"),
    ("3", "tanh one off", """\
for k in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    if k > 0:
        dy = tanh_backward(dy, inputs[k - 1])
return dy""",
     """\
tanh_backward gets the inputs of the layer before: the index is one too small""",
     r"inputs\[k\]|index|off by one|k\s*[-−]\s*1|wrong (layer|input|output|y)|shape|mismatch|broadcast|layer before|one too"),
    ("3", "walks forwards", """\
for k, (W, b) in enumerate(layers):
    dW, db = grads[k]
    dy = linear_backward(dy, inputs[k], W, dW, db)
    if k < len(layers) - 1:
        dy = tanh_backward(dy, inputs[k + 1])
return dy""",
     """\
the loop goes through the layers forwards; the chain rule walks from the last one to the first""",
     r"revers|backwards?|last (layer|one)|order|shape|mismatch|forwards?"),
    ("3", "dy never handed on", """\
for k in reversed(range(len(layers))):
    W, b = layers[k]
    dx = linear_backward(dy, inputs[k], W, *grads[k])
    if k:
        dx = tanh_backward(dx, inputs[k])
return dx""",
     """\
dy stays the gradient of the last output; each layer has to get the dx of the layer above""",
     r"handed on|pass\w* on|hand\w* (it )?on|same dy|dy (stays|is never|is not|has to)|update|shape|mismatch|layer above|next|original"),
    ("3", "first layer left out", """\
for k in range(len(layers) - 1, 0, -1):
    dy = linear_backward(dy, inputs[k], layers[k][0], grads[k][0], grads[k][1])
    dy = tanh_backward(dy, inputs[k])
return dy""",
     """\
range stops before 0: the first layer gets no gradients, and dx is that of y₁""",
     r"first layer|layer 0|stops|range|not filled|grads\[0\]|shape|W₀|W0|y₁"),
    ("3", "linear first then own tanh", """\
for k in reversed(range(len(layers))):
    if k < len(layers) - 1:
        dy = dy * (1 - np.tanh(inputs[k + 1]) ** 2)
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
return dy""",
     """\
inputs[k + 1] is already the tanh's output; tanh is applied to it once more""",
     r"already|twice|again|once more|second|tanh\(|output|tanh of tanh"),
    ("3", "gradients into new arrays", """\
for k in reversed(range(len(layers))):
    W, b = layers[k]
    dW, db = np.zeros_like(W), np.zeros_like(b)
    dx = linear_backward(dy, inputs[k], W, dW, db)
    dy = tanh_backward(dx, inputs[k])
return dx""",
     """\
the gradients are written into new arrays and thrown away; grads stays as it was""",
     r"grads|new array|thrown away|not (filled|written)|written into|write into|unchanged"),
    ("3", "biases left out", """\
for k in reversed(range(len(layers))):
    W = layers[k][0]
    grads[k][0][...] = inputs[k].T @ dy
    dx = dy @ W.T
    dy = dx * (1 - inputs[k] ** 2)
return dx""",
     "the biases' gradients db are never written",
     r"bias|db|grads\[k\]\[1\]|not (filled|written)"),
    ("3", "returned inside", """\
for k in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    if k:
        dy = tanh_backward(dx, inputs[k])
    return dx""",
     "return is inside the loop: only the last layer is done",
     r"inside the loop|in the loop|indent|only the last|last layer|early|shape|other layers|not (filled|written)|remaining"),
    ("3", "mask of relu", """\
for k in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    dy = dx * (inputs[k] > 0)
return dx""",
     "the derivative of relu is used, but the activation is tanh",
     r"relu|mask|\(y > 0\)|> 0|tanh′|1\s*[-−]\s*y"),
    ("3", "tanh arguments swapped", """\
for k in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    dy = tanh_backward(inputs[k], dx)
return dx""",
     "the two arguments of tanh_backward are swapped: dy comes first, then y",
     r"swap|order|arguments?|exchang|first"),
    ("3", "tanh after the last layer", """\
n = len(layers)
dy = dy * (1 - linear(inputs[-1], *layers[-1]) ** 2)
for k in reversed(range(n)):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    if k:
        dy = tanh_backward(dx, inputs[k])
return dx""",
     """\
there is no tanh after the last layer, but its derivative was applied to the output""",
     r"last layer|no tanh|none after|output|after the last|extra"),
    ("3", "inputs not reversed again", """\
dx = dy
for (W, b), inp, (dW, db) in zip(reversed(layers), inputs, reversed(grads)):
    dx = linear_backward(dx, inp, W, dW, db)
    dx = tanh_backward(dx, inp)
return dx""",
     """\
layers and grads are reversed but inputs is not, so the wrong inputs are paired with them""",
     r"revers|inputs|paired|order|shape|mismatch|wrong input"),
    ("3", "returns the last dy", """\
for k in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    if k:
        dy = tanh_backward(dx, inputs[k])
return dy""",
     "dy of the first layer's output is returned instead of dx",
     r"dx|return|wrong (variable|array)|shape|instead of"),
    ("3", "double: mean over batch, no tanh", """\
dy = dy / len(dy)
for k in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
return dy""",
     """\
dy is divided by N although the mean is already in it, and the tanh derivative is missing""",
     r"N\b|mean|batch|divid|tanh|activation"),
    ("3", "slope instead of product", """\
for k in reversed(range(len(layers))):
    dx = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    dy = 1 - inputs[k] ** 2
return dx""",
     "the derivative of tanh is not multiplied by dx: the chain is cut there",
     r"multipl|dx|upstream|chain|product|cut|replac|factor|lost|`dy` is missing"),
    ("3", "shrinking list", """\
while layers:
    W, b = layers.pop()
    dW, db = grads.pop()
    y = inputs.pop()
    dx = linear_backward(dy, y, W, dW, db)
    dy = tanh_backward(dx, y)
return dx""",
     "pop() empties the caller's lists layers, grads and inputs",
     r"pop|empt|list|in place|input|changed|modif"),
    ("3", "output subtracted", """\
dy = dy - linear(inputs[-1], *layers[-1])
for k in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k])
    if k:
        dy = tanh_backward(dy, inputs[k])
return dy""",
     """\
the output was subtracted from dy; dy already is the gradient and has to be used as it is""",
     r"already|output|subtract|as it is|squared|target|dy is (the|already)|changed dy|dy (itself|was|is)"),
    ("3", "double: slope 1 - y, on x too", """\
for k in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[k], layers[k][0], *grads[k]) * (1 - inputs[k])
return dy""",
     """\
the slope of tanh is 1 − y² and not 1 − y, and the network's input x has no tanh""",
     r"squar|1\s*[-−]\s*y|y²|\*\* ?2|tanh|slope|input x|first layer|inputs\[0\]"),
    ("3", "double: no biases, no tanh", """\
for k in range(len(layers) - 1, -1, -1):
    grads[k][0][...] = inputs[k].T @ dy
    dy = dy @ layers[k][0].T
return dy""",
     """\
the biases' gradients are not written, and the derivative of tanh is missing""",
     r"bias|db|tanh|activation|1\s*[-−]\s*y"),
    ("3", "from the first to the last", """\
for (W, b), (dW, db), x in zip(layers, grads, inputs):
    dy = linear_backward(dy, x, W, dW, db)
    if x is not inputs[0]:
        dy = tanh_backward(dy, x)
return dy""",
     """\
the layers are gone through from the first to the last; the backward pass starts at the last""",
     r"revers|order|last (layer|to|one)|starts? at|from the end|shape|mismatch|broadcast"),
    ("3", "off by one in the tanh", """\
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dy, inputs[i - 1])
return dy""",
     """\
the input of layer i is inputs[i], so this one belongs to tanh_backward, not inputs[i − 1]""",
     r"inputs\[i\]|index|off by one|i ?[−-] ?1|one (layer )?too|wrong (input|layer)|shape|broadcast|belongs"),
    ("3", "divided by N in each layer", """\
N = len(dy)
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i]) / N
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
dx is divided by N at each layer; the mean, if any, belongs to the loss""",
     r"\bN\b|divi|mean|scal|factor|batch|number of examples"),
    ("3", "returned in the loop", """\
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i == 0:
        break
    dy = tanh_backward(dy, inputs[i])
    return dy""",
     "the return is inside the loop, so only the last layer is done",
     r"return|loop|indent|only|last layer|first layer|other layers|earlier layers|not (filled|written)"),
    ("3", "weights updated on the way", """\
for i in reversed(range(len(layers))):
    W, b = layers[i]
    dW, db = grads[i]
    dy = linear_backward(dy, inputs[i], W, dW, db)
    W -= 0.1 * dW
    b -= 0.1 * db
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
the weights of the layers are changed; the backward pass should only compute gradients""",
     r"chang|modif|weights|layers|update|in place|gradient descent"),
    ("3", "layers reversed, inputs not", """\
for i, (W, b) in enumerate(reversed(layers)):
    dW, db = grads[i]
    dy = linear_backward(dy, inputs[i], W, dW, db)
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     """\
the layers are reversed, but i still counts inputs and grads from the front""",
     r"revers|order|index|count|belong|shape|mismatch|last"),
    ("3", "dx of linear_backward thrown away", """\
for i in reversed(range(len(layers))):
    linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy""",
     "the gradient that linear_backward returns is thrown away",
     r"return|thrown|assign|kept|keep|lost|linear_backward|shape|dx"),
    ("3", "double: no tanh and no first layer", """\
for i in range(len(layers) - 1, 0, -1):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
return linear_backward(dy, inputs[0], layers[0][0], np.empty_like(layers[0][0]), np.empty_like(layers[0][1]))""",
     """\
tanh_backward is missing, and the gradients of the first layer are not written into grads[0]""",
     r"tanh|first layer|layer 0|grads\[0\]|grads|not (filled|written)"),
    ("3", "earlier 17", """\
for i in reversed(range(len(layers))):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
return dy""",
     "(from the bank before)",
     r"the derivative of tanh is left out"),
    ("3", "earlier 18", """\
for i in reversed(range(len(layers))):
    dy = tanh_backward(linear_backward(dy, inputs[i], layers[i][0], *grads[i]), inputs[i])
return dy""",
     "(from the bank before)",
     r"x is not the output of a tanh"),
    ("4", "sign", """\
dx_hat = 2 * (x - x_hat) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the sign is reversed: the derivative with respect to x̂ is 2 (x̂ - x)/N""",
     r"sign|minus|negative|x̂ ?[-−] ?x|x_hat ?[-−] ?x|wrong way (a)?round|[-−]1"),
    ("4", "no 2", """\
N = x.shape[0]
dz = mlp_backward((x_hat - x) / N, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the factor 2 of the square's derivative is missing",
     r"\b2\b|two|twice|half|½|0\.5|factor"),
    ("4", "no N", """\
dx_hat = 2 * (x_hat - x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "1/N is missing: the loss is a mean over the batch",
     r"\bN\b|mean|averag|batch|len\(x\)|number of examples"),
    ("4", "divided by all numbers", """\
dx_hat = 2 * (x_hat - x) / x.size
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
it was divided by N·D: over the pixels the loss is a sum and not a mean""",
     r"size|pixel|\bD\b|sum|mean|too small"),
    ("4", "the error squared", """\
dx_hat = (x_hat - x) ** 2 / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the squared error itself was passed, not its derivative",
     r"squar|derivative|\*\* ?2|2 ?\*? ?\(|loss itself|the error itself"),
    ("4", "encoder missing", """\
dx_hat = 2 * (x_hat - x) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     "the encoder is left out: model.encoder_grads is not filled",
     r"encoder"),
    ("4", "encoder gets dx_hat", """\
dx_hat = 2 * (x_hat - x) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dx_hat, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the encoder gets ∂loss/∂x̂ instead of the dz that the decoder's mlp_backward returns""",
     r"\bdz\b|(decoder'?s? input|through the decoder|what .*return)|shape|mismatch|∂loss/∂z|gradient (for|of|at) (the )?(code|z\b)"),
    ("4", "encoder first", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
mlp_backward(dz, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     "the order is reversed: backwards the decoder comes first",
     r"order|first|revers|decoder|shape|mismatch"),
    ("4", "grads swapped", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.encoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.decoder_grads, "tanh")""",
     "the gradients are written into the wrong network's list",
     r"grads|swap|wrong|shape|broadcast|exchang"),
    ("4", "z for dz", """\
dx_hat = 2 * (x_hat - x) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
z = decoder_inputs[0]
mlp_backward(z, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the code z itself was passed to the encoder and not the gradient dz",
     r"\bdz\b|code itself|\bz (itself|is|was|instead|and not)|the code\b.{0,40}(not|instead|passed)|∂loss/∂z|returned by"),
    ("4", "tanh at the code", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
z = decoder_inputs[0]
mlp_backward(dz * (1 - z ** 2), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "a tanh was assumed at the code z: the encoder's last layer has none",
     r"tanh.{0,40}(code|z\b|last|extra|too many|assum|none)|1 ?[-−] ?z|(code|z\b|last|extra|none).{0,40}(tanh|activation)"),
    ("4", "sigmoid at the output", """\
dx_hat = 2 * (x_hat - x) / len(x) * x_hat * (1 - x_hat)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "a sigmoid was assumed at the output; x̂ comes out of a linear layer",
     r"sigmoid|x̂ ?\*? ?\(1|x_hat ?\*? ?\(1|extra|linear|activation|1 ?[-−] ?x"),
    ("4", "derivative with respect to x", """\
dx = 2 * (x - x_hat) / x.shape[0]
dz = mlp_backward(-dx, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(-dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the sign is reversed a second time before the encoder: its gradient is negative""",
     r"sign|minus|negative|[-−]1|[-−]dz"),
    ("4", "mean over the batch first", """\
dx_hat = 2 * (x_hat - x).mean(axis=0, keepdims=True)
dx_hat = np.repeat(dx_hat, len(x), axis=0) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the errors were averaged over the batch: each example has its own gradient""",
     r"averag|mean|own|each example|per example|same for (all|each|every)|batch|axis"),
    ("4", "summed over the pixels", """\
dx_hat = 2 * (x_hat - x).sum(axis=1, keepdims=True) / len(x) * np.ones_like(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the errors were summed over the pixels: each pixel has its own gradient""",
     r"sum|pixel|own|each|axis|same for (all|each|every)"),
    ("4", "one number passed", """\
loss = ((x - x_hat) ** 2).sum(axis=1).mean()
dz = mlp_backward(loss, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the loss, one number, was passed instead of its derivative with respect to x̂, (N, D)""",
     r"loss|derivative|number|scalar|shape|\(N, D\)|matmul|dimension|float"),
    ("4", "grads assigned", """\
dx_hat = 2 * (x_hat - x) / len(x)
model.decoder_grads = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
model.encoder_grads = mlp_backward(model.decoder_grads, encoder_inputs, model.encoder,
                                   model.encoder_grads, "tanh")""",
     """\
mlp_backward returns dx; the lists of gradients of the model were overwritten with it""",
     r"return|overwrit|replac|assign|grads|list|dx"),
    ("4", "inputs and layers swapped", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, model.decoder, decoder_inputs, model.decoder_grads, "tanh")
mlp_backward(dz, model.encoder, encoder_inputs, model.encoder_grads, "tanh")""",
     """\
the arguments are in the wrong order: first the inputs, then the layers""",
     r"order|argument|swap|unpack|inputs|layers|too many values|tuple|shape|type"),
    ("4", "relu", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "relu")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "relu")""",
     "the activation is tanh, but the way back is that of relu",
     r"relu|tanh|activation"),
    ("4", "N divided twice", """\
N = len(x)
dx_hat = 2 / N * (x_hat - x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh") / N
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "for the encoder it was divided by N a second time",
     r"twice|second time|again|once (too|more)|encoder.{0,40}(divi|\bN\b|small)|(divi|\bN\b).{0,40}encoder|N²"),
    ("4", "double: no 2, no N", """\
dz = mlp_backward(x_hat - x, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the factor 2 and the 1/N are both missing",
     r"\b2\b|two|factor|\bN\b|mean|batch|len\(x\)"),
    ("4", "double: sign, divided by all", """\
delta = 2 * (x - x_hat) / x.size
dz = mlp_backward(delta, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the sign is reversed, and it was divided by N·D instead of N",
     r"sign|minus|negative|x̂ ?[-−] ?x|x_hat ?[-−] ?x|size|pixel|\bD\b|mean"),
    ("4", "double: no N, encoder missing", """\
error = x_hat - x
mlp_backward(error + error, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
return error""",
     "1/N is missing, and the encoder is left out",
     r"\bN\b|mean|batch|encoder|len\(x\)"),
    ("4", "double: tanh at the code, no 2", """\
dx_hat = (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dz = dz * (1 - decoder_inputs[0] ** 2)
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the factor 2 is missing, and a tanh was assumed at the code z",
     r"\b2\b|two|half|twice|tanh|1 ?[-−] ?z|activation|code"),
    ("4", "double: z for dz, sign", """\
dx_hat = 2 * (x - x_hat) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(decoder_inputs[0], encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the sign is reversed, and the encoder gets the code z instead of its gradient dz""",
     r"sign|minus|negative|x̂ ?[-−] ?x|x_hat ?[-−] ?x|\bdz\b|code|encoder"),
    ("4", "sign again", """\
grad = 2.0 / len(x) * (x - x_hat)
grad = mlp_backward(grad, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(grad, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the sign is wrong: the derivative of (x − x̂)² by x̂ is 2 (x̂ − x)",
     r"sign|minus|negat|[-−]1|opposite|x_hat\s*[-−]\s*x|x̂\s*[-−]\s*x"),
    ("4", "two forgotten", """\
err = (x_hat - x) / x.shape[0]
dz = mlp_backward(err, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the factor 2 of the square's derivative is missing",
     r"\b2\b|two|twice|half|½|0\.5"),
    ("4", "batch size forgotten", """\
dz = mlp_backward(2 * (x_hat - x), decoder_inputs, model.decoder, model.decoder_grads)
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads)""",
     "the mean over the batch is missing: divide by N",
     r"\bN\b|mean|batch|divid|len\(x\)"),
    ("4", "mean over all", """\
dx_hat = 2 * (x_hat - x) / x.size
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
divided by the number of all elements N D; over the pixels it is a sum, so only by N""",
     r"\bD\b|size|pixel|number of (all )?elements|sum over|only by N|shape\[1\]"),
    ("4", "divided by pixels", """\
dx_hat = 2 * (x_hat - x) / x.shape[1]
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
x.shape[1] is the number of pixels D; the mean is over the batch, N = x.shape[0]""",
     r"\bN\b|\bD\b|pixel|batch|shape|len\(x\)"),
    ("4", "encoder forgotten", """\
dx_hat = 2 * (x_hat - x) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     """\
the gradient is not carried on through the encoder: encoder_grads stays empty""",
     r"encoder"),
    ("4", "encoder gets the pixel gradient", """\
dx_hat = 2 * (x_hat - x) / len(x)
mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dx_hat, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the encoder gets ∂loss/∂x̂ instead of dz, what the decoder's mlp_backward returns""",
     r"dz|what .* returns?|returned|shape|mismatch|∂loss/∂z|decoder('s)? input|gradient (for|of|by) (its input )?z"),
    ("4", "tanh on the code", """\
dx_hat = 2 * (x_hat - x) / len(x)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
z = decoder_inputs[0]
mlp_backward(dz * (1 - z ** 2), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the code z has no tanh behind it, the last layer of the encoder is linear; 1 − z² is too much""",
     r"tanh|1\s*[-−]\s*z|no activation|linear|code z"),
    ("4", "gradients of the norm", """\
r = x_hat - x
d = r / np.linalg.norm(r, axis=1, keepdims=True) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "that is the derivative of the norm ‖x − x̂‖, not of its square",
     r"norm|length|square root|not squared|sqrt|unit|2 \(|2 \*|divided by (its|the) (length|norm)|derivative of the root"),
    ("4", "absolute error", """\
d = np.sign(x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the sign of the difference is the derivative of the absolute error, not of the squared error""",
     r"absolute|np\.sign|squared?|\|x|L1|2 \(|2 \*|sign of|magnitude"),
    ("4", "error instead of derivative", """\
d = (x - x_hat) ** 2 / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
the squared error itself is sent back instead of its derivative 2 (x̂ − x)""",
     r"derivative|squared?|itself|2 \(|2 \*|loss|gradient of"),
    ("4", "sigmoid output", """\
d = 2 * (x_hat - x) * x_hat * (1 - x_hat) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
x̂ (1 − x̂) is the derivative of a sigmoid, and there is none: the decoder's last layer is linear""",
     r"sigmoid|1\s*[-−]\s*x̂|1\s*[-−]\s*x_hat|last layer is linear|extra factor|too many factor|activation"),
    ("4", "gradient lists swapped", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.encoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.decoder_grads, "tanh")""",
     """\
the lists of gradients are swapped: the decoder's were to go into encoder_grads and the other way round""",
     r"swap|decoder_grads|encoder_grads|shape|mismatch|exchang|broadcast|wrong (list|grads)"),
    ("4", "encoder before decoder", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
mlp_backward(dz, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     """\
the order is wrong: backwards it goes through the decoder first and then the encoder""",
     r"order|first|decoder|shape|mismatch|revers"),
    ("4", "relu way back", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "relu")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "relu")""",
     "the activation is tanh, but the way back uses relu",
     r"relu|tanh|activation"),
    ("4", "x_hat overwritten", """\
x_hat -= x
x_hat *= 2 / len(x)
dz = mlp_backward(x_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "x̂, which was passed in, is changed in place (x_hat -= x)",
     r"in place|x_hat|x̂|input|modif|chang|overwrit|-="),
    ("4", "one gradient for the batch", """\
d = (2 * (x_hat - x)).mean(axis=0, keepdims=True).repeat(len(x), axis=0)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
averaged over the examples: each example needs its own gradient, only divided by N""",
     r"averag|mean|own|each example|per example|every example|batch|\bN\b"),
    ("4", "double: no two, no N", """\
d = x_hat - x
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the factor 2 is missing and the division by N as well",
     r"\b2\b|two|twice|half|\bN\b|mean|batch"),
    ("4", "double: sign and pixels", """\
d = -2 * (x_hat - x) / x.size
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "wrong sign, and divided by the pixels too (x.size)",
     r"sign|minus|negat|\bD\b|size|pixel"),
    ("4", "double: N and encoder", """\
d = 2 * (x_hat - x)
mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")""",
     """\
the mean over the batch (1/N) is missing, and the encoder gets no gradients""",
     r"\bN\b|mean|batch|divid|encoder"),
    ("4", "double: half and pixels", """\
d = (x_hat - x) / x.shape[1]
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the 2 is missing, and it is divided by the pixels D instead of N",
     r"\b2\b|two|twice|half|\bN\b|\bD\b|pixel|batch|shape|len\(x\)|divid"),
    ("4", "double: dz averaged and sign", """\
d = 2 * (x - x_hat) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz / len(x), encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the sign is wrong, and dz is divided by N a second time",
     r"sign|minus|negat|opposite|second|twice|again|\bN\b|divid"),
    ("4", "divided by the wrong axis", """\
d = 2 * (x_hat - x) / x.shape[1]
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "divided by the number of pixels in place of the number of examples",
     r"\bD\b|\bN\b|pixel|shape\[1\]|shape\[0\]|examples|len\(x\)"),
    ("4", "absolute error again", """\
d = np.sign(x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "this is the derivative of the absolute error, not of the squared error",
     r"absolut|sign\(|squar|\b2\b|np\.sign|size of the"),
    ("4", "root of the square", """\
e = x_hat - x
d = e / np.sqrt((e ** 2).sum(axis=1, keepdims=True)) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "this is the derivative of the norm, not of the squared norm",
     r"norm\b|root|sqrt|unit length|length of|squared (error|norm|distance)|each example|per example|too small|scaled"),
    ("4", "average error for everybody", """\
d = 2 * np.ones_like(x) * (x_hat - x).mean(axis=0)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the error is averaged over the examples; each example needs its own",
     r"averag|mean|own|each example|per example|every example|rows?\b|axis|same for"),
    ("4", "x̂'s gradient for the encoder", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(d, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the encoder gets the gradient with respect to x̂ in place of dz",
     r"\bdz\b|decoder('s)? (backward|return)|upstream|shape|mismatch|gradient (with respect to|of) z"),
    ("4", "grads replaced by what is returned", """\
d = 2 * (x_hat - x) / len(x)
model.decoder_grads = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
model.encoder_grads = mlp_backward(model.decoder_grads, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
mlp_backward returns dx; assigning it to model.decoder_grads destroys the gradients""",
     r"return|assign|overwr|replac|decoder_grads|encoder_grads|list"),
    ("4", "N divided out twice", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dz = dz / len(x)
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "dz is divided by N once more",
     r"\bN\b|twice|again|once more|second|divi|already|len\(x\)|encoder"),
    ("4", "x_hat overwritten again", """\
d = x_hat
d -= x
d *= 2 / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "d is x̂ itself, so the caller's x̂ is changed",
     r"in place|chang|modif|caller|overwr|x_hat|x̂|copy"),
    ("4", "Bernoulli error", """\
d = (1 / (1 + np.exp(-x_hat)) - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     """\
this is the gradient of the Bernoulli likelihood; the loss here is the squared error""",
     r"sigmoid|Bernoulli|squared|logit|cross.entropy|\b2\b"),
    ("4", "reconstruction as the encoder's input", """\
d = 2 * (x_hat - x) / len(x)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, [x_hat] + encoder_inputs[1:], model.encoder, model.encoder_grads, "tanh")""",
     "the first encoder layer has the input x, not x̂",
     r"x_hat|x̂|input|first layer|encoder"),
    ("4", "double: sign and no N", """\
d = 2 * (x - x_hat)
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "the sign is wrong and the division by N is missing",
     r"sign|minus|negativ|\bN\b|mean|divi|len\(x\)"),
    ("4", "earlier 21", """\
dz = mlp_backward(-2 * (x - x_hat), decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""",
     "(from the bank before)",
     r"division by `len.x.` is missing"),
    ("4", "earlier 22", """\
mlp_backward(-2 * (x - x_hat) / len(x), decoder_inputs, model.decoder, model.decoder_grads, 'tanh')""",
     "(from the bank before)",
     r"the encoder's gradients are not computed"),
]

RIGHT = [
    ("0", "nditer", """\
grad = np.empty(x.shape)
it = np.nditer(x, flags=["multi_index"])
while not it.finished:
    i = it.multi_index
    old = float(x[i])
    x[i] = old + h
    plus = f(x)
    x[i] = old - h
    minus = f(x)
    x[i] = old
    grad[i] = (plus - minus) / h / 2
    it.iternext()
return grad"""),
    ("0", "basis of unit vectors", """\
eye = np.eye(x.size).reshape(x.size, *x.shape)
return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in eye]).reshape(x.shape)"""),
    ("0", "x.flat and finally", """\
grad = np.zeros(x.size)
for k, old in enumerate(x.copy().flat):
    try:
        x.flat[k] = old + h
        grad[k] = f(x)
        x.flat[k] = old - h
        grad[k] -= f(x)
    finally:
        x.flat[k] = old
grad *= 0.5 / h
return grad.reshape(x.shape)"""),
    ("0", "inner function, walrus, generator", """\
def partial(i: tuple) -> float:
    values = []
    for step in (+h, -h):
        (moved := x.copy())[i] += step
        values.append(f(moved))
    return (values[0] - values[1]) / (2 * h)

return np.fromiter((partial(i) for i in np.ndindex(x.shape)), dtype=float, count=x.size).reshape(x.shape)
raise NotImplementedError"""),
    ("0", "sum of two signs", """\
g = np.zeros_like(x)
for i in np.ndindex(*x.shape):
    for sign in (-1, 1):
        y = np.array(x, order="F")
        y[i] = x[i] + sign * h
        g[i] += sign * f(y) / (2 * h)
return g"""),
    ("0", "put back by adding", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    x[i] += h
    plus = f(x)
    x[i] -= 2 * h
    minus = f(x)
    x[i] += h
    grad[i] = (plus - minus) / (2 * h)
return grad"""),
    ("0", "basis vectors", """\
eye = np.eye(x.size).reshape(-1, *x.shape)
return np.array([f(x + h * e) - f(x - h * e) for e in eye]).reshape(x.shape) / (h + h)"""),
    ("0", "nditer readwrite", """\
g = np.empty_like(x)
with np.nditer(x, flags=["multi_index"], op_flags=["readwrite"]) as it:
    for v in it:
        old = v.copy()
        v[...] = old + h; plus = f(x)
        v[...] = old - h; minus = f(x)
        v[...] = old
        g[it.multi_index] = (plus - minus) / (2 * h)
return g"""),
    ("0", "helper function", """\
def at(idx, delta):
    y = x.copy()
    y[idx] += delta
    return f(y)
g = np.zeros(x.shape)
for idx in np.ndindex(*x.shape):
    g[idx] = 0.5 * (at(idx, h) - at(idx, -h)) / h
return g"""),
    ("0", "try finally", """\
g = np.zeros_like(x)
for k in range(x.size):
    idx = np.unravel_index(k, x.shape)
    keep = x[idx]
    try:
        x[idx] = keep + h
        g[idx] += f(x)
        x[idx] = keep - h
        g[idx] -= f(x)
    finally:
        x[idx] = keep
g /= 2 * h
return g"""),
    ("0", "put back by adding again", """\
g = np.zeros_like(x)
for i in np.ndindex(x.shape):
    x[i] += h; a = f(x)
    x[i] -= 2 * h; b = f(x)
    x[i] += h
    g[i] = (a - b) / (2 * h)
return g"""),
    ("0", "nditer with copies", """\
grad = np.empty_like(x, dtype=float)
it = np.nditer(x, flags=["multi_index"])
for value in it:
    where = it.multi_index
    up, down = x.copy(), x.copy()
    up[where] = value + h
    down[where] = value - h
    grad[where] = (f(up) - f(down)) / (2 * h)
return grad"""),
    ("0", "rows of an identity matrix", """\
unit = np.eye(x.size)
def slope(direction):
    step = h * direction.reshape(x.shape)
    return 0.5 * (f(x + step) - f(x - step)) / h
return np.fromiter((slope(e) for e in unit), dtype=float, count=x.size).reshape(x.shape)"""),
    ("0", "a class that puts the value back", """\
class Moved:
    def __init__(self, where, by):
        self.where, self.by = where, by
    def __enter__(self):
        self.old = x[self.where]
        x[self.where] = self.old + self.by
    def __exit__(self, *_):
        x[self.where] = self.old
grad = np.zeros(x.shape)
for where in np.ndindex(*x.shape):
    with Moved(where, h):
        up = f(x)
    with Moved(where, -h):
        down = f(x)
    grad[where] = (up - down) / (h + h)
return grad
raise NotImplementedError"""),
    ("1", "einsum with out", """\
np.einsum("ni,no->io", x, dy, out=dW)
np.einsum("no->o", dy, out=db)
return np.einsum("no,io->ni", dy, W)"""),
    ("1", "loop of outer products", """\
dW.fill(0)
db.fill(0)
dx = np.empty_like(x)
for n, (a, g) in enumerate(zip(x, dy)):
    dW += np.outer(a, g)
    db += g
    dx[n] = W @ g
return dx"""),
    ("1", "both at once with a column of ones", """\
both = np.hstack([x, np.ones((len(x), 1))]).T @ dy
dW[:], db[:] = both[:-1], both[-1]
return (W @ dy.T).T
raise NotImplementedError"""),
    ("1", "tensordot and keepdims", """\
dW[...] = np.tensordot(x, dy, axes=(0, 0))
db[...] = dy.sum(axis=0, keepdims=True)
return np.tensordot(dy, W, axes=([1], [1]))"""),
    ("1", "transposed views", """\
dW.T[...] = dy.T @ x
np.add.reduce(dy, axis=0, out=db)
print('ok')
return np.inner(dy, W)"""),
    ("1", "broadcast sums", """\
dW[:, :] = (x[:, :, None] * dy[:, None, :]).sum(0)
db[:] = np.ones(len(dy)) @ dy
return (dy[:, None, :] * W[None]).sum(-1)"""),
    ("1", "triple loop", """\
dW[...] = 0
db[...] = 0
dx = np.zeros_like(x)
for n in range(x.shape[0]):
    for o in range(W.shape[1]):
        db[o] += dy[n, o]
        for i in range(W.shape[0]):
            dW[i, o] += x[n, i] * dy[n, o]
            dx[n, i] += W[i, o] * dy[n, o]
return dx"""),
    ("1", "out arguments", """\
np.matmul(x.T, dy, out=dW)
np.add.reduce(dy, axis=0, out=db)
return np.matmul(dy, W.transpose())
raise NotImplementedError"""),
    ("1", "transposes of transposes", """\
dW[:] = (dy.T @ x).T
db[:] = np.ones(len(dy)) @ dy
return (W @ dy.T).T"""),
    ("1", "zero then add", """\
dW.fill(0); db.fill(0)
dW += np.tensordot(x, dy, axes=(0, 0))
for row in dy:
    db += row
return np.tensordot(dy, W, axes=(1, 1))"""),
    ("1", "einsum and copyto", """\
np.copyto(dW, np.einsum("ni,no->io", x, dy))
np.copyto(db, np.einsum("no->o", dy))
return np.einsum("no,io->ni", dy, W)"""),
    ("1", "out arguments again", """\
np.matmul(x.T, dy, out=dW)
np.add.reduce(dy, axis=0, out=db)
dx = np.empty(x.shape)
np.matmul(dy, W.T, out=dx)
return dx
raise NotImplementedError"""),
    ("1", "filled with zeros, then a loop", """\
dW.fill(0)
db.fill(0)
dx = np.zeros_like(x)
for xn, dyn, dxn in zip(x, dy, dx):
    dW += np.outer(xn, dyn)
    db += dyn
    dxn += W @ dyn
return dx"""),
    ("1", "a column of ones for the bias", """\
extended = np.hstack([x, np.ones((x.shape[0], 1))])
both = extended.T @ dy
dW[:], db[:] = both[:-1], both[-1]
return (W @ dy.T).T"""),
    ("2", "tanh: two factors", ("tanh_backward", "return dy * (1 - y) * (1 + y)")),
    ("2", "tanh: one product less", ("tanh_backward", "return dy - np.einsum('no,no,no->no', dy, y, y)")),
    ("2", "tanh: by arctanh and cosh", ("tanh_backward", "return dy / np.cosh(np.arctanh(y)) ** 2")),
    ("2", "tanh: loops", ("tanh_backward", """\
slope = lambda t: 1 - t ** 2
da = np.zeros(dy.shape, order="F")
for n in range(dy.shape[0]):
    for o in range(dy.shape[1]):
        da[n, o] = dy[n, o] * slope(y[n, o])
return da""")),
    ("2", "relu: sign", ("relu_backward", "return dy * np.sign(y)")),
    ("2", "relu: heaviside", ("relu_backward", "return np.multiply(dy, np.heaviside(y, 0))")),
    ("2", "relu: copy and mask", ("relu_backward", """\
da = dy.copy()
da[~(y > 0)] = 0
return da""")),
    ("2", "relu: select", ("relu_backward", "return np.select([y > 0], [dy], default=0.0)")),
    ("2", "relu where y", ("relu_backward", "return np.where(y > 0, dy, y)")),
    ("2", "relu sign", ("relu_backward", "return dy * np.sign(y)")),
    ("2", "relu masked copy", ("relu_backward", """\
da = np.zeros_like(dy)
on = y > 0
da[on] = dy[on]
return da""")),
    ("2", "tanh factors", ("tanh_backward", """\
print('y', y.shape)
return (dy - dy * y) * (1 + y)""")),
    ("2", "tanh via a", ("tanh_backward", """\
a = np.arctanh(y)
return dy / np.cosh(a) ** 2""")),
    ("2", "tanh as (1 - y)(1 + y)", ("tanh_backward", """\
left, right = 1 - y, 1 + y
return np.multiply(np.multiply(left, right), dy)""")),
    ("2", "tanh through x", ("tanh_backward", """\
# x = artanh(y), tanh'(x) = 1/cosh² x = (1 − y²)
y_squared = np.square(y)
dx = np.subtract(dy, np.multiply(dy, y_squared))
return dx""")),
    ("2", "relu with sign", ("relu_backward", "return dy * np.sign(y)")),
    ("2", "relu with putmask on its own copy", ("relu_backward", """\
dx = np.array(dy, copy=True)
np.putmask(dx, np.logical_not(y > 0), 0)
return dx""")),
    ("2", "relu with a vectorized function", ("relu_backward", """\
def one(d, v):
    if v > 0:
        return d
    return 0.0
return np.vectorize(one, otypes=[float])(dy, y)""")),
    ("3", "recursion", """\
*rest, (W, _) = layers
dx = linear_backward(dy, inputs[-1], W, *grads[-1])
if not rest:
    return dx
return mlp_backward(tanh_backward(dx, inputs[-1]), inputs[:-1], rest, grads[:-1])
raise NotImplementedError"""),
    ("3", "list of a zip, flag", """\
first = True
for (W, b), y, (dW, db) in list(zip(layers, inputs, grads))[::-1]:
    if not first:
        dy = tanh_backward(dy, above)
    dy, above, first = linear_backward(dy, y, W, dW, db), y, False
return dy"""),
    ("3", "everything by hand", """\
n = len(layers)
while n > 0:
    n -= 1
    W = layers[n][0]
    grads[n][0][...] = np.einsum("ni,no->io", inputs[n], dy)
    grads[n][1][...] = dy.sum(0)
    dy = dy @ W.T
    if n != 0:
        dy = dy - dy * inputs[n] * inputs[n]
return dy"""),
    ("3", "reduce", """\
from functools import reduce

def back(d, i):
    d = linear_backward(d, inputs[i], layers[i][0], grads[i][0], grads[i][1])
    return d if i == 0 else tanh_backward(d, inputs[i])

return reduce(back, range(len(layers) - 1, -1, -1), dy)"""),
    ("3", "grads entries replaced", """\
for i in reversed(range(len(layers))):
    dW, db = np.zeros_like(layers[i][0]), np.zeros_like(layers[i][1])
    dy = linear_backward(dy, inputs[i], layers[i][0], dW, db)
    grads[i] = (dW, db)
    if i > 0:
        dy = tanh_backward(dy, inputs[i])
return dy"""),
    ("3", "recursion again", """\
def back(d, k):
    W = layers[k][0]
    dx = linear_backward(d, inputs[k], W, *grads[k])
    return dx if k == 0 else back(tanh_backward(dx, inputs[k]), k - 1)
return back(dy, len(layers) - 1)"""),
    ("3", "last layer apart", """\
dx = linear_backward(dy, inputs[-1], layers[-1][0], *grads[-1])
for y, nxt, (W, b), (dW, db) in zip(inputs[:0:-1], inputs[-2::-1], layers[-2::-1], grads[-2::-1]):
    dx = linear_backward(dx * (1 - y * y), nxt, W, dW, db)
return dx"""),
    ("3", "by hand", """\
k = len(layers)
delta = dy
while k := k - 1:
    grads[k][0][...] = inputs[k].T @ delta
    grads[k][1][...] = delta.sum(axis=0)
    delta = (delta @ layers[k][0].T) * (1 - inputs[k] ** 2)
return linear_backward(delta, inputs[0], layers[0][0], grads[0][0], grads[0][1])"""),
    ("3", "list entries replaced", """\
for k in reversed(range(len(layers))):
    W, b = layers[k]
    dW, db = np.zeros_like(W), np.zeros_like(b)
    dx = linear_backward(dy, inputs[k], W, dW, db)
    grads[k] = (dW, db)
    dy = tanh_backward(dx, inputs[k])
return dx"""),
    ("3", "recursion again again", """\
*front, (W, b) = layers
*front_grads, (dW, db) = grads
dx = linear_backward(dy, inputs[len(front)], W, dW, db)
if not front:
    return dx
return mlp_backward(tanh_backward(dx, inputs[len(front)]), inputs[:len(front)], front, front_grads, activation)"""),
    ("3", "last layer apart, zip of reversed lists", """\
d = linear_backward(dy, inputs[-1], layers[-1][0], *grads[-1])
for y, x, (W, _), (dW, db) in zip(inputs[:0:-1], inputs[-2::-1], layers[-2::-1], grads[-2::-1]):
    d = linear_backward(tanh_backward(d, y), x, W, dW, db)
return d"""),
    ("3", "written out without the library", """\
for layer in range(len(layers))[::-1]:
    W = layers[layer][0]
    inp = inputs[layer]
    grads[layer][0][:, :] = np.tensordot(inp, dy, axes=(0, 0))
    grads[layer][1][:] = np.ones(len(dy)) @ dy
    dy = np.dot(dy, W.T)
    dy = dy - dy * inp ** 2 if layer else dy
return dy"""),
    ("4", "one nested call", """\
mlp_backward(
    mlp_backward((x_hat - x) * (2 / x.shape[0]), decoder_inputs, model.decoder, model.decoder_grads, "tanh"),
    encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("4", "loop over both networks", """\
d = -2.0 * np.divide(x - x_hat, len(x_hat))
for name, inputs in (("decoder", decoder_inputs), ("encoder", encoder_inputs)):
    d = mlp_backward(d, inputs, getattr(model, name), getattr(model, name + "_grads"), "tanh")
    print(name, "done")"""),
    ("4", "example by example", """\
N, D = x.shape
dx_hat = np.empty((N, D), order="F")
for n in range(N):
    for d in range(D):
        dx_hat[n, d] = (x_hat[n, d] - x[n, d]) / (0.5 * N)
dz = mlp_backward(dx_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
_ = mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")
return None
raise NotImplementedError"""),
    ("4", "decoder walked twice", """\
mlp_backward(2 * (x_hat - x) / len(x), decoder_inputs, model.decoder, model.decoder_grads, "tanh")
dz = mlp_backward(2 * (x_hat - x), decoder_inputs, model.decoder,
                  [(np.empty_like(W), np.empty_like(b)) for W, b in model.decoder], "tanh")
mlp_backward(dz / len(dz), encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("4", "scaled last", """\
N, D = x.shape
residual = x_hat - x
upstream = (residual + residual) / N
dz = mlp_backward(upstream, decoder_inputs, model.decoder, model.decoder_grads)
dx = mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads)"""),
    ("4", "loop over the two networks", """\
d = -2 * np.mean(np.ones(len(x))) * (x - x_hat) / len(x)
for i, net, g in ((decoder_inputs, model.decoder, model.decoder_grads),
                  (encoder_inputs, model.encoder, model.encoder_grads)):
    d = mlp_backward(d, i, net, g, "tanh")"""),
    ("4", "fresh lists in the model", """\
model.decoder_grads = [(np.zeros_like(W), np.zeros_like(b)) for W, b in model.decoder]
model.encoder_grads = [(np.zeros_like(W), np.zeros_like(b)) for W, b in model.encoder]
d = np.divide(2 * (x_hat - x), x.shape[0])
dz = mlp_backward(d, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")"""),
    ("4", "one call inside the other, keywords", """\
mlp_backward(
    mlp_backward(dy=(x_hat - x) / (0.5 * len(x)), inputs=decoder_inputs, layers=model.decoder,
                 grads=model.decoder_grads, activation="tanh"),
    encoder_inputs, model.encoder, model.encoder_grads, activation="tanh")"""),
    ("4", "both networks as one chain", """\
gradient = -2 * np.subtract(x, x_hat)
gradient /= gradient.shape[0]
for inputs, net in ((decoder_inputs, "decoder"), (encoder_inputs, "encoder")):
    gradient = mlp_backward(gradient, inputs, getattr(model, net), getattr(model, net + "_grads"), "tanh")
assert gradient.shape == x.shape"""),
]

REFUSED = [
    ("0", "list", """\
grad = np.zeros_like(x)
for i in np.ndindex(x.shape):
    e = np.zeros_like(x)
    e[i] = h
    grad[i] = (f(x + e) - f(x - e)) / (2 * h)
return grad.tolist()""", r"list|array"),
    ("0", "list of derivatives", """\
g = []
for i in np.ndindex(x.shape):
    e = np.zeros(x.shape); e[i] = h
    g.append((f(x + e) - f(x - e)) / (2 * h))
return np.reshape(g, x.shape).tolist()""", r"list|array|type"),
    ("1", "dx in float32", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (dy @ W.T).astype(np.float32)""", r"float32|dtype|precision|single|digits|round"),
    ("1", "dx as a list", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return [W @ g for g in dy]""", r"list|array"),
    ("1", "dx as nested lists", """\
dW[...] = x.T @ dy
db[...] = dy.sum(axis=0)
return (dy @ W.T).tolist()""", r"list|array"),
    ("2", "tanh: dy changed", ("tanh_backward", """\
dy *= 1 - y ** 2
return dy"""), r"in place|chang|modif|overwrit|\*=|input"),
    ("2", "relu: dy changed", ("relu_backward", """\
dy[y <= 0] = 0
return dy"""), r"in place|chang|modif|overwrit|input"),
    ("2", "tanh in place", ("tanh_backward", """\
dy *= 1 - y ** 2
return dy"""), r"in place|input|chang|overwrit|modif|dy"),
    ("2", "relu in place", ("relu_backward", """\
dy[y <= 0] = 0
return dy"""), r"in place|input|chang|overwrit|modif|dy"),
    ("2", "tanh in single precision", ("tanh_backward", "return (dy * (1 - y ** 2)).astype(np.float32)"), r"float32|single|precision|rounded|dtype|float64"),
    ("2", "relu as a list of rows", ("relu_backward", "return [d * (v > 0) for d, v in zip(dy, y)]"), r"list|array"),
    ("3", "lists reversed in place", """\
layers.reverse()
inputs.reverse()
grads.reverse()
for i in range(len(layers)):
    dy = linear_backward(dy, inputs[i], layers[i][0], *grads[i])
    if i < len(layers) - 1:
        dy = tanh_backward(dy, inputs[i])
return dy""", r"revers|in place|chang|modif|order|list|grads|layers"),
    ("4", "x_hat changed", """\
x_hat -= x
x_hat *= 2 / len(x)
dz = mlp_backward(x_hat, decoder_inputs, model.decoder, model.decoder_grads, "tanh")
mlp_backward(dz, encoder_inputs, model.encoder, model.encoder_grads, "tanh")""", r"in place|chang|modif|overwrit|x̂|x_hat|input"),
]
