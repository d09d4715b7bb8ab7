"""The workflow of a plan: steps that are allowed, approvals of what was read, and where a session goes on."""
