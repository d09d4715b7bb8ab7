"""The panel's colours: dark, light, and two with high contrast. Contrast of text is at least 4.5, of the last two 7."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme

__all__ = ["THEMES", "theme_named"]

_DARK: Final = Theme(
    name="dark",
    primary="#7aa2f7",
    secondary="#89ddff",
    accent="#e0af68",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#d5daf0",
    background="#16171f",
    surface="#1c1e29",
    panel="#262939",
    dark=True,
    variables={
        "muted": "#8f96b3",
        "border": "#3b4058",
        "block-cursor-background": "#3a4670",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "none",
        "footer-background": "#1c1e29",
        "diff-added": "#1d3326",
        "diff-removed": "#43212b",
    },
)
_LIGHT: Final = Theme(
    name="light",
    primary="#2952a3",
    secondary="#0b6e8a",
    accent="#8a5300",
    success="#2c6b1f",
    warning="#8a5300",
    error="#b3203d",
    foreground="#1f2430",
    background="#fbfbfd",
    surface="#f1f2f6",
    panel="#e3e6ee",
    dark=False,
    variables={
        "muted": "#5b6272",
        "border": "#b9bfcc",
        "block-cursor-background": "#c9d7f5",
        "block-cursor-foreground": "#10131a",
        "block-cursor-text-style": "none",
        "footer-background": "#f1f2f6",
        "diff-added": "#dcf3dd",
        "diff-removed": "#fbdfe3",
    },
)
_CONTRAST_DARK: Final = Theme(
    name="contrast-dark",
    primary="#8fc7ff",
    secondary="#7df9ff",
    accent="#ffd75f",
    success="#87ff87",
    warning="#ffd75f",
    error="#ff9c9c",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    dark=True,
    variables={
        "muted": "#d0d0d0",
        "border": "#ffffff",
        "block-cursor-background": "#ffff5f",
        "block-cursor-foreground": "#000000",
        "block-cursor-text-style": "bold",
        "footer-background": "#000000",
        "diff-added": "#003a10",
        "diff-removed": "#4a0010",
        "scrollbar": "#d0d0d0",
        "scrollbar-hover": "#ffff5f",
        "scrollbar-active": "#ffff5f",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
    },
)
_CONTRAST_LIGHT: Final = Theme(
    name="contrast-light",
    primary="#00228f",
    secondary="#004a5c",
    accent="#5c3600",
    success="#0b4a00",
    warning="#5c3600",
    error="#8f0018",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#ececec",
    dark=False,
    variables={
        "muted": "#333333",
        "border": "#000000",
        "block-cursor-background": "#00228f",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "footer-background": "#ffffff",
        "diff-added": "#c8f5cf",
        "diff-removed": "#ffd3d8",
        "scrollbar": "#333333",
        "scrollbar-hover": "#00228f",
        "scrollbar-active": "#00228f",
        "scrollbar-background": "#ececec",
        "scrollbar-background-hover": "#ececec",
        "scrollbar-background-active": "#ececec",
    },
)

THEMES: Final = {theme.name: theme for theme in (_DARK, _LIGHT, _CONTRAST_DARK, _CONTRAST_LIGHT)}
"""Each theme by its name."""


def theme_named(name: str) -> Theme:
    """The theme of this name; the dark one for a name that is none."""
    return THEMES.get(name, _DARK)
