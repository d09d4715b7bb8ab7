"""`aura status`: services, projects, and what is wrong."""

from __future__ import annotations

import click

from aura_cli.answers import JsonObject, count_of, flag_of, number_of, object_of, objects_of, text_of, texts_of
from aura_cli.commands.pause import work_line
from aura_cli.commands.projects import project_table
from aura_cli.daemon import daemon_status, services_of
from aura_cli.examples import WithExamples
from aura_cli.gateway import Gateway
from aura_cli.screen import bold, dim, note, out, out_json, plural, safe, seconds, size, state, table
from aura_cli.targets import open_registry
from aura_shared.errors import AuraError, DaemonDown
from aura_shared.paths import AuraPaths, find_paths


@click.command(cls=WithExamples, examples=["aura status", "aura status --json | jq '.services[].state'"])
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def status(*, as_json: bool) -> int:
    """Show whether Aura runs, its services, and the projects with the state of their indexes.

    The exit code is 0 when everything is ready, 3 when Aura is down, and 6 when something is not ready.
    """
    paths = find_paths()
    found = daemon_status(paths)
    if found is None:
        return _tell_down(paths, as_json=as_json)
    projects, problem = _projects(paths)
    work = _work(paths)
    ready = flag_of(found, "ready")
    if as_json:
        out_json({"running": True, **found, "projects": projects, "work": work})
        return 0 if ready else 6
    out(_headline(found))
    if flag_of(work, "paused"):
        out(work_line(work))
    out()
    for line in service_table(services_of(found)):
        out(line)
    for line in trouble(services_of(found)):
        out(line)
    problem_of_settings = safe(text_of(found, "settings_problem"))
    if problem_of_settings:
        out(f"\nThe settings were changed and are wrong, so the former ones hold: {problem_of_settings}")
    out()
    if projects:
        for line in [*project_table(projects), *project_notes(projects)]:
            out(line)
    else:
        out(problem or "No project is registered. `aura init` registers this repository.")
    return 0 if ready else 6


def _tell_down(paths: AuraPaths, *, as_json: bool) -> int:
    registered = open_registry(paths).list()
    if as_json:
        names = [{"id": project.id, "name": project.name, "root": project.root} for project in registered]
        out_json({"running": False, "ready": False, "services": [], "projects": names})
    else:
        out(f"Aura is {state('stopped', 'not running')}; {plural(len(registered), 'project')} registered.")
        note(dim("`aura up` starts it."))
    return DaemonDown.exit_code


def _projects(paths: AuraPaths) -> tuple[list[JsonObject], str]:
    """The projects, or why they cannot be told."""
    try:
        return Gateway(paths, recovery_s=0).projects(), ""
    except AuraError as error:
        return [], f"The projects are not known now: {error.message}."


def _work(paths: AuraPaths) -> JsonObject:
    """Whether background work waits; nothing when that cannot be told."""
    try:
        return object_of(Gateway(paths, recovery_s=0).get("/v1/work"), "work")
    except AuraError:
        return {}


def _headline(found: JsonObject) -> str:
    ready = flag_of(found, "ready")
    services = services_of(found)
    memory = sum(number_of(service, "rss_bytes") for service in services)
    facts = [f"pid {count_of(found, 'pid')}", f"version {text_of(found, 'version', '?')}", size(memory)]
    return f"{bold('Aura')} is {state('ready' if ready else 'starting', 'ready' if ready else 'not ready')}  " + dim(
        " · ".join(facts)
    )


def service_table(services: list[JsonObject]) -> list[str]:
    """Lines of a table of services."""
    rows = [
        [
            bold(text_of(service, "name")),
            state(text_of(service, "state")),
            str(count_of(service, "pid") or "–"),  # noqa: RUF001 - an en dash for nothing
            seconds(number_of(service, "uptime_s")) if service.get("pid") else "–",  # noqa: RUF001
            str(count_of(service, "restarts")),
            size(number_of(service, "rss_bytes")) if service.get("pid") else "–",  # noqa: RUF001
            f"{number_of(service, 'cpu_s'):.1f} s" if service.get("pid") else "–",  # noqa: RUF001
        ]
        for service in services
    ]
    headers = ["SERVICE", "STATE", "PID", "UP", "RESTARTS", "MEMORY", "CPU"]
    return table(headers, rows, right=(2, 3, 4, 5, 6))


def trouble(services: list[JsonObject]) -> list[str]:
    """What is to be said about services that are not ready: why, and their last lines."""
    lines: list[str] = []
    for service in services:
        name, now = text_of(service, "name"), text_of(service, "state")
        if now in {"ready", "starting", "waiting"}:
            continue
        lines += ["", f"{bold(name)} is {state(now)}: {safe(text_of(service, 'reason')) or 'no reason is known'}"]
        if now == "stopped":
            lines.append(f"  `aura start {name}` starts it again.")
            continue
        lines += [f"  {dim(safe(line))}" for line in texts_of(service, "last_lines")[-10:]]
        if now == "crash-loop":
            lines.append(f"  It is not started again by itself: `aura restart {name}` tries, `aura logs {name}` tells.")
    return lines


def project_notes(projects: list[JsonObject]) -> list[str]:
    """What a table of projects has no room for: problems, and what the indexes leave out."""
    lines: list[str] = []
    for info in projects:
        name = text_of(info, "name")
        if text_of(info, "problem"):
            lines.append(f"{bold(safe(name))}: {safe(text_of(info, 'problem'))}")
        skipped = [f"{count_of(entry, 'files'):,} {text_of(entry, 'reason')}" for entry in objects_of(info, "skipped")]
        if skipped:
            lines.append(dim(f"{safe(name)} leaves out: {', '.join(skipped)}"))
    return lines
