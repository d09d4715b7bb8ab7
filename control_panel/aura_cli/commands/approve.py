"""`aura approve`: say yes or no to what agents want to do."""

from __future__ import annotations

import click

from aura_cli.answers import object_of, objects_of, text_of
from aura_cli.examples import WithExamples
from aura_cli.gateway import Gateway
from aura_cli.screen import bold, dim, note, out, out_json, safe
from aura_cli.targets import with_daemon
from aura_shared.errors import UsageProblem
from aura_shared.paths import find_paths


@click.command(cls=WithExamples, examples=["aura approve", "aura approve 3f2a91c0", "aura approve 3f2a91c0 --deny"])
@click.argument("approval", required=False)
@click.option("--deny", is_flag=True, help="Say no.")
@click.option("--json", "as_json", is_flag=True, help="Print the gateway's answer.")
def approve(*, approval: str | None, deny: bool, as_json: bool) -> None:
    """Say yes to what an agent wants to do, named by APPROVAL; without it, list what waits."""
    if approval is None:
        if deny:
            raise UsageProblem("nothing is named that could be denied", hint="`aura approve` lists what waits.")
        _list(as_json=as_json)
        return
    answer = with_daemon(find_paths(), lambda gateway: _decide(gateway, approval, approve=not deny))
    if as_json:
        out_json(answer)
        return
    decided = object_of(answer, "approval")
    out(f"{text_of(decided, 'decision')}: {safe(text_of(decided, 'summary'))}")
    note(dim("It counts once, for ten minutes; the agent has to call again."))


def _decide(gateway: Gateway, approval: str, *, approve: bool) -> dict[str, object]:
    from urllib.parse import quote  # noqa: PLC0415 - only here

    return gateway.post(f"/v1/approvals/{quote(approval, safe='')}", {"approve": approve})


def _list(*, as_json: bool) -> None:
    answer = with_daemon(find_paths(), lambda gateway: gateway.get("/v1/approvals"))
    if as_json:
        out_json(answer)
        return
    waiting = objects_of(answer, "approvals")
    for one in waiting:
        out(f"{bold(text_of(one, 'id'))}  {safe(text_of(one, 'summary'))}")
        out(dim(f"          {safe(text_of(one, 'client') or 'an agent')}, {text_of(one, 'asked_at')[:19]}"))
    note(dim("aura approve ID says yes, --deny says no" if waiting else "Nothing waits for you."))
