"""Prompts: versioned files with typed inputs, and what is put into them."""

from aura_factory.prompts.library import GROUP, PromptLibrary, load_library
from aura_factory.prompts.prompt import Prompt, PromptProblem, Rendered, parse_prompt
from aura_factory.prompts.values import Block, Value, estimate_tokens

__all__ = [
    "GROUP",
    "Block",
    "Prompt",
    "PromptLibrary",
    "PromptProblem",
    "Rendered",
    "Value",
    "estimate_tokens",
    "load_library",
    "parse_prompt",
]
