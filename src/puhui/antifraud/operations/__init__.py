"""Front door, writes: the verbs of anti-fraud. One file a verb or two; this one only names them."""

from puhui.antifraud.core.facts import ApplicationFacts, EntitySeen
from puhui.antifraud.operations.assess import assess, assess_many, carry_over
from puhui.antifraud.operations.leads import raise_lead
from puhui.antifraud.operations.record_refusal import record_refusal

__all__ = [
    "ApplicationFacts",
    "EntitySeen",
    "assess",
    "assess_many",
    "carry_over",
    "raise_lead",
    "record_refusal",
]
