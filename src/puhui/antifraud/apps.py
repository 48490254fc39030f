"""Registers the room with Django, and its refusals with the record, so that they can be replayed."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from datetime import datetime

    from puhui.policy.core.policy_text import Policy


class AntifraudConfig(AppConfig):
    name = "puhui.antifraud"
    label = "antifraud"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from puhui.antifraud.core import refusal
        from puhui.policy import guards, replay

        replay.register(refusal.KIND, refusal.replay)
        guards.register_dated("antifraud", _stop_before_publishing)


def _stop_before_publishing(policy: "Policy", now: "datetime") -> None:
    from puhui.antifraud import dry_run  # when it is asked for: rows load after the apps

    dry_run.stop_before_publishing(policy, now=now)
