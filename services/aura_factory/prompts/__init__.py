"""Prompts: versioned files with typed inputs, and what is put into them."""
