"""What speaks against a commit is found in what is staged, and nothing else is."""

from __future__ import annotations

import base64
import random
import string
import subprocess

import pytest

from aura_git.safety.concerns import find_concerns_between, scan_text
from aura_git.safety.core import SafetyCore
from git_lab import GitLab

pytestmark = pytest.mark.requirement("G3")

CHANCE = random.Random(7)


def made(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(CHANCE.choice(alphabet) for _ in range(count))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BODY = made(64)
KEY = "PRIVATE " + "KEY-----"  # in two parts, so that this file itself holds none
SECRETS: dict[str, tuple[str, str]] = {
    "private key": ("private-key", f"-----BEGIN RSA {KEY}\n{BODY}\n{BODY}\n-----END RSA {KEY}"),
    "private key in a text": ("private-key", f'key = "-----BEGIN {KEY}\\n{BODY}\\n"'),
    "aws": ("aws-key", "id = AKIA" + made(16, string.ascii_uppercase[10:] + "234567")),
    "github": ("github-token", "token: ghp_" + made(36)),
    "github fine": ("github-token", "x = 'github_pat_" + made(22) + "_" + made(59) + "'"),
    "gitlab": ("gitlab-token", "curl -H 'PRIVATE-TOKEN: glpat-" + made(20) + "'"),
    "slack": ("slack-token", "xoxb-" + made(12, string.digits) + "-" + made(24)),
    "slack hook": ("slack-token", f"https://hooks.slack.com/services/T{made(9)}/B{made(9)}/{made(24)}"),
    "google": ("google-key", "AIza" + made(35)),
    "stripe": ("stripe-key", "sk_live_" + made(24)),
    "model": ("model-key", "OPENAI=sk-proj-" + made(48)),
    "registry": ("registry-token", "//x/:_authToken=npm_" + made(36)),
    "jwt": ("jwt", ".".join((encoded('{"alg":"HS256","t":1}'), encoded('{"sub":"1234","n":"x"}'), made(43)))),
    "password in an address": ("password-in-url", "DB=postgres://shop:" + made(14) + "@db.internal:5432/shop"),
    "named secret": ("secret-value", 'CLIENT_SECRET = "' + made(32) + '"'),
    "api key": ("secret-value", '  "apiKey": "' + made(40) + '",'),
}


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_found_and_never_repeated(name: str) -> None:
    rule, text = SECRETS[name]
    lines = list(enumerate(["first", *text.split("\n")], start=1))
    (found,) = scan_text("src/app.py", lines)
    assert (found.rule, found.path, found.line, found.blocks) == (rule, "src/app.py", 2, True)
    assert all(part not in found.message for part in text.split() if len(part) > 12)


HARMLESS = [
    'token = os.environ["TOKEN"]',
    'password = "correct horse battery staple"',
    'API_KEY = "your-api-key-goes-here-1234"',
    'secret: "${{ secrets.DEPLOY_TOKEN_2 }}"',
    'integrity_token = "sha512-examplehash0000000000000000"',
    "next_token = self.tokens[position + 1].value_of_token_2",
    'TOKEN_URL = "https://auth.internal/oauth2/token/v1"',
    "postgres://user:password@localhost/db",
    "postgres://${USER}:${PASSWORD}@host/db",
    "http://user:secret@example.com/",
    "a header alone: -----BEGIN RSA " + KEY,
    "AKIAIOSFODNN7EXAMPLE",
    "sk-learn-is-a-name-that-some-people-use-for-it",
    "class TokenTypeForAuthorisation2(Base): ...",
    "======= a heading",
    "<<<<<<< only one marker",
    '"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    'api_key_name = "X-Internal-Service-Header2"',
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert scan_text("src/app.py", [(1, text)]) == []


def test_random_values_in_tests_and_lock_files_are_no_secrets() -> None:
    text = 'token = "' + made(32) + '"'
    assert scan_text("src/app.py", [(1, text)])
    for path in ("tests/test_app.py", "src/app.test.ts", "poetry.lock", "web/package-lock.json", "fixtures/a.py"):
        assert scan_text(path, [(1, text)]) == []


def test_unquoted_values_count_in_settings_files_only() -> None:
    text = "SECRET_KEY=" + made(32)
    assert [found.rule for found in scan_text("deploy/app.env", [(3, text)])] == ["secret-value"]
    assert scan_text("src/app.go", [(3, text)]) == []


def test_a_conflict_that_is_left_is_found_at_its_lines() -> None:
    lines = ["a", "<<<<<<< HEAD", "b", "=======", "c", ">>>>>>> side"]
    (found,) = scan_text("a.txt", list(enumerate(lines, start=1)))
    assert (found.rule, found.line) == ("conflict-marker", 2)


def rules(core: SafetyCore, lab: GitLab, *allow: str) -> list[tuple[str, str, bool]]:
    found = core.concerns(lab.repository(), allow=allow)
    return [(one.rule, one.path, one.blocks) for one in found]


def test_only_lines_that_are_added_count(core: SafetyCore, lab: GitLab) -> None:
    secret = SECRETS["github"][1]
    lab.commit("feat: first", {"a.txt": f"{secret}\nb\nc\n", "gone.txt": secret})
    lab.write({"a.txt": f"{secret}\nb\nC\n", "gone.txt": None, "later.txt": secret})
    lab.git("add", "a.txt", "gone.txt")
    assert rules(core, lab) == []
    lab.git("add", "later.txt")
    assert rules(core, lab) == [("github-token", "later.txt", True)]
    assert rules(core, lab, "github-token:later.txt") == [("github-token", "later.txt", False)]
    assert rules(core, lab, "github-token:a.txt")[0][2]


def test_lines_that_look_like_headers_of_a_diff_do_not_hide_a_secret(core: SafetyCore, lab: GitLab) -> None:
    secret = SECRETS["stripe"][1]
    lab.commit("feat: first", {"a.txt": "1\n"})
    lab.write({"a.txt": f"1\n++ b/tests/x.py\n@@ -1 +1 @@\n{secret}\n", "b c\n.txt": secret, "-x": secret})
    lab.git("add", "--all")
    found = core.concerns(lab.repository())
    assert [(one.path, one.line) for one in found] == [("-x", 1), ("a.txt", 4), ("b c\n.txt", 1)]


def test_an_attribute_does_not_hide_a_secret(core: SafetyCore, lab: GitLab) -> None:
    lab.write({".gitattributes": "*.cfg binary\n", "a.cfg": SECRETS["gitlab"][1], "real.cfg": b"\0" + b"x" * 99})
    lab.git("add", "--all")
    assert rules(core, lab) == [("gitlab-token", "a.cfg", True)]


def test_files_that_nobody_wants_in_a_history_are_held_back(core: SafetyCore, lab: GitLab) -> None:
    lab.commit("feat: first", {"dist/known.js": "1", "sub/__pycache__x/a.py": "1"})
    lab.write(
        {
            ".env": "A=1",
            ".env.example": "A=",
            "deploy/.env.production": "A=1",
            "dist/new.js": "1",
            "node_modules/left-pad/index.js": "1",
            "sub/__pycache__/a.pyc": b"\0",
            "src/Main.class": b"\0",
            "big.bin": b"\0" * 5_000_001,
        }
    )
    lab.git("add", "--all", "--force")
    assert rules(core, lab) == [
        ("env-file", ".env", True),
        ("large-file", "big.bin", True),
        ("env-file", "deploy/.env.production", True),
        ("build-output", "node_modules/left-pad/index.js", True),
        ("build-output", "src/Main.class", True),
        ("build-output", "sub/__pycache__/a.pyc", True),
        ("build-output", "dist/new.js", False),
    ]


def test_generated_files_are_only_told(core: SafetyCore, lab: GitLab) -> None:
    lab.write(
        {"a.min.js": "x=1;" * 30_000, "b.py": "# @generated\n" + "value = 12345\n" * 9000, "c.py": "v = 1\n" * 20_000}
    )
    lab.git("add", "--all")
    assert rules(core, lab) == [("minified", "a.min.js", False), ("generated", "b.py", False)]


def test_kinds_of_files_are_told(core: SafetyCore, lab: GitLab, git_settings: object) -> None:
    lab.commit("feat: first", {"run.sh": "#!\n"})
    lab.git("init", "-q", "sub")
    sub = GitLab(lab.root / "sub")
    sub.commit("feat: inner", {"x": "1"})
    (lab.root / "run.sh").chmod(0o755)
    (lab.root / "link").symlink_to("run.sh")
    lab.write({"meant.txt": "1"})
    lab.git("add", "run.sh", "link", "sub")
    lab.git("add", "-N", "meant.txt")
    assert rules(core, lab) == [
        ("symlink", "link", False),
        ("intent-to-add", "meant.txt", False),
        ("mode", "run.sh", False),
        ("submodule", "sub", False),
    ]


def test_a_file_that_lfs_should_have_is_held_back(core: SafetyCore, lab: GitLab) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    lab.write({".gitattributes": "*.psd filter=lfs diff=lfs merge=lfs -text\n", "a.psd": b"\x89raw", "b.psd": pointer})
    lab.git("add", "--all")
    assert rules(core, lab) == [("lfs-missing", "a.psd", True)]


def test_what_a_commit_added_can_be_asked_too(lab: GitLab) -> None:
    first = lab.commit("feat: first", {"a.txt": "1\n"})
    second = lab.commit("feat: second", {"a.txt": f"1\n{SECRETS['jwt'][1]}\n"})
    (found,) = find_concerns_between(lab.repository(), first, second, largest_bytes=1000)
    assert (found.rule, found.line) == ("jwt", 2)
    assert find_concerns_between(lab.repository(), second, first, largest_bytes=1000) == []


def test_a_real_key_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("key") / "id"
    made_by = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(file)], check=False, capture_output=True
    )
    if made_by.returncode:
        pytest.skip("openssl cannot make a key here")
    found = scan_text("deploy/server.pem", list(enumerate(file.read_text().split("\n"), start=1)))
    assert [one.rule for one in found] == ["private-key"]
