"""What the examples with a picture share: the options for it, and an empty figure that ends up where they say."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FORMATS = (".png", ".svg", ".pdf")
COLOURS = {"main": "#2a6f97", "accent": "#c8553d", "data": "#222222", "faint": "#888888"}


def picture_options(parser: argparse.ArgumentParser) -> None:
    """Add `--save` and `--show`."""
    parser.add_argument("--save", metavar="PATH", help=f"write a picture of the result: {', '.join(FORMATS)}")
    parser.add_argument("--show", action="store_true", help="open a window with the picture")


def check_picture(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """End with a usage error, before anything is computed, where a picture is asked for and cannot be drawn."""
    if (args.save or args.show) and find_spec("matplotlib") is None:
        parser.error('a picture needs matplotlib: pip install "minigrad-numpy[examples]"')
    if args.show:
        from matplotlib import pyplot

        if pyplot.get_backend().lower() == "agg":
            parser.error("--show: there is no display to open a window on; use --save")
    if args.save and Path(args.save).suffix not in FORMATS:
        parser.error(f"--save {args.save}: the name ends in one of {', '.join(FORMATS)}")
    if args.save and not Path(args.save).parent.is_dir():
        parser.error(f"--save {args.save}: there is no such folder")


def picture(args: argparse.Namespace, size: tuple[float, float], draw: Callable[[Any], None]) -> None:
    """Draw on a figure of this size in inches, then write it and show it as the options say; else do nothing."""
    if not (args.save or args.show):
        return
    import matplotlib

    # With a salt and without a date, the same picture is the same file; text as text keeps it small.
    style = {"svg.hashsalt": "minigrad", "svg.fonttype": "none", "font.size": 9}
    style |= {"axes.spines.top": False, "axes.spines.right": False}
    with matplotlib.rc_context(style):
        if args.show:
            from matplotlib import pyplot

            figure = pyplot.figure(figsize=size, layout="constrained")
        else:
            from matplotlib.figure import Figure

            figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        if args.save:
            figure.savefig(args.save, dpi=110, metadata={"Date": None} if args.save.endswith(".svg") else None)
            print(f"picture: {args.save}")
        if args.show:
            pyplot.show()
            pyplot.close(figure)
