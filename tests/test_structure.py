"""The house: imports run one way, the math stands alone, and a learner can read the core path in 90 minutes."""

import ast
import configparser
import io
import re
import tokenize
from pathlib import Path

import minivae
from minivae.app.main import COMMANDS

PACKAGE = Path(minivae.__file__).parent
DERIVATIONS = Path(__file__).parents[1] / "tutorials" / "derivations.md"
README = Path(__file__).parents[1] / "README.md"


def modules():
    """{"minivae.vae": its path, ...}"""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports_of(name):
    """[(imported module of the package, is the import inside a function?), ...]"""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    tree = ast.parse(path.read_text("utf-8"))
    inside = {id(node) for function in ast.walk(tree) if isinstance(function, (ast.FunctionDef, ast.Lambda))
              for node in ast.walk(function)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[:len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*base, *filter(None, [node.module])])
            targets = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        else:
            continue
        found += [(target, id(node) in inside) for target in targets if target in MODULES]
    return found


IMPORTS = {name: imports_of(name) for name in MODULES}
IMPORTS["minivae"] += [(f"minivae.{name}", True) for name in                                           # importlib
                       ("datasets", "evaluation", "gradcheck", "inference", "plots", "training", "runs.loaded")]
IMPORTS["minivae.app.main"] += [(f"minivae.app.commands.{file}", True) for file in COMMANDS.values()]   # importlib


def room(name):
    """The part of the name that says where in the house a module is: "minivae.app.commands.train" -> "app"."""
    return (name.split(".") + [""])[1]


def circles(imports):
    """Every circle of imports that a walk from each module meets, as lists of names."""
    found, done = [], set()

    def visit(name, path):
        if name in path:
            found.append([*path[path.index(name):], name])
        elif name not in done:
            for target, _ in imports[name]:
                if target != "minivae":         # for its __version__: the package is being imported already
                    visit(target, [*path, name])
            done.add(name)
    for name in imports:
        visit(name, [])
    return found


def test_no_imports_run_in_a_circle():
    assert len(MODULES) > 50 and sum(map(len, IMPORTS.values())) > 150
    assert circles(IMPORTS) == []


def test_a_circle_would_be_found():
    assert circles({"a": [("b", False)], "b": [("c", True)], "c": [("a", False)]}) == [["a", "b", "c", "a"]]


def test_imports_inside_functions_are_those_that_save_time_at_the_start_only():
    """Of matplotlib, of the chosen command, and of what not everyone needs who imports minivae; none breaks a circle."""
    late = {(name, target) for name, found in IMPORTS.items() for target, inside in found if inside and name != "minivae"}
    assert late == {("minivae.quick.models", "minivae.quick.fitting"), ("minivae.quick.models", "minivae.quick.model_file"),
                    ("minivae.quick.models", "minivae.evaluation"), ("minivae.app.pictures", "minivae.plots"), ("minivae.app.pictures", "minivae.app.film_picture"), ("minivae.exercises.capstone", "minivae.plots"), ("minivae.app.commands.infer", "minivae.inference.plots"),
                    *(("minivae.app.main", f"minivae.app.commands.{file}") for file in COMMANDS.values())}


def test_the_math_knows_nothing_of_checking_exercises_training_or_the_program():
    math = [name for name in MODULES if room(name) in ("layers", "prior", "posteriors", "likelihoods", "vae",
                                                        "monte_carlo", "free_bits", "optimizers", "saved_state", "parameters", "networks",
                                                        "backend", "errors")]
    assert len(math) >= 17
    reached, todo = set(), list(math)
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += [target for target, _ in IMPORTS[name]]
    assert {room(name) for name in reached} == {room(name) for name in math}


def test_setup_cfg_installs_every_room():
    settings = configparser.ConfigParser()
    settings.read(README.parent / "setup.cfg", "utf-8")
    packages = settings["options"]["packages"].split()
    assert {name for name, path in MODULES.items() if path.name == "__init__.py"} == set(packages) - {"minivae.exercises.files"}
    assert settings["options.entry_points"]["console_scripts"].split("=")[1].strip() == "minivae.app.main:main"


def test_nobody_imports_the_program_but_its_door():
    assert {name for name, found in IMPORTS.items() for target, _ in found
            if room(target) == "app" and room(name) != "app"} == {"minivae.__main__"}


def test_what_lies_directly_in_the_package_stays_small():
    direct = [path for folder in (".", "posteriors", "likelihoods") for path in (PACKAGE / folder).glob("*.py")]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in direct)
    print(f"{len(direct)} files, {lines} lines")
    assert lines < 2200


# The core path

CORE = {"layers.py": None, "posteriors/diagonal.py": None, "likelihoods/bernoulli.py": None, "vae.py": None,
        "optimizers.py": ("Optimizer", "Adam", "adam_update"), "gradcheck.py": None}     # of optimizers.py, what Adam needs


def lines_of_checks(tree):
    """The lines of input checks: calls of require_... and check_..., raise, and an `if` that only raises."""
    found = set()
    for node in ast.walk(tree):
        names = [getattr(call.func, "attr", getattr(call.func, "id", "")) for call in ast.walk(node)
                 if isinstance(call, ast.Call)] if isinstance(node, (ast.Expr, ast.Assign, ast.Return)) else []
        is_check = (isinstance(node, ast.Raise) or isinstance(node, ast.If) and isinstance(node.body[0], ast.Raise)
                    or any(name.lstrip("_").startswith(("require_", "check_")) for name in names))
        if is_check:
            found |= set(range(node.lineno, node.end_lineno + 1))
    return found


def reading(path, only=None):
    """Lines of code, words of docstrings and comments, and lines that are checks, of a file or some of its definitions."""
    text = (PACKAGE / path).read_text("utf-8")
    tree = ast.parse(text)
    chosen = [node for node in tree.body if only is None or getattr(node, "name", None) in only]
    rows = {row for node in chosen for row in range(node.lineno, node.end_lineno + 1)} if only else set(range(len(text.splitlines()) + 1))
    prose, words = set(), 0
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            docstring = node.body[0]
            if docstring.lineno in rows:
                words += len(docstring.value.value.split())
                prose |= set(range(docstring.lineno, docstring.end_lineno + 1))
    code = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start[0] in rows - prose:
            if token.type == tokenize.COMMENT:
                words += len(token.string.strip("# ").split())
            elif token.string.strip():
                code |= set(range(token.start[0], token.end[0] + 1))
    code &= rows - prose
    return len(code), words, len(code & lines_of_checks(tree))


def test_the_core_path_takes_at_most_90_minutes_and_the_readme_says_how_many():
    """20 seconds for a line of code, 200 words a minute for docstrings and comments."""
    print(f"\n{'':<26}{'lines':>6}{'checks':>8}{'words':>7}{'minutes':>9}")
    text, totals = README.read_text("utf-8"), [0, 0, 0]
    for path, only in CORE.items():
        lines, words, checks = reading(path, only)
        minutes = f"{lines / 3 + words / 200:.0f}"
        print(f"{path:<26}{lines:>6}{checks:>8}{words:>7}{minutes:>9}")
        totals = [total + n for total, n in zip(totals, (lines, words, checks))]
        assert re.search(rf"\(minivae/{re.escape(path)}\) \|.*\| {minutes} \|$", text, re.M), f"{path}: {minutes} minutes"
    lines, words, checks = totals
    minutes = lines / 3 + words / 200
    print(f"{'all':<26}{lines:>6}{checks:>8}{words:>7}{minutes:>9.0f}    {checks / lines:.1%} of the lines are checks")
    assert minutes <= 90
    assert f"{minutes:.0f} minutes" in text
    assert checks / lines < 0.12


def test_the_reading_is_counted_as_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text('"""Two words."""\n\nimport os    # three more words\n\n\ndef f(x):\n    """One."""\n'
                                   '    require_shape("x", x, ())\n    if not x:\n        raise ValueError\n'
                                   '    return (x +\n            1)\n\n\ndef g():\n    return f(check_it(1))\n')
    monkeypatch.setattr("test_structure.PACKAGE", tmp_path)
    assert reading("a.py") == (9, 6, 4)
    assert reading("a.py", ("f",)) == (6, 1, 3)


# Every backward function, and every loss with its gradient, says where it is derived

def backwards():
    for name, path in MODULES.items():
        if room(name) in ("exercises", "checking"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            derived = isinstance(node, ast.FunctionDef) and node.name.endswith(("backward", "_and_grad"))
            if derived and node.name != "loss_and_grad":
                yield f"{name}.{node.name}", ast.get_docstring(node) or ""


def test_every_backward_function_names_its_section_in_the_derivations():
    headings = {line.lstrip("# ") for line in DERIVATIONS.read_text("utf-8").splitlines() if line.startswith("#")}
    found = list(backwards())
    assert len(found) > 25
    for name, docstring in found:
        section = re.search(r'derivations\.md,\s+"([^"]+)"', docstring)
        assert section and section[1] in headings, f"{name}: {section and section[1]}"


def test_the_readme_shows_every_room():
    rooms = README.read_text("utf-8").partition("## The rooms")[2].partition("\n## ")[0]
    shown = {name.strip("/") for name in re.findall(r"`([a-z_]+/?)`|\[([a-z_]+)/\]", rooms) for name in name if name}
    assert {room(name) for name in MODULES} - {"", "__main__"} <= shown
