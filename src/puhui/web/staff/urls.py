"""Addresses of staff log-in."""

from django.urls import path

from puhui.web.staff import views

app_name = "staff"
urlpatterns = [
    path("login/", views.PasswordView.as_view(), name="login"),
    path("login/code/", views.code, name="code"),
    path("login/enrol/", views.enrol, name="enrol"),
    path("logout/", views.logout, name="logout"),
]
