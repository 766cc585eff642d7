"""Works out what an expression of Python's source amounts to, without running it: constants, lists, names that are assigned elsewhere, and the few functions
that make buckets. What it cannot work out is Unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from compare_llm_names.library import Library, Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
DEPTH = 24
LONGEST = 10_000


class Unknown(Exception):
    """The expression depends on what only a running program knows."""


class Series(list[float]):
    """Edges of which a server takes as many as its longest context needs."""


ONE_TWO_FIVE = Series(mantissa * 10.0**exponent for exponent in range(12) for mantissa in (1, 2, 5))


class Spread(str):
    """Stands in a list for those of its items that only a running program knows; its text is their expression."""


class Evaluation:
    """Expressions of one module, seen from where they stand."""

    def __init__(
        self, library: Library, module: Module, parameters: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any] | None = None,
        steps: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.library, self.module, self.parameters = library, module, parameters
        # What functions are called with, where that is known: by everybody who calls those of this file, or by the one call that is looked into.
        self.given = given if given is not None else parameters.get(module.path) or parameters.get("") or {}
        # The loops of comprehensions that this is in.
        self.steps = steps or {}

    def there(self, name: str) -> tuple[Evaluation, str]:
        """The module that a name is imported from, and its name there."""
        imported = self.module.imported(name)
        if imported and (module := self.library.module(imported[0])):
            return Evaluation(self.library, module, self.parameters), imported[1]
        raise Unknown

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        if depth > DEPTH:
            raise Unknown
        depth += 1
        match node:
            case ast.Constant():
                return node.value
            case ast.UnaryOp(op=ast.USub()):
                return -self.value(node.operand, depth)
            case ast.List() | ast.Tuple() | ast.Set():
                return self.items(node.elts, depth)
            case ast.Name():
                return self.name(node.id, node, depth)
            case ast.Attribute():
                return self.attribute(node, depth)
            case ast.BinOp():
                return self.operation(node, depth)
            case ast.BoolOp():
                return self.first([*node.values][::-1], depth)
            case ast.IfExp():
                return self.first([node.orelse, node.body], depth)
            case ast.ListComp(generators=[ast.comprehension(target=ast.Name(), ifs=[]) as loop]):
                return self.comprehension(node.elt, loop, depth)
            case ast.Subscript():
                return self.subscript(node, depth)
            case ast.JoinedStr():
                return "".join(str(self.value(part, depth)) for part in node.values)
            case ast.FormattedValue(conversion=-1, format_spec=None):
                return self.value(node.value, depth)
            case ast.Call():
                return self.call(node, depth)
        raise Unknown

    def comprehension(self, item: ast.expr, loop: ast.comprehension, depth: int) -> list[Any]:
        assert isinstance(loop.target, ast.Name)
        steps = self.value(loop.iter, depth)
        if not isinstance(steps, list) or len(steps) > LONGEST:
            raise Unknown
        return [Evaluation(self.library, self.module, self.parameters, self.given, {**self.steps, loop.target.id: step}).value(item, depth) for step in steps]

    def subscript(self, node: ast.Subscript, depth: int) -> Any:
        whole = self.value(node.value, depth)
        if isinstance(whole, list) and isinstance(node.slice, ast.Slice):
            ends = [self.value(end, depth) if end else None for end in (node.slice.lower, node.slice.upper, node.slice.step)]
            return whole[slice(*ends)]
        raise Unknown

    def items(self, nodes: list[ast.expr], depth: int) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            try:
                value = self.value(node.value if isinstance(node, ast.Starred) else node, depth)
                found.extend(value if isinstance(node, ast.Starred) else [value])
            except (Unknown, TypeError):
                found.append(Spread(ast.unparse(node)))
        return found

    def first(self, nodes: list[ast.expr], depth: int) -> Any:
        """The first that is known: of `custom or standard`, `custom if custom else standard` the standard."""
        for node in nodes:
            try:
                return self.value(node, depth)
            except Unknown:
                continue
        raise Unknown

    def operation(self, node: ast.BinOp, depth: int) -> Any:
        sides = [self.side(node.left, depth), self.side(node.right, depth)]
        if isinstance(node.op, ast.Add) and all(isinstance(side, list) for side in sides):
            return sides[0] + sides[1]
        if all(isinstance(side, (int, float)) for side in sides):
            left, right = sides
            match node.op:
                case ast.Add():
                    return left + right
                case ast.Sub():
                    return left - right
                case ast.Mult():
                    return left * right
                case ast.Div() if right:
                    return left / right
                case ast.Pow() if abs(right) < 100:
                    return left**right
        raise Unknown

    def side(self, node: ast.expr, depth: int) -> Any:
        """A side of `+`: where it is not known, and the other is a list, a list of what is not known."""
        try:
            return self.value(node, depth)
        except Unknown:
            return [Spread(ast.unparse(node))]

    def name(self, name: str, at: ast.AST, depth: int) -> Any:
        if name in self.steps:
            return self.steps[name]
        for scope in self.module.scopes(at):
            if isinstance(scope, Function) and name in self.module.arguments(scope) and name in self.given:
                return self.given[name]
            # A parameter that is None where it is not given may be given its value here.
            for node in self.module.assigned(scope, name, at):
                if node is at:
                    # `NAME = NAME` of an enumeration takes the module's.
                    continue
                try:
                    return self.value(node, depth)
                except Unknown:
                    if self.module.is_certain(node, at):
                        raise
        elsewhere, there = self.there(name)
        return elsewhere.name(there, elsewhere.module.tree, depth + 1)

    def attribute(self, node: ast.Attribute, depth: int) -> Any:
        if node.attr == "value":
            # A member of an enumeration.
            return self.value(node.value, depth)
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            for owner in self.module.scopes(node):
                if isinstance(owner, ast.ClassDef):
                    return self.member(owner, node.attr, depth)
        if isinstance(node.value, ast.Name):
            return self.member_of(node.value.id, node.attr, depth)
        raise Unknown

    def member_of(self, owner: str, name: str, depth: int) -> Any:
        """A class' attribute, wherever the class is."""
        if found := self.module.owner(owner):
            return self.member(found, name, depth)
        elsewhere, there = self.there(owner)
        return elsewhere.member_of(there, name, depth + 1)

    def member(self, owner: ast.ClassDef, name: str, depth: int) -> Any:
        for node in self.module.members(owner, name):
            try:
                return self.value(node, depth)
            except Unknown:
                continue
        raise Unknown

    def call(self, node: ast.Call, depth: int) -> Any:
        function = last_name(node.func)
        arguments = [*node.args, *[keyword.value for keyword in node.keywords]]
        match function:
            case "list" | "tuple" | "set" | "copy" | "keys" if isinstance(node.func, ast.Attribute) or len(arguments) == 1:
                return self.value(node.func.value if isinstance(node.func, ast.Attribute) else arguments[0], depth)
            case "sorted" if arguments:
                return sorted(set(self.value(arguments[0], depth)))
            case "float" if len(arguments) == 1:
                return float(self.value(arguments[0], depth))
            case "generate_buckets" if len(arguments) == 2:
                # SGLang's: what the operator asked for, or else the second.
                return sorted(set(self.value(arguments[1], depth)))
            case "range" if 1 <= len(arguments) <= 3:
                numbers = range(*[int(self.value(argument, depth)) for argument in arguments])
                if len(numbers) > LONGEST:
                    raise Unknown
                return list(numbers)
            case "exponential_buckets" if len(arguments) == 3:
                start, width, length = [self.value(argument, depth) for argument in arguments]
                return [start * width**step for step in range(length)]
            case "get_labels_for_metric" | "get_labels" if len(arguments) == 1:
                # LiteLLM's: the attribute of that name of a class of labels.
                return self.member_of("PrometheusMetricLabels", self.value(arguments[0], depth), depth)
            case "build_1_2_5_buckets":
                # vLLM's: up to the longest context.
                return ONE_TWO_FIVE
            case "histogram_buckets" if arguments:
                # vLLM's: the standard ones of a group of histograms, in a table beside the function.
                return self.there(function)[0].standard_buckets(self.value(arguments[0], depth), depth)
        return self.inlined(function, arguments, depth)

    def standard_buckets(self, group: str, depth: int) -> Any:
        for table in self.module.tables():
            for key, value in zip(table.keys, table.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == group:
                    return self.value(value, depth)
        return ONE_TWO_FIVE

    def inlined(self, function: str, arguments: list[ast.expr], depth: int) -> Any:
        """What a function of this file gives that has nothing but a return."""
        for node in self.module.tree.body:
            match node:
                case ast.FunctionDef(name=name, body=[ast.Return(value=ast.expr() as result)]) if name == function:
                    given = {argument.arg: self.value(value, depth) for argument, value in zip(node.args.args, arguments, strict=False)}
                    return Evaluation(self.library, self.module, self.parameters, given).value(result, depth)
        raise Unknown


def last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def strings(node: ast.AST) -> Iterator[str]:
    return (found.value for found in ast.walk(node) if isinstance(found, ast.Constant) and isinstance(found.value, str))
