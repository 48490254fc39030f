"""Addresses of the policy pages, under the console's name."""

from django.urls import path

from puhui.web.console import policies, policy_trials

urlpatterns = [
    path("policies/", policies.index, name="policies"),
    path("policies/first/", policies.first, name="policy_first"),
    path("policies/<str:version_id>/", policies.one, name="policy"),
    path("policies/<str:version_id>/act/", policies.act, name="policy_act"),
    path("policies/<str:version_id>/draft/", policies.begin, name="policy_draft"),
    path("policies/<str:version_id>/edit/", policies.edit, name="policy_edit"),
    path("policies/<str:version_id>/check/", policies.check_condition, name="policy_check"),
    path("policies/<str:version_id>/backtest/", policies.backtest, name="policy_backtest"),
    path("experiments/<str:kind>/", policy_trials.index, name="policy_trials"),
    path("experiments/<str:kind>/start/", policy_trials.start, name="policy_trial_start"),
    path("experiment/<str:experiment_id>/stop/", policy_trials.stop, name="policy_trial_stop"),
]
