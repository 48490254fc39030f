"""What administrators see of the web shell: users and their roles; a second factor can be reset, never read. Rooms bring their own read-only pages."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin, StackedInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from puhui.web.models import StaffProfile

admin.site.unregister(User)
admin.site.unregister(Group)


class ProfileInline(StackedInline):  # type: ignore[misc]
    model = StaffProfile
    can_delete = False


@admin.register(User)
class StaffAdmin(UserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    inlines = [ProfileInline]
    list_display = ("username", "profile", "is_active", "last_login")
    list_filter = ("is_active", "profile__role")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active", "is_staff", "is_superuser")}),
        ("时间 dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return super().get_inline_instances(request, obj) if obj else []
