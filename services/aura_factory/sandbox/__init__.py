"""The sandbox: code of others runs without network, with its own files only, and within bounds.

Needs nothing beyond the standard library, because the confined side starts with a bare interpreter. Callers use
`running.make_runner`, `running.policy_for`, `workspace`, `interpreters.interpreter_paths` and `probing.doctor_lines`.
"""
