"""What a person looks at: one module per view, listed in `aura_panel.catalogue`."""
