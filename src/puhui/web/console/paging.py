"""A page that a query has cut already, in the shape the template's pager reads.

>>> Pages(2, 3, 120).has_next(), Pages(3, 3, 120).has_next()
(True, False)
"""

from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Pages:
    """Page `number` of `num_pages`, over `count` rows."""

    number: int
    num_pages: int
    count: int

    @property
    def paginator(self) -> "Pages":
        return self

    def has_previous(self) -> bool:
        return self.number > 1

    def has_next(self) -> bool:
        return self.number < self.num_pages

    def previous_page_number(self) -> int:
        return self.number - 1

    def next_page_number(self) -> int:
        return self.number + 1


def page_number(request: HttpRequest) -> int:
    """The page asked for; anything that is no page is the first."""
    text = request.GET.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 9 else 1
