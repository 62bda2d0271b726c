"""`runs`: which runs are in a folder, and how far each has come."""

import time
from pathlib import Path

from ...errors import InputError
from ...runs.listing import find_runs
from ..exit_codes import OK, say

HEAD = ("folder", "data", "model", "epoch", "test ELBO", "saved")


def runs_command(args):
    folder = Path(args.folder or "runs")
    if not folder.is_dir() and args.folder:
        raise InputError(f"{folder} is not a folder; name one that contains run folders")
    found, broken = find_runs(folder)
    if found:
        rows = [HEAD, *map(_row, found)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for row in rows:
            cells = [text.rjust(width) if title in ("epoch", "test ELBO") else text.ljust(width)
                     for text, width, title in zip(row, widths, HEAD)]
            print("  ".join(cells).rstrip())
    elif not broken:
        print(f"there are no runs in the folder {folder}; train one with: python -m minivae train")
    print(end="", flush=True)       # the table first: messages go to another stream
    for message in broken:
        say(f"broken: {message}")
    return OK


def _row(run):
    loss = "" if run.loss is None else f"{-run.loss:.2f}" if run.is_vae else f"loss {run.loss:.2f}"
    saved = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.time))
    return str(run.folder), run.data, run.model, f"{run.epoch}/{run.epochs}", loss, saved
