"""Who is asking: the platform's own staff and jobs, or one institution. PostgreSQL answers accordingly.

The session setting `puhui.tenant` is read by row-level security. Unset, a protected table shows nothing, so a
forgotten filter (or a forgotten scope) leaks nothing. An institution's id can never be the word `platform`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError

from puhui.store import prepared

PLATFORM = "platform"
NOBODY = ""
_EXCHANGE = (
    "WITH before AS MATERIALIZED (SELECT coalesce(current_setting('puhui.tenant', true), '') AS tenant)"
    " SELECT tenant, set_config('puhui.tenant', %s, false) FROM before"
)


def enter(tenant: str) -> None:
    """Set the tenant of this connection until the next `enter`."""
    prepared.rows("SELECT set_config('puhui.tenant', %s, false)", [tenant])


def current() -> str:
    """The tenant PostgreSQL sees now."""
    ((tenant,),) = prepared.rows("SELECT coalesce(current_setting('puhui.tenant', true), '')")
    return str(tenant)


@contextmanager
def scope(tenant: str) -> Iterator[None]:
    """Run a block as one tenant and return to the former one, also when it fails.

    Enter it outside a transaction: a rollback also undoes the setting, which is safe (it falls back, never forward).
    """
    before = _exchanged(tenant)
    try:
        yield
    except BaseException:
        with suppress(DatabaseError):  # an aborted transaction answers nothing; its rollback undoes the setting
            enter(before)
        raise
    if before != tenant:  # else the block, whose own scopes ended, has left what was there before
        enter(before)


def _exchanged(tenant: str) -> str:
    """Set the tenant and say which it was, in one round trip. The former one is read in a step before the new one is set."""
    ((before, _),) = prepared.rows(_EXCHANGE, [tenant])
    return str(before)
