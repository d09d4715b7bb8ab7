"""The facade reads, indexes and searches a real folder."""

from pathlib import Path

from aura_code.library import CodeLibrary
from aura_shared.messages.code import FindSymbols


def test_a_folder_is_built_searched_opened_and_refreshed(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "shop.py").write_text("class Basket:\n    def add_item(self, item):\n        self.items.append(item)\n")
    (root / "notes.md").write_text("# Notes\n\nBaskets hold items.\n")
    library = CodeLibrary.build(root, tmp_path / "index", workers=1)
    assert library.search("add an item to the basket")[0].path == "shop.py"
    assert library.search("Basket", limit=1, without=frozenset({"definitions"}))
    again = CodeLibrary.open(root, tmp_path / "index")
    assert again.search("Basket.add_item")[0].symbol.endswith("add_item")
    (root / "shop.py").unlink()
    (root / "till.py").write_text("def pay():\n    return 1\n")
    assert again.refresh(["shop.py", "till.py"]) == library.index.generation + 1
    assert not again.index.symbols(FindSymbols(project="", name="Basket", exact=True)).symbols
    assert again.search("pay")[0].path == "till.py"


def test_an_index_can_be_built_without_splitting_or_stemming(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "a.py").write_text("def openConnections():\n    pass\n")
    plain = CodeLibrary.build(root, tmp_path / "a", 1, without=frozenset({"splitting", "stemming"}))
    assert not plain.search("open connection")
    assert CodeLibrary.build(root, tmp_path / "b", 1).search("open connection")
