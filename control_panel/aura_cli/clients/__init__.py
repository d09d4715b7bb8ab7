"""Set up MCP clients: add Aura to the configuration files of editors and agents, and take it out again."""
