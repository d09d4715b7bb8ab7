"""Languages without a grammar: definitions are found line by line with regular expressions.

Each row of the table is one language. A pattern is matched at the beginning of a line; its group `name` is what is
defined. The patterns know nothing of strings or comments of several lines, so now and then they find too much.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aura_code.languages.spec import LanguageSpec

_MODIFIERS = (
    r"(?:(?:public|private|protected|internal|static|final|abstract|sealed|open|override|virtual|async|partial|readonly"
    r"|extern|unsafe|inline|data|inner|companion|suspend|operator|infix|fileprivate|mutating|class|case|implicit|lazy"
    r"|external|const|tailrec|expect|actual|annotation|value|required|convenience|indirect|nonisolated|new|export"
    r"|default|covariant|late|factory|pub)\s+)*"
)
_ATTRIBUTES = r"(?:@\w+(?:\([^()\n]*\))?\s+|\[[^\]\n]*\]\s*)*"
_NAME = r"(?P<name>[^\W\d]\w*)"


class _Rule(NamedTuple):
    kind: str
    pattern: str


def _typed(keyword: str, kind: str) -> _Rule:
    """A declaration by keyword, with modifiers before it."""
    return _Rule(kind, rf"[ \t]*{_ATTRIBUTES}{_MODIFIERS}(?:{keyword})\s+{_NAME}")


_CLASSES = (
    _typed("class|object|actor", "class"),
    _typed("interface|protocol", "interface"),
    _typed("struct|record(?: struct| class)?", "struct"),
    _typed("enum(?: class| struct)?", "enum"),
)

# name: (id, aliases, suffixes, file names, interpreters, comment marks, rules)
_Row = tuple[
    str, tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[bytes, ...], tuple[_Rule, ...]
]

_SLASHES = (b"//",)
_HASHES = (b"#",)
_DASHES = (b"--",)

_TABLE: dict[str, _Row] = {
    "C#": (
        "csharp", ("cs", "c#"), (".cs", ".csx"), (), (), _SLASHES,
        (
            *_CLASSES,
            _typed("namespace", "namespace"),
            _typed("delegate", "type"),
            _Rule(
                "method",
                rf"[ \t]+{_ATTRIBUTES}(?!return\b|new\b|await\b|throw\b|else\b|using\b|yield\b|case\b|goto\b|in\b|is\b)"
                rf"{_MODIFIERS}(?:[\w.]+(?:<[^;={{}}\n]*?>)?[\[\],?*]*[ \t]+)"
                rf"(?!if\b|for\b|while\b|switch\b|lock\b|using\b|return\b)"
                rf"(?:[\w.]+\.)?{_NAME}\s*(?:<[^()\n]*>)?\([^;\n]*$",
            ),
            _Rule(
                "method",
                rf"[ \t]+(?:(?:public|private|protected|internal|static|override|virtual|abstract|async|partial|extern)"
                rf"\s+)+(?:[\w.]+(?:<[^;={{}}\n]*?>)?[\[\],?*]*[ \t]+)?(?:[\w.]+\.)?{_NAME}\s*(?:<[^()\n]*>)?\(",
            ),
            _Rule(
                "property",
                rf"[ \t]+(?:(?:public|private|protected|internal|static|override|virtual|abstract|readonly|required)"
                rf"\s+)+[\w.<>,?\[\] ]+?[ \t]{_NAME}\s*(?:\{{|=>|$)",
            ),
            _Rule(
                "constant",
                rf"[ \t]+(?:(?:public|private|protected|internal)\s+)*const\s+[\w.<>\[\]?]+\s+{_NAME}\s*=",
            ),
        ),
    ),
    "Kotlin": (
        "kotlin", ("kt",), (".kt", ".kts"), (), ("kotlin",), _SLASHES,
        (
            _typed("enum class", "enum"),
            _typed("interface|fun interface", "interface"),
            _typed("class|object", "class"),
            _typed("typealias", "type"),
            _Rule(
                "function",
                rf"[ \t]*{_ATTRIBUTES}{_MODIFIERS}fun\s+(?:<[^(\n]*?>\s*)?(?:[\w<>?, *]+\.)?`?{_NAME}`?\s*\(",
            ),
            _Rule("constant", rf"[ \t]*{_MODIFIERS}const\s+val\s+{_NAME}"),
            _Rule("property", rf"(?:    |\t)?{_ATTRIBUTES}{_MODIFIERS}va[lr]\s+(?:<[^\n>]*>\s*)?(?:[\w<>?]+\.)?{_NAME}\s*[:=]"),
        ),
    ),
    "Swift": (
        "swift", (), (".swift",), (), ("swift",), _SLASHES,
        (
            *_CLASSES,
            _typed("extension", "class"),
            _typed("typealias|associatedtype", "type"),
            _typed("func", "function"),
            _typed("macro", "macro"),
            _Rule("constructor", rf"[ \t]+{_ATTRIBUTES}{_MODIFIERS}(?P<name>init)[?!]?\s*[(<]"),
            _Rule("property", rf"(?:    |\t)?{_ATTRIBUTES}{_MODIFIERS}(?:var|let)\s+{_NAME}\s*[:=]"),
        ),
    ),
    "Ruby": (
        "ruby", ("rb",), (".rb", ".rake", ".gemspec", ".ru"), ("Rakefile", "Gemfile", "Guardfile", "Vagrantfile"),
        ("ruby", "jruby"), _HASHES,
        (
            _Rule("class", r"[ \t]*class\s+(?:\w+::)*(?P<name>[A-Z]\w*)"),
            _Rule("module", r"[ \t]*module\s+(?:\w+::)*(?P<name>[A-Z]\w*)"),
            _Rule("method", r"[ \t]*(?:(?:private|protected|public|private_class_method)\s+)?def\s+(?:self\.|\w+\.)?(?P<name>[^\W\d]\w*[?!=]?)"),
            _Rule("property", r"[ \t]*attr_(?:accessor|reader|writer)\s+:(?P<name>\w+)"),
            _Rule("constant", r"[ \t]*(?P<name>[A-Z][A-Z0-9_]+)\s*=[^=~]"),
        ),
    ),
    "PHP": (
        "php", (), (".php", ".phtml", ".php5", ".inc"), (), ("php",), (b"//", b"#"),
        (
            _typed("class", "class"),
            _typed("interface", "interface"),
            _typed("trait", "trait"),
            _typed("enum", "enum"),
            _Rule("namespace", r"\s*namespace\s+(?P<name>[\w\\]+)\s*[;{]"),
            _Rule("function", rf"[ \t]*{_MODIFIERS}function\s+&?{_NAME}\s*\("),
            _Rule("constant", rf"[ \t]*{_MODIFIERS}const\s+(?:\??\w+\s+)?{_NAME}\s*="),
            _Rule("constant", r"[ \t]*define\(\s*['\"](?P<name>\w+)['\"]"),
            _Rule("property", r"[ \t]+(?:(?:public|private|protected|static|readonly|var)\s+)+(?:[?\\\w|]+\s+)?\$(?P<name>\w+)"),
        ),
    ),
    "Scala": (
        "scala", (), (".scala", ".sc", ".sbt"), (), ("scala",), _SLASHES,
        (
            _typed("class|object|package object", "class"),
            _typed("trait", "trait"),
            _typed("enum", "enum"),
            _typed("type", "type"),
            _Rule("function", rf"[ \t]*{_ATTRIBUTES}{_MODIFIERS}(?:private\[\w+\]\s+)?def\s+`?{_NAME}`?"),
            _Rule("property", rf"(?:  |\t)?{_ATTRIBUTES}{_MODIFIERS}va[lr]\s+{_NAME}\s*[:=]"),
            _Rule("constant", rf"[ \t]*(?:implicit\s+)?given\s+{_NAME}"),
        ),
    ),
    "Elixir": (
        "elixir", ("ex",), (".ex", ".exs"), (), ("elixir",), _HASHES,
        (
            _Rule("module", r"\s*defmodule\s+(?P<name>[\w.]+)"),
            _Rule("interface", r"\s*defprotocol\s+(?P<name>[\w.]+)"),
            _Rule("class", r"\s*defimpl\s+(?P<name>[\w.]+)"),
            _Rule("function", r"\s*(?:def|defp|defdelegate|defguardp?)\s+(?P<name>[^\W\d]\w*[?!]?)"),
            _Rule("macro", r"\s*defmacrop?\s+(?P<name>[^\W\d]\w*[?!]?)"),
            _Rule("type", r"\s*@(?:type|typep|opaque|callback)\s+(?P<name>\w+)"),
            _Rule("constant", r"\s*@(?!doc\b|moduledoc\b|spec\b|impl\b|behaviour\b|derive\b|typedoc\b)(?P<name>[a-z]\w*)\s+[^\s=]"),
        ),
    ),
    "Erlang": (
        "erlang", ("erl",), (".erl", ".hrl"), (), ("escript",), (b"%",),
        (
            _Rule("module", r"-module\((?P<name>\w+)\)"),
            _Rule("struct", r"-record\((?P<name>\w+)"),
            _Rule("macro", r"-define\((?P<name>\w+)"),
            _Rule("type", r"-(?:type|opaque|callback)\s+(?P<name>\w+)"),
            _Rule("function", r"(?P<name>[a-z]\w*)\([^\n]*\)[^\n]*->"),
        ),
    ),
    "Lua": (
        "lua", (), (".lua", ".luau"), (), ("lua", "luajit"), _DASHES,
        (
            _Rule("function", r"[ \t]*(?:local\s+)?function\s+(?:[\w.]+[.:])?(?P<name>\w+)\s*\("),
            _Rule("function", r"[ \t]*(?:local\s+)?(?:[\w.]+\.)?(?P<name>\w+)\s*=\s*function\b"),
            _Rule("class", r"(?:---)?\s*---?@class\s+(?:\(\w+\)\s*)?(?:[\w.]+\.)?(?P<name>\w+)"),
            _Rule("variable", r"local\s+(?P<name>\w+)\s*="),
        ),
    ),
    "Haskell": (
        "haskell", ("hs",), (".hs", ".lhs", ".hsc"), (), ("runhaskell", "runghc", "stack"), _DASHES,
        (
            _Rule("module", r"module\s+(?P<name>[\w.]+)"),
            _Rule("class", r"class\s+(?:[^\n=]*=>\s*)?(?P<name>[A-Z][\w']*)"),
            _Rule("type", r"(?:data|newtype|type)\s+(?:family\s+|instance\s+)?(?:[^\n=]*=>\s*)?(?P<name>[A-Z][\w']*)"),
            _Rule("function", r"(?P<name>[a-z_][\w']*)(?:\s*,\s*[a-z_][\w']*)*\s*::"),
            _Rule("method", r"[ \t]+(?P<name>[a-z_][\w']*)\s*::"),
            _Rule("function", r"(?!module\b|import\b|instance\b|deriving\b|where\b|infix)(?P<name>[a-z_][\w']*)\s[^\n=:]*=[^>\n]*$"),
        ),
    ),
    "Zig": (
        "zig", (), (".zig", ".zon"), (), ("zig",), _SLASHES,
        (
            _Rule("function", r"[ \t]*(?:pub\s+|export\s+|inline\s+|noinline\s+|extern\s+(?:\"\w+\"\s+)?)*fn\s+(?P<name>\w+)\s*\("),
            _Rule("struct", r"[ \t]*(?:pub\s+)?const\s+(?P<name>\w+)\s*=\s*(?:extern\s+|packed\s+)?(?:struct|union|opaque)\b"),
            _Rule("enum", r"[ \t]*(?:pub\s+)?const\s+(?P<name>\w+)\s*=\s*(?:enum|error)\b"),
            _Rule("constant", r"(?:    )?pub\s+const\s+(?P<name>\w+)|const\s+(?!\w+\s*=\s*@import)(?P<name2>\w+)"),
            _Rule("variable", r"(?:pub\s+)?(?:threadlocal\s+)?var\s+(?P<name>\w+)"),
        ),
    ),
    "Shell": (
        "bash", ("sh", "shell", "zsh"), (".sh", ".bash", ".zsh", ".ksh", ".bats", ".ebuild"),
        (".bashrc", ".zshrc", ".profile", "PKGBUILD"), ("sh", "bash", "zsh", "ksh", "dash", "bats"), _HASHES,
        (
            _Rule("function", r"[ \t]*(?:function\s+)(?P<name>[\w:.-]+)\s*(?:\(\s*\))?"),
            _Rule("function", r"[ \t]*(?P<name>[A-Za-z_][\w:.-]*)\s*\(\s*\)"),
            _Rule("constant", r"(?:declare\s+-\w*\s+|readonly\s+|export\s+)?(?P<name>[A-Z][A-Z0-9_]{2,})="),
        ),
    ),
    "PowerShell": (
        "powershell", ("ps1",), (".ps1", ".psm1", ".psd1"), (), ("pwsh",), _HASHES,
        (
            _Rule("function", r"(?i:\s*function\s+(?:\w+:)?)(?P<name>[\w-]+)"),
            _Rule("class", r"(?i:\s*class\s+)(?P<name>\w+)"),
            _Rule("enum", r"(?i:\s*enum\s+)(?P<name>\w+)"),
        ),
    ),
    "SQL": (
        "sql", (), (".sql", ".psql", ".pgsql", ".plsql", ".ddl"), (), (), _DASHES,
        (
            _Rule("struct", r"(?i:\s*create\s+(?:or\s+replace\s+)?(?:global\s+|local\s+)?(?:temp(?:orary)?\s+|unlogged\s+)?(?:materialized\s+)?(?:table|view)\s+(?:if\s+not\s+exists\s+)?)[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(?P<name>\w+)"),
            _Rule("function", r"(?i:\s*create\s+(?:or\s+replace\s+)?(?:function|procedure|trigger)\s+)[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(?P<name>\w+)"),
            _Rule("type", r"(?i:\s*create\s+(?:type|domain)\s+)[\"`\[]?(?:\w+[\"`\]]?\.[\"`\[]?)?(?P<name>\w+)"),
            _Rule("constant", r"(?i:\s*create\s+(?:unique\s+)?(?:index|sequence)\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?)[\"`\[]?(?P<name>\w+)"),
        ),
    ),
    "Dart": (
        "dart", (), (".dart",), (), ("dart",), _SLASHES,
        (
            _typed("mixin|extension", "class"),
            *_CLASSES,
            _typed("typedef", "type"),
            _Rule("function", rf"[ \t]{{0,2}}(?!return\b|else\b|new\b|await\b|throw\b){_MODIFIERS}[\w<>,?\[\]. ]+\s(?:get\s+|set\s+)?(?!if\b|for\b|while\b|switch\b){_NAME}\s*(?:<[^(\n]*>)?\([^;\n]*(?:\{{|=>|,|\()\s*$"),
        ),
    ),
    "Groovy": (
        "groovy", ("gradle",), (".groovy", ".gradle", ".gvy"), ("Jenkinsfile",), ("groovy",), _SLASHES,
        (*_CLASSES, _typed("trait", "trait"), _typed("def", "function"), _typed("task", "function")),
    ),
    "Perl": (
        "perl", ("pl",), (".pl", ".pm", ".t", ".pod"), (), ("perl",), _HASHES,
        (
            _Rule("module", r"\s*package\s+(?P<name>[\w:]+)"),
            _Rule("function", r"\s*sub\s+(?P<name>\w+)"),
            _Rule("constant", r"\s*use\s+constant\s+(?P<name>\w+)"),
        ),
    ),
    "R": (
        "r", (), (".r", ".rmd"), (), ("rscript", "Rscript"), _HASHES,
        (_Rule("function", r"\s*(?P<name>[\w.]+)\s*(?:<-|=)\s*function\b"), _Rule("class", r"\s*setClass\(\s*['\"](?P<name>\w+)"),),
    ),
    "Julia": (
        "julia", ("jl",), (".jl",), (), ("julia",), _HASHES,
        (
            _Rule("module", r"\s*(?:bare)?module\s+(?P<name>\w+)"),
            _Rule("struct", r"\s*(?:mutable\s+)?struct\s+(?P<name>\w+)"),
            _Rule("type", r"\s*(?:abstract|primitive)\s+type\s+(?P<name>\w+)"),
            _Rule("macro", r"\s*macro\s+(?P<name>\w+)"),
            _Rule("function", r"\s*(?:@\w+\s+)*function\s+(?:\w+\.)*(?P<name>[^\W\d]\w*!?)"),
            _Rule("function", r"(?:@\w+\s+)*(?:\w+\.)*(?P<name>[^\W\d]\w*!?)\([^\n=]*\)\s*(?:where\s[^\n=]*)?=[^=]"),
            _Rule("constant", r"\s*const\s+(?P<name>\w+)"),
        ),
    ),
    "OCaml": (
        "ocaml", ("ml",), (".ml", ".mli", ".mll", ".mly"), (), ("ocaml",), (b"(*",),
        (
            _Rule("module", r"\s*module\s+(?:type\s+|rec\s+)?(?P<name>[A-Z]\w*)"),
            _Rule("type", r"\s*(?:type|and)\s+(?:nonrec\s+)?(?:[('+\-][^\n=]*?[)\w]\s+)?(?P<name>[a-z_]\w*)\s*(?:=|$)"),
            _Rule("class", r"\s*class\s+(?:virtual\s+)?(?P<name>\w+)"),
            _Rule("function", r"(?:  )?(?:let|and)\s+(?:rec\s+)?(?:inline\s+)?(?P<name>[a-z_][\w']*)"),
            _Rule("function", r"\s*(?:val|external)\s+(?P<name>[a-z_][\w']*)\s*:"),
        ),
    ),
    "F#": (
        "fsharp", ("fs", "f#"), (".fs", ".fsi", ".fsx"), (), (), _SLASHES,
        (
            _Rule("module", r"\s*(?:module|namespace)\s+(?:rec\s+|private\s+|internal\s+)*(?P<name>[\w.]+)"),
            _Rule("type", r"\s*(?:type|and)\s+(?:private\s+|internal\s+)?(?P<name>[A-Z]\w*)"),
            _Rule("method", r"\s+(?:static\s+)?(?:member|abstract|override|default)\s+(?:inline\s+|private\s+)?(?:\w+\.)?(?P<name>\w+)"),
            _Rule("function", r"(?:    )?let\s+(?:rec\s+|inline\s+|private\s+|internal\s+|mutable\s+)*(?P<name>[a-zA-Z_][\w']*)"),
        ),
    ),
    "Clojure": (
        "clojure", ("clj",), (".clj", ".cljs", ".cljc", ".edn"), (), ("bb",), (b";",),
        (
            _Rule("namespace", r"\(ns\s+(?:\^\S+\s+)*(?P<name>[\w.-]+)"),
            _Rule("macro", r"\s*\(defmacro\s+(?:\^\S+\s+)*(?P<name>[^\s()\[\]]+)"),
            _Rule("interface", r"\s*\(defprotocol\s+(?P<name>[^\s()\[\]]+)"),
            _Rule("class", r"\s*\((?:defrecord|deftype)\s+(?P<name>[^\s()\[\]]+)"),
            _Rule("function", r"\s*\((?:defn-?|defmulti|defmethod)\s+(?:\^\S+\s+)*(?P<name>[^\s()\[\]]+)"),
            _Rule("variable", r"\((?:def|defonce)\s+(?:\^\S+\s+)*(?P<name>[^\s()\[\]]+)"),
        ),
    ),
    "Lisp": (
        "lisp", ("scheme", "racket", "elisp", "emacs-lisp"), (".lisp", ".cl", ".el", ".scm", ".rkt", ".ss"), (), ("sbcl", "racket"), (b";",),
        (
            _Rule("macro", r"\s*\((?:defmacro\*?|define-macro|define-syntax(?:-rule)?)\s+\(?(?P<name>[^\s()]+)"),
            _Rule("function", r"\s*\((?:defun\*?|cl-defun|defsubst|defgeneric|defmethod|cl-defmethod|define)\s+\(?(?P<name>[^\s()]+)"),
            _Rule("class", r"\s*\((?:defclass|defstruct|cl-defstruct|struct|define-record-type)\s+\(?(?P<name>[^\s()]+)"),
            _Rule("variable", r"\((?:defvar|defcustom|defparameter|defvar-local|defface)\s+(?P<name>[^\s()]+)"),
            _Rule("constant", r"\((?:defconst|defconstant)\s+(?P<name>[^\s()]+)"),
        ),
    ),
    "Nim": (
        "nim", (), (".nim", ".nims", ".nimble"), (), (), _HASHES,
        (
            _Rule("function", r"\s*(?:proc|func|method|iterator|converter)\s+`?(?P<name>\w+)"),
            _Rule("macro", r"\s*(?:template|macro)\s+`?(?P<name>\w+)"),
            _Rule("type", r"\s+(?P<name>[A-Z]\w*)\*?(?:\[[^\n\]]*\])?\s*(?:\{\.[^\n}]*\.\})?\s*=\s*(?:ref\s+|ptr\s+)?(?:object|enum|tuple|distinct|concept)\b"),
        ),
    ),
    "Crystal": (
        "crystal", ("cr",), (".cr",), (), ("crystal",), _HASHES,
        (
            _typed("class", "class"), _typed("module", "module"), _typed("struct", "struct"), _typed("enum", "enum"),
            _Rule("macro", r"\s*macro\s+(?P<name>\w+)"),
            _Rule("method", r"\s*(?:private\s+|protected\s+|abstract\s+)*def\s+(?:self\.)?(?P<name>\w+[?!]?)"),
        ),
    ),
    "D": (
        "d", ("dlang",), (".d", ".di"), (), ("rdmd",), _SLASHES,
        (
            *_CLASSES, _typed("module", "module"), _typed("template", "macro"), _typed("alias", "type"), _typed("union", "struct"),
            _Rule("function", rf"[ \t]{{0,4}}(?!return\b|else\b|new\b|throw\b){_MODIFIERS}[\w!()\[\]*. ]+\s(?!if\b|for\b|while\b|switch\b|foreach\b){_NAME}\s*\([^;\n]*$"),
        ),
    ),
    "V": ("v", ("vlang",), (".v", ".vsh"), (), (), _SLASHES, (*_CLASSES, _Rule("function", r"(?:pub\s+)?fn\s+(?:\([^)\n]*\)\s*)?(?P<name>\w+)"))),
    "Solidity": (
        "solidity", ("sol",), (".sol",), (), (), _SLASHES,
        (
            _typed("contract|library", "class"), *_CLASSES, _typed("function|modifier", "function"), _typed("event|error", "type"),
        ),
    ),
    "Protocol Buffers": (
        "protobuf", ("proto",), (".proto",), (), (), _SLASHES,
        (_typed("message", "struct"), _typed("enum", "enum"), _typed("service", "interface"), _typed("rpc", "method")),
    ),
    "Thrift": ("thrift", (), (".thrift",), (), (), (b"//", b"#"), (_typed("struct|union|exception", "struct"), _typed("enum", "enum"), _typed("service", "interface"), _typed("typedef\\s+\\S+", "type"))),
    "GraphQL": ("graphql", ("gql",), (".graphql", ".gql", ".graphqls"), (), (), _HASHES, (_typed("type|input|scalar|union", "type"), _typed("interface", "interface"), _typed("enum", "enum"), _typed("query|mutation|subscription|fragment", "function"))),
    "Makefile": (
        "make", ("makefile",), (".mk", ".mak"), ("Makefile", "makefile", "GNUmakefile", "BSDmakefile"), ("make",), _HASHES,
        (
            _Rule("function", r"(?!\.PHONY)(?P<name>[A-Za-z0-9_][\w./%-]*)\s*::?(?!=)"),
            _Rule("macro", r"define\s+(?P<name>\w+)"),
            _Rule("variable", r"(?:export\s+|override\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:[:?+!]|::)?="),
        ),
    ),
    "CMake": ("cmake", (), (".cmake",), ("CMakeLists.txt",), (), _HASHES, (_Rule("function", r"(?i:\s*function\s*\(\s*)(?P<name>\w+)"), _Rule("macro", r"(?i:\s*macro\s*\(\s*)(?P<name>\w+)"), _Rule("module", r"(?i:\s*add_(?:library|executable|custom_target)\s*\(\s*)(?P<name>[\w:-]+)"), _Rule("variable", r"(?i:(?:set|option)\s*\(\s*)(?P<name>\w+)"))),
    "Dockerfile": ("dockerfile", ("docker", "containerfile"), (".dockerfile",), ("Dockerfile", "Containerfile"), (), _HASHES, (_Rule("module", r"(?i:FROM\s+\S+\s+AS\s+)(?P<name>[\w.-]+)"), _Rule("variable", r"(?i:(?:ARG|ENV)\s+)(?P<name>\w+)"))),
    "Terraform": ("terraform", ("hcl", "tf"), (".tf", ".tfvars", ".hcl"), (), (), (b"#", b"//"), (_Rule("class", r"(?:resource|data)\s+\"[^\"\n]+\"\s+\"(?P<name>[^\"\n]+)\""), _Rule("variable", r"(?:variable|output|module|provider)\s+\"(?P<name>[^\"\n]+)\""))),
    "Nix": ("nix", (), (".nix",), (), (), _HASHES, (_Rule("property", r"\s{0,4}(?P<name>[\w-]+)\s*=\s*[^=]"),)),
    "Vim script": ("vim", ("viml",), (".vim",), ("vimrc", ".vimrc"), (), (b'"',), (_Rule("function", r"\s*fu(?:n|nc|nction)?!?\s+(?P<name>[\w:#]+)"), _Rule("function", r"\s*def!?\s+(?P<name>[\w:#]+)\("), _Rule("macro", r"\s*com(?:mand)?!?\s+(?:-\S+\s+)*(?P<name>[A-Z]\w*)"))),
    "Objective-C": ("objc", ("objective-c",), (".m", ".mm"), (), (), _SLASHES, (_Rule("class", r"@(?:interface|implementation)\s+(?P<name>\w+)"), _Rule("interface", r"@protocol\s+(?P<name>\w+)\s*(?:<|$)"), _Rule("method", r"[-+]\s*\([^)\n]*\)\s*(?P<name>\w+)"), _Rule("function", r"(?:static\s+|inline\s+)*[\w* ]+\s\**(?P<name>\w+)\s*\([^;\n]*\)\s*\{?$"), _Rule("macro", r"\s*#\s*define\s+(?P<name>\w+)"))),
    "Assembly": ("assembly", ("asm",), (".s", ".asm"), (), (), (b"#", b";", b"//"), (_Rule("function", r"(?P<name>[A-Za-z_][\w$.]*):"), _Rule("macro", r"\s*\.macro\s+(?P<name>\w+)"))),
    "Fortran": ("fortran", (), (".f", ".for", ".f90", ".f95", ".f03", ".f08"), (), (), (b"!",), (_Rule("module", r"(?i:\s*module\s+)(?!procedure\b)(?P<name>\w+)"), _Rule("function", r"(?i:\s*(?:(?:pure|elemental|recursive|integer|real|logical|character|type|double\s+precision)(?:\([^)\n]*\))?\s+)*(?:function|subroutine|program)\s+)(?P<name>\w+)"), _Rule("type", r"(?i:\s*type\s*(?:,[^\n:]*)?(?:::)?\s*)(?!\()(?P<name>\w+)\s*$"))),
    "Pascal": ("pascal", ("delphi",), (".pas", ".pp", ".dpr"), (), (), (b"//", b"{"), (_Rule("module", r"(?i:\s*(?:unit|program|library)\s+)(?P<name>\w+)"), _Rule("function", r"(?i:\s*(?:class\s+)?(?:function|procedure|constructor|destructor)\s+)(?:\w+\.)?(?P<name>\w+)"), _Rule("class", r"(?i:\s*(?P<name>\w+)\s*=\s*(?:packed\s+)?(?:class|record|interface|object)\b)"))),
    "Ada": ("ada", (), (".adb", ".ads"), (), (), _DASHES, (_Rule("module", r"(?i:\s*package\s+(?:body\s+)?)(?P<name>[\w.]+)"), _Rule("function", r"(?i:\s*(?:overriding\s+)?(?:function|procedure)\s+)(?P<name>\w+)"), _Rule("type", r"(?i:\s*(?:sub)?type\s+)(?P<name>\w+)"))),
    "Visual Basic": ("vb", ("vbnet", "vba"), (".vb", ".bas", ".cls", ".vbs"), (), (), (b"'",), (_Rule("class", r"(?i:\s*(?:(?:public|private|friend|partial)\s+)*(?:class|module|structure|interface|enum)\s+)(?P<name>\w+)"), _Rule("function", r"(?i:\s*(?:(?:public|private|protected|friend|shared|overrides|overridable|async)\s+)*(?:function|sub|property(?:\s+(?:get|let|set))?)\s+)(?P<name>\w+)"))),
    "Vue": ("vue", (), (".vue",), (), (), _SLASHES, (_Rule("function", r"\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(?P<name>[\w$]+)"), _Rule("function", r"\s*(?:export\s+)?(?:const|let|var)\s+(?P<name>[\w$]+)\s*=\s*(?:async\s*)?(?:\([^)\n]*\)|\w+)\s*(?::[^=\n]+)?=>"), _Rule("constant", r"(?:export\s+)?const\s+(?P<name>[\w$]+)\s*="))),
    "Svelte": ("svelte", (), (".svelte",), (), (), _SLASHES, (_Rule("function", r"\s*(?:export\s+)?(?:async\s+)?function\s*\*?\s*(?P<name>[\w$]+)"), _Rule("property", r"\s*export\s+let\s+(?P<name>[\w$]+)"), _Rule("variable", r"\s{0,4}(?:const|let)\s+(?P<name>[\w$]+)\s*="))),
    "CSS": ("css", ("scss", "sass", "less"), (".css", ".scss", ".sass", ".less"), (), (), (b"//", b"/*"), (_Rule("function", r"\s*@(?:mixin|function)\s+(?P<name>[\w-]+)"), _Rule("variable", r"\s*(?P<name>\$[\w-]+|--[\w-]+)\s*:"),)),
}  # fmt: skip

_PROSE: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "Markdown": ("markdown", ("md",), (".md", ".markdown", ".mdx", ".mdc", ".qmd")),
    "reStructuredText": ("rst", ("restructuredtext",), (".rst",)),
    "Text": ("text", ("txt", "plain"), (".txt", ".adoc", ".asciidoc", ".org", ".tex", ".log", ".csv", ".tsv")),
    "HTML": ("html", ("htm",), (".html", ".htm", ".xhtml")),
}

_DATA: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "JSON": ("json", ("jsonc", "json5"), (".json", ".jsonc", ".json5", ".jsonl", ".ipynb", ".webmanifest")),
    "YAML": ("yaml", ("yml",), (".yaml", ".yml")),
    "TOML": ("toml", (), (".toml",)),
    "XML": ("xml", (), (".xml", ".xsd", ".xsl", ".csproj", ".props", ".svg", ".plist")),
    "INI": ("ini", ("conf", "cfg"), (".ini", ".cfg", ".conf", ".properties", ".editorconfig")),
}


def _language(name: str, row: _Row) -> LanguageSpec:
    identifier, aliases, suffixes, file_names, interpreters, comments, rules = row
    return LanguageSpec(
        id=identifier,
        name=name,
        aliases=aliases,
        suffixes=suffixes,
        file_names=file_names,
        interpreters=interpreters,
        comments=comments,
        definitions=tuple((rule.kind, re.compile(rule.pattern.encode())) for rule in rules),
    )


def _plain_languages() -> tuple[LanguageSpec, ...]:
    with_definitions = [_language(name, row) for name, row in _TABLE.items()]
    prose = [
        LanguageSpec(
            id=identifier, name=name, aliases=aliases, suffixes=suffixes, prose=identifier != "html", comments=()
        )
        for name, (identifier, aliases, suffixes) in _PROSE.items()
    ]
    data = [
        LanguageSpec(id=identifier, name=name, aliases=aliases, suffixes=suffixes, comments=(b"#", b"//"))
        for name, (identifier, aliases, suffixes) in _DATA.items()
    ]
    return (*with_definitions, *prose, *data)


PLAIN_LANGUAGES: tuple[LanguageSpec, ...] = _plain_languages()
"""Languages read line by line, then prose and data, which have no definitions."""
