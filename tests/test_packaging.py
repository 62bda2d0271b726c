"""What the installer is told, and that the other systems run what the README says."""

import ast
import configparser
import re
from pathlib import Path

import pytest

import minivae

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
SETTINGS = configparser.ConfigParser()
SETTINGS.read(ROOT / "setup.cfg", "utf-8")
VERSIONS = [f"3.{minor}" for minor in range(10, 15)]


@pytest.mark.parametrize("cuda", ("12", "13"))
def test_the_extra_brings_the_cuda_toolkit_too(cuda):
    assert SETTINGS["options.extras_require"][f"cuda{cuda}"] == f"cupy-cuda{cuda}x[ctk]>=14"


def test_the_version_stands_once_where_setuptools_reads_it_without_importing_numpy():
    assert SETTINGS["metadata"]["version"] == "attr: minivae.__version__"
    tree = ast.parse(Path(minivae.__file__).read_text("utf-8"))
    constants = {node.targets[0].id: node.value.value for node in tree.body
                 if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)}
    assert constants["__version__"] == minivae.__version__


def test_an_sdist_holds_every_file_of_git_under_our_own_version():
    assert '"setuptools-scm>=8"' in PYPROJECT           # it lists git's files for the sdist
    assert "[tool.setuptools_scm]" not in PYPROJECT     # with this it would also make up a version


def test_a_wheel_is_built_from_a_clean_folder():
    """Otherwise it takes modules from build/ that are deleted in the source."""
    assert SETTINGS["aliases"]["bdist_wheel"] == "clean --all bdist_wheel"


def test_the_licence_names_the_digits_too():
    assert SETTINGS["metadata"]["license_expression"] == "MIT AND CC-BY-4.0"
    assert "CC BY 4.0" in README
    assert '"setuptools>=77"' in PYPROJECT      # the first that knows expressions


def test_python_versions_agree():
    classifiers = SETTINGS["metadata"]["classifiers"]
    assert re.findall(r"Python :: (3\.\d+)", classifiers) == VERSIONS
    assert SETTINGS["options"]["python_requires"] == f">={VERSIONS[0]}"
    assert f"Python {VERSIONS[0]} or newer" in README


def test_tests_import_the_checkout_before_it_is_installed():
    assert SETTINGS["tool:pytest"]["pythonpath"] == "."


def test_three_systems_run_the_readmes_test_command_on_each_python():
    workflow = (ROOT / ".github" / "workflows" / "tests.yml").read_text("utf-8")
    command = re.search(r"<!-- test command -->\n```sh\n(.*)\n```", README)[1]
    assert re.findall(r"- run: (.*)", workflow) == [command]
    assert re.search(r"os: \[(.*)\]", workflow)[1] == "ubuntu-latest, windows-latest, macos-latest"
    assert re.search(r"python: \[(.*)\]", workflow)[1] == ", ".join(f'"{version}"' for version in VERSIONS)
    assert "PYTHON" not in workflow     # the interpreter's own defaults are tested: no PYTHONUTF8
