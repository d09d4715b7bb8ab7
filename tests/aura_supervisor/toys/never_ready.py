"""Starts, and never says that it serves."""

import signal

if __name__ == "__main__":
    while True:
        signal.pause()
