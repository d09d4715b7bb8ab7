"""The control panel: `aura panel`, a terminal application that shows what Aura does and asks for what it needs.

`link` is its way to the daemon, `world` what it knows, `views` what a person looks at. Everything here works while the
daemon is down, comes and goes: nothing is lost, nothing moves the focus, and nothing raises.
"""
