"""Planning: documents, epics, stories and tasks as Markdown files of the repository, and how they hang together."""
