"""The model servers that Aura can talk to."""
