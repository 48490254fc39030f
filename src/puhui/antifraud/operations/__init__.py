"""Front door, writes: the verbs of anti-fraud. One file a verb or two; this one only names them."""

from puhui.antifraud.core.facts import ApplicationFacts, EntitySeen
from puhui.antifraud.core.trades import Counterparty
from puhui.antifraud.operations.appeal import answer_appeal, raise_appeal
from puhui.antifraud.operations.assess import assess, assess_many, carry_over
from puhui.antifraud.operations.complaints import ComplaintDraft, leads_from_complaints, record_complaint
from puhui.antifraud.operations.leads import raise_lead
from puhui.antifraud.operations.learn_peers import learn_peers
from puhui.antifraud.operations.list_entity import EntryDraft, end_listing, list_keys
from puhui.antifraud.operations.move_case import add_note, lock_tipping_off, move_case
from puhui.antifraud.operations.name_payee import PayeeDraft, name_payee
from puhui.antifraud.operations.record_refusal import record_refusal
from puhui.antifraud.operations.train_model import approve_model, retrain_if_due, train_model
from puhui.antifraud.operations.watch_groups import watch_groups
from puhui.antifraud.operations.watch_models import mark_alert_seen, watch_models

__all__ = [
    "ApplicationFacts",
    "ComplaintDraft",
    "Counterparty",
    "EntitySeen",
    "EntryDraft",
    "PayeeDraft",
    "add_note",
    "answer_appeal",
    "approve_model",
    "assess",
    "assess_many",
    "carry_over",
    "end_listing",
    "leads_from_complaints",
    "learn_peers",
    "list_keys",
    "lock_tipping_off",
    "mark_alert_seen",
    "move_case",
    "name_payee",
    "raise_appeal",
    "raise_lead",
    "record_complaint",
    "record_refusal",
    "retrain_if_due",
    "train_model",
    "watch_groups",
    "watch_models",
]
