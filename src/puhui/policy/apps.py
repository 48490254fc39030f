"""Registers the policy floor with Django, and its rulebooks' decisions with the record, so that they can be replayed."""

from django.apps import AppConfig


class PolicyConfig(AppConfig):
    name = "puhui.policy"
    label = "policy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from puhui.policy import replay
        from puhui.policy.operations.deciding import KIND_PREFIX, SHADOW_PREFIX, replay_batch

        for prefix in (KIND_PREFIX, SHADOW_PREFIX):
            replay.register_prefix(prefix, replay_batch)
