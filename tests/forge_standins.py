"""Strict stand-ins for the interfaces of GitHub, GitLab and Gitea: what the real ones refuse, they refuse.

Method, path, query, headers and every field of a body are checked; what is unknown is answered with 404 or 422, as the
real ones do. They keep pull requests in memory, and take a branch only when the repository behind them has it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from git_https import Answered

TOKEN = "standin-token-4f1c9e2b7a60d835"
JSON = {"Content-Type": "application/json; charset=utf-8"}
Fields = dict[str, Any]


def answer(status: int, data: object, **headers: str) -> Answered:
    """A JSON answer."""
    return (
        status,
        {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}},
        json.dumps(data).encode(),
    )


class Forge:
    """What all three have in common.

    Args:
        repository: The bare repository behind it.
        path: `owner/name`.
        host: Host and port, for addresses.
    """

    scheme = "Bearer"
    accept = "application/json"

    def __init__(self, repository: Path, path: str, host: str) -> None:
        self.repository = repository
        self.path = path
        self.host = host
        self.pulls: list[Fields] = []
        self.comments: list[Fields] = []
        self.next: list[Answered] = []
        """Given instead of the next answers."""

    def has(self, branch: str) -> bool:
        """Whether the repository has a branch."""
        asked = ["git", "-C", str(self.repository), "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
        return subprocess.run(asked, check=False, capture_output=True).returncode == 0

    def __call__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        if self.next:
            return self.next.pop(0)
        if headers.get("authorization") not in {f"{self.scheme} {TOKEN}", f"token {TOKEN}"}:
            return answer(401, {"message": "Bad credentials"})
        place, _, query = path.partition("?")
        data: Fields = {}
        if method in {"POST", "PUT", "PATCH"}:
            if not headers.get("content-type", "").startswith("application/json"):
                return answer(415, {"message": "Unsupported Media Type"})
            data = json.loads(body)
        return self.route(method, place, dict(parse_qsl(query)), data)

    def route(self, method: str, place: str, query: dict[str, str], data: Fields) -> Answered:
        """Answer one call."""
        raise NotImplementedError

    @staticmethod
    def check(data: Fields, known: Mapping[str, type], needed: set[str]) -> str:
        """What is wrong with a body; empty when nothing is."""
        for name, value in data.items():
            if name not in known:
                return f"{name} is not a permitted key"
            if not isinstance(value, known[name]):
                return f"{name} has the wrong type"
        missing = needed - data.keys()
        return f"{sorted(missing)} wasn't supplied" if missing else ""


class GitHub(Forge):
    """`/api/v3`, and the GraphQL that `gh` sends."""

    drafts = True

    def route(self, method: str, place: str, query: dict[str, str], data: Fields) -> Answered:
        """Answer one call."""
        if place == "/api/graphql" and method == "POST":
            return self.graphql(data)
        root = f"/api/v3/repos/{self.path}/pulls"
        if place == root and method == "GET":
            return self.listed(query)
        if place == root and method == "POST":
            return self.opened(data)
        if found := re.fullmatch(re.escape(root) + r"/(\d+)(/reviews)?", place):
            if int(found[1]) > len(self.pulls):
                return answer(404, {"message": "Not Found"})
            if found[2] and method == "POST":
                return self.reviewed(int(found[1]), data)
            if method == "PATCH" and not found[2]:
                return self.changed(self.pulls[int(found[1]) - 1], data)
        return answer(404, {"message": "Not Found", "documentation_url": "https://docs.invalid/rest"})

    def listed(self, query: dict[str, str]) -> Answered:
        assert query.keys() <= {"state", "head", "base", "per_page", "page"}, query
        owner, _, head = query.get("head", "").partition(":")
        assert owner == self.path.split("/")[0]
        return answer(200, [one for one in self.pulls if one["head"]["ref"] == head and one["state"] == query["state"]])

    def opened(self, data: Fields) -> Answered:
        known = {"title": str, "head": str, "base": str, "body": str, "draft": bool, "maintainer_can_modify": bool}
        if wrong := self.check(data, known, {"head", "base", "title"}):
            return self.invalid(wrong)
        if not self.has(data["head"]):
            return self.invalid("", field="head", code="invalid")
        if not self.has(data["base"]):
            return self.invalid("", field="base", code="invalid")
        if data.get("draft") and not self.drafts:
            return self.invalid("Draft pull requests are not supported in this repository.")
        if any(one["head"]["ref"] == data["head"] and one["state"] == "open" for one in self.pulls):
            return self.invalid(f"A pull request already exists for {self.path.split('/')[0]}:{data['head']}.")
        pull = self.add(data["title"], data["body"], data["head"], data["base"], draft=bool(data.get("draft")))
        return answer(201, pull)

    def add(self, title: str, body: str, head: str, base: str, *, draft: bool = False) -> Fields:
        """Keep a pull request."""
        number = len(self.pulls) + 1
        pull: Fields = {
            "number": number, "id": 1000 + number, "state": "open", "title": title, "body": body, "draft": draft,
            "html_url": f"https://{self.host}/{self.path}/pull/{number}",
            "head": {"ref": head, "repo": {"full_name": self.path}},
            "base": {"ref": base, "repo": {"full_name": self.path}},
        }  # fmt: skip
        self.pulls.append(pull)
        return pull

    def changed(self, pull: Fields, data: Fields) -> Answered:
        known = {"title": str, "body": str, "state": str, "base": str, "maintainer_can_modify": bool}
        if wrong := self.check(data, known, set()):
            return self.invalid(wrong)
        pull |= data
        return answer(200, pull)

    def reviewed(self, number: int, data: Fields) -> Answered:
        known = {"commit_id": str, "body": str, "event": str, "comments": list}
        if wrong := self.check(data, known, set()):
            return self.invalid(wrong)
        review = {"id": 80 + len(self.comments), "number": number, "body": data.get("body"),
                  "state": {"": "PENDING", "COMMENT": "COMMENTED"}[data.get("event", "")],
                  "html_url": f"https://{self.host}/{self.path}/pull/{number}#pullrequestreview-80"}  # fmt: skip
        self.comments.append(review)
        return answer(200, review)

    def invalid(self, message: str, **error: str) -> Answered:
        one = {"resource": "PullRequest", "code": "custom", "message": message, **error}
        return answer(422, {"message": "Validation Failed", "errors": [one]})

    def graphql(self, data: Fields) -> Answered:
        """The calls of gh 2.23: the repository, what it supports, open ones of a branch, opening one."""
        query, variables = data["query"], data.get("variables") or {}
        if "createPullRequest" in query:
            return self.opened_by_graphql(variables["input"])
        if "__type" in query:
            return answer(200, {"data": {}})
        if "pullRequests(" in query:
            nodes = [one for one in self.pulls if one["head"]["ref"] == variables["headRefName"]]
            assert not nodes, "gh is only asked to open one where there is none"
            return answer(200, {"data": {"repository": {"pullRequests": {"nodes": []}}}})
        if "repository" in query:
            return answer(200, {"data": {"repository": self.repo()}})
        return answer(200, {"errors": [{"type": "INVALID", "message": f"unknown query {query[:80]}"}]})

    def repo(self) -> Fields:
        owner, name = self.path.split("/")
        return {"id": "R_1", "name": name, "owner": {"login": owner}, "hasIssuesEnabled": True, "isPrivate": False,
                "description": "", "hasWikiEnabled": True, "viewerPermission": "WRITE", "parent": None,
                "mergeCommitAllowed": True, "rebaseMergeAllowed": True, "squashMergeAllowed": True,
                "defaultBranchRef": {"name": "main"}}  # fmt: skip

    def opened_by_graphql(self, data: Fields) -> Answered:
        known = {"repositoryId": str, "title": str, "body": str, "baseRefName": str, "headRefName": str, "draft": bool,
                 "maintainerCanModify": bool}  # fmt: skip
        wrong = self.check(data, known, {"repositoryId", "title", "baseRefName", "headRefName"})
        if wrong or not (self.has(data["headRefName"]) and self.has(data["baseRefName"])):
            said = wrong or "Head sha can't be blank, Base sha can't be blank"
            return answer(200, {"data": {"createPullRequest": None}, "errors": [{"message": said}]})
        pull = self.add(data["title"], data["body"], data["headRefName"], data["baseRefName"], draft=data["draft"])
        told = {"id": "PR_1", "url": pull["html_url"]}
        return answer(200, {"data": {"createPullRequest": {"pullRequest": told}}})


class GitLab(Forge):
    """`/api/v4`."""

    def route(self, method: str, place: str, query: dict[str, str], data: Fields) -> Answered:
        """Answer one call."""
        found = re.fullmatch(r"/api/v4/projects/([^/]+)/merge_requests(?:/(\d+)(/draft_notes)?)?", place)
        if found is None or unquote(found[1]) != self.path:
            return answer(404, {"message": "404 Project Not Found"})
        if not found[2]:
            return self.listed(query) if method == "GET" else self.opened(data)
        if int(found[2]) > len(self.pulls):
            return answer(404, {"message": "404 Not found"})
        if found[3]:
            if wrong := self.check(data, {"note": str}, {"note"}):
                return answer(400, {"error": wrong})
            self.comments.append(data)
            return answer(201, {"id": 5, "note": data["note"]})
        known = {"title": str, "description": str, "target_branch": str, "state_event": str}
        if method != "PUT" or (wrong := self.check(data, known, set())):
            return answer(400, {"error": "no such parameter"})
        pull = self.pulls[int(found[2]) - 1]
        pull |= data
        pull["draft"] = pull["title"].startswith("Draft: ")
        return answer(200, pull)

    def listed(self, query: dict[str, str]) -> Answered:
        assert query.keys() <= {"state", "source_branch", "target_branch"}, query
        wanted = query["source_branch"]
        return answer(
            200, [one for one in self.pulls if one["source_branch"] == wanted and one["state"] == query["state"]]
        )

    def opened(self, data: Fields) -> Answered:
        known = {"source_branch": str, "target_branch": str, "title": str, "description": str, "squash": bool,
                 "remove_source_branch": bool}  # fmt: skip
        if wrong := self.check(data, known, {"source_branch", "target_branch", "title"}):
            return answer(400, {"error": wrong})
        if not self.has(data["source_branch"]):
            return answer(422, {"message": ["Source branch does not exist"]})
        if any(one["source_branch"] == data["source_branch"] for one in self.pulls):
            return answer(409, {"message": ["Another open merge request already exists for this source branch: !1"]})
        number = len(self.pulls) + 1
        pull = {
            **data, "iid": number, "id": 500 + number, "state": "opened",
            "source_project_id": 7, "target_project_id": 7,
            "draft": data["title"].startswith("Draft: "),
            "web_url": f"https://{self.host}/{self.path}/-/merge_requests/{number}",
        }  # fmt: skip
        self.pulls.append(pull)
        return answer(201, pull)


class Gitea(Forge):
    """`/api/v1`, of Forgejo as well."""

    scheme = "token"

    def route(self, method: str, place: str, query: dict[str, str], data: Fields) -> Answered:
        """Answer one call."""
        found = re.fullmatch(rf"/api/v1/repos/{re.escape(self.path)}/pulls(?:/(\d+)(/reviews)?)?", place)
        if found is None:
            return answer(404, {"errors": None, "message": "not found", "url": f"https://{self.host}/api/swagger"})
        if not found[1]:
            return self.listed(query) if method == "GET" else self.opened(data)
        if int(found[1]) > len(self.pulls):
            return answer(404, {"message": "pull request does not exist"})
        if found[2]:
            if self.check(data, {"body": str, "event": str, "comments": list, "commit_id": str}, set()):
                return answer(422, {"message": "unknown field"})
            self.comments.append(data)
            return answer(200, {"id": 3, "state": data["event"], "html_url": f"https://{self.host}/review/3"})
        if self.check(data, {"title": str, "body": str, "base": str, "state": str}, set()):
            return answer(422, {"message": "unknown field"})
        pull = self.pulls[int(found[1]) - 1]
        pull |= data
        return answer(201, pull)

    def listed(self, query: dict[str, str]) -> Answered:
        assert query.keys() <= {"state", "limit", "page", "sort"}, query
        size, page = int(query["limit"]), int(query["page"])
        return answer(
            200, [one for one in self.pulls if one["state"] == query["state"]][(page - 1) * size : page * size]
        )

    def opened(self, data: Fields) -> Answered:
        known = {"title": str, "head": str, "base": str, "body": str}
        if wrong := self.check(data, known, {"title", "head", "base"}):
            return answer(422, {"message": wrong})
        if not self.has(data["head"]):
            return answer(404, {"message": "GetHeadBranch: branch does not exist"})
        pull = self.add(data["head"], data["title"], data["body"], data["base"])
        return answer(201, pull)

    def add(self, head: str, title: str = "other", body: str = "", base: str = "main") -> Fields:
        """Keep a pull request."""
        number = len(self.pulls) + 1
        pull: Fields = {
            "number": number, "id": number, "state": "open", "title": title, "body": body,
            "html_url": f"https://{self.host}/{self.path}/pulls/{number}",
            "head": {"ref": head, "repo": {"full_name": self.path}}, "base": {"ref": base},
        }  # fmt: skip
        self.pulls.append(pull)
        return pull
