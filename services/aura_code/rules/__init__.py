"""The built-in rules: one TOML file each, with queries, explanation and examples; checks in Python beside them."""
