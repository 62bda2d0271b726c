"""Parts of a package that are imported when they are first used, so that importing the package is fast."""

import importlib
import sys


def later(package, modules, **functions):
    """-> __getattr__ and __dir__ of a package. modules: their names; functions: name="module where it is"."""
    modules = modules.split()

    def __getattr__(name):
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        if name in functions:
            return getattr(importlib.import_module(f"{package}.{functions[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*vars(sys.modules[package]), *modules, *functions})
    return __getattr__, __dir__
