"""Registers the web shell with Django, and our own site in place of Django's admin site."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class WebConfig(AppConfig):
    name = "puhui.web"
    label = "web"
    default = True
    default_auto_field = "django.db.models.BigAutoField"


class OfficeAdminConfig(admin_apps.AdminConfig):
    """Django's admin, entered only by an administrator who gave a second factor."""

    default = False
    default_site = "puhui.web.office.OfficeSite"
