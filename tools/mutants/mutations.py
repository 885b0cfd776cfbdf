"""Small wrong changes of Python code: one operator, comparison, constant or condition changed, one statement lost."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: What an operator becomes.
_OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.USub: (ast.UAdd,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

#: Calls whose arguments are the text of a message, the look of a table or a type.
_SKIPPED_CALLS = {"Fault", "cast", "center", "ljust", "print", "rjust", "TypeVar", "warn"}

#: Keyword arguments that guard against a programmer's error, set the look of text or the inner layout of a file, or
#: allow a library to overwrite its arguments.
_SKIPPED_KEYWORDS = {
    "chunks",
    "end",
    "indent",
    "justify",
    "no_wrap",
    "padding",
    "stacklevel",
    "strict",
    "width",
}

_SKIPPED_FIELDS = {"annotation", "bases", "decorator_list", "returns", "type_params"}

_STATEMENT_LISTS = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Parameters
    ----------
    file
        Path from the root of the project.
    lines
        First and last line of the changed statement; of a compound statement, of its header.
    span
        Bytes of the file that `text` replaces.
    before, after
        The changed expression.
    statement, mutated
        The changed statement (header) on one line, as `ast.unparse` writes it.
    """

    file: str
    lines: tuple[int, int]
    span: tuple[int, int]
    text: str
    before: str
    after: str
    statement: str
    mutated: str

    def apply(self, source: bytes) -> bytes:
        """Return the changed source of the file."""
        return source[: self.span[0]] + self.text.encode() + source[self.span[1] :]


def sample(files: dict[str, bytes], count: int, seed: int) -> list[Mutant]:
    """Return `count` of all mutants of the files (path -> source), the same for the same files and seed.

    Chance is a hash of seed and statement, so that other code may change or move and most of the sample stays.
    """
    drawn = []
    seen: Counter[str] = Counter()
    for file in sorted(files):
        for mutant in mutants(file, files[file]):
            name = f"{mutant.statement}\n{mutant.mutated}"
            seen[name] += 1
            digest = hashlib.blake2b(f"{seed} {seen[name]}\n{name}".encode()).digest()
            drawn.append((digest, mutant))
    chosen = [mutant for _, mutant in sorted(drawn, key=lambda pair: pair[0])[:count]]
    return sorted(chosen, key=lambda mutant: (mutant.file, mutant.span, mutant.text))


def sources(root: Path, package: str, rooms: set[str]) -> dict[str, bytes]:
    """Return path and source of every module of the package that belongs to one of `rooms` (empty: all)."""
    found = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted((root / package).rglob("*.py"))
    }
    return {file: source for file, source in found.items() if not rooms or room_of(file) in rooms}


def room_of(file: str) -> str:
    """Return the folder of the package that a file lies in, or the file's own name beside the folders."""
    return file.split("/")[1].removesuffix(".py")


def mutants(file: str, source: bytes) -> Iterator[Mutant]:
    """Yield all mutants of a file, each once, in the order of the tree."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def span(node: Any) -> tuple[int, int]:
        return (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )

    for statement in _statements(ast.parse(source).body):
        changed = Mutant(file, _lines(statement), (0, 0), "", "", "", _header(statement), "")
        for owner, field, value, place in _changes(statement):
            old, before = getattr(owner, field), ast.unparse(place)
            setattr(owner, field, value)
            after = ast.unparse(value if field == "test" and place is old else place)
            one = replace(changed, span=span(place), before=before, after=after, mutated=_header(statement))
            setattr(owner, field, old)
            yield replace(one, text=f"({after})" if isinstance(place, ast.expr) else after)
        if _is_deletable(statement):
            lost = {"text": "pass", "before": changed.statement, "after": "pass", "mutated": "pass"}
            yield replace(changed, span=span(statement), **lost)


def _statements(body: list[Any]) -> Iterator[ast.stmt]:
    """Yield the statements in which a change has a meaning."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.stmt) and not _is_skipped(node):
            yield node
        for field in _STATEMENT_LISTS:
            yield from _statements(getattr(node, field, []))


def _is_skipped(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return "TypeAlias" in ast.unparse(node.annotation)
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) in {"__all__", "__version__"}
    return False


def _is_deletable(node: ast.stmt) -> bool:
    """Whether the code without this statement can still run: it binds no name and returns no value."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return isinstance(node, ast.AugAssign | ast.Raise | ast.Continue | ast.Break | ast.Delete)


def _lines(statement: ast.stmt) -> tuple[int, int]:
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    return statement.lineno, max(last or 0, statement.lineno)


def _header(statement: ast.stmt) -> str:
    """Return the text of a statement, without the statements inside it, on one line."""
    inside = {field: getattr(statement, field) for field in _STATEMENT_LISTS if hasattr(statement, field)}
    for field in inside:
        setattr(statement, field, [])
    decorators = getattr(statement, "decorator_list", None)
    if decorators is not None:
        statement.decorator_list = []
    text = ast.unparse(statement)
    for field, value in inside.items():
        setattr(statement, field, value)
    if decorators is not None:
        statement.decorator_list = decorators
    return " ".join(line.strip() for line in text.split("\n"))


def _changes(statement: ast.stmt) -> Iterator[tuple[Any, str, Any, Any]]:
    """Yield node, field, the field's new value, and the node whose text changes with it."""
    if isinstance(statement, ast.Raise):
        return
    if isinstance(statement, ast.If | ast.While):
        yield statement, "test", _negated(statement.test), statement.test
    if isinstance(statement, ast.AugAssign):
        for new in _OPERATORS.get(type(statement.op), ()):
            yield statement, "op", new(), statement
    for node in _expressions(statement):
        for field, value in _other_fields(node):
            yield node, field, value, node.test if isinstance(node, ast.IfExp) else node


def _other_fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.IfExp):
        yield "test", _negated(node.test)
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.UnaryOp):
        yield from (("op", new()) for new in _OPERATORS.get(type(node.op), ()))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield "operand", _negated(node.operand)
    elif isinstance(node, ast.Compare):
        for k, op in enumerate(node.ops):
            yield from (("ops", [*node.ops[:k], new(), *node.ops[k + 1 :]]) for new in _OPERATORS[type(op)])
    elif isinstance(node, ast.Constant):
        yield from (("value", value) for value in _other_constants(node.value))


def _negated(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), node)


def _other_constants(value: object) -> tuple[object, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1) if value else (1,)
    if isinstance(value, float):
        return (2.0 * value if value else 1.0,)
    return ()


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the expressions of a statement's own, except those that are text, types or decoration."""
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED_FIELDS or (field in _STATEMENT_LISTS and isinstance(node, ast.stmt)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.JoinedStr | ast.pattern):
                continue
            if isinstance(child, ast.keyword) and child.arg in _SKIPPED_KEYWORDS:
                continue
            if isinstance(child, ast.Call) and _name(child.func) in _SKIPPED_CALLS:
                continue
            if isinstance(child, ast.expr):
                yield child
            if (
                isinstance(node, ast.Call)
                and _name(node.func) == "reshape"
                and isinstance(child, ast.UnaryOp)
            ):
                continue  # any negative number is the size that is left
            yield from _expressions(child)


def _name(function: ast.expr) -> str:
    name = ast.unparse(function).rpartition(".")[2]
    return "Fault" if name.endswith("Error") else name
