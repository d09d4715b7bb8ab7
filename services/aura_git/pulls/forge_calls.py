"""What pull requests need of each forge: find an open one, open, renew, comment; in one shape for all of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from aura_git.pulls.calling import Api, Json, ProgramApi
from aura_git.pulls.forges import Forge
from aura_shared.errors import ForgeRefused, ForgeUnreachable
from aura_shared.redaction import mask

__all__ = ["ForgeCalls", "OpenPull"]

_PAGES: Final = 10
_PAGE: Final = 50
_DRAFT: Final = {"gitlab": "Draft: ", "gitea": "WIP: "}
_DRAFT_MARK: Final = re.compile(r"^(?:\[?(?:Draft|WIP)\]?:?\s*)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"/(?:pull|pulls|merge_requests)/(\d+)\b")


@dataclass(frozen=True, slots=True)
class OpenPull:
    """A pull request that is open."""

    number: int
    url: str
    title: str
    """Without the mark of a draft."""
    body: str
    draft: bool
    base: str


class ForgeCalls:
    """Calls of one repository at a forge."""

    def __init__(self, forge: Forge, api: Api) -> None:
        self._forge = forge
        self._api = api
        self._root = f"projects/{quote(forge.path, '')}" if forge.kind == "gitlab" else f"repos/{quote(forge.path)}"
        self._pulls = f"{self._root}/{'merge_requests' if forge.kind == 'gitlab' else 'pulls'}"

    @property
    def way(self) -> str:
        """`rest`, `gh` or `glab`."""
        return self._api.name

    def find(self, branch: str) -> OpenPull | None:
        """The open pull request of a branch of this repository; None when there is none.

        Raises:
            ForgeRefused, ForgeUnreachable, NotFound: The forge says no, or does not answer as it should.
        """
        if self._forge.kind == "github":
            query = f"state=open&head={quote(f'{self._forge.owner}:{branch}', '')}"
        elif self._forge.kind == "gitlab":
            query = f"state=opened&source_branch={quote(branch, '')}"
        else:
            return self._search(branch)
        found = [one for one in self._list(f"{self._pulls}?{query}") if self._is_of(one, branch)]
        return self._read(found[0]) if found else None

    def _search(self, branch: str) -> OpenPull | None:
        for page in range(1, _PAGES + 1):
            found = self._list(f"{self._pulls}?state=open&limit={_PAGE}&page={page}")
            for one in found:
                if self._is_of(one, branch):
                    return self._read(one)
            if len(found) < _PAGE:
                break
        return None

    def _list(self, path: str) -> list[Json]:
        found = self._api.call("GET", path)
        if not isinstance(found, list):
            raise self._strange("a list")
        return found  # pyright: ignore[reportUnknownVariableType]

    def _is_of(self, one: Json, branch: str) -> bool:
        try:
            if self._forge.kind == "gitlab":
                return one["source_branch"] == branch and one["source_project_id"] == one["target_project_id"]
            repo = one["head"]["repo"]
            return one["head"]["ref"] == branch and bool(repo) and _same(repo["full_name"], self._forge.path)
        except (KeyError, TypeError):
            raise self._strange("pull requests") from None

    def _read(self, one: Json) -> OpenPull:
        try:
            if self._forge.kind == "gitlab":
                number, url, body = one["iid"], one["web_url"], one["description"]
                base, draft = one["target_branch"], one.get("draft", one.get("work_in_progress", False))
            else:
                number, url, body, base = one["number"], one["html_url"], one["body"], one["base"]["ref"]
                draft = one.get("draft", False)
            title = str(one["title"])
        except (KeyError, TypeError):
            raise self._strange("a pull request") from None
        if not isinstance(number, int) or not isinstance(url, str):
            raise self._strange("a number and an address")
        marked = self._forge.kind in _DRAFT
        plain = _DRAFT_MARK.sub("", title) if marked else title
        return OpenPull(number, url, plain, str(body or ""), bool(draft) or (marked and plain != title), str(base))

    def _strange(self, wanted: str) -> ForgeUnreachable:
        return ForgeUnreachable(
            f"{self._forge.host} answers otherwise than {self._forge.kind} does: expected {wanted}",
            hint=f"Is it this kind of forge? Say so: git config aura.{self._forge.host}.forge gitea",
        )

    def create(self, branch: str, base: str, title: str, body: str, *, draft: bool) -> OpenPull:
        """Open one. Raises like `find`; ForgeRefused also when it exists, or has no commits."""
        if self._forge.kind == "github" and isinstance(self._api, ProgramApi):
            return self._create_by_gh(self._api, branch, base, title, body, draft=draft)
        marked = f"{_DRAFT[self._forge.kind]}{title}" if draft and self._forge.kind in _DRAFT else title
        data: dict[str, object]
        if self._forge.kind == "gitlab":
            data = {"source_branch": branch, "target_branch": base, "title": marked, "description": body}
        else:
            data = {"title": marked, "head": branch, "base": base, "body": body}
            if self._forge.kind == "github":
                data["draft"] = draft
        return self._read(self._api.call("POST", self._pulls, data))

    def _create_by_gh(self, api: ProgramApi, branch: str, base: str, title: str, body: str, *, draft: bool) -> OpenPull:
        # Title and text of others never become options: `=` binds them, and the text comes by standard input.
        arguments = ["pr", "create", f"--title={title}", "--body-file=-", f"--base={base}", f"--head={branch}"]
        arguments += [f"--repo={self._forge.path}", *(["--draft"] if draft else [])]
        code, out, err = api.run(arguments, body.encode())
        if code:
            hint = "With --ready it is opened without being a draft." if "draft" in err.lower() else None
            raise ForgeRefused(f"`gh pr create` failed: {mask(err)[:600]}", hint=hint)
        url = next((line for line in reversed(out.decode(errors="replace").split()) if _NUMBER.search(line)), "")
        number = _NUMBER.search(url)
        if number is None:
            raise ForgeUnreachable("`gh pr create` ended well, but named no pull request")
        return OpenPull(int(number[1]), url, title, body, draft, base)

    def update(self, pull: OpenPull, *, title: str, body: str) -> OpenPull:
        """Renew title and text; whether it is a draft stays as it is. Raises like `find`."""
        marked = f"{_DRAFT[self._forge.kind]}{title}" if pull.draft and self._forge.kind in _DRAFT else title
        text = "description" if self._forge.kind == "gitlab" else "body"
        method = "PUT" if self._forge.kind == "gitlab" else "PATCH"
        return self._read(self._api.call(method, f"{self._pulls}/{pull.number}", {"title": marked, text: body}))

    def comment(self, number: int, text: str) -> str:
        """Leave a review as a draft that only its author sees until it is submitted; returns a page, or nothing.

        Raises like `find`.
        """
        if self._forge.kind == "gitlab":
            self._api.call("POST", f"{self._pulls}/{number}/draft_notes", {"note": text})
            return f"{self._forge.web}/-/merge_requests/{number}"
        # GitHub leaves a review pending when no event is given; Gitea has a word for that.
        data = {"body": text, **({"event": "PENDING"} if self._forge.kind == "gitea" else {})}
        found = self._api.call("POST", f"{self._pulls}/{number}/reviews", data)
        return str(found.get("html_url") or "") if isinstance(found, dict) else ""  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and one.casefold() == other.casefold()
