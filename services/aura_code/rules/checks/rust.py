"""Checks for Rust: results that are dropped, what blocks a runtime, and dangerous calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from aura_code.findings.model import Captures, Hit
from aura_code.rules.checks.compiled_languages import VALUE_NEXT
from aura_code.rules.checks.sql_texts import NAME_NEXT, NAMES, SQL
from aura_code.rules.checks.trees import around, field, inside, per_file
from aura_code.syntax import SourceFile

_FUNCTIONS: Final = frozenset({"function_item", "closure_expression", "async_block"})
_TEXTS: Final = frozenset({"string_literal", "raw_string_literal"})
_SHELL: Final = re.compile(
    r'Command::new\("(?:/usr)?(?:/bin/)?(?:sh|bash|zsh|dash|cmd|cmd\.exe|powershell)"\)(?:\.\w+\([^()]*\))*?\.arg\("(?:-c|/c|/C)"\)$'
)
_SHELL_LIST: Final = re.compile(
    r'Command::new\("(?:/usr)?(?:/bin/)?(?:sh|bash|zsh|dash|cmd|cmd\.exe|powershell)"\)(?:\.\w+\([^()]*\))*?$'
)
_PASSWORD: Final = re.compile(r"passw(?:or)?d|passphrase|\bpwd", re.IGNORECASE)
_FAST: Final = re.compile(r"^(?:md5::compute|(?:\w+::)*(?:Md5|Sha1|Sha256|Sha512)::digest)$")
_RUNS_SQL: Final = frozenset(
    {
        "query",
        "execute",
        "query_as",
        "query_row",
        "batch_execute",
        "prepare",
        "sql_query",
        "query_scalar",
        "query_one",
        "query_map",
    }
)
_PLACEHOLDER: Final = re.compile(r"\{\{|\}\}|\{(\w*)(?::[^{}]*)?\}")
_BLOCKING: Final = re.compile(
    r"^(?:std::)?thread::sleep$|^(?:std::)?fs::(?:read|write|read_to_string|copy|create_dir|create_dir_all|remove_file|remove_dir_all"
    r"|rename|read_dir|metadata|canonicalize)$|^std::fs::File::(?:open|create)$|^reqwest::blocking::\w+$"
)
_FILE_WORK: Final = re.compile(
    r"^(?:std::)?fs::(?:write|rename|copy|create_dir|create_dir_all|remove_file|remove_dir_all)$"
)
_LOCKS: Final = re.compile(r"\.(?:lock|read|write)\(\)\s*\.(?:unwrap|expect)\([^()]*\)$")


@per_file
def _tests(file: SourceFile) -> list[tuple[int, int]]:
    """Where the test modules and test functions of a file are."""
    spans: list[tuple[int, int]] = []
    for node in inside(
        file.root, stop=frozenset({"block", "impl_item", "struct_item", "enum_item", "trait_item", "use_declaration"})
    ):
        if node.type != "attribute_item" or b"test" not in file.text[node.start_byte : node.end_byte]:
            continue
        item = node.next_named_sibling
        while item is not None and item.type in {"attribute_item", "line_comment", "block_comment"}:
            item = item.next_named_sibling
        if item is not None:
            spans.append((item.start_byte, item.end_byte))
    return spans


def _in_tests(file: SourceFile, node: Node) -> bool:
    return file.is_test or any(start <= node.start_byte < end for start, end in _tests(file))


def dropped_error(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`Err(_) => {}`, and `if let Err(_) = … {}`."""
    pattern, body = captures["pattern"][0], captures["body"][0]
    if re.sub(r"\s", "", file.text_of(pattern)) not in {"Err(_)", "Err(..)"} or _in_tests(file, pattern):
        return
    empty = body.type == "unit_expression" or (body.type == "block" and not body.named_child_count)
    if empty and not _has_comment_near(file, pattern, body):
        yield Hit(pattern, "This error is dropped: no line of a log, no other value.")


def _has_comment_near(file: SourceFile, pattern: Node, body: Node) -> bool:
    line = file.line(body.end_point.row + 1)
    above = file.line(pattern.start_point.row) if pattern.start_point.row else ""
    return "//" in line or "/*" in line or above.lstrip().startswith("//")


def accepts_any_certificate(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`danger_accept_invalid_certs(true)`."""
    method, given = captures["method"][0], captures["arguments"][0]
    name, arguments = file.text_of(method), file.text_of(given)
    off = name in {"danger_accept_invalid_certs", "danger_accept_invalid_hostnames"} and arguments == "(true)"
    none = name in {"set_verify", "set_verify_callback"} and re.match(
        r"\(\s*(?:\w+::)*SslVerifyMode::NONE\b", arguments
    )
    if (off or none) and not _in_tests(file, method) and around(method, _FUNCTIONS | {"if_expression"}) is not None:
        asked = around(method, frozenset({"function_item", "if_expression"}))
        if asked is None or asked.type != "if_expression":
            yield Hit(method)


def shell(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`Command::new("sh").arg("-c").arg(command)`."""
    method, given, target = captures["method"][0], captures["arguments"][0], captures["target"][0]
    name = file.text_of(method)
    if name not in {"arg", "args"} or not given.named_child_count or _in_tests(file, method):
        return
    before = re.sub(r"\s", "", file.text_of(target))
    command = given.named_children[0]
    if name == "args":
        listed = _listed(command)
        if len(listed) < 2 or file.text_of(listed[0]) not in {'"-c"', '"/c"', '"/C"'} or not _SHELL_LIST.search(before):
            return
        command = listed[1]
    elif not _SHELL.search(before):
        return
    if not _is_constant(file, command):
        yield Hit(method, f"The shell runs whatever is in `{file.text_of(command)[:40]}`.")


def _listed(node: Node) -> list[Node]:
    if node.type == "reference_expression" and node.named_child_count:
        node = node.named_children[-1]
    return node.named_children if node.type == "array_expression" else []


def _is_constant(file: SourceFile, node: Node) -> bool:
    if node.type == "reference_expression" and node.named_child_count:
        return _is_constant(file, node.named_children[-1])
    if node.type == "macro_invocation":
        return file.text_of(node).startswith("concat!")
    return node.type in _TEXTS or (
        node.type in {"identifier", "scoped_identifier"} and file.text_of(node).rpartition("::")[2].isupper()
    )


def sql(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`client.execute(&format!("DELETE … {}", name))`."""
    callee, given = captures["callee"][0], captures["arguments"][0]
    name = re.split(r"::|\.", file.text_of(callee).partition("::<")[0])[-1]
    if name not in _RUNS_SQL or not given.named_child_count or _in_tests(file, callee):
        return
    first = given.named_children[0]
    borrowed = first.type == "reference_expression" and first.named_child_count > 0
    given_text = first.named_children[-1] if borrowed else first
    value = _assigned(file, given_text) if given_text.type == "identifier" else given_text
    if value is not None and value.type == "macro_invocation":
        foreign = _foreign(file, value)
        if foreign:
            yield Hit(first, f"`{foreign}` becomes part of the SQL that runs here.")


def _assigned(file: SourceFile, name: Node) -> Node | None:
    """What the last `let` of a name before a place gives it."""
    function = around(name, frozenset({"function_item"}))
    text = file.text_of(name)
    value = None
    for part in inside(function) if function is not None else ():
        if part.start_byte >= name.start_byte:
            break
        pattern = field(part, "pattern") if part.type == "let_declaration" else None
        if pattern is not None and file.text_of(pattern) == text:
            value = field(part, "value")
    return value


def _foreign(file: SourceFile, macro: Node) -> str:
    """The first value that a `format!` puts into SQL where no name belongs; empty when there is none."""
    tokens = next((child for child in macro.named_children if child.type == "token_tree"), None)
    called = field(macro, "macro")
    if tokens is None or called is None or file.text_of(called) != "format" or not tokens.named_child_count:
        return ""
    first = tokens.named_children[0]
    text = file.text_of(first).strip('"')
    if first.type not in _TEXTS or not SQL.match(text):
        return ""
    after = file.text[first.end_byte : tokens.end_byte - 1].decode("utf-8", "replace").split(",")[1:]
    given = iter(part.strip() for part in after)
    for hole in _PLACEHOLDER.finditer(text):
        if hole[0] in {"{{", "}}"}:
            continue
        value = hole[1] or next(given, "")
        before = text[: hole.start()]
        if not VALUE_NEXT.search(before):
            continue
        respected = (
            not value
            or value.isupper()
            or (not before.endswith("'") and NAME_NEXT.search(before) and NAMES.search(value))
        )
        if not respected and not value.isdigit():
            return value
    return ""


def weak_hash(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`md5::compute(password)`."""
    callee, given = captures["callee"][0], captures["arguments"][0]
    if _FAST.match(file.text_of(callee)) and _PASSWORD.search(file.text_of(given)) and not _in_tests(file, callee):
        yield Hit(callee, "This hash over a password can be guessed at billions a second.")


# Asynchronous code


def _runs_async(file: SourceFile, node: Node) -> bool:
    """Whether a node runs directly in an async function or block, not in a closure or function within it."""
    outer = around(node, _FUNCTIONS)
    if outer is None or outer.type == "closure_expression":
        return outer is not None and file.text_of(outer).startswith("async ")
    return (
        outer.type == "async_block"
        or re.match(r"(?:pub(?:\([^)]*\))? |default )*async ", file.text_of(outer)) is not None
    )


def blocking(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`std::thread::sleep` in an async function."""
    callee = captures["callee"][0]
    name = file.text_of(callee)
    if not _BLOCKING.match(name) or _in_tests(file, callee):
        return
    head = name.partition("::")[0]
    if head in {"fs", "thread"} and not re.search(rf"\buse std::(?:{head}\b|\{{[^;]*\b{head}\b)".encode(), file.text):
        return
    if head == "fs" and re.search(rb"\buse (?:tokio|async_std|smol)::(?:fs\b|\{[^;]*\bfs\b)", file.text):
        return
    started = around(callee, frozenset({"function_item"}))
    called = field(started, "name") if started is not None else None
    if called is not None and file.text_of(called) == "main":
        return  # nothing else runs yet
    if _runs_async(file, callee) and around(callee, frozenset({"macro_invocation"})) is None:
        yield Hit(callee, f"`{name}` holds up the thread, and with it every task that waits for it.")


def guard_across_await(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """A lock of std that is held while a task waits."""
    at = captures["at"][0]
    pattern, value = field(at, "pattern"), field(at, "value")
    if pattern is None or value is None or pattern.type not in {"identifier", "mut_pattern"}:
        return
    if not _LOCKS.search(file.text_of(value)) or b"std::sync" not in file.text or _in_tests(file, at):
        return
    name = file.text_of(pattern).removeprefix("mut ").strip()
    block = at.parent
    if name == "_" or block is None or not _runs_async(file, at):
        return
    for later in block.named_children:
        if later.start_byte <= at.start_byte:
            continue
        text = file.text_of(later)
        if re.search(rf"\bdrop\(\s*{re.escape(name)}\s*\)", text):
            return
        waits = next(
            (
                part
                for part in inside(later, stop=frozenset({"closure_expression", "async_block", "function_item"}))
                if part.type == "await_expression"
            ),
            None,
        )
        if waits is not None:
            yield Hit(pattern, f"The lock `{name}` is held while line {waits.end_point.row + 1} waits.")
            return


# Opinions


def unwrapped(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`.unwrap()` outside tests and `main`."""
    method = captures["method"][0]
    name = file.text_of(method)
    if name not in {"unwrap", "expect"} or _in_tests(file, method) or file.path.endswith(("build.rs", "main.rs")):
        return
    function = around(method, frozenset({"function_item"}))
    called = field(function, "name") if function is not None else None
    target = file.text_of(captures["target"][0])
    if (
        called is not None
        and file.text_of(called) != "main"
        and not re.search(r"(?:lock|read|write|borrow_mut|borrow)\(\)$", target)
    ):
        yield Hit(method, f"`{name}` ends the program when there is no value.")


def discarded(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`let _ = fs::write(…)`."""
    pattern, callee = captures["pattern"][0], captures["callee"][0]
    if file.text_of(pattern) == "_" and _FILE_WORK.match(file.text_of(callee)) and not _in_tests(file, callee):
        yield Hit(callee, f"Whether `{file.text_of(callee)}` worked is thrown away.")


def forgotten(file: SourceFile, captures: Captures) -> Iterator[Hit]:
    """`mem::forget` and `transmute`."""
    callee = captures["callee"][0]
    name = re.sub(r"::<.*", "", file.text_of(callee), flags=re.DOTALL)
    if re.match(r"^(?:std::|core::)?mem::(?:forget|transmute)$", name) and not _in_tests(file, callee):
        yield Hit(callee, f"`{name}` steps around what the compiler guarantees.")
