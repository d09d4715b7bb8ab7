"""How the panel reads and paints while it is shown in a browser; Textual loads this by its name."""

from __future__ import annotations

from textual import messages
from textual.driver import Driver
from textual.drivers.web_driver import WebDriver

__all__ = ["BrowserDriver"]


class BrowserDriver(WebDriver):
    """Textual's driver for browsers, except that the panel ends when nobody is there any more.

    The browser is on this machine, so files are saved and not sent to it.
    """

    deliver_binary = Driver.deliver_binary

    def run_input_thread(self) -> None:
        """Read what the tab sends; the end of it ends the panel."""
        super().run_input_thread()
        self.send_message(messages.ExitApp())
