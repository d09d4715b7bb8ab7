"""Questions that REST and MCP pass on as they are: an address, a message of the bus, and words for agents."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, create_model

from aura_gateway.git_questions import GIT_QUESTIONS
from aura_gateway.plan_documents_questions import PLAN_DOCUMENTS_QUESTIONS
from aura_gateway.plan_drift_questions import PLAN_DRIFT_QUESTIONS
from aura_gateway.plan_exchange_questions import PLAN_EXCHANGE_QUESTIONS
from aura_gateway.plan_forecast_questions import PLAN_FORECAST_QUESTIONS
from aura_gateway.plan_item_questions import PLAN_ITEM_QUESTIONS
from aura_gateway.plan_order_questions import PLAN_ORDER_QUESTIONS
from aura_gateway.plan_progress_questions import PLAN_PROGRESS_QUESTIONS
from aura_gateway.plan_proposals_questions import PLAN_PROPOSAL_QUESTIONS
from aura_gateway.plan_tracing_questions import PLAN_TRACING_QUESTIONS
from aura_gateway.planning_questions import PLANNING_QUESTIONS
from aura_gateway.question import LONG_S, Question, Toolset
from aura_shared.messages import assist, changes, findings, gaps, insight, models, refactoring, similar, structure
from aura_shared.messages.core import Request

__all__ = ["QUESTIONS", "TOOLSETS", "Question", "Toolset", "body_of"]

TOOLSETS: Final[Sequence[Toolset]] = (
    "structure", "findings", "similar", "overview", "changes", "assist", "models", "git", "git-write", "plan",
    "plan-more",
)  # fmt: skip

QUESTIONS: Final[Sequence[Question]] = (
    Question(
        "references", structure.FindReferences, "structure", "find_references", "Find references",
        "Where a symbol is used, resolved through imports, scopes and types, each with a confidence. Use instead of "
        "searching for its name before you rename or change it.",
    ),
    Question(
        "calls", structure.FindCalls, "structure", "find_calls", "Find callers or callees",
        "Who calls a function, or what it calls, up to five steps.",
    ),
    Question(
        "hierarchy", structure.FindHierarchy, "structure", "type_hierarchy", "Show the type hierarchy",
        "Supertypes, subtypes, implementations and overrides of a type or method.",
    ),
    Question(
        "imports", structure.FindImports, "structure", "file_imports", "Find imports",
        "What a file imports and who imports it.",
    ),
    Question(
        "impact", structure.AskImpact, "structure", "change_impact", "Ask for the impact",
        "What may break when a symbol or file changes: users by distance, public API, tests that reach it. Use before "
        "a change, and to choose the tests to run after it.",
    ),
    Question(
        "tests-for", structure.FindTests, "structure", "tests_for", "Find tests",
        "The tests that reach a symbol or file, nearest first.",
    ),
    Question(
        "dead-code", structure.FindDeadCode, "structure", "dead_code", "Find dead code",
        "Definitions that nothing seems to reach, with the reason. Check before deleting.",
    ),
    Question(
        "cycles", structure.FindCycles, "structure", "import_cycles", "Find import cycles",
        "Files that import one another in circles.",
    ),
    Question(
        "entry-points", structure.FindEntryPoints, "structure", "entry_points", "Find entry points",
        "Where something outside the code enters it: programs, handlers, commands.",
    ),
    Question(
        "analyze", findings.AnalyzeProject, "findings", "analyze_code", "Analyse now",
        "Analyse the project, or what changed, with Aura's rules and the project's own linters; wait for the result. "
        "Use after editing, with changed=true.",
    ),
    Question(
        "findings", findings.ListFindings, "findings", "list_findings", "List findings",
        "What rules and tools found so far, worst first; filter by path, rule, level, category.",
    ),
    Question(
        "finding/explain", findings.ExplainFinding, "findings", "explain_finding", "Explain a finding",
        "Why a finding matters, how to mend it, its certain fix, how to silence it.",
    ),
    Question(
        "findings/fix", findings.FixFindings, "findings", "fix_findings", "Show fixes",
        "Certain fixes of findings as diffs. refactor_code with kind fix-findings makes a checked change of them.",
    ),
    Question(
        "findings/baseline", findings.WriteBaseline, "findings", "write_baseline", "Write the baseline",
        "Silence what is found today in .aura/baseline.json, so that only new findings count. Only when a person asks "
        "for it.", writes=True, approval=True,
    ),
    Question(
        "findings/summary", findings.SummariseFindings, "findings", "summarise_findings", "Summarise findings",
        "Findings counted by level, category, rule and folder, with the trend.",
    ),
    Question(
        "findings/sarif", findings.ExportSarif, "findings", "export_sarif", "Export SARIF",
        "All findings as a SARIF 2.1.0 log.",
    ),
    Question(
        "rules", findings.ListRules, "findings", "list_rules", "List rules",
        "The rules and whether they are on here; name some for their explanations.",
    ),
    Question(
        "gaps", gaps.FindGaps, "findings", "find_gaps", "Find gaps",
        "What the project lacks: error handling, logging, tests, documentation, types, files; old TODOs; each with an "
        "offer.",
    ),
    Question(
        "dependencies", gaps.ScanDependencies, "findings", "scan_dependencies", "Scan dependencies",
        "What the project depends on, missing lock files, and known vulnerabilities as far as the settings allow.",
    ),
    Question(
        "structural", similar.SearchStructure, "similar", "search_structure", "Search by structure",
        "Find code by its syntax: a pattern such as `requests.get($URL)` or `if ($A == null) { $$$ }`, or an ast-grep "
        "rule; with rewrite, what each hit would become.",
    ),
    Question(
        "clones", similar.FindClones, "similar", "find_clones", "Find clones",
        "Groups of functions that are copies of one another, what differs, and whether extracting would pay.",
    ),
    Question(
        "similar", similar.FindSimilar, "similar", "find_similar", "Find similar code",
        "Functions like the one at a place, or like a piece of code that you are about to write.",
    ),
    Question(
        "neighbours", similar.FindNeighbours, "similar", "find_neighbours", "Find neighbours in meaning",
        "Functions that speak of the same things as a place or a text; needs Aura's extra `semantic`.",
    ),
    Question(
        "symbol-map", insight.MapSymbols, "overview", "symbol_map", "Map the symbols",
        "Signatures of the most important definitions within a token budget, ranked by who refers to them; focus on "
        "files or a query. Use at the start of a task in unknown code.",
    ),
    Question(
        "context", insight.PackContext, "overview", "pack_context", "Pack context",
        "The best context about a file, symbol or question within a token budget: its code, callers, callees, types, "
        "tests. Use before changing something.",
    ),
    Question(
        "tree", insight.ShowTree, "overview", "project_tree", "Show the tree",
        "Files and folders with sizes and languages.",
    ),
    Question(
        "hotspots", insight.FindHotspots, "overview", "hotspots", "Find hotspots",
        "Files where frequent change and complexity meet.",
    ),
    Question(
        "report", insight.MakeReport, "overview", "project_report", "Report on a project",
        "A whole report: architecture, entry points, dependencies, hotspots, risks, gaps, conventions. Long; ask for "
        "it only when a report is wanted.",
    ),
    Question(
        "changes", changes.ListChanges, "changes", "list_changes", "List changes",
        "Changes that were proposed, applied or undone in the project.",
    ),
    Question(
        "changes/show", changes.ShowChange, "changes", "show_change", "Show a change",
        "A change with its hunks, what was decided on each, what was checked, and whether it still fits the files.",
    ),
    Question(
        "changes/propose", changes.ProposeChange, "changes", "propose_change", "Propose a change",
        "Put edits of one or more files before the person as a change to review hunk by hunk, instead of writing "
        "files. Give each file its whole new text, or edits with the hash of the text they were made from.",
    ),
    Question(
        "changes/decide", changes.DecideHunks, "changes", "decide_hunks", "Decide on hunks",
        "Accept or reject hunks of a change, or comment on them, as the person said.",
    ),
    Question(
        "changes/edit", changes.EditProposal, "changes", "edit_proposal", "Edit a proposal",
        "Give a file of a proposed change another text before it is applied.",
    ),
    Question(
        "changes/apply", changes.ApplyChange, "changes", "apply_change", "Apply a change",
        "Write the accepted hunks of a change to the files; needs the person's approval. It can be undone.",
        writes=True, approval=True,
    ),
    Question(
        "changes/undo", changes.UndoChange, "changes", "undo_change", "Undo a change",
        "Take an applied change back; needs the person's approval.", writes=True, approval=True,
    ),
    Question(
        "opportunities", refactoring.FindOpportunities, "assist", "find_opportunities", "Find what to refactor",
        "What is worth refactoring, to the standards of the team, with the figures that speak for it.",
    ),
    Question(
        "refactoring", refactoring.PlanRefactoring, "assist", "plan_refactoring", "Plan a refactoring",
        "The exact edits of a rename, an extraction, a clean-up of imports and the like, without a model; nothing is "
        "written. refactor_code makes a checked change of them.",
    ),
    Question(
        "conventions", refactoring.MeasureConventions, "assist", "measure_conventions", "Measure conventions",
        "How code is written here: names, quotes, types, errors, tests, imports, documentation. Use before writing "
        "code.",
    ),
    Question(
        "assist/explain", assist.ExplainCode, "assist", "explain_code", "Explain code",
        "What a place, a definition or a finding is about, who depends on it, and why it is so.", timeout_s=LONG_S,
    ),
    Question(
        "assist/ask", assist.AskCode, "assist", "ask_code", "Ask about the code",
        "An answer in words with the places that it rests on. For places alone code_search is quicker.",
        timeout_s=LONG_S,
    ),
    Question(
        "assist/generate", assist.GenerateCode, "assist", "generate_code", "Generate code",
        "Have the local model write code in the style of the project, as a checked change to review.",
        timeout_s=LONG_S,
    ),
    Question(
        "assist/refactor", assist.RefactorCode, "assist", "refactor_code", "Refactor code",
        "A refactoring as a change to review: parsed, linted and tested in a sandbox before it is offered.",
        timeout_s=LONG_S,
    ),
    Question(
        "assist/review", assist.ReviewChange, "assist", "review_change", "Review a change",
        "Review commits, what is staged, the work tree or a patch: risk, findings on changed lines, breaking API "
        "changes, missing tests, questions to the author.", timeout_s=LONG_S,
    ),
    Question(
        "prompts", assist.ListPrompts, "assist", "list_prompts", "List prompts",
        "The prompts that Aura uses, with version and text.",
    ),
    Question(
        "sandbox", assist.AskSandbox, "assist", "sandbox_status", "Ask for the sandbox",
        "How code of others is confined on this machine, and what that does not stop.",
    ),
    Question(
        "models", models.ListModels, "models", "list_models", "List models",
        "Local model servers, their models, and which plays which role.",
    ),
    Question(
        "models/test", models.TestModel, "models", "test_model", "Test a model",
        "What a model can do: context that is really honoured, schemas, edit formats, speed. Takes minutes.",
        timeout_s=LONG_S,
    ),
    Question(
        "models/stats", models.AskModelStats, "models", "model_stats", "Ask for figures of models",
        "How models did by role and task: outcomes, times, tokens, trials.",
    ),
    Question(
        "models/cache/clear", models.ClearModelCache, "models", "clear_model_cache", "Clear kept answers",
        "Forget answers that were kept.",
    ),
    *GIT_QUESTIONS,
    *PLANNING_QUESTIONS,
    *PLAN_ITEM_QUESTIONS,
    *PLAN_DRIFT_QUESTIONS,
    *PLAN_TRACING_QUESTIONS,
    *PLAN_EXCHANGE_QUESTIONS,
    *PLAN_ORDER_QUESTIONS,
    *PLAN_PROGRESS_QUESTIONS,
    *PLAN_PROPOSAL_QUESTIONS,
    *PLAN_FORECAST_QUESTIONS,
    *PLAN_DOCUMENTS_QUESTIONS,
)  # fmt: skip
"""All of them, by toolset."""


@cache
def body_of(kind: type[Request[Any]]) -> type[BaseModel]:
    """The body that REST takes for a question: the message, but a field that it does not have is refused."""
    return create_model(
        f"{kind.__name__}Body",
        __base__=kind,
        __doc__=kind.__doc__,
        __cls_kwargs__={"extra": "forbid", "defer_build": False},
    )
