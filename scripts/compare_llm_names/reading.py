"""Reads the metric families that a package's source makes."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from compare_llm_names.evaluation import Evaluation, Series, Spread, Unknown, last_name, strings
from compare_llm_names.family import Definition, Family, exposed
from compare_llm_names.kinds import Kind
from compare_llm_names.library import SCOPES, Library, Module

# What a class, or a door to it, is called that makes a family of a type. A GaugeHistogram (SGLang's) is gauges with bounds as labels.
TYPES = ("gauge", "counter", "histogram", "summary")
# LiteLLM's families of a service: what stands behind its name, and the type.
OF_SERVICES = (("latency", "histogram"), ("failed_requests", "counter"), ("total_requests", "counter"), ("size", "gauge"))


def read(library: Library, kind: Kind) -> tuple[dict[str, Family], list[str]]:
    """Families by the name that they are exposed by, and names in the source of which no family was read, with their files."""
    families: dict[str, Family] = {}
    named: dict[str, str] = {}
    for module in library.naming(kind.marks, kind.left_out):
        for definition in Reader(library, module, kind).definitions():
            families.setdefault(definition.name, Family(definition.name)).definitions.append(definition)
        if kind.names_are_plain:
            named |= {name: module.path for name in strings(module.tree) if kind.pattern.fullmatch(name)}
    for definition in of_services(library, kind):
        families.setdefault(definition.name, Family(definition.name)).definitions.append(definition)
    known = {name.removesuffix("_total") for name in families}
    return families, sorted(f"{name} ({path})" for name, path in named.items() if name.removesuffix("_total") not in known)


def of_services(library: Library, kind: Kind) -> Iterator[Definition]:
    if kind.services and (module := library.module(kind.services[0])) and (owner := module.owner(kind.services[1])):
        services = {service for node in owner.body if isinstance(node, ast.Assign) for service in strings(node.value)}
        for service, (ending, type) in itertools.product(sorted(services), OF_SERVICES):
            yield Definition(exposed(f"{kind.name}_{service}_{ending}", type), type, None, None, False, "", module.path)


def type_named(name: str) -> str | None:
    return next((type for type in TYPES if type in name.lower()), None)


class Reader:
    """Of one module."""

    def __init__(self, library: Library, module: Module, kind: Kind) -> None:
        self.module, self.kind = module, kind
        self.evaluation = Evaluation(library, module, kind.parameters)

    def definitions(self) -> list[Definition]:
        found: list[Definition] = []
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Call) and (type := type_named(last_name(node.func))):
                found += [self.definition(name, type, node) for name in self.names(node)]
            elif isinstance(node, ast.Dict):
                found += self.registered(zip(node.keys, node.values, strict=True))
            elif isinstance(node, ast.Assign):
                found += self.registered((target.slice, node.value) for target in node.targets if isinstance(target, ast.Subscript))
        return found

    def registered(self, rows: Iterable[tuple[ast.expr | None, ast.expr]]) -> list[Definition]:
        """Of tables of names and what they are to be: `{NAME: CounterMetadata(...)}`, `table[NAME] = CounterMetadata(...)`. Labels are added later."""
        found: list[Definition] = []
        for key, value in rows:
            if key is not None and isinstance(value, ast.Call) and (type := type_named(last_name(value.func))) and (name := self.text(key)):
                found.append(self.definition(name, type, value, [Spread("labels that are added later")]))
        return found

    def names(self, call: ast.Call) -> list[str]:
        if names := self.direct_name(call):
            return names
        argument = argument_named(call, "name") or (call.args[0] if call.args else None)
        if not isinstance(argument, ast.Name) or not self.comes_from_loop(argument):
            return []
        # Every name in the same function, but for those that are given to another family.
        function = next(self.module.scopes(call))
        others = (other for other in ast.walk(function) if isinstance(other, ast.Call) and type_named(last_name(other.func)))
        given = {name for other in others for name in self.direct_name(other)}
        return [name for name in dict.fromkeys(strings(function)) if self.kind.pattern.fullmatch(name) and name not in given]

    def comes_from_loop(self, name: ast.Name) -> bool:
        targets: list[ast.expr] = []
        for above in self.module.ancestors(name):
            if isinstance(above, ast.For):
                targets.append(above.target)
            elif isinstance(above, (ast.ListComp, ast.DictComp, ast.GeneratorExp)):
                targets += [loop.target for loop in above.generators]
        return any(isinstance(part, ast.Name) and part.id == name.id for target in targets for part in ast.walk(target))

    def direct_name(self, call: ast.Call) -> list[str]:
        """The name, or the second argument, where the first is the class."""
        arguments = [argument for argument in (argument_named(call, "name"), *call.args[:2]) if argument is not None]
        return [name for argument in arguments if (name := self.text(argument))][:1]

    def text(self, node: ast.expr) -> str | None:
        try:
            value = self.evaluation.value(node)
        except Unknown:
            return None
        return value if isinstance(value, str) and self.kind.pattern.fullmatch(value) else None

    def definition(self, name: str, type: str, call: ast.Call, more_labels: list[Any] | None = None) -> Definition:
        labels = self.listed(argument_named(call, "labelnames"), missing=[])
        if labels is not None:
            labels = [*(more_labels or []), *labels, *(["gt", "le"] if "gaugehistogram" in last_name(call.func).lower() else [])]
        buckets = self.listed(argument_named(call, "buckets"), missing=None) if type == "histogram" else None
        edges = None
        if buckets and all(isinstance(edge, (int, float)) for edge in buckets):
            edges = tuple(sorted({float(edge) for edge in buckets if edge != float("inf")}))
        shown = tuple(f"<{label}>" if isinstance(label, Spread) else str(label) for label in labels) if labels is not None else None
        return Definition(
            exposed(name, type), type, shown, edges, isinstance(buckets, Series), self.condition(call), f"{self.module.path}:{call.lineno}"
        )

    def listed(self, node: ast.expr | None, missing: list[Any] | None) -> list[Any] | None:
        if node is None:
            return missing
        try:
            value = self.evaluation.value(node)
        except Unknown:
            return [Spread(ast.unparse(node))]
        return value if isinstance(value, list) else None

    def condition(self, node: ast.AST) -> str:
        """The tests that stand around it in its function."""
        found: list[str] = []
        below = node
        for above in self.module.ancestors(node):
            if isinstance(above, SCOPES):
                break
            if isinstance(above, ast.If):
                test = ast.unparse(above.test)
                found.insert(0, f"not ({test})" if below in above.orelse else test)
            below = above
        return " and ".join(found)


def argument_named(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
