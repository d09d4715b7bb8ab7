"""The broker: takes events and requests, journals what is durable, and gives it out. See `docs/bus.md`."""
