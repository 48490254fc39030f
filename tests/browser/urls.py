"""The house's addresses with the SMS sandbox, as with PUHUI_SANDBOX=1."""

from django.urls import include, path

from puhui.web.urls import handler400, handler403, handler404, handler500
from puhui.web.urls import urlpatterns as of_the_house

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
urlpatterns = [*of_the_house, path("sandbox/", include("puhui.web.sandbox.urls"))]
