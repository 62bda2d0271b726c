"""The tutorials run, assert what they claim, and say where each equation is computed."""

import ast
import functools
import importlib
import inspect
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import minivae
from minivae.exercises.catalog import EXERCISES

FOLDER = Path(__file__).parents[1] / "tutorials"
TUTORIALS = sorted(FOLDER.glob("[0-9][0-9]*_*.py"))
NAMES = [path.stem for path in TUTORIALS]
DOCUMENTS = [FOLDER / "README.md", FOLDER / "derivations.md", FOLDER / "recipes.md"]


def prefix(name):
    """03, or 03b where a tutorial continues another."""
    return name.partition("_")[0]


def environment(*first):
    """No display, one thread for each of two tutorials at a time, and the package that is being tested."""
    package = Path(minivae.__file__).parents[1]
    own = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "MPLBACKEND")}
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return {**own, **threads, "PYTHONPATH": os.pathsep.join(map(str, (*first, package))), "PYTHONIOENCODING": "utf-8"}


def copy_of_tutorials(folder):
    for path in FOLDER.glob("*.py"):
        shutil.copy(path, folder)
    shutil.copytree(FOLDER / "results", folder / "results")
    return folder


def run(script, cwd, *path):
    return subprocess.run([sys.executable, script], cwd=cwd, env=environment(*path), text=True, encoding="utf-8",
                          capture_output=True, timeout=300)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """{name: (its process, once it is done; its working folder; the folder of its figures)}, two at a time."""
    started = {}
    with ThreadPoolExecutor(2) as pool:
        for name in NAMES:
            tutorials = copy_of_tutorials(tmp_path_factory.mktemp("tutorials"))
            cwd = tmp_path_factory.mktemp("elsewhere")
            started[name] = pool.submit(run, tutorials / f"{name}.py", cwd), cwd, tutorials / "figures"
        yield started


@pytest.mark.tutorials
@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_runs_from_a_clean_folder_and_its_claims_hold(runs, name):
    future, cwd, figures = runs[name]
    process = future.result()
    assert process.returncode == 0, process.stdout[-2000:] + process.stderr[-2000:]
    assert process.stderr == ""
    assert process.stdout.count("✓") >= 5
    assert list(cwd.iterdir()) == []
    shown = set(re.findall(r"!\[[^\]]+\]\(figures/([^)]+)\)", (FOLDER / f"{name}.py").read_text("utf-8")))
    made = {path.name for path in figures.iterdir()}
    committed = {path.name for path in (FOLDER / "figures").glob(f"{prefix(name)}-*.png")}
    assert made == shown == committed and len(made) >= 1
    assert all(path.stat().st_size < 150_000 for path in [*figures.iterdir(), *(FOLDER / "figures").glob("*.png")])


@pytest.mark.parametrize("name, sabotage", [
    ("05_variational_autoencoder", "posteriors.DiagonalGaussian.kl = lambda self, h: 0 * h[:, 0]"),
    ("03_variational_inference", "prior.LOG_2PI = approximations.LOG_2PI = conjugate_models.LOG_2PI = 1.8"),
    ("01_backpropagation", "layers.tanh_backward = lambda dy, y: dy * (1 - y)"),
    ("00_the_vae_in_thirty_minutes", "layers.ACTIVATIONS['tanh'] = (layers.tanh, lambda dy, y: dy * (1 - y))"),
    ("11_conditional", "posteriors.DiagonalGaussian.sample_backward = lambda self, dz, h, eps: self.join(dz, dz * eps, h)"),
])
def test_a_tutorial_fails_where_the_library_is_wrong(tmp_path, name, sabotage):
    tutorials = copy_of_tutorials(tmp_path)
    (tutorials / "sitecustomize.py").write_text(
        f"from minivae import layers, posteriors, prior\nfrom minivae.inference import approximations, conjugate_models\n{sabotage}\n")
    process = run(tutorials / f"{name}.py", tmp_path, tutorials)
    assert process.returncode != 0
    assert "this does not hold" in process.stderr


@pytest.fixture
def lesson(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(FOLDER)
    module = importlib.import_module("lesson")
    monkeypatch.setattr(module, "FIGURES", tmp_path)
    return module


def test_a_claim_can_fail(lesson, capsys):
    lesson.claim("1 < 2", True)
    assert capsys.readouterr().out == "  ✓ 1 < 2\n"
    with pytest.raises(AssertionError, match="this does not hold: 2 < 1"):
        lesson.claim("2 < 1", False)


def test_a_figure_has_to_explain_itself(lesson, tmp_path):
    drawn, axes = lesson.figure()
    with pytest.raises(ValueError, match="no title"):
        lesson.save(drawn, "x")
    axes.set_title("It rises")
    with pytest.raises(ValueError, match="no labels"):
        lesson.save(drawn, "x")
    axes.set_xlabel("epoch")
    axes.set_ylabel("nats")
    lesson.save(drawn, "x")
    assert (tmp_path / "x.png").exists()


def test_data_that_are_not_there_give_one_line(lesson, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tutorial", "--data", "nothing"])
    with pytest.raises(SystemExit, match="^error: no data set and no file is called 'nothing'"):
        lesson.images(lesson.options("", **lesson.DATA))


# The text

def cells(path):
    """[(is it markdown, its text, number of its first line), ...]"""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.startswith("# %%"):
            found.append((line == "# %% [markdown]", [], number))
        else:
            found[-1][1].append(line)
    return [(is_markdown, "\n".join(lines), number) for is_markdown, lines, number in found]


@pytest.mark.parametrize("path", TUTORIALS, ids=NAMES)
def test_percent_cells(path):
    parts = cells(path)
    assert parts[0][0], "the first cell introduces the tutorial"
    for is_markdown, text, number in parts:
        if is_markdown:
            assert all(line.startswith("#") for line in text.rstrip().splitlines()), f"line {number}"
        else:
            ast.parse(text)
    number = re.sub(r"^0(?=.)", "", prefix(path.stem))
    assert re.match(rf"# # {number} · ", parts[0][1])
    for heading in ("What you'll do", "What you'll learn", "What you'll need", "Time"):
        assert f"**{heading}.**" in parts[0][1]
    assert parts[-1][0] and "## What to try next" in parts[-1][1]


@pytest.mark.parametrize("path", TUTORIALS, ids=NAMES)
def test_the_index_lists_each_tutorial(path):
    index = (FOLDER / "README.md").read_text("utf-8")
    assert re.search(rf"^\| {prefix(path.stem).removeprefix('0') or 0} \| \[.+\]\(pages/{path.stem}.md\): .* min \| \d+ s \| <img src=", index, re.M)


def test_tutorial_0_takes_at_most_30_minutes():
    """20 seconds for a line of code, 200 words a minute for prose and comments; it says to skip code that draws."""
    path = FOLDER / "00_the_vae_in_thirty_minutes.py"
    words = lines = 0
    for is_markdown, text, _ in cells(path):
        if is_markdown:
            words += len(text.replace("#", "").split())
        elif "save(drawn" not in text:
            code = [line.partition("  # ") for line in text.splitlines() if line.strip()]
            lines += len(code)
            words += sum(len(comment.split()) for _, _, comment in code)
    assert 1000 < words and 50 < lines
    assert lines / 3 + words / 200 <= 30


@pytest.mark.parametrize("path", TUTORIALS, ids=NAMES)
def test_every_equation_names_the_line_that_computes_it(path):
    parts, equations = cells(path), 0
    for i, (is_markdown, text, number) in enumerate(parts):
        fenced = False
        for line in text.splitlines() if is_markdown else []:
            fenced ^= line.startswith("# ```")
            if fenced or not line.startswith("#     ") or not re.search(r"[=∝≈≤←]", line):
                continue
            equations += 1
            where = re.search(r"→ ([\w.]+|next cell)$", line)
            assert where, f"in the cell at line {number}, no arrow to code: {line}"
            if where[1] == "next cell":
                assert i + 1 < len(parts) and not parts[i + 1][0], f"line {number}: no code cell follows"
            else:
                assert resolve(where[1]) is not None, line
    assert equations >= (0 if path.stem.startswith("09") else 2)


def resolve(dotted):
    """What posteriors.DiagonalGaussian.kl, or measures.share_near, names; None if nothing."""
    if dotted.startswith("measures."):
        return dotted.partition(".")[2] in (FOLDER / "measures.py").read_text("utf-8") or None
    parts = dotted.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module("minivae." + ".".join(parts[:n]))
        except ImportError:
            continue
        for part in parts[n:]:
            found = getattr(found, part, None)
        return found
    return None


LINKING = [FOLDER.parent / "README.md", *TUTORIALS, *DOCUMENTS, FOLDER / "results" / "README.md"]


@pytest.mark.parametrize("path", LINKING, ids=[str(path.relative_to(FOLDER.parent)) for path in LINKING])
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8"))
    assert links
    for target in links:
        if target.startswith("http"):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file) if file else path
        assert linked.exists(), target
        if anchor and linked.suffix == ".md":
            lines = linked.read_text("utf-8").splitlines()
            headings = {slug(line.lstrip("# ")) for line in lines if line.startswith("#")}
            assert anchor in headings, target


def slug(heading):
    """The anchor that GitHub gives a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("path", TUTORIALS, ids=NAMES)
def test_exercises_are_called_what_they_are(path):
    titles = {exercise.key: exercise.title for exercise in EXERCISES}
    text = re.sub(r"\s*\n#? *", " ", path.read_text("utf-8"))
    for number, title in re.findall(r"[Ee]xercise (\d+b?), \*([^*]+)\*", text):
        assert titles[number] == title
    assert all(number in titles for number in re.findall(r"[Ee]xercises? (\d+b?)", text))


QUESTIONS = ["Sum or mean?", "How much should the KL weigh?", "Why log-variance?", "What do I sample at test time?",
             "Why not backprop through sampling?", "Why is the variance lower?", "Is KL = 0 good?",
             "Why are the images blurry?", "Is the ELBO negative?", "How many latents?", "How many samples L?",
             "Is MSE a Gaussian, and cross-entropy a Bernoulli?", "Where does the NaN come from?",
             "Why does my gradient check fail?"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_index_leads_to_each_question(question):
    index = (FOLDER / "README.md").read_text("utf-8")
    entry = re.search(rf"\[{re.escape(question)}\]\(pages/(\w+)\.md#(\S+)\)", index)
    assert entry, f"the index has no {question!r}"
    lines = (FOLDER / f"{entry[1]}.py").read_text("utf-8").splitlines()
    headings = [re.sub(r"^# #+ ", "", line) for line in lines if re.match(r"# #+ ", line) and question in line]
    assert slug(entry[2]) == entry[2] and [slug(heading) for heading in headings] == [entry[2]]


def public_functions():
    """Functions, classes and their methods, of the whole library but for what only serves the command line."""
    plumbing = ("__main__", "app", "exercises", "errors", "runs", "system")
    for module in pkgutil.walk_packages(minivae.__path__, "minivae."):
        name = module.name.removeprefix("minivae.")
        if name.split(".")[0] in plumbing or module.ispkg:
            continue
        for thing, value in vars(importlib.import_module(module.name)).items():
            if getattr(value, "__module__", None) != module.name or thing.startswith("_"):
                continue
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{name}.{thing}"
            for method, function in vars(value).items() if inspect.isclass(value) else ():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{thing}.{method}"


def test_every_public_function_is_used_or_linked_in_a_tutorial():
    texts = "\n".join(path.read_text("utf-8") for path in [*TUTORIALS, *DOCUMENTS, FOLDER / "lesson.py"])
    code = re.findall(r"`[^`\n]+`|\b\w+\(|\.\w+|import [^\n]+|^    +[^\n]*import[^\n]*", texts)
    named = set(re.findall(r"\w+", " ".join(code)))
    functions = list(public_functions())
    assert len(functions) > 200
    assert [function for function in functions if function.split(".")[-1] not in named] == []


# Derivations: every entry names its code and its test.

@functools.cache
def definitions(path):
    """The functions, classes and Class.methods that a file defines."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
    return names


DERIVED = re.findall(r"\[`([\w.]+)`\]\((\.\./[\w/.]+\.py)\)", (FOLDER / "derivations.md").read_text("utf-8"))


def test_derivations_name_what_exists():
    assert len(DERIVED) > 100
    assert [(name, file) for name, file in DERIVED if name not in definitions((FOLDER / file).resolve())] == []


def test_every_gradient_is_derived():
    gradients = set()
    package = Path(minivae.__file__).parent
    for path in package.rglob("*.py"):
        if path.relative_to(package).parts[0] in ("exercises", "checking"):
            continue
        gradients |= {name for name in definitions(path)
                      if re.search(r"(_backward|_gradient|\.score)$", name) and "._" not in name and name[0] != "_"}
    named = {name for name, _ in DERIVED}
    inherited = {name for name in gradients if name.partition(".")[0] in ("Model", "Likelihood")}
    assert len(gradients) > 30
    assert gradients - inherited <= named
