"""Facts come out of their columns as they went in."""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest

from aura_code.content import read_file
from aura_code.packing import PackedFile, pack_file, unpack_file

FILES = {
    "app.py": (
        "import os\nfrom a.b import c, d as e\n\n\nclass Größe(Base):\n"
        '    """Wie groß.\n\n    Mehr."""\n\n    weite = 3\n\n'
        "    def maß(self) -> int:\n        return os.fspath(c, 中文)\n"
    ),
    "lib.rs": "use std::fmt;\n/// Adds.\npub fn add(a: Number) -> Number { helper!(a) }\n",
    "long.py": "".join(f"def function_{n}(value):\n    return value + {n} + common\n\n" for n in range(300)),
    "notes.txt": "plain words, words again\n" * 200,
    "empty.py": "",
    "image.png": "\0\0\0",
    "one_line.txt": "aa " * 100_000,
}


@pytest.mark.requirement("C1")
@pytest.mark.parametrize("name", FILES)
def test_packing_loses_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    facts = read_file(tmp_path, name)
    sent = marshal.loads(marshal.dumps(tuple(pack_file(facts))))
    assert unpack_file(PackedFile._make(sent)) == facts


def test_a_nul_in_a_text_becomes_a_space(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# comment\n" * 1_000 + "def f(a='\0'): pass\n", encoding="utf-8")
    facts = read_file(tmp_path, "a.py")
    assert unpack_file(pack_file(facts)).symbols[0].signature == facts.symbols[0].signature.replace("\0", " ")
