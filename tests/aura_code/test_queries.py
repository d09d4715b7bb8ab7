"""How a query is read."""

import pytest

from aura_code.places import newer_versions, read_place
from aura_code.queries import MOST_WORDS, as_words, read_query
from aura_code.terms import Vocabulary, fold, split_identifier
from aura_shared.errors import EmptyQuery, TooLarge, UsageProblem


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("getHTTPResponse2", ["get", "http", "response", "2"]),
        ("parse_request_line", ["parse", "request", "line"]),
        ("IOError", ["io", "error"]),
        ("utf8", ["utf", "8"]),
        ("__init__", ["init"]),
        ("XMLHttpRequest", ["xml", "http", "request"]),
        ("naïveÜber", ["na", "ï", "ve", "ü", "ber"]),
        ("___", []),
    ],
)
def test_identifiers_are_split_where_people_join_words(text: str, parts: list[str]) -> None:
    assert split_identifier(text) == parts


def test_terms_are_stems_and_the_whole_identifier() -> None:
    words = Vocabulary()
    assert words.terms("parseRequests") == ("pars", "request", "parserequests")
    assert words.terms("parse_requests") == words.terms("parseRequests")
    assert words.terms("Parsing") == words.terms("parse")
    assert words.terms("__") == ()
    assert fold("Parse_Requests") == fold("parseRequests")


def test_splitting_and_stemming_can_be_left_out() -> None:
    assert Vocabulary(split=False).terms("parseRequests") == ("parserequest",)
    assert Vocabulary(stem=False).terms("parseRequests") == ("parse", "requests", "parserequests")
    assert Vocabulary.like(Vocabulary(stem=False)).terms("running") == ("running",)


def test_the_memory_of_a_vocabulary_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aura_code.terms.REMEMBERED", 10)
    words = Vocabulary()
    assert [words.terms(f"name{number}")[0] for number in range(50)] == ["name"] * 50


@pytest.mark.requirement("P7")
@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("how are sessions created", "words"),
        ("Session", "identifier"),
        ("Session.close", "identifier"),
        ("std::vector", "identifier"),
        ("a->b", "identifier"),
        ("url_for()", "identifier"),
        ("class Session", "identifier"),
        ("@decorator", "identifier"),
        ("Map<String, Int>", "identifier"),
        ("empty?", "identifier"),
        ("src/foo/bar.ts", "path"),
        ("foo/bar", "path"),
        ("./a/b.c", "path"),
        ("src\\foo\\bar.ts", "path"),
        ("my-file.test.ts", "path"),
        ('"an exact string"', "exact"),
        ("'one quote'", "exact"),
        ("`code`", "exact"),
        ("\u201ccurly\u201d", "exact"),
        ("/a+b?/i", "regex"),
        ("/foo bar/", "regex"),
        ('where is "foo" used', "words"),
        ('"a" or "b"', "words"),
        ("日本語 の 検索", "words"),
        ("404", "words"),
        ("+++", "words"),
        ("/", "words"),
        ('"', "words"),
    ],
)
def test_the_form_of_a_query_tells_what_it_is(text: str, mode: str) -> None:
    assert read_query(text).mode == mode


def test_an_identifier_has_a_name_and_a_container() -> None:
    query = read_query("app.Session::close()")
    assert (query.name, query.container, query.words) == ("close", ("app", "Session"), ("app", "Session", "close"))
    assert read_query("bar.ts").path == "bar.ts"


def test_a_sentence_loses_the_words_that_every_sentence_has() -> None:
    assert read_query("how does the Session get closed").words == ("Session", "closed")
    assert read_query("what is this").words == ("what", "is", "this")


def test_what_kind_of_file_is_wanted_is_noticed() -> None:
    assert read_query("test for sessions").intents == {"tests"}
    assert read_query("documentation of the windows port").intents == {"docs", "platform"}
    assert read_query("TestSession").intents == {"tests"}
    assert not read_query("session handling").intents


def test_an_exact_string_keeps_its_spaces_and_escapes() -> None:
    assert read_query('" a  b "').exact == " a  b "
    assert read_query(r'"say \"hi\""').exact == 'say "hi"'
    assert read_query("plain", "exact").exact == "plain"


def test_an_expression_may_contain_slashes() -> None:
    query = read_query(r"/a\/b/is")
    assert (query.pattern, query.flags) == ("a/b", "is")
    assert read_query("a.*b", "regex").pattern == "a.*b"


@pytest.mark.requirement("Q4")
@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_query_is_refused(text: str) -> None:
    with pytest.raises(EmptyQuery):
        read_query(text)


@pytest.mark.requirement("Q4")
def test_a_query_over_100_kb_is_refused_and_one_below_is_cut() -> None:
    with pytest.raises(TooLarge):
        read_query("x" * 100_001)
    with pytest.raises(TooLarge):
        read_query("ü" * 60_000)
    query = read_query(" ".join(f"word{number}" for number in range(9_000)))
    assert len(query.words) == MOST_WORDS
    assert read_query("x" * 99_999).mode == "identifier" or read_query("x" * 99_999).mode == "words"


def test_a_mode_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageProblem):
        read_query("not an identifier", "identifier")
    with pytest.raises(UsageProblem):
        read_query("//", "path")


def test_any_query_can_be_read_as_words() -> None:
    assert as_words(read_query("foo/bar")).words == ("foo", "bar")


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("src/session.py", set[str]()),
        ("tests/test_session.py", {"tests"}),
        ("src/session.spec.ts", {"tests"}),
        ("SessionTest.java", {"tests"}),
        ("src/testing.py", set()),
        ("docs/session.md", {"docs"}),
        ("_examples/a.go", {"docs"}),
        ("vendor/x/y.go", {"legacy"}),
        ("pkg/__init__.py", {"package"}),
        ("src/index.ts", set()),
        ("src/mod.rs", set()),
        ("types/api.d.ts", {"declarations", "types"}),
        ("src/win/core.c", {"platform"}),
        ("src/window.c", set()),
    ],
)
def test_a_path_tells_what_kind_of_file_it_is(path: str, kinds: set[str]) -> None:
    assert read_place(path).kinds == kinds


def test_an_index_file_is_named_like_its_folder() -> None:
    assert "session" in read_place("src/session/index.ts").words
    assert read_place("src/HTTPServer.ts").words == ("http", "server")
    assert read_place("noending").stem == "noending"


def test_newer_versions_stand_beside_older_ones() -> None:
    assert newer_versions("a/v3/x.ts") == [("v3", ["a/v4/", "a/v5/", "a/v6/"])]
    assert newer_versions("a/b.ts") == []
