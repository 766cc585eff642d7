"""The Python source of a wheel, parsed and never imported."""

from __future__ import annotations

import ast
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
LARGEST_FILE = 8 << 20


class Module:
    """One file, with who stands in whom and who is given what."""

    def __init__(self, name: str, path: str, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)}

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above

    def scopes(self, node: ast.AST) -> Iterator[Scope]:
        """Innermost first; the module itself is in its own scope."""
        if isinstance(node, ast.Module):
            yield node
        for above in self.ancestors(node):
            if isinstance(above, SCOPES):
                yield above

    @staticmethod
    def arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
        arguments = function.args
        return {argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}

    @cached_property
    def assignments(self) -> dict[tuple[Scope, str], list[ast.expr]]:
        """By scope and name, `self.name` for attributes; the last first."""
        found: dict[tuple[Scope, str], list[ast.expr]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign):
                targets, value = node.targets, node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                targets, value = [node.target], node.value
            else:
                continue
            scope = next(self.scopes(node))
            for target in targets:
                if isinstance(target, ast.Name):
                    found[scope, target.id].insert(0, value)
                elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                    if owner := next((above for above in self.scopes(node) if isinstance(above, ast.ClassDef)), None):
                        found[owner, f"self.{target.attr}"].insert(0, value)
        return found

    def assigned(self, scope: Scope, name: str, at: ast.AST | None = None) -> list[ast.expr]:
        """The last first, and first of all those that come before the place where the name is used."""
        found = self.assignments.get((scope, name), [])
        line = getattr(at, "lineno", None)
        return found if line is None else sorted(found, key=lambda value: value.lineno > line)

    def is_certain(self, value: ast.expr, at: ast.AST) -> bool:
        """Whether who comes to `at` has come through the assignment: it stands in no branch but those that `at` stands in, too."""
        around = set(self.ancestors(at))
        return not any(isinstance(above, (ast.If, ast.Try)) and above not in around for above in self.ancestors(value))

    def tables(self) -> list[ast.Dict]:
        """Those of the module itself that have a name."""
        return [value for (scope, _), values in self.assignments.items() if scope is self.tree for value in values if isinstance(value, ast.Dict)]

    def members(self, owner: ast.ClassDef, name: str) -> list[ast.expr]:
        return self.assigned(owner, f"self.{name}") + self.assigned(owner, name)

    def owner(self, name: str) -> ast.ClassDef | None:
        return next((node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef) and node.name == name), None)

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = (node.module, alias.name)
        return found

    def imported(self, name: str) -> tuple[str, str] | None:
        """Module and name; of `import *` there is one at most in the files that are of interest."""
        found = self.imports.get(name)
        if found or "*" not in self.imports:
            return found
        return self.imports["*"][0], name


class Library:
    """The modules of one wheel."""

    def __init__(self, wheel: Path) -> None:
        self.archive = zipfile.ZipFile(wheel)
        self.paths = {info.filename: info.file_size for info in self.archive.infolist() if info.filename.endswith(".py")}
        self.modules: dict[str, Module | None] = {}

    def module(self, name: str) -> Module | None:
        if name not in self.modules:
            path = name.replace(".", "/")
            found = next((candidate for candidate in (f"{path}.py", f"{path}/__init__.py") if candidate in self.paths), None)
            self.modules[name] = self.parse(name, found) if found else None
        return self.modules[name]

    def parse(self, name: str, path: str) -> Module | None:
        if self.paths[path] > LARGEST_FILE:
            return None
        try:
            return Module(name, path, ast.parse(self.archive.read(path)))
        except (SyntaxError, ValueError, RecursionError):
            return None

    def naming(self, marks: tuple[bytes, ...], left_out: tuple[str, ...]) -> Iterator[Module]:
        """Those whose text has one of the marks, but for those in folders that are left out."""
        for path, size in self.paths.items():
            if size > LARGEST_FILE or any(f"/{part}/" in f"/{path}" for part in left_out):
                continue
            text = self.archive.read(path)
            if any(mark in text for mark in marks):
                if found := self.module(path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")):
                    yield found
