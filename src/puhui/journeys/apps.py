"""Registers the journeys (and their jobs) with Django, and what a person decided in them with the record."""

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "puhui.journeys"
    label = "journeys"

    def ready(self) -> None:
        from puhui.journeys import release
        from puhui.policy import replay

        replay.register(release.KIND, release.replay)
