"""The small mistakes that one can make in a solution. Each is one edit of its code, with a text about it.

    edits(source, functions) -> (what is wrong, the code of the function with this mistake), ...

A learner whose numbers agree with those of an edited solution has probably made that mistake, however the
learner's own code is written. The edits work on Python's syntax tree, with the standard module ast.
"""

import ast
import itertools


def edits(source, functions):
    """Yield (what is wrong, the code of the function with this mistake) for each edit of these functions."""
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and function.name in functions:
            for text, owner, place, new in _of_function(function):
                old = _put(owner, place, new)
                yield text, compile(ast.fix_missing_locations(ast.Module([function], [])), "suspect", "exec")
                _put(owner, place, old)


def _put(owner, place, new):
    """Put a node (or a list) into a field of a node, or into a place of a list. -> what was there"""
    if isinstance(owner, list):
        old, owner[place] = owner[place], new
    else:
        old = getattr(owner, place)
        setattr(owner, place, new)
    return old


def _of_function(function):
    """(what is wrong, owner, place, what to put there), for each edit."""
    nodes = list(ast.walk(function))
    arguments = [argument.arg for argument in function.args.args]
    names = sorted({*arguments, *(node.id for node in nodes if isinstance(node, ast.Name)
                                  and isinstance(node.ctx, ast.Store))})
    keys = {node.slice.value for node in nodes if _has_key(node)}
    where, left_out = _where(nodes), _left_out(nodes)
    docstring, *body = function.body
    if arguments[0][0] == "d":
        for statement, text in UPSTREAM.items():
            yield text.format(arguments[0]), function, "body", [
                docstring, *ast.parse(statement.format(arguments[0])).body, *body]
    for node in nodes:
        for field, value in ast.iter_fields(node):
            for owner, place, child in ([(value, i, child) for i, child in enumerate(value)]
                                        if isinstance(value, list) else [(node, field, value)]):
                if isinstance(child, ast.expr) and id(child) not in left_out:
                    for text, new in _of_expression(child, names, keys):
                        yield text + where.get(id(child), ""), owner, place, new
            if field in ("body", "orelse") and isinstance(value, list):
                for text, statements in _of_statements(value):
                    yield text, node, field, statements
    for a, b in itertools.combinations(arguments, 2):
        yield f"`{a}` and `{b}` are exchanged", function, "body", [
            docstring, *ast.parse(f"{a}, {b} = {b}, {a}").body, *body]


def _has_key(node):
    """Is this node a subscript like c["h1"]?"""
    return (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str))


UPSTREAM = {        # {statement: text}: mistakes with the first argument {0}, if it is an upstream gradient
    "{0} = np.ones_like({0})": "the upstream gradient `{0}` is left out",
    "{0} = np.full_like({0}, {0}.sum())":
        "the upstream gradient `{0}` is summed, but each example needs its own",
    "{0} = np.full_like({0}, {0}.mean())":
        "the upstream gradient `{0}` is averaged, but each example needs its own",
    "{0} = {0} / len({0})": "it is divided by N once more, but `{0}` contains the 1/N already",
    "{0} = {0} ** 2": "the upstream gradient `{0}` is squared, but `{0}` itself is needed",
    "{0} = np.abs({0})": "the absolute value of the upstream gradient `{0}` is used: the signs are lost",
    "{0} = {0}[::-1]": "the upstream gradient `{0}` is used with the examples in the reverse order"}


def _where(nodes):
    """{id of a node: ", in dmu"} for the nodes of a line that computes dmu."""
    where = {}
    for statement in nodes:
        if isinstance(statement, (ast.Assign, ast.AugAssign)):
            target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
            if isinstance(target, (ast.Name, ast.Subscript)):
                where.update({id(node): f", in {_shown(target).removesuffix('[...]')}"
                              for node in ast.walk(statement)})
    return where


def _left_out(nodes):
    """The ids of nodes that are not edited one by one: in len(x), x.shape, axis=..., and exponents."""
    whole = [node for node in nodes if isinstance(node, ast.keyword)
             or isinstance(node, ast.Attribute) and node.attr == "shape"
             or isinstance(node, ast.Call) and ast.unparse(node.func) == "len"]
    return {id(inner) for node in whole for inner in ast.walk(node) if inner is not node} | {
        id(node.right) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)}


def _of_expression(node, names, keys):
    """(what is wrong, the expression instead)"""
    if isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield f"the minus sign of `{_shown(node)}` is missing", node.operand
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Compare):
        for operator in (ast.GtE, ast.Lt, ast.LtE, ast.NotEq):
            new = ast.Compare(node.left, [operator()], node.comparators)
            yield f"`{_shown(new)}` is used where `{_shown(node)}` is needed", new
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        ones = ast.parse(f"np.ones_like({node.id})", mode="eval").body
        yield f"`{node.id}` is missing (1 is used in its place)", ones
        for name in names:
            if name != node.id:
                yield f"`{name}` is used where `{node.id}` is needed", ast.Name(name, ast.Load())
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in {0, 1, 2, node.value + 1, node.value / 2, 2 * node.value, -node.value} - {node.value}:
            yield f"{value:g} is used where {node.value:g} is needed", ast.Constant(value)
    elif _has_key(node):
        for key in sorted(keys - {node.slice.value}):
            new = ast.Subscript(node.value, ast.Constant(key), ast.Load())
            yield f"`{_shown(new)}` is used where `{_shown(node)}` is needed", new
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield f"`{_shown(node.value)}` has to be transposed", node.value
    elif isinstance(node, ast.Subscript) and "None" in _shown(node.slice):
        yield (f"the new axis of `{_shown(node)}` is missing, so `{_shown(node.value)}` broadcasts "
               "along another axis"), node.value
    elif isinstance(node, ast.List) and len(node.elts) > 1:
        yield "the parts are in the wrong order", ast.List(node.elts[::-1], ast.Load())


def _of_operation(node):
    a, b, operator = node.left, node.right, type(node.op)
    A, B, all_of_it = _shown(a), _shown(b), _shown(node)
    if operator is ast.Mult:
        yield f"the factor `{B}` is missing", a
        yield f"the factor `{A}` is missing", b
        yield f"`{A} / {B}` is used where `{all_of_it}` is needed", ast.BinOp(a, ast.Div(), b)
        yield f"`{A}` and `{B}` are added, but have to be multiplied", ast.BinOp(a, ast.Add(), b)
        for inner, factor in ((b, a), (a, b)):
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, (ast.Add, ast.Sub)):
                left, right = inner.left, inner.right
                text = f"is multiplied by `{_shown(factor)}`, but all of `{_shown(inner)}` has to be"
                yield f"only `{_shown(left)}` {text} (are parentheses missing?)", ast.BinOp(
                    ast.BinOp(factor, ast.Mult(), left), inner.op, right)
                yield f"only `{_shown(right)}` {text} (are parentheses missing?)", ast.BinOp(
                    left, inner.op, ast.BinOp(factor, ast.Mult(), right))
        yield f"there is one factor `{B}` too many", ast.BinOp(node, ast.Mult(), b)
        yield f"there is one factor `{A}` too many", ast.BinOp(a, ast.Mult(), node)
    elif operator is ast.Div:
        yield f"the division by `{B}` is missing", a
        yield f"`{A} * {B}` is used where `{all_of_it}` is needed", ast.BinOp(a, ast.Mult(), b)
        if isinstance(b, ast.BinOp) and isinstance(b.op, ast.Mult):
            yield (f"it is divided by `{_shown(b.left)}` and multiplied by `{_shown(b.right)}`, but all of `{B}` "
                   "belongs below the line (are parentheses missing?)"), ast.BinOp(
                ast.BinOp(a, ast.Div(), b.left), ast.Mult(), b.right)
        yield f"`{all_of_it}` is upside down", ast.BinOp(b, ast.Div(), a)
        yield f"it is divided by `{B}` twice", ast.BinOp(node, ast.Div(), b)
        yield f"`{A}` is missing: only 1/`{B}` is there", ast.BinOp(ast.Constant(1), ast.Div(), b)
        yield f"the square root of `{B}` is taken, but `{B}` itself is needed", ast.BinOp(
            a, ast.Div(), ast.BinOp(b, ast.Pow(), ast.Constant(0.5)))
    elif operator is ast.Add:
        yield f"the term `{B}` is missing", a
        yield f"the term `{A}` is missing", b
        yield f"`{B}` is subtracted, but has to be added", ast.BinOp(a, ast.Sub(), b)
        yield f"`{B}` is counted twice", ast.BinOp(node, ast.Add(), b)
        yield f"`{A}` is counted twice", ast.BinOp(a, ast.Add(), node)
        yield f"`{A}` has the wrong sign", ast.BinOp(b, ast.Sub(), a)
    elif operator is ast.Sub:
        yield f"`− {B}` is missing", a
        yield f"`{A}` is missing: only `− {B}` is there", ast.UnaryOp(ast.USub(), b)
        yield f"`{A}` is missing, and the sign of `{B}` is wrong", b
        yield f"`{B}` is added, but has to be subtracted", ast.BinOp(a, ast.Add(), b)
        yield f"`{all_of_it}` has the wrong sign", ast.BinOp(b, ast.Sub(), a)
        yield f"`{A}` and `{B}` are multiplied, but `{B}` has to be subtracted", ast.BinOp(a, ast.Mult(), b)
    elif operator is ast.Pow:
        yield f"`{A}` is used where `{all_of_it}` is needed", a
        if isinstance(b, ast.Constant):
            yield f"`2 {A}` is used where `{all_of_it}` is needed", ast.BinOp(ast.Constant(2), ast.Mult(), a)
            yield f"`abs({A})` is used where `{all_of_it}` is needed", ast.Call(
                ast.Name("abs", ast.Load()), [a], [])
            power = ast.BinOp(a, ast.Pow(), ast.Constant(b.value + 1))
            yield f"`{_shown(power)}` is used where `{all_of_it}` is needed", power
    elif operator is ast.MatMult:
        def transposed(x):
            is_transposed = isinstance(x, ast.Attribute) and x.attr == "T"
            return x.value if is_transposed else ast.Attribute(x, "T", ast.Load())
        for new in ((transposed(a), b), (a, transposed(b)), (transposed(a), transposed(b)), (b, a)):
            product = ast.BinOp(new[0], ast.MatMult(), new[1])
            yield f"`{_shown(product)}` is used where `{all_of_it}` is needed", product
    if operator is not ast.MatMult and not isinstance(b, ast.Constant):
        of = all_of_it if operator in (ast.Mult, ast.Div) else B
        yield f"the sign of `{of}` is wrong", ast.BinOp(a, node.op, ast.UnaryOp(ast.USub(), b))


INSTEAD = {     # functions that are taken for each other
    "np.exp": ("np.log", "np.sqrt", "np.expm1"), "np.sqrt": ("np.square", "np.exp"), "np.log": ("np.exp",),
    "sigmoid": ("softplus", "np.tanh", "np.exp"), "softplus": ("sigmoid", "np.exp"),
    "log_softmax": ("np.exp",), "one_hot": (), "len": ("np.size",)}


def _of_call(node):
    name, whole = ast.unparse(node.func), _shown(node)
    for i, j in itertools.combinations(range(len(node.args)), 2):
        swapped = list(node.args)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        yield f"two arguments of `{name}` are swapped: `{whole}` is needed", ast.Call(
            node.func, swapped, node.keywords)
    if name in INSTEAD and len(node.args) == 1:
        argument = node.args[0]
        short = name.removeprefix("np.")
        yield f"{short} is missing: `{_shown(argument)}` is used where `{whole}` is needed", argument
        negative = ast.UnaryOp(ast.USub(), argument)
        yield f"the sign inside `{whole}` is wrong", ast.Call(node.func, [negative], [])
        for other in INSTEAD[name]:
            new = ast.Call(ast.parse(other, mode="eval").body, [argument], [])
            yield f"`{_shown(new)}` is used where `{whole}` is needed", new
    elif name == "reversed":
        yield "the first layer comes first, but the last layer has to come first", node.args[0]
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "max", "mean"):
        kind, of = node.func.attr, node.func.value
        for other in {"sum": ("mean", "max"), "max": ("min", "sum"), "mean": ("sum",)}[kind]:
            yield f"the {other} of `{_shown(of)}` is taken, but the {kind} is needed", ast.Call(
                ast.Attribute(of, other, ast.Load()), node.args, node.keywords)
        if node.keywords or node.args:
            yield f"the axis is missing: the {kind} of `{_shown(of)}` is over the whole array", ast.Call(
                node.func, [], [])
        for axis in (0, 1):
            new = ast.Call(node.func, [], [ast.keyword("axis", ast.Constant(axis)),
                                          ast.keyword("keepdims", ast.Constant(True))])
            yield f"the {kind} of `{_shown(of)}` is over the wrong axis ({axis})", new
        yield f"the {kind} is missing: `{_shown(of)}` itself is used", of


def _of_statements(statements):
    """(what is wrong, the statements instead): one is left out, comes too early, adds to an array, ..."""
    for i, statement in enumerate(statements):
        before, after = statements[:i], statements[i + 1:]
        shown = " ".join(_shown(statement).split())
        if isinstance(statement, ast.Return):
            continue
        if isinstance(statement, ast.If):
            yield f"the condition `{_shown(statement.test)}` is missing", before + statement.body + after
        if isinstance(statement, ast.For):
            once = ast.For(statement.target, statement.iter, [*statement.body, ast.Break()], [])
            yield "only the first pass of the loop is done: is the return inside it?", [*before, once, *after]
        text = f"`{shown}` is missing"
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            target, value = statement.targets[0], statement.value
            if _shown(target).endswith("[...]"):
                name = _shown(target.value)
                text = (f"nothing was written into {name}; write {name}[...] = ... "
                        f"({name} = ..., without [...], only gives the name {name} to another array)")
                yield f"the result is added to what was in {name}; write {name}[...] = ..., not +=", [
                    *before, *ast.parse(f"{_shown(target)} += {_shown(value)}").body, *after]
        if isinstance(statement, ast.AugAssign):
            opposite = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div}.get(type(statement.op))
            if opposite:
                new = ast.AugAssign(statement.target, opposite(), statement.value)
                yield f"`{_shown(new)}` is used where `{shown}` is needed" + (
                    ": the sign is wrong" if opposite is not ast.Div else ""), [*before, new, *after]
            name = _shown(statement.target)
            instead = ast.parse(f"{name}[...] = {_shown(statement.value)}").body
            yield f"`{shown}` is needed, but what was in {name} before is lost", [*before, *instead, *after]
        yield text, before + after or [ast.Pass()]
        if after and not isinstance(after[0], ast.Return):
            yield f"`{shown}` comes too early; `{' '.join(_shown(after[0]).split())}` has to come first", [
                *before, after[0], statement, *after[1:]]


def _shown(node):
    """The code of a node as the learner would write it, on one line."""
    return ast.unparse(ast.fix_missing_locations(node)).removesuffix(":")
