"""Which figure is returned, so that a notebook shows it although pyplot knows nothing of it?"""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class Picture(Figure):
    """A figure of Matplotlib that is shown where it is the last line of a cell."""

    def _repr_png_(self) -> bytes:
        """What notebooks ask for. Without pyplot, nothing else has told them how figures are shown."""
        written = BytesIO()
        self.savefig(written, format="png")
        return written.getvalue()
