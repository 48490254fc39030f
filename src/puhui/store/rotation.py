"""Key rotation: seal every sealed column of every table under the current key, in small transactions."""

from django.apps import apps
from django.db import models, transaction

from puhui.store import keyring, sealed

_BATCH = 500


def reseal_all() -> int:
    """Values sealed anew. May be stopped and run again; what is already under the current key is left alone."""
    return sum(
        _reseal(model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, sealed.SealedField)
    )


def _reseal(model: type[models.Model], field: sealed.SealedField) -> int:
    head, done = keyring.load().current.encode() + b"\x1f", 0
    table, column, key = model._meta.db_table, field.column, model._meta.pk.column  # type: ignore[union-attr]
    while True:
        with transaction.atomic():
            rows = list(
                model._default_manager.raw(  # type: ignore[attr-defined]
                    f'SELECT * FROM "{table}" WHERE "{column}" IS NOT NULL'
                    f' AND substring("{column}" FOR %s) <> %s ORDER BY "{key}" LIMIT %s FOR UPDATE',
                    [len(head), head, _BATCH],
                )
            )
            for row in rows:
                row.save(update_fields=[field.name])
        done += len(rows)
        if len(rows) < _BATCH:
            return done
