"""The files of the product, for the tests that read source text."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("builder", "exports", "annotations")


def files(*suffixes: str, rooms: tuple[str, ...] = ROOMS) -> list[Path]:
    """Return our own files with these suffixes, in order; generated and vendored ones are somebody else's."""
    return sorted(
        path
        for room in rooms
        for path in (ROOT / room).rglob("*")
        if path.suffix in suffixes and not {"vendor", "vendor_src", "migrations"} & set(path.parts)
    )


def python_files() -> list[Path]:
    """Return the Python files of the three rooms."""
    return files(".py")


def template_files() -> list[Path]:
    """Return the templates of pages, of fragments and of mail."""
    return [path for path in files(".html", ".txt") if "templates" in path.parts]


def commands() -> list[str]:
    """Return the names of the three rooms' management commands."""
    return sorted(
        path.stem for path in python_files() if path.parent.name == "commands" and path.stem != "__init__"
    )


def name_of(path: Path) -> str:
    """Return the path as a person would type it from the checkout."""
    return path.relative_to(ROOT).as_posix()


def listed(found: Iterable[object]) -> str:
    """Return what a test found, a line each: pytest shortens a list in its report, but not a message."""
    return "\n".join(["", *map(str, found)])


def room_layer(path: Path) -> str:
    """Return the layer a file belongs to: `views` for builder/views/cases.py, `urls` for builder/urls.py."""
    return path.relative_to(ROOT).parts[1].removesuffix(".py")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method of a Python file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the length of a function without its docstring: explaining more must not be punished."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length
