"""Reads requirements documents and plans into epics, stories, tasks and requirements, by their form alone.

No model is asked: the same bytes always give the same result, and each item names the lines that it stands in.
"""
