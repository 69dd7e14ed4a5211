"""What do the notebooks of docs/notebooks give? ``python tests/notebooks.py`` executes them again and writes them.

Words that follow choose some of them: ``python tests/notebooks.py digits``.

What depends on the moment or on the machine is not written: times of execution, and the version of the kernel. So
executing a notebook again changes nothing in its file, except where pictures or rounding differ.
"""

import asyncio
import io
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from pages import ROOT, without_rounding

import minigrad as mg

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
SECONDS = 120  # for one cell; each notebook takes a few seconds in all
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

# What the kernel runs before the first cell: warnings are errors. An option -W of Python would meet the imports of the
# kernel, too. When it is shut down, the kernel (7.4) warns of its own do_shutdown, which no notebook can help.
_FIRST = (
    "import warnings; warnings.simplefilter('error'); "
    "warnings.filterwarnings('ignore', category=PendingDeprecationWarning, module=r'ipykernel\\.')"
)


class _ThisPython(KernelSpecManager):
    """Runs kernels with the Python that runs this, and the minigrad that is imported here."""

    def __init__(self, folder, **traits):
        super().__init__(**traits)
        self._folder = folder

    def get_kernel_spec(self, kernel_name):
        tested = str(Path(mg.__file__).parent.parent)
        environment = {
            "PYTHONPATH": os.pathsep.join(filter(None, [tested, os.environ.get("PYTHONPATH")])),
            "IPYTHONDIR": self._folder,  # no settings and no history of the person who runs this
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
        launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}", f"--IPKernelApp.exec_lines={_FIRST}"]
        return KernelSpec(argv=[sys.executable, *launch], env=environment, language="python", name="python3")


def executed(notebook):
    """A copy of a notebook with the outputs that it has here and now, without what depends on the moment.

    Raises:
        nbclient.exceptions.CellExecutionError: for a cell that raises, or warns.
    """
    import matplotlib.font_manager  # noqa: F401 -- the first import on a machine looks for fonts, and says so

    copy = nbformat.from_dict(notebook)
    with tempfile.TemporaryDirectory() as folder:
        manager = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=_ThisPython(folder),
            connection_file=str(Path(folder) / "kernel.json"),
            transport="tcp" if os.name == "nt" else "ipc",  # the kernel warns of what others could hear over TCP
        )
        client = NotebookClient(copy, km=manager, timeout=SECONDS, resources={"metadata": {"path": folder}})
        asyncio.run(client.async_execute(cleanup_kc=True))
    return normalised(copy)


def normalised(notebook):
    """The notebook without what depends on the moment, on the kernel, or on how its output arrived."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({key: value for key, value in cell.metadata.items() if key == "tags"})
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                output.pop("transient", None)
                if "metadata" in output:
                    output.metadata = nbformat.from_dict({})
    return notebook


def _joined(outputs):
    """The outputs, with neighbouring pieces of one stream as one; in how many they arrive is chance."""
    result = []
    for output in outputs:
        if result and output.output_type == result[-1].output_type == "stream" and output.name == result[-1].name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def told(cell):
    """What a cell prints and shows, as a list of (kind, text) that any machine should give. A picture has no text."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            found.append((output.name, masked(output.text)))
        elif output.output_type == "error":
            found.append(("error", f"{output.ename}: {output.evalue}"))
        else:
            plain = masked(output.data.get("text/plain", ""))
            found += [(kind, plain if kind == "text/plain" else "") for kind in sorted(output.data)]
    return found


def masked(text):
    """The text without addresses in memory, and without figures that are nothing but rounding errors."""
    return re.sub(r"\b0x[0-9a-f]+\b", "0x...", without_rounding(text))


def read(path):
    """The notebook in a file."""
    return nbformat.read(path, as_version=4)


def text_of(notebook):
    """What stands in the file of a notebook."""
    written = io.StringIO()
    nbformat.write(notebook, written)
    return written.getvalue()


if __name__ == "__main__":
    for path in NOTEBOOKS:
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        path.write_text(text_of(executed(read(path))))
        sys.stdout.write(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KiB\n")
