"""What a request asks the database again and again: prepared on the server once a connection, past the ORM's query compiler.

Rule kept: the ORM's models stay the one description of tables and columns; rows are read into and written from their instances
by the fields' own conversions, so what is stored does not depend on the way it came. Only the compiling of a query (some
0.5 ms of Python each time), the planning of it (as much again in PostgreSQL) and most of the driver's own bookkeeping are saved
(decision 0187). Errors are Django's, as from a queryset.

>>> _columns_text(["id", "state"])
'"id", "state"'
"""

import re
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from select import POLLIN, poll
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.types.numeric import Int8

_M = TypeVar("_M", bound=models.Model)
_Convert = Callable[[Any, Any, Any], Any]
_PLACE = re.compile(r"%(?:%|s|\((\w+)\)s)")
_MOST_PREPARED = 200  # statements that a connection keeps


def rows(text: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """All rows that a statement returns; JSON columns come as text, as in any cursor of Django's."""
    return _asked(text, values)[0]


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
    return _asked(text, values)[1]


def one(model: type[_M], where: str, values: Sequence[Any]) -> _M | None:
    """The first instance that fulfils `where` (SQL; may end in ORDER BY and FOR UPDATE), or None."""
    found = instances(model, where, values)
    return found[0] if found else None


def instances(model: type[_M], where: str, values: Sequence[Any] | Mapping[str, Any]) -> list[_M]:
    """All instances that fulfil `where`."""
    names, converts, selecting = _reading(model)
    found = rows(f"{selecting} WHERE {where}", values)
    return [
        model.from_db(DEFAULT_DB_ALIAS, names, [v if c is None else c(v) for c, v in zip(converts, row, strict=True)])
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
    values = [_value(field, plain, row) for row in fresh for field, plain in fields]
    return rows(head + ", ".join([place] * len(fresh)) + otherwise + tail, values)


def _stored(fresh: Sequence[_M], found: Sequence[tuple[Any, ...]]) -> None:
    counted = _writing(type(fresh[0]))[0]
    for row, (key,) in zip(fresh, found, strict=True):
        if counted:
            row.pk = key
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def change(row: models.Model, names: Sequence[str]) -> None:
    """Store the named fields of an instance that is there already."""
    fields, text = _changing(type(row), tuple(names))
    if moved(text, [*(_value(field, plain, row) for field, plain in fields), row.pk]) != 1:
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
    fields = [(field, _plain(field)) for field in model._meta.concrete_fields if not (counted and field is key)]
    head = f'INSERT INTO "{model._meta.db_table}" ({_columns_text([str(field.column) for field, _ in fields])}) VALUES '
    place = f"({', '.join(['%s'] * len(fields))})"
    return counted, fields, head, place, f' RETURNING "{key.column if key else ""}"'


@lru_cache(maxsize=256)
def _changing(model: type[models.Model], names: tuple[str, ...]) -> tuple[list[Any], str]:
    fields: list[Any] = [(field, _plain(field)) for field in map(model._meta.get_field, names)]
    told = ", ".join(f'"{field.column}" = %s' for field, _ in fields)
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


_PLAIN: dict[type, type] = {
    models.CharField: str, models.TextField: str, models.BooleanField: bool, models.FloatField: float,
    models.IntegerField: int, models.SmallIntegerField: int, models.BigIntegerField: int, models.PositiveIntegerField: int,
    models.DateField: date, models.DateTimeField: datetime,
}  # fmt: skip


def _plain(field: Any) -> type | None:
    """The type of value that a field writes as it is, so that it need not be asked of each value; None: ask it."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    dated = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return None if dated else _PLAIN.get(type(field))


def _value(field: Any, plain: type | None, row: models.Model) -> Any:
    """As the field writes it. A whole number always goes as the same type, or each size of number would be prepared anew."""
    value: Any = row.__dict__.get(field.attname)
    if type(value) is not plain or (isinstance(value, datetime) and value.tzinfo is None):
        value = field.get_db_prep_save(field.pre_save(row, True), connection)
    return Int8(value) if type(value) is int else value


def _columns_text(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _asked(text: str, values: Sequence[Any] | Mapping[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
    """The rows of a statement and how many it touched or found. It binds on the server, in Django's own transaction."""
    database = connections[DEFAULT_DB_ALIAS]
    with database.wrap_database_errors:
        return _line_of(database).ask(text, values)


def together(asked: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
    """The rows of several statements, as named tuples, in one round trip."""
    database = connections[DEFAULT_DB_ALIAS]
    with database.wrap_database_errors:
        return _line_of(database).ask_together(asked)


def _heads(result: Any) -> tuple[str, ...]:
    return tuple(result.fname(place).decode() for place in range(result.nfields))


@lru_cache(maxsize=256)
def _named(heads: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    row: Any = namedtuple("Row", heads, rename=True)  # type: ignore[misc]
    return row._make  # type: ignore[no-any-return]


def _line_of(database: Any) -> "_Line":
    database.close_if_health_check_failed()  # once a request, as before the first statement of any cursor
    if database.connection is None:
        database.ensure_connection()
    link = database.connection
    line: _Line | None = getattr(link, "_puhui_line", None)
    if line is None:
        line = link._puhui_line = _Line(link)
    return line


class _Line:
    """One connection's prepared statements, spoken over psycopg's own libpq layer and with its adapters.

    Its cursors do the same with some four times the Python; they are meant for statements that may be anything. They must prepare
    nothing themselves (`prepare_threshold` is None): at a rollback they would drop all names, ours too. Ctrl-C is heard when a statement has ended.
    """

    def __init__(self, link: "psycopg.Connection[Any]") -> None:
        self._link = link
        self._wire: Any = link.pgconn  # its stubs know no NULL among values
        self._adapters = Transformer.from_context(link)
        self._texts: dict[str, tuple[bytes, tuple[str, ...]]] = {}
        self._names: OrderedDict[tuple[str, tuple[int, ...]], bytes] = OrderedDict()
        self._given = 0

    def ask(self, text: str, values: Sequence[Any] | Mapping[str, Any]) -> tuple[list[tuple[Any, ...]], int]:
        name, bound, formats = self._bound(text, values)
        result = self._sound(self._wire.exec_prepared(name, bound, formats))
        return self._rows(result, tuple), result.ntuples or result.command_tuples or 0

    def ask_together(self, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
        """Rows of each statement as named tuples; sent at once, answered at once (libpq's pipeline). After a fault none of the rest runs."""
        bound = [self._bound(text, values) for text, values in asked]
        self._wire.enter_pipeline_mode()
        try:
            for name, values, formats in bound:
                self._wire.send_query_prepared(name, values, formats)
            self._wire.pipeline_sync()
            results = []
            for _ in bound:
                results.append(self._result())
                self._result()  # the end of a statement's results
            self._result()  # the end of them all
        finally:
            self._wire.exit_pipeline_mode()
        return [self._rows(result, _named(_heads(result))) for result in map(self._sound, results)]

    def _bound(self, text: str, values: Sequence[Any] | Mapping[str, Any]) -> tuple[bytes, Sequence[Any], Any]:
        """The name of the statement, prepared where it is not yet, its values and their formats; in an open transaction, where one is due."""
        known = self._texts.get(text) or self._read(text, bare=not values)
        told = [values[name] for name in known[1]] if isinstance(values, Mapping) else values
        bound = self._adapters.dump_sequence(told, [PyFormat.AUTO] * len(told))
        types, formats = self._adapters.types or (), self._adapters.formats
        if self._wire.transaction_status == pq.TransactionStatus.IDLE and not self._link.autocommit:
            self._open()
        name = self._names.get((text, types))
        if name is None:
            name = self._prepared(text, known[0], types)
        else:
            self._names.move_to_end((text, types))
        return name, bound, formats

    def _rows(self, result: Any, make: Callable[..., Any]) -> list[Any]:
        if result.status != pq.ExecStatus.TUPLES_OK:
            return []
        self._adapters.set_pgresult(result)
        return self._adapters.load_rows(0, result.ntuples, make)

    def _result(self) -> Any:
        """The next result, waited for where other threads may work: asking for it outright would hold them."""
        while self._wire.is_busy():
            ready = poll()  # `select` knows no socket beyond the thousandth
            ready.register(self._wire.socket, POLLIN)
            ready.poll()
            self._wire.consume_input()
        return self._wire.get_result()

    def _read(self, text: str, *, bare: bool) -> tuple[bytes, tuple[str, ...]]:
        """The statement as PostgreSQL numbers its places, and the names they are filled by, if any; a bare one has none."""
        names: list[str] = []
        found = 0

        def place(match: re.Match[str]) -> str:
            nonlocal found
            if match[0] == "%%":
                return "%"
            name = match[1]
            if name is None:
                found += 1
                return f"${found}"
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        self._texts[text] = made = (text if bare else _PLACE.sub(place, text)).encode(), tuple(names)
        return made

    def _open(self) -> None:
        """Begin the transaction as psycopg would with its first statement."""
        link = self._link
        if link.isolation_level is link.read_only is link.deferrable is None:
            self._sound(self._wire.exec_(b"BEGIN"))
        else:
            link.execute("SELECT 1")

    def _prepared(self, text: str, numbered: bytes, types: tuple[int, ...]) -> bytes:
        self._given += 1
        name = b"puhui_%d" % self._given
        self._sound(self._wire.prepare(name, numbered, types))
        self._names[text, types] = name
        if len(self._names) > _MOST_PREPARED:
            (gone, _), old = self._names.popitem(last=False)
            self._texts.pop(gone, None)
            self._sound(self._wire.exec_(b"DEALLOCATE " + old))
        return name

    def _sound(self, result: pq.abc.PGresult) -> pq.abc.PGresult:
        if result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            return result
        raise error_from_result(result, encoding=self._link.info.encoding)
