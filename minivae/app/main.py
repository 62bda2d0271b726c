"""The command line, `python -m minivae` or `minivae`: run one command, and report an error in one line."""

import numpy

from ..backend import BackendUnavailable
from ..errors import Diverged, InputError
from ..system.progress import show_every_character
from .commands.checks import bench_command, gradcheck_command
from .commands.exercises import exercises_command
from .commands.infer import infer_command, variance_command
from .commands.saved_runs import evaluate_command, show_command
from .commands.train import train_command
from .exit_codes import BAD_INPUT, CHECK_FAILED, INTERRUPTED, OK, drop_output, reader_left, say
from .options import parser

COMMANDS = {"train": train_command, "show": show_command, "evaluate": evaluate_command,
            "infer": infer_command, "variance": variance_command, "exercises": exercises_command,
            "gradcheck": gradcheck_command, "bench": bench_command}


def main(arguments=None):
    """Run one command. -> exit code: 0 success, 1 check failed or diverged, 2 bad usage or input, 130 Ctrl-C"""
    show_every_character()
    try:
        try:
            # No warnings: what overflows becomes infinite or NaN, and the commands report that.
            with numpy.errstate(all="ignore"):
                args = parser(COMMANDS).parse_args(arguments)
                return args.command(args)
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


def _fail(error, code=BAD_INPUT):
    say(f"error: {error}")
    return code
