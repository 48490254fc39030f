"""Registers the room with Django and its decisions with the record, so that they can be replayed."""

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from puhui.policy.core.scorer import Scorer


class UnderwritingConfig(AppConfig):
    name = "puhui.underwriting"
    label = "underwriting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from puhui.policy import guards, replay, scorers
        from puhui.underwriting import credit_rules
        from puhui.underwriting.core import appraising, deciding

        replay.register("underwriting.appraisal", appraising.replay)
        replay.register("underwriting.application", deciding.replay)
        guards.register(credit_rules.KIND, credit_rules.refuse_forbidden_inputs)
        scorers.register("underwriting.model", _find_model)


def _find_model(version: str) -> "Scorer | None":
    from puhui.underwriting import model_scorer  # when it is asked for: models and their libraries load with the first

    return model_scorer.find(version)
