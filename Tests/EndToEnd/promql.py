"""Reads PromQL, and works out which labels an expression's result can have.

promtool 2.42 judges an expression and prints no tree of it, so here is the part of the language that rules use. Whatever it does not know is an error
and never passed over: `promtool check rules` has the last word on what is PromQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

AGGREGATIONS = {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values"}
SET_OPERATORS = {"and", "or", "unless"}
COMPARISONS = {"==", "!=", "<=", "<", ">=", ">"}
# From loose to tight; ^ alone groups from the right and is left out, as no rule has it.
PRECEDENCE = [{"or"}, {"and", "unless"}, COMPARISONS, {"+", "-"}, {"*", "/", "%"}]

TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<duration>(?:\d+(?:ms|[smhdwy]))+)
    |(?P<number>0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<name>[a-zA-Z_][a-zA-Z0-9_:]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<sign>=~|!~|==|!=|<=|>=|[-+*/%<>=(){}\[\],@:])""",
    re.VERBOSE,
)
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def seconds(duration: str) -> float:
    return sum(int(count) * SECONDS[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", duration))


@dataclass
class Scalar:
    """A number, or a text as an argument."""

    text: str


@dataclass
class Selector:
    name: str
    matchers: list[tuple[str, str, str]]
    window: str | None = None
    offset: str | None = None


@dataclass
class Subquery:
    of: Node
    window: str


@dataclass
class Call:
    function: str
    arguments: list[Node]


@dataclass
class Aggregation:
    function: str
    arguments: list[Node]
    # None where the aggregation has neither by nor without.
    by: list[str] | None = None
    without: list[str] | None = None


@dataclass
class Binary:
    operator: str
    left: Node
    right: Node
    on: list[str] | None = None
    ignoring: list[str] | None = None
    group: str | None = None
    include: list[str] = field(default_factory=list)


Node = Scalar | Selector | Subquery | Call | Aggregation | Binary


class Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            found = TOKEN.match(text, position)
            assert found, f"no PromQL: {text[position:position + 40]!r}"
            if found.lastgroup != "space":
                self.tokens.append((str(found.lastgroup), found.group()))
            position = found.end()
        self.position = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.position + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.position][0] if self.position < len(self.tokens) else "end"

    def take(self, *expected: str) -> str:
        assert not expected or self.peek() in expected, f"{self.peek()!r} in place of {expected} in {self.text}"
        self.position += 1
        return self.tokens[self.position - 1][1]

    def labels(self) -> list[str]:
        self.take("(")
        names = []
        while self.peek() != ")":
            names.append(self.take())
            if self.peek() == ",":
                self.take()
        self.take(")")
        return names

    def expression(self, level: int = 0) -> Node:
        if level == len(PRECEDENCE):
            return self.unary()
        left = self.expression(level + 1)
        while self.peek().lower() in PRECEDENCE[level]:
            binary = Binary(self.take().lower(), left, left)
            if self.peek() == "bool":
                self.take()
            if self.peek() == "on":
                self.take()
                binary.on = self.labels()
            elif self.peek() == "ignoring":
                self.take()
                binary.ignoring = self.labels()
            if self.peek() in ("group_left", "group_right"):
                binary.group = self.take()
                binary.include = self.labels() if self.peek() == "(" else []
            binary.right = self.expression(level + 1)
            left = binary
        return left

    def unary(self) -> Node:
        if self.peek() in ("-", "+"):
            self.take()
            return self.unary()
        node = self.primary()
        while self.peek() in ("[", "offset", "@"):
            if self.peek() == "[":
                self.take()
                window = self.take()
                if self.peek() == ":":
                    self.take()
                    if self.peek() != "]":
                        self.take()
                    node = Subquery(node, window)
                else:
                    assert isinstance(node, Selector), self.text
                    node.window = window
                self.take("]")
            else:
                assert self.take() == "offset", f"@ is not known here: {self.text}"
                offset = self.take()
                if isinstance(node, Selector):
                    node.offset = offset
        return node

    def primary(self) -> Node:
        if self.peek() == "(":
            self.take()
            inner = self.expression()
            self.take(")")
            return inner
        if self.kind() in ("number", "string") or self.peek().lower() in ("inf", "nan"):
            return Scalar(self.take())
        if self.peek() == "{":
            return self.selector("")
        assert self.kind() == "name", f"{self.peek()!r} in {self.text}"
        name = self.take()
        if name in AGGREGATIONS and self.peek() in ("(", "by", "without"):
            return self.aggregation(name)
        if self.peek() == "(":
            return Call(name, self.arguments())
        return self.selector(name)

    def aggregation(self, name: str) -> Aggregation:
        node = Aggregation(name, [])
        for step in ("before", "arguments", "after"):
            if step == "arguments":
                node.arguments = self.arguments()
            elif self.peek() in ("by", "without"):
                setattr(node, self.take(), self.labels())
        return node

    def arguments(self) -> list[Node]:
        self.take("(")
        found = []
        while self.peek() != ")":
            found.append(self.expression())
            if self.peek() == ",":
                self.take()
        self.take(")")
        return found

    def selector(self, name: str) -> Selector:
        matchers = []
        if self.peek() == "{":
            self.take()
            while self.peek() != "}":
                label, operator, value = self.take(), self.take("=", "!=", "=~", "!~"), self.take()[1:-1]
                matchers.append((label, operator, value))
                if self.peek() == ",":
                    self.take()
            self.take("}")
        assert name and all(label != "__name__" for label, _, _ in matchers), f"a name by matcher hides the series from the tests: {self.text}"
        return Selector(name, matchers)


def parse(text: str) -> Node:
    reader = Reader(text)
    node = reader.expression()
    assert reader.kind() == "end", f"{reader.peek()!r} is left of {text}"
    return node


def walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Subquery(of=of):
            yield from walk(of)
        case Call(arguments=arguments) | Aggregation(arguments=arguments):
            for argument in arguments:
                yield from walk(argument)
        case Binary(left=left, right=right):
            yield from walk(left)
            yield from walk(right)
        case _:
            pass


def selectors(text: str) -> list[Selector]:
    return [node for node in walk(parse(text)) if isinstance(node, Selector)]


def names(text: str) -> set[str]:
    """The names of the series that an expression reads."""
    return {selector.name for selector in selectors(text)}


def windows(text: str) -> set[tuple[str, str]]:
    """(name, window): the series that an expression reads over a time."""
    return {(selector.name, selector.window) for selector in selectors(text) if selector.window}


def groupings(text: str) -> Iterator[list[str]]:
    """The labels of every `by` and `on`."""
    for node in walk(parse(text)):
        if isinstance(node, Aggregation) and node.by is not None:
            yield node.by
        if isinstance(node, Binary) and node.on is not None:
            yield node.on


class Labels:
    """Which labels the result of an expression can have, and what an expression asks of labels that are not there."""

    def __init__(self, of: Callable[[Selector], set[str]]) -> None:
        self.of = of
        self.complaints: list[str] = []

    def demand(self, wanted: list[str] | set[str], there: set[str], where: str) -> None:
        if missing := sorted(set(wanted) - there):
            self.complaints.append(f"{where}: {', '.join(missing)} not among {sorted(there)}")

    def result(self, node: Node) -> set[str] | None:
        """None for what has no labels because it is a scalar."""
        match node:
            case Scalar():
                return None
            case Selector():
                there = self.of(node)
                self.demand([label for label, _, _ in node.matchers], there, f"a matcher of {node.name}")
                return there
            case Subquery():
                return self.result(node.of)
            case Call():
                return self.call(node)
            case Aggregation():
                there = self.result(node.arguments[-1]) or set()
                self.demand(node.by or [], there, f"{node.function} by")
                self.demand(node.without or [], there, f"{node.function} without")
                if node.function in ("topk", "bottomk"):
                    return there
                return there - set(node.without) if node.without is not None else set(node.by or [])
            case Binary():
                return self.binary(node)

    def call(self, node: Call) -> set[str] | None:
        if node.function in ("label_replace", "label_join"):
            vector, target, *rest = node.arguments
            there = self.result(vector) or set()
            texts = [argument.text[1:-1] for argument in rest if isinstance(argument, Scalar)]
            # A source without a name is a constant in disguise.
            self.demand({texts[1]} - {""} if node.function == "label_replace" else texts[1:], there, node.function)
            assert isinstance(target, Scalar)
            return there | {target.text[1:-1]}
        if node.function == "histogram_quantile":
            there = self.result(node.arguments[1]) or set()
            self.demand(["le"], there, node.function)
            return there - {"le"}
        vectors = [there for argument in node.arguments if (there := self.result(argument)) is not None]
        if node.function in ("time", "pi", "scalar"):
            return None
        return set().union(*vectors)

    def binary(self, node: Binary) -> set[str] | None:
        left, right = self.result(node.left), self.result(node.right)
        if left is None or right is None:
            return right if left is None else left
        for wanted in (node.on, node.ignoring):
            self.demand(wanted or [], left, f"left of {node.operator}")
            self.demand(wanted or [], right, f"right of {node.operator}")
        if node.operator == "or":
            return left | right
        if node.operator in SET_OPERATORS:
            return left
        many, one = (right, left) if node.group == "group_right" else (left, right)
        if node.group:
            self.demand(node.include, one, node.group)
            return many | set(node.include)
        if node.on is not None:
            return set(node.on)
        return left - set(node.ignoring or []) if node.ignoring is not None else left
