"""What administrators see of the room: institutions and programmes. Looking is all; programmes come from files."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from puhui.funding.models import Institution, Programme


class _Looked(ModelAdmin):  # type: ignore[misc]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Institution)
class InstitutionAdmin(_Looked):
    list_display = ("code", "name", "lender_type", "sample")


@admin.register(Programme)
class ProgrammeAdmin(_Looked):
    list_display = (
        "code",
        "name",
        "institution_id",
        "rate_min",
        "rate_max",
        "quota_minor",
        "valid_from",
        "valid_until",
    )
