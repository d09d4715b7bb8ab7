"""The project's own linters, type checkers and scanners: called where that is safe, their findings in one form."""

from aura_code.tools.calling import NotRun, ToolRun, ToolsOutcome, Trust, run_tools, trust_for
from aura_code.tools.same import merge_findings, not_told

__all__ = ["NotRun", "ToolRun", "ToolsOutcome", "Trust", "merge_findings", "not_told", "run_tools", "trust_for"]
