"""Code intelligence: reads projects, keeps their indexes fresh, answers searches."""
