"""Front door, writes: the verbs of the policy floor. One file a verb or two; this one only names them."""

from puhui.policy.operations.deciding import Application, decide
from puhui.policy.operations.draft_version import draft_version, open_rulebook, revise_draft
from puhui.policy.operations.move_version import move_version, publish_version
from puhui.policy.operations.record_decisions import Drafted, drafted, record_decisions, record_drafted
from puhui.policy.operations.run_shadows import run_shadows
from puhui.policy.operations.start_experiment import (
    ExperimentDraft,
    check_guardrails,
    start_experiment,
    stop_experiment,
)

__all__ = [
    "Application",
    "Drafted",
    "ExperimentDraft",
    "check_guardrails",
    "decide",
    "draft_version",
    "drafted",
    "move_version",
    "open_rulebook",
    "publish_version",
    "record_decisions",
    "record_drafted",
    "revise_draft",
    "run_shadows",
    "start_experiment",
    "stop_experiment",
]
