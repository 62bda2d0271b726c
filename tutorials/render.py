"""Write what GitHub and Jupyter show of the tutorials: from each NN_name.py a page and a notebook, and the core path.

    python tutorials/render.py              run every tutorial; write pages/, notebooks/ and pages/core_path.md
    python tutorials/render.py 05 07        run only these
    python tutorials/render.py --text       run nothing: new prose and links around the output that the notebooks have
    python tutorials/render.py --check      write nothing: name the files that are not up to date

The scripts stay the source. Figures are files in figures/, which pages and notebooks refer to: a page shows a figure
where the prose does; a notebook shows it below the cell that draws it, where a new run shows it too. Running again
gives the same bytes on the same machine, but for times: tutorial 9, and the years in tutorial 3.
"""

import argparse
import ast
import contextlib
import html
import inspect
import io
import itertools
import json
import pkgutil
import re
import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]       # what lies here, whatever is installed

PAGES, NOTEBOOKS = HERE / "pages", HERE / "notebooks"
TUTORIALS = sorted(HERE.glob("[0-9][0-9]*_*.py"))        # 03_..., 03b_...
CORE = ("layers.py", "posteriors/diagonal.py", "likelihoods/bernoulli.py", "vae.py", "optimizers.py", "gradcheck.py")
AFTER_THE_CORE = "\n\n\nclass SGD"          # in optimizers.py: from here on, the other optimizers

FIRST_CELL = """\
# Makes minivae and the files beside the tutorials importable, also on Colab.
import importlib.util
import sys
from pathlib import Path

here = Path.cwd()
checkouts = [folder for folder in (here, *here.parents, *here.glob("*")) if (folder / "tutorials/lesson.py").exists()]
if not checkouts:
    raise FileNotFoundError("There is no copy of minivae here. In a new cell, run !git clone with the address of the "
                            "repository that this notebook comes from; then run this cell again.")
if importlib.util.find_spec("minivae") is None:
    %pip install --quiet "{checkouts[0]}"
sys.path[:0] = [str(checkouts[0] / "tutorials"), str(checkouts[0])]"""


# A tutorial's cells, and what they print

def cells(path):
    """[(is it prose, its text), ...], prose without the # before each line."""
    parts = re.split(r"^# %%(.*)\n", path.read_text("utf-8"), flags=re.M)[1:]
    marked = [(kind == " [markdown]", text.strip("\n")) for kind, text in zip(parts[::2], parts[1::2])]
    return [(is_prose, re.sub(r"^# ?", "", text, flags=re.M) if is_prose else text) for is_prose, text in marked]


def number(path):
    """03b_coordinate_ascent.py -> 03b"""
    return path.stem.partition("_")[0]


def code_of(path):
    return [text for is_prose, text in cells(path) if not is_prose]


def run(path):
    """Run the code cells in one namespace. -> what each printed"""
    sys.argv, namespace, printed = [str(path)], {"__name__": "__main__"}, []
    for text in code_of(path):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(text, path.name, "exec"), namespace)
        printed.append(output.getvalue())
    return printed


def recorded(path):
    """What each code cell printed when its notebook was written; None if there is no notebook of this code."""
    file = NOTEBOOKS / f"{path.stem}.ipynb"
    found = json.loads(file.read_text("utf-8"))["cells"] if file.exists() else []
    found = [cell for cell in found if cell["cell_type"] == "code"][1:]
    if ["".join(cell["source"]) for cell in found] != code_of(path):
        return None
    return ["".join(line for output in cell["outputs"] for line in output.get("text", [])) for cell in found]


# Prose: its links, and its equations, whose arrows are links

def prose(text, suffix):
    """Markdown for a folder beside the tutorials; suffix: .md or .ipynb, which other tutorials have there."""
    def link(match):
        name = re.sub(r"^(\d\d\w*)\.py(?!#L)", rf"\1{suffix}", match[0])
        return name if name != match[0] else f"../{name}"
    text = re.sub(r"(?<=\]\()(?!https?:|#)[^)\s]+", link, text)
    if suffix == ".ipynb":                                              # whose headings have other anchors
        text = re.sub(r"\[([^\]]+)\]\(#[^)]+\)", r"\1", text)
    return re.sub(r"(?:^    .*\n?)+", equations, text, flags=re.M)


def equations(block):
    """Indented lines; if an arrow in them names a function, as <pre>, where that name can be a link."""
    text = html.escape(re.sub(r"^    ", "", block[0].rstrip(), flags=re.M), quote=False)
    linked = re.sub(r"→ (\w+\.[\w.]+)$", lambda arrow: f'→ <a href="../../{where(arrow[1])}">{arrow[1]}</a>', text, flags=re.M)
    return f"<pre>\n{linked}\n</pre>\n" if linked != text else block[0]


def where(name):
    """posteriors.DiagonalGaussian.kl -> minivae/posteriors/diagonal.py#L63"""
    beside = (HERE / f"{name.partition('.')[0]}.py").exists()           # measures.share_near
    function = inspect.unwrap(pkgutil.resolve_name(name if beside else f"minivae.{name}"))
    file = Path(inspect.getsourcefile(function)).resolve().relative_to(ROOT).as_posix()
    return f"{file}#L{inspect.getsourcelines(function)[1]}"


# The two forms

FIGURE = re.compile(r"^  figure: (figures/\S+)\n", re.M)                # printed by lesson.save


def page(path, printed):
    """The tutorial as Markdown: each code cell, and below it what it printed."""
    blocks, printed = [], iter(printed)
    for is_prose, text in cells(path):
        blocks.append(prose(text, ".md") if is_prose else f"```python\n{text}\n```")
        output = "" if is_prose else FIGURE.sub("", next(printed)).rstrip()
        if output:                          # quoted, to look different from code
            blocks.append("\n".join(f"> {line}".rstrip() for line in ["```text", *folded(output), "```"]))
    title, _, introduction = blocks[0].partition("\n")
    links = f"[All tutorials](../README.md) · [the script](../{path.name}) · [a notebook](../notebooks/{path.stem}.ipynb)"
    return "\n\n".join([f"<!-- Written by render.py from {path.name}: change that. -->", title, links,
                        introduction.strip(), *blocks[1:]]) + "\n"


def folded(output):
    """The lines, but those with a ✓, which are sentences, broken to fit a page."""
    for line in output.splitlines():
        yield from textwrap.wrap(line, 100, subsequent_indent="    ") if line.startswith("  ✓") else [line]


def notebook(path, printed):
    """The tutorial as JSON in notebook format 4.5; figures are shown below their cells instead of in the prose."""
    made, printed, numbers = [], iter(printed), itertools.count(1)
    for is_prose, text in cells(path):
        if is_prose:
            text = re.sub(r"^!\[.*\]\(figures/.*\)\n*", "", text, flags=re.M)
            made += [{"cell_type": "markdown", "source": prose(text, ".ipynb")}] if text else []
        else:
            made.append({"cell_type": "code", "source": text, "execution_count": next(numbers),
                         "outputs": outputs(next(printed))})
    made.insert(1, {"cell_type": "code", "source": FIRST_CELL, "execution_count": None, "outputs": []})
    for i, cell in enumerate(made):
        cell.update(id=f"cell-{i}", metadata={}, source=cell["source"].splitlines(True))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps({"cells": made, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
                       "nbformat": 4, "nbformat_minor": 5}, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def outputs(printed):
    """A notebook's outputs: the text, and after each line that names a figure, that figure."""
    made = []
    for text in filter(None, re.split(r"(?<=\.png\n)", printed)):
        made.append({"output_type": "stream", "name": "stdout", "text": text.splitlines(True)})
        for file in FIGURE.findall(text):
            made.append({"output_type": "display_data", "metadata": {},
                         "data": {"text/html": [f'<img src="../{file}">'], "text/plain": [file]}})
    return made


# The core path: code, and below each function its derivation

def core_path():
    """The files of CORE, each cut where a derived function ends, to fold in its section of derivations.md."""
    derivations = re.split(r"^### (.*)\n", (HERE / "derivations.md").read_text("utf-8"), flags=re.M)[1:]
    sections = {title: text.partition("\n## ")[0] for title, text in zip(derivations[::2], derivations[1::2])}
    blocks = ["<!-- Written by render.py from the code and derivations.md: change those. -->",
              "# The core path, with its derivations",
              "Six files, in the order to read them. Below each derived function is its section of "
              "[derivations.md](../derivations.md): click on its title to unfold it. How long each file takes, and what "
              "its names mean, is in the [README](../../README.md#the-core-path)."]
    for number, file in enumerate(CORE, 1):
        blocks.append(f"## {number} · [{file}](../../minivae/{file})")
        text = (ROOT / "minivae" / file).read_text("utf-8").partition(AFTER_THE_CORE)[0]
        lines, ends, start = text.splitlines(), last_lines(text), 0
        below = {}                                              # {number of a line: titles of what is derived there}
        for title, section in sections.items():
            named = re.findall(rf"\[`([\w.]+)`\]\(\.\./minivae/{file}\)", section.partition("\nCode: ")[2])
            below.setdefault(max((ends.get(name, 0) for name in named), default=0), []).append(title)
        for end in sorted({*below, len(lines)} - {0}):
            code = "\n".join(lines[start:end]).strip("\n")
            blocks += [f"```python\n{code}\n```"] if code else []
            blocks += [fold(title, sections.pop(title)) for title in below.get(end, [])]
            start = end
    return "\n\n".join(blocks) + "\n"


def last_lines(text):
    """{"DiagonalGaussian.kl": the number of its last line, ...}"""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node.end_lineno
            found |= {f"{node.name}.{item.name}": item.end_lineno for item in node.body if hasattr(item, "name")}
    return found


def fold(title, section):
    text = prose(section.replace("](#", "](derivations.md#"), ".md").strip()
    return f"<details>\n<summary>Derivation: {title}</summary>\n\n{text}\n\n</details>"


# All files

def files(path, printed):
    """{file: its text} of a tutorial"""
    return {PAGES / f"{path.stem}.md": page(path, printed), NOTEBOOKS / f"{path.stem}.ipynb": notebook(path, printed)}


def stale():
    """The files that differ from what --text would write, lack it, or belong to no tutorial."""
    expected = {PAGES / "core_path.md": core_path()}
    for path in TUTORIALS:
        expected |= files(path, recorded(path) or itertools.repeat(""))
    present = {*PAGES.glob("*"), *NOTEBOOKS.glob("*.ipynb")}
    return sorted(file for file in present | {*expected}
                  if file not in present or file.read_text("utf-8") != expected.get(file))


def write(made):
    for file, text in made.items():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which tutorials; all if none is named")
    parser.add_argument("--text", action="store_true", help="run nothing, keep the output of the notebooks")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not up to date")
    args = parser.parse_args()
    if args.check:
        late = [f"not up to date: {file.parent.name}/{file.name}" for file in stale()]
        sys.exit("\n".join(late) or 0)
    chosen = [path for path in TUTORIALS if not args.numbers or number(path) in args.numbers]
    for path in chosen:
        if len(chosen) > 1 and not args.text:       # each in a process of its own
            subprocess.run([sys.executable, __file__, number(path)], check=True)
            continue
        printed = recorded(path) if args.text else run(path)
        if printed is None:
            sys.exit(f"{path.name}: its code is not that of its notebook; render it without --text")
        write(files(path, printed))
    write({PAGES / "core_path.md": core_path()})


if __name__ == "__main__":
    main()
