"""Draw the film of a run: the decoded plane and the codes, side by side, epoch by epoch, as a GIF."""

import tempfile
from pathlib import Path

import numpy
from matplotlib.animation import PillowWriter
from matplotlib.figure import Figure

from ..plots import tile
from ..system.files import replacing

PER_SECOND = 8
HOLD = 16                           # how long the last snapshot stays, in frames
WIDTH, HEIGHT, SIDE = 656, 364, 290             # of the picture and of its two halves, in pixels
GREY_LEVELS = (9, 4, 2)             # 9, or fewer where the file would be too large (17: a third larger)
MOST_BYTES = 1_500_000


def save(film, shape, path, cmap="gray_r", progress=lambda done, total: None, label_names=None):
    """Write the arrays of film.npz (see runs/film.py) as a GIF; a failure leaves no partial file.

    shape: (height, width) of the images; cmap: as in plots; progress(finished snapshots, all) is called after
    each snapshot; label_names: of the labels 0, 1, ...; without them, the numbers are shown.
    """
    for levels in GREY_LEVELS:
        content = _gif(film, shape, cmap, levels, progress, label_names)
        if len(content) <= MOST_BYTES:
            break
    with replacing(path) as file:
        file.write(content)


def _gif(film, shape, cmap, levels, progress, label_names):
    figure, show = _picture(film, shape, cmap, levels, label_names)
    with tempfile.TemporaryDirectory() as folder:       # the writer wants a path that ends in .gif
        writer = PillowWriter(fps=PER_SECOND)
        with writer.saving(figure, Path(folder) / "plane.gif", figure.dpi):
            for i in range(len(film["epochs"])):
                show(i)
                writer.grab_frame()
                progress(i + 1, len(film["epochs"]))
            for _ in range(HOLD - 1):
                writer.grab_frame()     # Pillow writes equal frames as one that is shown for longer
        return (Path(folder) / "plane.gif").read_bytes()


def _picture(film, shape, cmap, levels, label_names=None):
    """-> Figure, a function that shows snapshot i in it"""
    grid, codes, labels = film["grid"], film["codes"], film["labels"]

    def sheet(i):       # z₂ rises from bottom to top
        plane = numpy.rint(film["plane"][i, ::-1] / 255 * (levels - 1)) / (levels - 1)
        return tile(plane.reshape(len(grid) ** 2, -1), shape, len(grid))

    figure = Figure(figsize=(WIDTH / 80, HEIGHT / 80), dpi=80)
    height, width = sheet(0).shape
    scale = SIDE / max(height, width)
    scale = int(scale) or scale         # whole pixels become the smallest file
    left = figure.add_axes((14 / WIDTH, (42 + SIDE - scale * height) / HEIGHT,
                            scale * width / WIDTH, scale * height / HEIGHT))
    right = figure.add_axes((354 / WIDTH, 42 / HEIGHT, SIDE / WIDTH, SIDE / HEIGHT))

    image = left.imshow(sheet(0), cmap=cmap, vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    left.set_title("Decoded: the square on the right")
    left.axis("off")

    colours = {"c": labels, "cmap": "tab10", "vmin": -0.5, "vmax": 9.5} if (labels >= 0).any() else {}
    points = right.scatter(*codes[0].T, s=8, linewidths=0, antialiased=False, **colours)
    label_names = label_names or "0123456789"
    names = {label: right.text(0, 0, label_names[label][:20], weight="bold", ha="center", va="center",
                               clip_on=True, parse_math=False)
             for label in numpy.unique(labels[labels >= 0])}
    low, high = grid[[0, -1]]
    right.plot([low, high, high, low, low], [low, low, high, high, low], "0.5", linewidth=1)
    reach = max(3, *(numpy.percentile(abs(c), 99.5) for c in (codes, codes[-1])))
    right.set(xlim=(-reach, reach), ylim=(-reach, reach), xlabel="z₁")
    right.set_ylabel("z₂", labelpad=-4)

    def show(i):
        image.set_data(sheet(i))
        points.set_offsets(codes[i])
        for label, name in names.items():
            name.set_position(numpy.median(codes[i][labels == label], axis=0))
        right.set_title(f"Codes of test images: epoch {film['epochs'][i]}")
    return figure, show
