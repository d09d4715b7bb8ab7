"""Similar code: clones by their tokens, and neighbours in meaning with the extra `semantic`."""
