"""Findings: rules over syntax, what they report, how it is kept, suppressed, fixed and exported."""
