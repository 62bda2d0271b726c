"""Pages and notebooks of the tutorials are what render.py makes of the scripts, and their links lead somewhere."""

import ast
import importlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import types

import pytest

from test_tutorials import FOLDER, NAMES, TUTORIALS, cells, slug

ROOT = FOLDER.parent
PAGES = sorted((FOLDER / "pages").glob("*.md"))
NOTEBOOKS = sorted((FOLDER / "notebooks").glob("*.ipynb"))


@pytest.fixture
def render(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    return importlib.import_module("render")


SMALL = '''# %% [markdown]
# # 7 · Small
#
# See [tutorial 2](02_autoencoder.py#sum-or-mean), [its line](02_autoencoder.py#L3), [layers](../minivae/layers.py)
# and [the web](https://example.org/a.py).
#
#     KL < ½ Σ μ²                 → posteriors.DiagonalGaussian.kl
#
#     y = x + 1                   → next cell

# %%
import lesson
x = 1
print("  x is", x)

# %% [markdown]
# ![rising](figures/07-rising.png)

# %%
drawn, axes = lesson.figure()
axes.set(title="It rises", xlabel="x", ylabel="y")
print("before")
lesson.save(drawn, "07-rising")
lesson.claim("x is still there", x == 1)

# %%
y = x

# %% [markdown]
# The end.
'''


@pytest.fixture
def small(render, monkeypatch, tmp_path):
    """A tutorial in a folder of its own, rendered there."""
    path = tmp_path / "07_small.py"
    path.write_text(SMALL, "utf-8")
    monkeypatch.setattr(importlib.import_module("lesson"), "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(render, "PAGES", tmp_path / "pages")
    monkeypatch.setattr(render, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(render, "TUTORIALS", [path])
    monkeypatch.setattr(sys, "argv", ["render.py"])
    render.main()
    return path


def read(file):
    return file.read_text("utf-8")


def test_a_page_has_prose_code_output_and_figures(render, small):
    text = read(render.PAGES / "07_small.md")
    kl = render.where("posteriors.DiagonalGaussian.kl")
    assert re.fullmatch(r"minivae/posteriors/diagonal.py#L\d+", kl)
    assert text.startswith("<!-- Written by render.py from 07_small.py: change that. -->\n\n# 7 · Small\n\n[All tutorials]")
    assert "\nSee [tutorial 2](02_autoencoder.md#sum-or-mean), [its line](../02_autoencoder.py#L3), [layers](../../minivae/layers.py)\n" in text
    assert "(https://example.org/a.py)" in text
    assert (f'\n<pre>\nKL &lt; ½ Σ μ²                 → <a href="../../{kl}">posteriors.DiagonalGaussian.kl</a>\n</pre>\n'
            "\n    y = x + 1                   → next cell\n") in text
    assert '\n```python\nimport lesson\nx = 1\nprint("  x is", x)\n```\n\n> ```text\n>   x is 1\n> ```\n\n![rising](../figures/07-rising.png)\n\n' in text
    assert "\n> ```text\n> before\n>   ✓ x is still there\n> ```\n\n```python\ny = x\n```\n\nThe end.\n" in text


def test_a_notebook_has_each_figure_once_by_reference(render, small):
    made = json.loads(read(render.NOTEBOOKS / "07_small.ipynb"))["cells"]
    assert [cell["cell_type"] for cell in made] == ["markdown", "code", "code", "code", "code", "markdown"]
    sources = ["".join(cell["source"]) for cell in made]
    assert "(02_autoencoder.ipynb#sum-or-mean), [its line](../02_autoencoder.py#L3)" in sources[0]
    assert sources[1] == render.FIRST_CELL
    assert sources[2:5] == render.code_of(small)
    assert [cell["execution_count"] for cell in made[1:5]] == [None, 1, 2, 3]
    first, shown, last = made[3]["outputs"]
    assert first["text"] == ["before\n", "  figure: figures/07-rising.png\n"]
    assert shown["data"]["text/html"] == ['<img src="../figures/07-rising.png">']
    assert last["text"] == ["  ✓ x is still there\n"]
    assert not any("rising" in text for text in (sources[0], sources[5]))
    assert (small.parent / "figures" / "07-rising.png").exists()


def test_what_is_not_up_to_date_is_named_and_text_alone_is_renewed_without_a_run(render, small, monkeypatch):
    page, notebook = render.PAGES / "07_small.md", render.NOTEBOOKS / "07_small.ipynb"
    before = read(page), read(notebook)
    assert render.stale() == []
    monkeypatch.setattr(render, "run", None)                # it would fail
    small.write_text(SMALL.replace("The end.", "The new end."), "utf-8")
    assert render.stale() == [notebook, page]
    monkeypatch.setattr(sys, "argv", ["render.py", "--text"])
    render.main()
    assert render.stale() == []
    assert (read(page), read(notebook)) == tuple(text.replace("The end.", "The new end.") for text in before)
    small.write_text(SMALL.replace("y = x\n", "y = -x\n"), "utf-8")
    assert render.stale() == [notebook, page]
    with pytest.raises(SystemExit, match="its code is not that of its notebook"):
        render.main()
    small.write_text(SMALL.replace("The end.", "The new end."), "utf-8")
    page.write_text(read(page).replace("x is 1", "x is 2"), "utf-8")
    (render.PAGES / "08_gone.md").write_text("")
    assert render.stale() == [page, render.PAGES / "08_gone.md"]
    monkeypatch.setattr(sys, "argv", ["render.py", "--check"])
    with pytest.raises(SystemExit) as stop:
        render.main()
    assert stop.value.code == "not up to date: pages/07_small.md\nnot up to date: pages/08_gone.md"


# What is committed

def test_every_tutorial_has_a_page_and_a_notebook():
    assert [path.stem for path in PAGES] == [*NAMES, "core_path"]
    assert [path.stem for path in NOTEBOOKS] == NAMES


def test_no_page_and_no_notebook_is_stale(render):
    """If this fails: python tutorials/render.py, or with --text where no code cell has changed."""
    assert [file.name for file in render.stale() if file.exists()] == []


@pytest.mark.parametrize("path", [path for path in TUTORIALS if path.stem in {file.stem for file in PAGES}],
                         ids=lambda path: path.stem)
def test_a_page_and_a_notebook_have_the_cells_of_the_script(path):
    """Read here without render.py."""
    code = [text.strip("\n") for is_markdown, text, _ in cells(path) if not is_markdown]
    page, notebook = read(FOLDER / "pages" / f"{path.stem}.md"), json.loads(read(FOLDER / "notebooks" / f"{path.stem}.ipynb"))
    assert re.findall(r"^```python\n(.*?)\n```$", page, re.S | re.M) == code
    in_notebook = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert in_notebook[1:] == code and "pip install" in in_notebook[0]

    def plain(text):
        """Its words, without targets of links, figures and HTML."""
        text = re.sub(r"^!\[.*\)$|\]\([^)]*\)|</?(pre|a)\b[^>]*>", "", text, flags=re.M)
        return re.findall(r"\w+", text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    prose = [re.sub(r"^# ?", "", text, flags=re.M) for is_markdown, text, _ in cells(path) if is_markdown]
    between = re.sub(r"^(> )?```(python|text)\n.*?```$", "", page, flags=re.S | re.M).split("\n", 2)[2]
    between = re.sub(r"^\[All tutorials\].*$", "", between, flags=re.M)
    assert plain(between) == plain("\n".join(prose))
    markdown = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    assert plain("\n".join(markdown)) == plain("\n".join(prose))


@pytest.mark.parametrize("file", [*PAGES, *NOTEBOOKS], ids=lambda file: file.name)
def test_links_lead_somewhere(file):
    text = read(file)
    if file.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
    text = re.sub(r"^(> )?```.*?```$", "", text, flags=re.S | re.M)
    targets = re.findall(r'\]\(([^)\s]+)\)|(?:href|src)="([^"]+)"', text)
    assert targets
    for target in filter(None, itertools.chain(*targets)):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        linked = (file.parent / name).resolve() if name else file
        rendered = re.fullmatch(r"\d\d_\w+\.(md|ipynb)", name)      # the test above asks for all of them
        if rendered and not linked.exists():
            linked = FOLDER / f"{linked.stem}.py"
        assert linked.exists(), target
        if anchor and linked.suffix in (".md", ".py") and not anchor.startswith("L"):
            headings = re.findall(r"^(?:# )?#+ (.*)$", read(linked), re.M)
            assert anchor in {slug(heading) for heading in headings}, target


@pytest.mark.parametrize("file", [file for file in PAGES if file.stem in NAMES], ids=lambda file: file.stem)
def test_arrows_lead_to_the_line_of_their_function(file):
    arrows = re.findall(r'→ <a href="([^"#]+)#L(\d+)">([\w.]+)</a>', read(file))
    named = re.findall(r"^#     .*→ (\w+\.[\w.]+)$", read(FOLDER / f"{file.stem}.py"), re.M)
    assert [name for *_, name in arrows] == named
    for target, number, name in arrows:
        lines = read((file.parent / target).resolve()).splitlines()[int(number) - 1:]
        line = next(line for line in lines if not line.strip().startswith("@"))
        assert re.match(rf"\s*(def|class) {name.split('.')[-1]}\b", line), f"{name}: {line}"


@pytest.mark.parametrize("file", [file for file in PAGES if file.stem in NAMES], ids=lambda file: file.stem)
def test_each_figure_is_shown_once(file):
    figures = sorted(path.name for path in (FOLDER / "figures").glob(f"{file.stem.partition('_')[0]}-*.png"))
    assert sorted(re.findall(r"!\[[^\]]+\]\(\.\./figures/([^)]+)\)", read(file))) == figures
    notebook = read(FOLDER / "notebooks" / f"{file.stem}.ipynb")
    assert sorted(re.findall(r'<img src=\\"\.\./figures/([^\\]+)\\">', notebook)) == figures
    assert "](../figures/" not in notebook and "image/png" not in notebook


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_a_notebook_has_the_format_4_5(file):
    """What nbformat's schema asks of the parts that we write."""
    notebook = json.loads(read(file))
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook["metadata"]["kernelspec"]) >= {"name", "display_name"}
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids)
    for cell in notebook["cells"]:
        is_code = cell["cell_type"] == "code"
        assert set(cell) == {"id", "cell_type", "metadata", "source", *(("execution_count", "outputs") if is_code else ())}
        assert is_code or cell["cell_type"] == "markdown"
        assert lines_of_text(cell["source"])
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                assert set(output) == {"output_type", "name", "text"} and lines_of_text(output["text"])
            else:
                assert output["output_type"] == "display_data" and set(output) == {"output_type", "metadata", "data"}
                assert all(lines_of_text(text) for text in output["data"].values())
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == [None, *range(1, len(counts))]


def lines_of_text(lines):
    """Is it a list of lines, each but the last with its line break?"""
    return isinstance(lines, list) and "".join(lines).splitlines(True) == lines and lines != []


def test_the_core_path_has_all_its_code_and_the_derivation_below_each_function(render):
    text = read(FOLDER / "pages" / "core_path.md")
    parts = re.split(r"^## \d · \[([\w/.]+)\].*\n", text, flags=re.M)
    assert tuple(parts[1::2]) == render.CORE
    for name, part in zip(parts[1::2], parts[2::2]):
        code = "\n".join(re.findall(r"^```python\n(.*?)\n```$", part, re.S | re.M))
        source = read(ROOT / "minivae" / name).partition("class SGD")[0]
        assert list(filter(None, code.splitlines())) == list(filter(None, source.splitlines()))
    folds = re.findall(r"^```python\n((?:(?!```).)*?)\n```\n\n<details>\n<summary>Derivation: (.*?)</summary>", text, re.S | re.M)
    for title, last in [("Linear", "def linear_backward"), ("Diagonal Gaussian: the KL", "def kl_backward"), ("Bernoulli", "def log_prob_backward"),
                        ("The bound", "def elbo_and_grad"), ("Adam", "def update"), ("Differences", "def numerical_gradient")]:
        above, = [code for code, each in folds if each == title]
        assert re.findall(r"def \w+", above)[-1] == last
    titles = re.findall(r"^<summary>Derivation: (.*)</summary>$", text, re.M)
    assert len(titles) == len(set(titles)) > 12 and len(re.findall(r"^## ", text, re.M)) == len(render.CORE)
    derived = re.findall(r'[Dd]eriv(?:ed in derivations|ations)\.md,\s+"([^"]+)"', text)
    assert len(derived) > 8 and all(f"<summary>Derivation: {title}</summary>" in text for title in derived)


# lesson.py, for notebooks and for the processor

@pytest.mark.parametrize("path", TUTORIALS, ids=NAMES)
def test_lesson_is_imported_before_numpy_and_a_cell_shows_no_value(path):
    """NumPy reads the number of threads when it is imported. A notebook shows the value of a cell's last line."""
    modules = re.findall(r"^(?:from|import) (\w+)", read(path), re.M)
    assert modules.index("lesson") < min(modules.index(name) for name in ("numpy", "minivae", "matplotlib") if name in modules)
    for is_markdown, text, number in cells(path):
        last = ast.parse("" if is_markdown else text).body[-1:]
        if last and isinstance(last[0], ast.Expr):
            call = ast.unparse(last[0].value)
            assert re.match(r"(claim|print|save)\(|options\('[^']*'\)$", call), f"line {number}: {call}"


@pytest.mark.parametrize("chosen, threads", [(None, "1"), ("2", "2")])
def test_lesson_sets_one_thread_unless_the_reader_chose(chosen, threads):
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment |= {"OPENBLAS_NUM_THREADS": chosen} if chosen else {}
    code = "import sys, lesson, os; print(os.environ['OPENBLAS_NUM_THREADS'])"
    process = subprocess.run([sys.executable, "-c", code], cwd=FOLDER, text=True, capture_output=True,
                             env={**environment, "PYTHONPATH": str(ROOT)})
    assert process.stdout == f"{threads}\n", process.stderr


def test_in_a_notebook_a_saved_figure_is_shown_and_options_are_the_defaults(render, monkeypatch, tmp_path):
    lesson, shown = importlib.import_module("lesson"), []
    module = types.ModuleType("IPython.display")
    module.Image, module.display = lambda filename: filename, shown.append
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setattr(lesson, "IN_NOTEBOOK", True)
    monkeypatch.setattr(lesson, "FIGURES", tmp_path)
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel.json"])
    drawn, axes = lesson.figure()
    axes.set(title="It rises", xlabel="x", ylabel="y")
    assert lesson.save(drawn, "rising") is None
    assert shown == [tmp_path / "rising.png"]
    assert lesson.options("nothing to choose") is None
    assert lesson.options("", **lesson.DATA).data == "digits"


@pytest.mark.tutorials
def test_two_renderings_of_a_tutorial_are_the_same_and_fit_its_script(tmp_path):
    made = []
    shutil.copytree(ROOT / "minivae", tmp_path / "minivae")
    shutil.copytree(FOLDER, tmp_path / "tutorials")
    for _ in range(2):
        subprocess.run([sys.executable, tmp_path / "tutorials" / "render.py", "01"], cwd=tmp_path, check=True, timeout=300)
        made.append({file.name: file.read_bytes() for folder in ("pages", "notebooks", "figures")
                     for file in (tmp_path / "tutorials" / folder).glob("*01*")})
    assert made[0] == made[1] and len(made[0]) == 5
    check = subprocess.run([sys.executable, tmp_path / "tutorials" / "render.py", "--check"], text=True, capture_output=True)
    assert "01_" not in check.stderr
