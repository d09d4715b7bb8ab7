"""Analysis in the background: each changed file is read once more, for its structure, findings and clones."""
