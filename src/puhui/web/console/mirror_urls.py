"""Addresses of Mirror's pages, under the console's name."""

from django.urls import path

from puhui.web.console import mirror, mirror_models

urlpatterns = [
    path("mirror/", mirror.index, name="mirror"),
    path("mirror/lists/", mirror.lists, name="mirror_lists"),
    path("mirror/lists/<str:listing_id>/end/", mirror.end_listing, name="mirror_end_listing"),
    path("mirror/measures/", mirror.measures, name="mirror_measures"),
    path("mirror/rules/", mirror.rules, name="mirror_rules"),
    path("mirror/rules/begin/", mirror.begin, name="mirror_begin"),
    path("mirror/rules/<str:version_id>/", mirror.dry, name="mirror_dry_run"),
    path("mirror/models/", mirror_models.index, name="mirror_models"),
    path("mirror/models/train/", mirror_models.train, name="mirror_train"),
    path("mirror/models/<str:model_id>/approve/", mirror_models.approve, name="mirror_approve"),
    path("mirror/alerts/<int:alert_id>/seen/", mirror_models.seen, name="mirror_alert_seen"),
    path("mirror/cases/<str:case_id>/", mirror.case, name="mirror_case"),
    path("mirror/cases/<str:case_id>/act/", mirror.act, name="mirror_act"),
    path("mirror/appeals/<str:appeal_id>/answer/", mirror.answer_appeal, name="mirror_answer_appeal"),
    path("mirror/rings/<str:application_key>/", mirror.ring, name="mirror_ring"),
    path("mirror/rings/<str:application_key>/payee/", mirror.name_payee, name="mirror_name_payee"),
    path("mirror/rings/<str:application_key>/lead/", mirror.raise_lead, name="mirror_raise_lead"),
]
