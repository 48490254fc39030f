"""Addresses of Octopus's pages, under the console's name."""

from django.urls import path

from puhui.web.console import (
    octopus,
    octopus_budgets,
    octopus_costs,
    octopus_delivery,
    octopus_effects,
    octopus_experiments,
)

urlpatterns = [
    path("octopus/", octopus.index, name="octopus"),
    path("octopus/lines/", octopus.lines, name="octopus_lines"),
    path("octopus/costs/", octopus_costs.index, name="octopus_costs"),
    path("octopus/returns/", octopus_costs.back, name="octopus_returns"),
    path("octopus/attribution/", octopus_effects.attribution, name="octopus_attribution"),
    path("octopus/answers/", octopus_effects.answers, name="octopus_answers"),
    path("octopus/quality/", octopus_delivery.quality, name="octopus_quality"),
    path("octopus/delivery/", octopus_delivery.index, name="octopus_delivery"),
    path("octopus/delivery/switch/", octopus_delivery.switch, name="switch_octopus"),
    path("octopus/delivery/hand-over/", octopus_delivery.hand_over, name="hand_over_octopus"),
    path("octopus/experiments/", octopus_experiments.index, name="octopus_experiments"),
    path("octopus/experiments/start/", octopus_experiments.start, name="start_octopus_experiment"),
    path("octopus/experiments/<str:experiment_id>/", octopus_experiments.one, name="octopus_experiment"),
    path("octopus/experiments/<str:experiment_id>/stop/", octopus_experiments.stop, name="stop_octopus_experiment"),
    path("octopus/budgets/", octopus_budgets.index, name="octopus_budgets"),
    path("octopus/budgets/apply/", octopus_budgets.apply, name="apply_octopus_budgets"),
    path("octopus/campaigns/", octopus.all_campaigns, name="campaigns"),
    path("octopus/campaigns/create/", octopus.create, name="create_campaign"),
    path("octopus/campaigns/<str:campaign_id>/", octopus.campaign, name="campaign"),
    path("octopus/campaigns/<str:campaign_id>/word/", octopus.word, name="word_campaign"),
    path("octopus/campaigns/<str:campaign_id>/act/", octopus.act, name="act_campaign"),
]
