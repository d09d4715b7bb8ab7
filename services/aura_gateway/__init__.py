"""The gateway: Aura's one door for editors, agents, the command line and the control panel.

One ASGI app on a loopback address: REST and an event WebSocket below `/v1`, MCP at `/mcp`, one guard over all of it.
It holds no data of its own; it asks the services over the bus.
"""
