"""What is known of models: servers with their models, roles, figures and prompts, and the rows that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from aura_panel.models_rows import (
    Colours,
    figure_details,
    figure_rows,
    model_details,
    model_rows,
    prompt_details,
    prompt_rows,
    role_details,
    role_rows,
    server_details,
)
from aura_shared.messages.assist import ListPrompts, PromptInfo
from aura_shared.messages.models import AskModelStats, ListModels, ModelsAnswer, ModelStatsAnswer

if TYPE_CHECKING:
    from aura_panel.link import Link

__all__ = ["ModelsBook"]


class ModelsBook:
    """Answers of the services, the newest of each."""

    def __init__(self) -> None:
        self.answer = ModelsAnswer()
        """Servers with their models, and roles."""
        self.stats = ModelStatsAnswer()
        """How models did."""
        self.prompts: dict[str, PromptInfo] = {}
        """What Aura says to a model, by name; texts as far as they were asked for."""
        self.known = False
        """Whether servers were asked about."""
        self.testing = ""
        """The model that is being tested."""
        self.progress = ""
        """How far that is."""

    # Questions

    async def ask(self, link: Link, *, probe: bool) -> None:
        """Ask for servers, roles and figures.

        Args:
            link: The way to the daemon.
            probe: Whether servers are looked for anew.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        self.answer = await link.ask(ListModels(probe=probe))
        self.known = True
        self.stats = await link.ask(AskModelStats())

    async def ask_prompts(self, link: Link) -> None:
        """Ask which prompts there are; texts that are known stay while their version does.

        Raises:
            AuraError: What the service reported, or that it does not answer.
        """
        found, known = await link.ask(ListPrompts()), self.prompts
        self.prompts = {
            prompt.name: prompt.model_copy(update={"text": known[prompt.name].text})
            if prompt.name in known and known[prompt.name].version == prompt.version
            else prompt
            for prompt in found.prompts
        }

    # What is shown

    def counts(self) -> dict[str, int]:
        """How many things the lists have that are known."""
        if not self.known:
            return {}
        models = sum(len(server.models) for server in self.answer.servers if server.kind != "sampling")
        return {"models": models, "prompts": len(self.prompts)}

    def rows(self, section: str, colours: Colours) -> dict[str, list[Text]]:
        """The rows of a list."""
        match section:
            case "roles":
                return role_rows(self.answer, self.stats, colours)
            case "figures":
                return figure_rows(self.stats, colours)
            case "prompts":
                return prompt_rows(list(self.prompts.values()), colours)
            case _:
                return model_rows(self.answer, self.testing, colours)

    def details(self, section: str, key: str, colours: Colours) -> Text:
        """All that is known of a row."""
        kind, _, name = key.partition(":")
        if section == "roles":
            return role_details(next(choice for choice in self.answer.roles if choice.role == key), colours)
        if section == "figures":
            figure = next(one for one in self.stats.figures if f"{one.role}|{one.task}|{one.model}" == key)
            return figure_details(figure, self.stats, colours)
        if section == "prompts":
            return prompt_details(self.prompts[key], colours)
        if kind == "server":
            return server_details(next(server for server in self.answer.servers if server.name == name), colours)
        model = next(model for server in self.answer.servers for model in server.models if model.name == name)
        return model_details(model, colours, self.progress if name == self.testing else "")
