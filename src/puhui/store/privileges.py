"""What the application's role may do: read and write rows, never define, never bypass; no change to append-only tables.

Run by the owner after every migration (`puhui migrate`), so a new table is never forgotten.
"""

from typing import Any

from psycopg import sql

from puhui.store import laws


def ensure_app_role(connection: Any, *, role: str, password: str | None) -> None:
    """Create the log-in role if it is missing. `connection` is Django's, logged in as the owner."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found and found[0]:
            raise PermissionError(
                f"role {role} is a superuser or bypasses row security; name another in PUHUI_APP_ROLE"
            )
        secret = sql.SQL("PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
        verb = sql.SQL("ALTER" if found else "CREATE")
        if not found or password:
            cursor.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE {}").format(
                    verb, sql.Identifier(role), secret
                )
            )


def grant(connection: Any, *, role: str) -> None:
    """Give the role rows of every table, sequences and temporary tables; take back what append-only forbids."""
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        database = sql.Identifier(cursor.fetchone()[0])
        for statement in (
            "GRANT CONNECT, TEMPORARY ON DATABASE {db} TO {role}",
            "GRANT USAGE ON SCHEMA public TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        ):
            cursor.execute(sql.SQL(statement).format(db=database, role=name))  # type: ignore[arg-type]
        cursor.execute("SELECT current_setting('server_version_num')::int >= 170000")
        if cursor.fetchone()[0]:  # so that a big load can ANALYZE its table; older servers wait for autovacuum
            cursor.execute(sql.SQL("GRANT MAINTAIN ON ALL TABLES IN SCHEMA public TO {}").format(name))
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND obj_description(oid, 'pg_class') = %s",
            [laws.APPEND_ONLY],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), name))
