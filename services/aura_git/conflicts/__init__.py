"""Resolves conflicts where that is certain, and explains the rest: functions of three texts, without git."""
