"""What is read of one file's structure, before anything is known of the other files.

A reader for a language turns a `SourceFile` into a `FileStructure`. The linker then looks up what each occurrence
refers to over the whole project. Local variables and parameters are neither definitions nor occurrences: their uses
end within the function. What is known of their type is put into the bindings of what is called on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from aura_shared.messages.code import SymbolKind

OccurrenceKind = Literal["call", "type", "inherit", "import", "name", "write"]

Binding: TypeAlias = tuple[object, ...]
"""What a name in a file is known to mean, as nested tuples of text and numbers:

("free", NAME)                not bound in this file: a builtin, or bound elsewhere by the rules of the language
                              (other files of a Go or Java package, `from x import *`, Rust's prelude)
("def", INDEX)                definition INDEX of this file
("import", MODULE, NAME)      NAME out of MODULE as the source writes it (dots, `./`, `crate::` included);
                              NAME "" is the module itself, "*" everything
("member", BASE, NAME)        NAME of what the binding BASE is: a module, a class, or a value whose type is known
("type", BASE)                a value whose declared type is BASE (annotation, `new`, typed literal, receiver)
("result", BASE)              what calling BASE returns: an instance if it is a class, else the function's return type
("item", BASE)                an element of BASE
("super", INDEX)              the base classes of class INDEX of this file
()                            unknown: only the name can be compared
"""


class Definition(NamedTuple):
    """Something that a file defines and that can be meant from elsewhere."""

    name: str
    kind: SymbolKind
    parent: int
    """Index of the definition around it; -1 at the top of the file. Also for a method declared outside its type
    (Go, Rust, prototypes) when the type is in this file; else -1 and `receiver` names it."""
    receiver: str
    """Name of the type that a method belongs to when that is not around it; else empty."""
    line: int
    """Of the name, from 1."""
    column: int
    """Of the name, in characters from 0."""
    start_line: int
    end_line: int
    public: bool
    """Whether others may use it by the conventions of the language (no underscore, `export`, `pub`, capital)."""
    entry: str
    """Why something outside the code may call it: `main`, `test`, `decorated by app.get`, `in __all__`, `exported`,
    `special method`, `overrides`, …; empty when nothing hints at that."""
    bases: tuple[Binding, ...]
    """Of a type: what it inherits from or implements."""
    type: Binding
    """Of a function: what it returns. Of a variable, field or property: its type. () when not known."""
    parameters: int
    """Of a function, `self` not counted."""
    complexity: int
    """Of a function: 1 + branches (McCabe, 1976); else 0."""
    nesting: int
    """Of a function: deepest nesting of blocks; else 0."""
    documented: bool
    typed: bool
    """Of a function: every parameter and the result have types; true where the language demands them."""


class Occurrence(NamedTuple):
    """A name that is used."""

    name: str
    kind: OccurrenceKind
    line: int
    column: int
    """In characters from 0."""
    scope: int
    """Index of the innermost definition (function, method, class) around it; -1 at the top of the file."""
    binding: Binding


class Imported(NamedTuple):
    """A module that a file imports."""

    module: str
    """As the source writes it, leading dots included."""
    name: str
    """What is taken from it; "" for the module itself, "*" for everything."""
    alias: str
    """What it is called here; for "*" and imports for their effect empty."""
    line: int
    typing_only: bool
    """Whether it counts for types only (`TYPE_CHECKING`, `import type`)."""
    exported: bool
    """Whether it is handed on: `export … from`, `__all__`, `pub use`, or imported in an `__init__.py`."""
    deferred: bool
    """Whether it is imported inside a function."""


class FileStructure(NamedTuple):
    """What one file defines, uses and imports."""

    path: str
    language: str
    package: str
    """The package that the file declares (Go, Java); else empty."""
    definitions: tuple[Definition, ...]
    """Parents before what they hold."""
    occurrences: tuple[Occurrence, ...]
    imports: tuple[Imported, ...]
