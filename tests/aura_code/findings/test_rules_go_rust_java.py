from __future__ import annotations

import pytest

from aura_code.findings.checking import check_source
from aura_code.findings.loading import load_rules
from aura_code.syntax import parse_source

pytestmark = pytest.mark.requirement("C4")

GO = 'package p\n\nimport (\n\t"crypto/sha1"\n\t"fmt"\n\t"net/http"\n\t"os"\n\t"os/exec"\n)\n\n'


def lines_of(rule: str, path: str, code: str) -> list[int]:
    file = parse_source(path, code.encode())
    assert file is not None
    assert not file.root.has_error
    found = check_source(file, load_rules().only(lambda each: each.id == rule))
    return sorted(file.line_of(finding.start) for finding in found)


def lines_in_function(rule: str, *body: str, head: str = "func f(name string) {") -> list[int]:
    """Numbers of the lines of a Go function's body that are reported, from 1."""
    code = f"{GO}{head}\n" + "\n".join(body) + "\n}\n"
    first = GO.count("\n") + 1
    return [line - first for line in lines_of(rule, "a.go", code)]


@pytest.mark.parametrize(
    ("rule", "body", "reported"),
    [
        ("sql-injection", ['db.Exec("DELETE FROM t WHERE a = " + quote(name) + " AND b = " + Q)'], []),
        ("sql-injection", ['db.Exec("DELETE FROM t WHERE a = \'" + name + "\'")'], [1]),
        ("sql-injection", ['db.Query(fmt.Sprintf("SELECT %d FROM t WHERE a = %%x", name))'], []),
        ("sql-injection", ["db.Query(text)", 'text := "SELECT a FROM t WHERE b = " + name', "db.Query(text)"], [3]),
        ("sql-injection", ["db.Query(fmt.Sprintf(layout, name))", "db.Query(load(name))", "db.Other(name)"], []),
        ("dangerous-shell", ['exec.CommandContext(ctx, "bash", "-c", name)', 'exec.Command("bash", name)'], [1]),
        ("dangerous-shell", ['var c = "ls"', 'exec.Command("sh", "-c", c)', 'exec.Command("ls", "-c", name)'], []),
        ("dangerous-shell", ['exec.Command("sh", "-c", "ls " + "-l")', 'exec.Command("sh", "-x", name)'], []),
        ("weak-password-hash", ["h := sha1.New()", "h.Write([]byte(name))"], []),
        ("weak-password-hash", ["sha1.Sum([]byte(user.Password))"], [1]),
        ("dropped-error", ['os.Rename("a", "b")', 'exec.Command("a").Run()', "name.Run()", "f(name)()"], [1, 2]),
        ("dropped-error", ["io.Copy(io.Discard, body)"], []),
        ("http-no-timeout", ["c := &http.Client{Transport: t}", "s := http.Server{}", "x := http.Header{}"], [2]),
        ("response-body-open", ["resp, err := http.Get(name)", "if resp != nil {}", "keep(resp.Body)"], []),
        ("response-body-open", ["resp, err := client.Do(name)", "use(resp.StatusCode, err)"], [1]),
        (
            "response-body-open",
            ["_, err := http.Get(name)", "resp := http.Get(name)", "item, err := client.Get(x)"],
            [],
        ),
        ("text-grows-in-loop", ['t := ""', "for {", 't += "a"', 't += "b"', "}"], [3]),
        ("text-grows-in-loop", ["for {", 'x.t += "a"', "n -= 1", "n += 1", "}"], []),
        ("defer-in-loop", ["for {", "a := open()", "all = append(all, a)", "defer a.Close()", "}"], []),
        ("defer-in-loop", ["for {", "a := open()", "if x {", "defer a.Close()", "}", "use(a)", "}"], [4]),
        ("defer-in-loop", ["for {", "a := open()", "defer a.Close()", "break", "}", "defer b.Close()"], []),
        ("default-http-client", ["http.Head(name)", "other.Get(name)"], [1]),
        ("tls-verification-off", ["switch name {", 'case "skip":', "c.InsecureSkipVerify = true", "}"], []),
        ("tls-verification-off", ["switch name {", 'case "a":', "c.InsecureSkipVerify = true", "}"], [3]),
        ("duplicate-branch", ["if a {} else {}", "if a { x() } else if b { y() } else { y() }"], []),
        ("unreachable-code", ["for {", "break", "// nothing", "}", "return", "x()"], [6]),
        ("swallowed-error", ["if err != nil {", "} else {", "x()", "}", "if name != nil {", "}"], []),
    ],
)
def test_go(rule: str, body: list[str], reported: list[int]) -> None:
    assert lines_in_function(rule, *body) == reported


def test_a_file_that_always_drops_an_error_means_it() -> None:
    code = GO + "func log() error { return failure }\n\nfunc rollback() error { return failure }\n\n"
    code += "func f() {\n\trollback()\n"
    assert lines_of("dropped-error", "a.go", code + "\tlog()\n" * 3 + "}\n") == [17, 18, 19]
    assert lines_of("dropped-error", "a.go", code + "\tlog()\n" * 4 + "}\n") == []


@pytest.mark.parametrize(
    ("rule", "code", "reported"),
    [
        ("sql-injection", 'fn f() { c.query(&format!("SELECT * FROM {} WHERE a = {{}} AND b = {}", TABLE, 1)); }', []),
        ("sql-injection", "fn f() { c.query(&format!(\"SELECT * FROM t WHERE b = '{0}'\", name)); }", []),
        ("sql-injection", 'fn f() { c.execute(&print!("x")); c.execute(text); c.execute(&format!("hi {}", x)); }', []),
        ("dangerous-shell", 'fn f() { Command::new("sh").args(&["-c", &x]); }', [1]),
        ("dangerous-shell", 'fn f() { Command::new("sh").args(["-c", "ls"]); Command::new("sh").args(all); }', []),
        ("dangerous-shell", 'fn f() { Command::new("sh").arg("-c").arg(COMMAND).arg(concat!("a", "b")); }', []),
        ("tls-verification-off", "fn f() { b.set_verify(SslVerifyMode::NONE); }", [1]),
        ("tls-verification-off", "fn f() { if insecure { b.danger_accept_invalid_certs(true); } }", []),
        ("blocking-in-async", "use std::fs;\nasync fn main() {\n    fs::write(a, b);\n}", []),
        ("blocking-in-async", "async fn f() {\n    fs::write(a, b);\n    thread::sleep(x);\n}", []),
        ("blocking-in-async", "fn f() {\n    run(async {\n        std::thread::sleep(x);\n    });\n}", [3]),
        ("blocking-in-async", "fn f() {\n    run(async || {\n        std::thread::sleep(x);\n    });\n}", [3]),
        (
            "lock-across-await",
            "async fn f(m: &std::sync::Mutex<u8>) {\n let _ = m.lock().unwrap();\n g().await;\n}",
            [],
        ),
        ("lock-across-await", "async fn f(m: &tokio::Mutex<u8>) {\n let x = m.lock().unwrap();\n g().await;\n}", []),
        ("lock-across-await", "fn f(m: &std::sync::Mutex<u8>) {\n let x = m.lock().unwrap();\n g();\n}", []),
        ("swallowed-error", "fn f() {\n match g() {\n  Err(_) => (),\n  Err(e) => {}\n }\n}", [3]),
        ("swallowed-error", "fn f() {\n match g() {\n  Err(_) => {} // It may be gone.\n  _ => {}\n }\n}", []),
        ("unreachable-code", "fn f() {\n loop {\n  continue;\n  g();\n }\n}", [4]),
        ("duplicate-condition", "fn f() { if a == 1 {} else if g() {} else if a == 1 {} }", []),
    ],
)
def test_rust(rule: str, code: str, reported: list[int]) -> None:
    assert lines_of(rule, "a.rs", code + "\n") == reported


def test_rust_tests_are_left_alone() -> None:
    code = "#[cfg(test)]\n// Tests.\nmod tests {\n    fn f() { x.unwrap(); if let Err(_) = g() {} }\n}\n"
    assert lines_of("unwrap-used", "a.rs", code) == []
    assert lines_of("swallowed-error", "a.rs", code) == []


@pytest.mark.parametrize(
    ("rule", "body", "reported"),
    [
        ("sql-injection", 's.execute(("DELETE FROM t WHERE a = " + name));', [1]),
        ("sql-injection", 's.execute("DELETE FROM t WHERE " + where);', []),
        ("sql-injection", 's.execute(String.format("SELECT * FROM t LIMIT %d", n)); s.execute(String.format(x));', []),
        ("sql-injection", 'String q; q = "SELECT a FROM t WHERE b = \'" + name + "\'"; s.execute(q);', [1]),
        ("sql-injection", "s.execute(q); s.execute(); s.execute(1 - 2);", []),
        ("dangerous-shell", 'String c = "ls " + name; Runtime.getRuntime().exec(c); runtime.exec();', [1]),
        ("weak-password-hash", 'MessageDigest.getInstance("MD4"); Cipher.getInstance("MD5");', []),
        ("file-left-open", "FileReader in = new FileReader(p); Reader r = new BufferedReader(in);", []),
        ("file-left-open", "Thing in = new Thing(p); Scanner s = new Scanner(text);", []),
        ("swallowed-error", "try { g(); } catch (IOException | Other e) { /* It may be gone. */ }", []),
        ("text-grows-in-loop", 'String t = ""; while (true) { t += "a"; t += "b"; }', [1]),
        ("text-identity", 'boolean b = "x" == null; boolean c = a == name;', []),
        ("object-stream", "new ObjectInputStream(in).readObject();", [1]),
    ],
)
def test_java(rule: str, body: str, reported: list[int]) -> None:
    code = f"class A {{ void f(String name, int n) throws Exception {{ {body} }} }}\n"
    assert lines_of(rule, "A.java", code) == reported
