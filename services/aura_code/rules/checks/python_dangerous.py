"""Calls in Python that run text as code or as a command, or build objects from foreign bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Edit, Hit
from aura_code.rules.checks.python_names import (
    argument,
    calls,
    calls_to,
    dotted,
    imports,
    is_builtin,
    keyword,
    positional,
    values_of,
)
from aura_code.rules.checks.python_texts import Piece, is_fixed, literal, pieces
from aura_code.rules.checks.trees import field, named
from aura_code.syntax import SourceFile

_SHELLS: Final = frozenset(
    {
        "os.system",
        "os.popen",
        "subprocess.getoutput",
        "subprocess.getstatusoutput",
        "asyncio.create_subprocess_shell",
        "asyncio.subprocess.create_subprocess_shell",
        "commands.getoutput",
        "commands.getstatusoutput",
    }
)
_PROCESSES: Final = frozenset(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
_QUOTED: Final = frozenset(
    {"shlex.quote", "shlex.join", "pipes.quote", "subprocess.list2cmdline", "os.getpid", "time.time", "os.cpu_count"}
)
_OWN: Final = frozenset({"sys.executable", "os.sep", "os.devnull", "__file__", "sys.platform", "os.name"})
_PICKLES: Final = ("pickle", "cPickle", "_pickle", "dill", "cloudpickle")
_LOADS: Final = frozenset(
    [
        *(f"{module}.{name}" for module in _PICKLES for name in ("load", "loads", "Unpickler")),
        "marshal.load",
        "marshal.loads",
        "jsonpickle.decode",
        "jsonpickle.loads",
        "pandas.read_pickle",
        "joblib.load",
        "yaml.unsafe_load",
        "yaml.unsafe_load_all",
        "shelve.open",
    ]
)
_YAML: Final = frozenset({"yaml.load", "yaml.load_all"})
_SAFE_LOADERS: Final = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")


def shell(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """A command for a shell that is not a constant."""
    for call, name in calls_to(file, _SHELLS):
        command = argument(file, call, 0, "cmd") or argument(file, call, 0, "command")
        yield from _shell_hit(file, call, name, command)
    for call, name in calls_to(file, _PROCESSES):
        if _is_true(file, keyword(file, call, "shell")):
            yield from _shell_hit(file, call, name, argument(file, call, 0, "args"))


def _shell_hit(file: SourceFile, call: Node, name: str, command: Node | None) -> Iterator[Hit]:
    if command is None or command.type == "list_splat":
        return
    foreign = [piece for piece in _command(file, command) if not isinstance(piece, str) and not _is_own(file, piece)]
    if foreign:
        text = file.text_of(foreign[0]).splitlines()[0][:60]
        yield Hit(field(call, "function") or call, f"`{name}` hands `{text}` to a shell, which runs whatever is in it.")


def _command(file: SourceFile, command: Node) -> list[Piece]:
    if command.type in {"list", "tuple"}:
        return [piece for each in named(command) for piece in pieces(file, each)]
    return pieces(file, command)


def _is_own(file: SourceFile, piece: Node) -> bool:
    name = dotted(file, field(piece, "function") if piece.type == "call" else piece)
    return name in (_QUOTED if piece.type == "call" else _OWN)


def _is_true(file: SourceFile, value: Node | None) -> bool:
    if value is None:
        return False
    if value.type == "identifier":
        values = values_of(file, value)
        return bool(values) and all(each.type == "true" for each in values or ())
    return value.type == "true" or (value.type == "integer" and file.text_of(value) == "1")


def evaluated(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`eval` or `exec` of a text that is not a constant."""
    for name in ("eval", "exec"):
        for call in calls(file).get(name, ()):
            function = field(call, "function")
            full = dotted(file, function)
            if full not in {name, f"builtins.{name}"} or (full == name and not is_builtin(file, name)):
                continue
            given = positional(call)
            if name == "exec" and len(given) > 1 and given[1].type in {"identifier", "attribute"}:
                continue  # Into a namespace of its own: code that generates code.
            if given and _is_compiled_file(file, given[0]):
                continue
            if given and not is_fixed(file, given[0]):
                text = file.text_of(given[0]).splitlines()[0][:60]
                yield Hit(function or call, f"`{name}` runs whatever `{text}` contains as code.")


def _is_compiled_file(file: SourceFile, given: Node) -> bool:
    """`exec(compile(text, path, "exec"))`, which runs a file under its name."""
    if given.type != "call" or dotted(file, field(given, "function")) != "compile":
        return False
    name = argument(file, given, 1, "filename")
    return name is not None and not (literal(file, name) or "").startswith("<")


def deserialised(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """Loading objects from bytes that may tell Python to call anything."""
    for call, name in calls_to(file, _LOADS):
        given = positional(call)
        if given and (_is_round_trip(file, given[0]) or given[0].type == "string"):
            continue
        yield Hit(field(call, "function") or call, f"`{name}` runs code that the data may bring along.")
    for call, name in calls_to(file, _YAML):
        loader = argument(file, call, 1, "Loader")
        text = file.text_of(loader) if loader is not None else ""
        if _is_safe_loader(file, text) or is_literal_yaml(file, call):
            continue
        yield Hit(field(call, "function") or call, _yaml_message(name, text), _safe_load(call, name, loader))
    yield from _optional_pickles(file)


def _is_round_trip(file: SourceFile, given: Node) -> bool:
    inner = dotted(file, field(given, "function")) if given.type == "call" else ""
    return inner.endswith((".dumps", "getvalue"))


def is_literal_yaml(file: SourceFile, call: Node) -> bool:
    """Whether what is loaded stands in the program itself."""
    given = positional(call)
    return bool(given) and is_fixed(file, given[0])


def _is_safe_loader(file: SourceFile, text: str) -> bool:
    """Known safe ones, and classes of the file that build on them."""
    if text.endswith(_SAFE_LOADERS) or ("safe" in text.lower() and "unsafe" not in text.lower()):
        return True
    if not text.isidentifier():
        return False
    source = file.text.decode("utf-8", "replace")
    return f"class {text}(" in source and any(safe in source for safe in _SAFE_LOADERS)


def _yaml_message(name: str, loader: str) -> str:
    with_what = f"with `{loader}`" if loader else "without a safe loader"
    return f"`{name}` {with_what} builds any Python object that the text asks for."


def _safe_load(call: Node, name: str, loader: Node | None) -> tuple[Edit, ...]:
    function = field(call, "function")
    if loader is not None or function is None or name != "yaml.load" or function.type != "attribute":
        return ()
    attribute = field(function, "attribute")
    return (Edit(attribute.start_byte, attribute.end_byte, "safe_load"),) if attribute is not None else ()


def _optional_pickles(file: SourceFile) -> Iterator[Hit]:
    for call, _ in calls_to(file, frozenset({"numpy.load"})):
        if _is_true(file, keyword(file, call, "allow_pickle")):
            yield Hit(
                field(call, "function") or call,
                "`numpy.load` with `allow_pickle` runs code that the file may bring along.",
            )
    for call, _ in calls_to(file, frozenset({"torch.load"})):
        value = keyword(file, call, "weights_only")
        if value is not None and value.type == "false":
            yield Hit(
                field(call, "function") or call,
                "`torch.load` without `weights_only` runs code that the file may bring along.",
            )


def temporary_name(file: SourceFile, _captures: Captures) -> Iterator[Hit]:
    """`tempfile.mktemp()`."""
    for call, _ in calls_to(file, frozenset({"tempfile.mktemp", "os.tempnam", "os.tmpnam"})):
        yield Hit(field(call, "function") or call)


def uses(file: SourceFile, *modules: str) -> bool:
    """Whether a file imports one of these packages."""
    return any(target.partition(".")[0] in modules for target in imports(file).values())
