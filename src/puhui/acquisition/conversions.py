"""Conversions on their way to the media: claimed one by one, sent, settled; a crash in between sends the same key again.

A conversion is claimed under a row lock, so two workers never hold one; it is sent while the lock is held and settled in
the same transaction. A worker that dies after the media took it leaves the row queued, and the media recognises the key.
What a simulated click brought is told to the sandbox only.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
from django.db import transaction

from puhui.acquisition import models, steps
from puhui.acquisition.channels import callbacks
from puhui.acquisition.channels.callbacks import Account, Call, Told, Untellable

_CHINA = ZoneInfo("Asia/Shanghai")
MOST_ATTEMPTS = 8
_TIMEOUT = httpx.Timeout(10.0, connect=3.0)
Send = Callable[[Call], httpx.Response]


@dataclass(frozen=True, slots=True)
class Way:
    """How media are reached: our accounts, and a base address in place of all media's own (the sandbox), empty for the real ones."""

    accounts: dict[str, Account]
    base: str = ""


def send_due(way: Way, *, now: datetime, most: int = 500, send: Send | None = None) -> dict[str, int]:
    """Send what is due, oldest first; answers how many ended in which state."""
    ended: dict[str, int] = {}
    for _ in range(most):
        state = _send_one(way, now, send or _over_the_wire)
        if state is None:
            break
        ended[state] = ended.get(state, 0) + 1
    return ended


@transaction.atomic
def withdraw(subjects: Collection[str], *, now: datetime) -> int:
    """Nothing about a credit outcome of these people leaves any more, also not what waits to be told again; answers how many that stops."""
    models.MediaConsent.objects.bulk_create(
        models.MediaConsent(subject=each, given=False, at=now) for each in sorted(subjects)
    )
    kinds = [step.kind for step in steps.steps(now.astimezone(_CHINA).date()) if step.needs_consent]
    waiting = models.Conversion.objects.filter(subject__in=subjects, kind__in=kinds, state=models.Conversion.QUEUED)
    return waiting.update(state=models.Conversion.WITHDRAWN, answer="consent withdrawn", settled_at=now)


def allow(subjects: Collection[str], *, now: datetime) -> None:
    """From now on what happens may be told again; what happened in between stays untold."""
    models.MediaConsent.objects.bulk_create(
        models.MediaConsent(subject=each, given=True, at=now) for each in sorted(subjects)
    )


def told_of(subjects: Collection[str]) -> list[models.Conversion]:
    """What media were told, or are to be told, of these people, newest first."""
    return list(models.Conversion.objects.filter(subject__in=subjects).order_by("-happened_at", "kind"))


@transaction.atomic
def _send_one(way: Way, now: datetime, send: Send) -> str | None:
    row = (
        models.Conversion.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("click")
        .filter(state=models.Conversion.QUEUED, due_at__lte=now)
        .order_by("due_at", "key")
        .first()
    )
    if row is None:
        return None
    code = next(
        step.codes.get(row.media, "") for step in steps.steps(now.astimezone(_CHINA).date()) if step.kind == row.kind
    )
    told = Told(row.kind, code, str(row.key), row.happened_at, row.value_minor, row.quality)
    if row.click.raw.get("simulated") and not way.base:
        return _settle(row, models.Conversion.REFUSED, "simulated: stays on this machine", now)
    try:
        account = way.accounts.get(row.media, Account())
        call = callbacks.call(row.media, told, row.click.raw, account=account, now=now)
    except Untellable as fault:
        return _settle(row, models.Conversion.REFUSED, str(fault), now)
    row.attempts += 1
    try:
        answer = send(_rerouted(call, row.media, way.base))
    except httpx.HTTPError as fault:
        return _later(row, type(fault).__name__, now)
    taken, said = callbacks.accepted(row.media, answer.content)
    if answer.status_code == 200 and taken:
        return _settle(row, models.Conversion.SENT, said, now)
    if answer.is_client_error and answer.status_code != 429:
        return _settle(row, models.Conversion.REFUSED, f"{answer.status_code} {said}", now)
    return _later(row, f"{answer.status_code} {said}", now)


def _later(row: models.Conversion, said: str, now: datetime) -> str:
    """Again in 2, 4, 8 … minutes; after the last attempt it is given up, and the board shows it."""
    if row.attempts >= MOST_ATTEMPTS:
        return _settle(row, models.Conversion.GIVEN_UP, said, now)
    row.due_at, row.answer = now + timedelta(minutes=2**row.attempts), said[:200]
    row.save(update_fields=["due_at", "answer", "attempts"])
    return "later"


def _settle(row: models.Conversion, state: str, said: str, now: datetime) -> str:
    row.state, row.answer, row.settled_at = state, said[:200], now
    row.save(update_fields=["state", "answer", "settled_at", "attempts"])
    return state


def _rerouted(call: Call, media: str, base: str) -> Call:
    """The same call to a stand-in for the media."""
    if not base:
        return call
    _, _, rest = call.url.partition("://")
    host, slash, path = rest.partition("/")
    return Call(call.method, f"{base}/{media}{slash}{path}", call.body, {**call.headers, "X-Puhui-For": host})


def _over_the_wire(call: Call) -> httpx.Response:
    return httpx.request(call.method, call.url, content=call.body, headers=dict(call.headers), timeout=_TIMEOUT)
