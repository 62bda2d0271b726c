"""The command line, `python -m minivae` or `minivae`: run one command, and report an error in one line."""

import sys

import numpy

from ..backend import BackendUnavailable
from ..errors import Diverged, InputError
from .commands.checks import bench_command, gradcheck_command
from .commands.exercises import exercises_command
from .commands.infer import infer_command, variance_command
from .commands.saved_runs import evaluate_command, show_command
from .commands.train import train_command
from .exit_codes import BAD_INPUT, CHECK_FAILED, INTERRUPTED, OK, drop_output
from .options import parser

COMMANDS = {"train": train_command, "show": show_command, "evaluate": evaluate_command,
            "infer": infer_command, "variance": variance_command, "exercises": exercises_command,
            "gradcheck": gradcheck_command, "bench": bench_command}


def main(arguments=None):
    """Run one command. -> exit code: 0 success, 1 check failed or diverged, 2 bad usage or input, 130 Ctrl-C"""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")    # a terminal without ‖ or ± shows ? instead
    args = parser(COMMANDS).parse_args(arguments)
    try:
        # No warnings: overflow makes the results infinite or NaN, and the commands report that.
        with numpy.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return args.command(args)
    except (InputError, BackendUnavailable) as error:
        return _fail(error)
    except MemoryError as error:
        return _fail(f"not enough memory ({error}); choose smaller sizes")
    except KeyboardInterrupt:
        print("\nminivae: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return OK
    except Diverged as error:
        print(f"minivae: error: {error}", file=sys.stderr)
        return CHECK_FAILED
    except OSError as error:
        return _fail(f"{error}; check that the path, or the output, can be read and written")


def _fail(error):
    line = " ".join(str(error).split("\n"))
    print(f"minivae: error: {line}", file=sys.stderr)
    return BAD_INPUT
