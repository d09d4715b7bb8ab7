"""Requirements documents: a PRD from a sentence, with or without a model, and what is wrong with one."""
