"""What administrators see of this floor: who looked at which sealed value, and why. Looking is all."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from puhui.parties.models import Reveal


@admin.register(Reveal)
class RevealAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = fields = ("seen_at", "seen_by", "field", "person_id", "reason")
    search_fields = ("seen_by", "person__id", "reason")
    list_filter = ("field",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
