"""What several of Aura's processes share: messages, bus client, settings, logging, storage, safety.

Imports no service. Each module is imported where it is needed; this file stays empty of imports because the
command line pays for every one of them.
"""
