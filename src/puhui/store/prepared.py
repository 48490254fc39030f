"""What a request asks the database again and again: prepared on the server once a connection, past the ORM's query compiler.

Rule kept: the ORM's models stay the one description of tables and columns; rows are read into and written from their instances
by the fields' own conversions, so what is stored does not depend on the way it came. Only the compiling of a query (some
0.5 ms of Python each time) and the planning of it (as much again in PostgreSQL) are saved. Errors are Django's, as from a queryset.

>>> _columns_text(["id", "state"])
'"id", "state"'
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from psycopg.types.numeric import Int8

_M = TypeVar("_M", bound=models.Model)
_Convert = Callable[[Any, Any, Any], Any]


def rows(text: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows that a statement returns; JSON columns come as text, as in any cursor of Django's."""
    cursor = _asked(text, values or None)
    return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


def json_rows(columns: Mapping[str, str]) -> str:
    """Rows of one JSON text (a `%s`) in their order, as `rows` with `nth`, for FROM; column → its type. A list of texts would be escaped
    quote by quote in Python.

    >>> json_rows({"id": "bigint"})
    'ROWS FROM (json_to_recordset(%s::json) AS (id bigint)) WITH ORDINALITY AS rows(id, nth)'
    """
    typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    return f"ROWS FROM (json_to_recordset(%s::json) AS ({typed})) WITH ORDINALITY AS rows({', '.join(columns)}, nth)"


def first(text: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> tuple[Any, ...] | None:
    """The first row, or None."""
    found = rows(text, values)
    return found[0] if found else None


def moved(text: str, values: Sequence[Any] | Mapping[str, Any]) -> int:
    """Execute a statement that returns nothing; how many rows it touched."""
    return _asked(text, values).rowcount


def one(model: type[_M], where: str, values: Sequence[Any]) -> _M | None:
    """The first instance that fulfils `where` (SQL; may end in ORDER BY and FOR UPDATE), or None."""
    found = instances(model, where, values)
    return found[0] if found else None


def instances(model: type[_M], where: str, values: Sequence[Any] | Mapping[str, Any]) -> list[_M]:
    """All instances that fulfil `where`."""
    names, converts, selecting = _reading(model)
    found = rows(f"{selecting} WHERE {where}", values)
    return [
        model.from_db(connection.alias, names, [v if c is None else c(v) for c, v in zip(converts, row, strict=True)])
        for row in found
    ]


def add(row: models.Model) -> None:
    """Store a new instance; a key that PostgreSQL counts is filled in."""
    add_all([row])


def add_all(fresh: Sequence[_M]) -> None:
    """Store new instances of one model in one statement, in their order."""
    if fresh:
        _stored(fresh, _added(fresh, ""))


def added_all(fresh: Sequence[_M], *, unless: str) -> bool:
    """The same, unless a row with the same value of the unique column `unless` is there: then False, and nothing of it may be relied on.

    It waits for others who store the same value, as for a lock of that name.
    """
    found = _added(fresh, f' ON CONFLICT ("{unless}") DO NOTHING') if fresh else []
    if len(found) < len(fresh):
        return False
    _stored(fresh, found)
    return True


def _added(fresh: Sequence[_M], otherwise: str) -> list[tuple[Any, ...]]:
    _, fields, head, place, tail = _writing(type(fresh[0]))
    values = [_value(field, row) for row in fresh for field in fields]
    return rows(head + ", ".join([place] * len(fresh)) + otherwise + tail, values)


def _stored(fresh: Sequence[_M], found: Sequence[tuple[Any, ...]]) -> None:
    counted = _writing(type(fresh[0]))[0]
    for row, (key,) in zip(fresh, found, strict=True):
        if counted:
            row.pk = key
        row._state.adding, row._state.db = False, connection.alias


def change(row: models.Model, names: Sequence[str]) -> None:
    """Store the named fields of an instance that is there already."""
    fields, text = _changing(type(row), tuple(names))
    if moved(text, [*(_value(field, row) for field in fields), row.pk]) != 1:
        raise LookupError(f"{type(row).__name__} {row.pk} is not there")


@lru_cache(maxsize=256)
def _reading(model: type[models.Model]) -> tuple[list[str], list[Any], str]:
    fields = model._meta.concrete_fields
    selecting = f'SELECT {_columns_text([str(field.column) for field in fields])} FROM "{model._meta.db_table}"'
    return [field.attname for field in fields], [_converter(field) for field in fields], selecting


@lru_cache(maxsize=256)
def _writing(model: type[models.Model]) -> tuple[bool, list[Any], str, str, str]:
    key = model._meta.pk
    counted = isinstance(key, models.AutoField)
    fields = [field for field in model._meta.concrete_fields if not (counted and field is key)]
    head = f'INSERT INTO "{model._meta.db_table}" ({_columns_text([str(field.column) for field in fields])}) VALUES '
    place = f"({', '.join(['%s'] * len(fields))})"
    return counted, fields, head, place, f' RETURNING "{key.column if key else ""}"'


@lru_cache(maxsize=256)
def _changing(model: type[models.Model], names: tuple[str, ...]) -> tuple[list[Any], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    told = ", ".join(f'"{field.column}" = %s' for field in fields)
    key = model._meta.pk
    return fields, f'UPDATE "{model._meta.db_table}" SET {told} WHERE "{key.column if key else ""}" = %s'


def _converter(field: Any) -> Callable[[Any], Any] | None:
    found: list[_Convert] = [*connection.ops.get_db_converters(field.cached_col), *field.get_db_converters(connection)]
    if not found:
        return None

    def converted(value: Any) -> Any:
        for convert in found:
            value = convert(value, field.cached_col, connection)
        return value

    return converted


def _value(field: Any, row: models.Model) -> Any:
    """As the field writes it. A whole number always goes as the same type, or each size of number would be prepared anew."""
    value = field.get_db_prep_save(field.pre_save(row, True), connection)
    return Int8(value) if type(value) is int else value


def _columns_text(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _asked(text: str, values: Any) -> psycopg.Cursor[Any]:
    """The statement's cursor, one a connection: it binds on the server, in Django's own transaction, and its rows are read at once."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.connection is None:
        database.ensure_connection()
    link: Any = database.connection
    cursor: psycopg.Cursor[Any] | None = getattr(link, "_puhui_prepared", None)
    if cursor is None:
        cursor = link._puhui_prepared = psycopg.Cursor(link)
    with database.wrap_database_errors:
        return cursor.execute(text.encode(), values, prepare=True)
