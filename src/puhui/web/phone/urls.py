"""Addresses of the shop owner's phone pages."""

from django.urls import path

from puhui.web.phone import apply, apply_small, draw, early, entrance, loans, offers, pages

app_name = "phone"
urlpatterns = [
    path("", pages.home, name="home"),
    path("hello/", entrance.hello, name="hello"),
    path("login/", entrance.login, name="login"),
    path("login/code/", entrance.code, name="code"),
    path("logout/", entrance.logout, name="logout"),
    path("apply/", apply.apply, name="apply"),
    path("start/", apply_small.start, name="start"),
    path("small/<str:segment>/send/", apply_small.send, name="small_send"),
    path("small/<str:segment>/<str:name>/", apply_small.step, name="small_step"),
    path("answers/<str:application_id>/", pages.answer, name="answer"),
    path("offers/<str:offer_id>/", offers.one, name="offer"),
    path("offers/<str:offer_id>/form/", offers.form, name="form"),
    path("offers/<str:offer_id>/accept/", offers.accept, name="accept"),
    path("offers/<str:offer_id>/decline/", offers.decline, name="decline"),
    path("loans/", loans.index, name="loans"),
    path("loans/<str:loan_id>/", loans.one, name="loan"),
    path("loans/<str:loan_id>/draw/", draw.draw, name="draw"),
    path("loans/<str:loan_id>/early/", early.early, name="early"),
    path("loans/<str:loan_id>/papers/<str:kind>.pdf", loans.paper, name="paper"),
    path("loans/<str:loan_id>/receipts/<str:fact_id>.pdf", loans.receipt, name="receipt"),
    path("shop/", pages.shop, name="shop"),
    path("shop/<str:shop_id>/vat/", pages.vat, name="vat"),
    path("consents/<str:consent_id>/withdraw/", pages.withdraw, name="withdraw"),
    path("help/", pages.helped, name="help"),
]
