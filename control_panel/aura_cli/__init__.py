"""The command line of Aura: `aura`.

Every command lives in its own module below `aura_cli.commands` and is imported when it is used, so that `aura --help`
and `aura search` stay fast. Nothing here imports pydantic, ZeroMQ or numpy unless a command cannot do without.
"""
