"""The command line, `python -m minivae` or `minivae`: run one command, and report an error in one line."""

import importlib

import numpy

from ..backend import BackendUnavailable
from ..errors import Diverged, InputError
from ..system.memory import keep_freed_memory
from ..system.progress import show_every_character
from .exit_codes import BAD_INPUT, CHECK_FAILED, INTERRUPTED, OK, drop_output, reader_left, say
from .options import parser

# The file of commands/ in which each is. It is imported when its command is chosen, so --help is fast.
COMMANDS = {"train": "train", "runs": "runs", "show": "saved_runs", "evaluate": "saved_runs",
            "explore": "explore", "sample": "sample", "infer": "infer", "variance": "infer",
            "exercises": "exercises", "gradcheck": "checks", "bench": "checks"}


def main(arguments=None):
    """Run one command. -> exit code: 0 success, 1 check failed or diverged, 2 bad usage or input, 130 Ctrl-C

    Without a command, print the help, with code 0: it is what was asked for.
    """
    show_every_character()
    keep_freed_memory()
    try:
        try:
            # No warnings: what overflows becomes infinite or NaN, and the commands report that.
            with numpy.errstate(all="ignore"):
                options = parser()
                args = options.parse_args(arguments)
                if args.command is None:
                    options.print_help()
                    return OK
                return command_function(args.command)(args)
        finally:
            print(end="", flush=True)       # here, where an error can be reported, not when Python ends
    except (InputError, BackendUnavailable) as error:
        return _fail(error)
    except MemoryError as error:
        return _fail(f"not enough memory ({error}); choose smaller sizes")
    except KeyboardInterrupt:
        say("interrupted", "\nminivae: ")
        return INTERRUPTED
    except Diverged as error:
        return _fail(error, CHECK_FAILED)
    except OSError as error:
        try:
            print(end="", flush=True)
        except OSError:
            drop_output()       # or Python would try to write it once more at its end, and fail
        if reader_left(error):
            return OK
        return _fail(f"{error}; check that the path, or the output, can be read and written")


def command_function(name):
    """"train" -> train_command, the function that takes the options and returns the exit code"""
    module = importlib.import_module(f".commands.{COMMANDS[name]}", __package__)
    return getattr(module, f"{name}_command")


def _fail(error, code=BAD_INPUT):
    say(f"error: {error}")
    return code
