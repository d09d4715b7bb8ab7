"""Items of a plan: Markdown files below `.ai/`, one for each document, epic, story and task; nothing else is true."""
