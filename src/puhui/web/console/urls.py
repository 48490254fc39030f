"""Addresses of the console."""

from django.urls import path

from puhui.web.console import (
    book,
    closing,
    decisions,
    firms,
    home,
    institutions,
    loan_events,
    loans,
    offer_book,
    people,
    reviews,
)

app_name = "console"
urlpatterns = [
    path("", home.index, name="home"),
    path("firms/", firms.index, name="firms"),
    path("firms/<str:code>/", firms.one, name="firm"),
    path("offer-book/", offer_book.index, name="offer_book"),
    path("offer-book/solved/", offer_book.solved, name="solved"),
    path("loans/", loans.index, name="loans"),
    path("loans/<str:loan_id>/", loans.one, name="loan"),
    path("loans/<str:loan_id>/payoff/", loans.payoff, name="payoff"),
    path("loans/<str:loan_id>/accruals/", loans.accruals, name="accruals"),
    path("loans/<str:loan_id>/papers/<str:kind>.pdf", loans.paper, name="paper"),
    path("loans/<str:loan_id>/receipts/<str:fact_id>.pdf", loans.receipt, name="receipt"),
    path("loans/<str:loan_id>/events/<str:kind>/", loan_events.event, name="event"),
    path("institutions/", institutions.index, name="institutions"),
    path("institutions/<str:institution_id>/", institutions.one, name="institution"),
    path("closing/", closing.index, name="closing"),
    path("closing/run/", closing.run, name="run_closing"),
    path("closing/progress/", closing.progress, name="closing_progress"),
    path("book/", book.index, name="book"),
    path("book/<str:name>.csv", book.download, name="book_table"),
    path("people/", people.search, name="people"),
    path("people/<str:person_id>/", people.one, name="person"),
    path("people/<str:person_id>/reveal/", people.reveal, name="reveal"),
    path("reviews/", reviews.index, name="reviews"),
    path("reviews/<str:application_id>/release/", reviews.release, name="release"),
    path("decisions/", decisions.index, name="decisions"),
    path("decisions/<str:decision_id>/", decisions.one, name="decision"),
    path("decisions/<str:decision_id>/replay/", decisions.run_again, name="replay"),
]
