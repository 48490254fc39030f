"""Registers the journeys (and their jobs) with Django."""

from django.apps import AppConfig


class JourneysConfig(AppConfig):
    name = "puhui.journeys"
    label = "journeys"
