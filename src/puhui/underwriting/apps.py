"""Registers the room with Django and its decisions with the record, so that they can be replayed."""

from django.apps import AppConfig


class UnderwritingConfig(AppConfig):
    name = "puhui.underwriting"
    label = "underwriting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from puhui.policy import guards, replay
        from puhui.underwriting import credit_rules
        from puhui.underwriting.core import appraising, deciding

        replay.register("underwriting.appraisal", appraising.replay)
        replay.register("underwriting.application", deciding.replay)
        guards.register(credit_rules.KIND, credit_rules.refuse_forbidden_inputs)
