"""Which file of a package imports what, and what speaks against it?"""

import ast
from dataclasses import dataclass
from pathlib import Path

# Each room may import from itself and from those above it.
RANKS = [
    ["engine"],
    ["kernels"],
    ["ops"],
    ["transforms"],
    ["program", "debugging", "nn", "losses", "optim", "data"],
    ["training", "exchange", "plot"],
    ["__init__"],
    ["testing"],
]
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}

# Kernels are called by operations and losses. Others may take a fact from them, each for the reason beside it.
CALL_KERNELS = {"kernels", "ops", "losses"}
TAKE_FACTS = {
    ("__init__.py", "minigrad.kernels.threads"),  # get_num_threads and set_num_threads are public
    ("optim/arithmetic.py", "minigrad.kernels.threads"),  # BLAS with threads is given less at a time
    ("program/compiled/updating.py", "minigrad.kernels.threads"),  # the same
}

# What the package does without, and the files or folders that import it where it is there.
OPTIONAL = {
    "hypothesis": "testing/strategies/hypothesis.py",
    "jax": "program/to_jax",
    "keras": ("data.py", "exchange"),
    "matplotlib": "plot",
    "onnx": "program/to_onnx",
    "pytest": "testing/plugin",
    "safetensors": "training/runs/checkpoint_file.py",
    "sklearn": "data.py",
    "threadpoolctl": "kernels/threads.py",
    "tqdm": "training/progress.py",
}


@dataclass(frozen=True)
class Import:
    """One module that a file imports.

    Attributes:
        module: by its whole name; a module of the package itself, not a name in it.
        for_types: whether only type checkers see it.
        level: how many dots stand before it.
    """

    module: str
    for_types: bool
    level: int


class Package:
    """The source files of a package in a folder, which is called minigrad wherever it lies."""

    def __init__(self, folder: Path) -> None:
        self.paths = {self._module(path.relative_to(folder)): path for path in sorted(folder.rglob("*.py"))}
        self.names = {module: path.relative_to(folder).as_posix() for module, path in self.paths.items()}
        self.imports = {module: list(self._imports(path)) for module, path in self.paths.items()}

    @staticmethod
    def _module(path: Path) -> str:
        parts = ("minigrad", *path.with_suffix("").parts)
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def _imports(self, path: Path):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        hidden = {
            inner
            for node in nodes
            if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
            for statement in node.body
            for inner in ast.walk(statement)
        }
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node in hidden, 0)
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield Import(inner if inner in self.paths else node.module or "", node in hidden, node.level)


def room_of(module: str) -> str:
    """The room of a module, which is the folder or the file directly in the package; its own file is ``__init__``."""
    return [*module.split("."), "__init__"][1]


def within(package: Package):
    """Every import of a module of the package: by which module, and which."""
    for module, imports in package.imports.items():
        for each in imports:
            if each.module.split(".")[0] == "minigrad":
                yield module, each


def relative_imports(package: Package) -> list[str]:
    """Imports with dots, which the other checks do not see."""
    return [
        f"{package.names[module]} imports with {each.level} dots; write the whole name"
        for module, imports in package.imports.items()
        for each in imports
        if each.level
    ]


def against_the_ranks(package: Package) -> list[str]:
    """Imports from a room that does not stand above, and rooms without a rank."""
    found = []
    for module in package.imports:
        if room_of(module) not in RANK:
            found.append(f"{package.names[module]} has no place in the order of imports")
    for module, each in within(package):
        own, other = room_of(module), room_of(each.module)
        # The package names its tools for testing, and imports them when they are asked for.
        named = own == "__init__" and other == "testing" and each.for_types
        if own != other and not named and RANK.get(other, 0) >= RANK.get(own, 0):
            found.append(f"{package.names[module]} imports {each.module}")
    return found


def around_the_kernels(package: Package) -> list[str]:
    """Kernels that know more than arrays, and those who call kernels without being an operation or a loss."""
    found = []
    for module, each in within(package):
        own, other = room_of(module), room_of(each.module)
        if own == "kernels" and other != "kernels":
            found.append(f"{package.names[module]} is a kernel, and imports {each.module}")
        fact = (package.names[module], each.module) in TAKE_FACTS
        if other == "kernels" and own not in CALL_KERNELS and not fact:
            found.append(f"{package.names[module]} imports {each.module}")
    return found


def circles(package: Package) -> list[str]:
    """The modules that import each other, on whatever way, what only type checkers see included."""
    graph = {module: set() for module in package.imports}
    for module, each in within(package):
        graph[module].add(each.module)
    # What imports nothing that is left is on no circle, and neither is what nothing imports that is left.
    while graph:
        imported = set().union(*graph.values())
        loose = {module for module, others in graph.items() if not others & graph.keys() or module not in imported}
        if not loose:
            break
        graph = {module: others - loose for module, others in graph.items() if module not in loose}
    return [f"{package.names[module]} is on a circle of imports" for module in graph]


def out_of_place(package: Package) -> list[str]:
    """Imports of optional packages by others than the files that may."""
    found = []
    for module, imports in package.imports.items():
        for each in imports:
            homes = OPTIONAL.get(each.module.split(".")[0], ())
            homes = (homes,) if isinstance(homes, str) else homes
            name = package.names[module]
            if homes and not any(name == home or name.startswith(f"{home}/") for home in homes):
                found.append(f"{name} imports {each.module}, which belongs to {' and '.join(homes)}")
    return found


def without_a_first_line(package: Package) -> list[str]:
    """Files that do not begin with what they are for."""
    return [
        f"{package.names[module]} does not begin with a docstring"
        for module, path in package.paths.items()
        if not path.read_text().startswith('"""') or not ast.get_docstring(ast.parse(path.read_text()))
    ]


CHECKS = [relative_imports, against_the_ranks, around_the_kernels, circles, out_of_place, without_a_first_line]
