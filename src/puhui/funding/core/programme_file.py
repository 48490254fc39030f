"""A file of institutions and programmes (TOML) → drafts, or the list of what is wrong with it and where.

Rule kept: nothing is guessed. A missing key, a rate written as a number (floats lose cents), a limit that is no amount:
each is a Refusal naming the programme and the key; a file with any of them loads nothing.
"""

import tomllib
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from puhui.kernel import china_ids
from puhui.kernel.canonical import digest
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal

PLAIN_METHODS = ("equal_installment",)


@dataclass(frozen=True, slots=True)
class ProgrammeDraft:
    code: str
    name: str
    rate_min: Decimal
    rate_max: Decimal
    rate_discount: Decimal
    limit_min_minor: int
    limit_max_minor: int
    ratings: tuple[str, ...]
    months: tuple[int, ...]
    quota_minor: int
    valid_from: date
    valid_until: date
    whitelisted: bool
    methods: tuple[str, ...] = PLAIN_METHODS
    regions: tuple[str, ...] = ()

    def as_columns(self) -> dict[str, Any]:
        return asdict(self) | {name: list(getattr(self, name)) for name in ("ratings", "months", "methods", "regions")}

    @property
    def terms_hash(self) -> str:
        rates = {name: f"{getattr(self, name):.6f}" for name in ("rate_min", "rate_max", "rate_discount")}
        record = self.as_columns() | rates
        if self.methods == PLAIN_METHODS:  # a programme loaded before there were several keeps its hash
            del record["methods"]
        if not self.regions:  # and so does one that lends in the whole country
            del record["regions"]
        return digest(record)


@dataclass(frozen=True, slots=True)
class InstitutionDraft:
    code: str
    name: str
    name_en: str
    lender_type: str
    sample: bool
    programmes: tuple[ProgrammeDraft, ...] = ()


@dataclass(slots=True)
class _Reading:
    """Collects what is wrong while a table is read; `where` names the institution or programme."""

    refusals: list[Refusal] = field(default_factory=list)

    def take(self, table: dict[str, Any], key: str, kind: type, where: str) -> Any:
        value = table.get(key)
        if type(value) is kind:
            return value
        wanted = {str: "text in quotes", bool: "true or false", list: "a list"}[kind]
        self.refuse("PROGRAMME_KEY_WRONG", f"{key} 应为 {wanted} · {key} must be {wanted}, got {value!r}", where)
        return kind()

    def refuse(self, code: str, message: str, where: str) -> None:
        self.refusals.append(Refusal(code, message, where))

    def rate(self, table: dict[str, Any], key: str, where: str) -> Decimal:
        text = self.take(table, key, str, where)
        try:
            rate = Decimal(text or "0")
        except InvalidOperation:
            rate = Decimal(-1)
        if not Decimal(0) <= rate < 4 or rate != round(rate, 6):
            self.refuse("PROGRAMME_RATE_WRONG", f'{key}: a yearly rate such as "0.12", got {text!r}', where)
            return Decimal(0)
        return rate

    def yuan(self, table: dict[str, Any], key: str, where: str) -> int:
        text = self.take(table, key, str, where)
        try:
            return parse_yuan(text)
        except MoneyUnreadable as fault:
            self.refuse("PROGRAMME_AMOUNT_WRONG", f"{key}: {fault}", where)
            return 0

    def day(self, table: dict[str, Any], key: str, where: str) -> date:
        text = self.take(table, key, str, where)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse("PROGRAMME_DATE_WRONG", f'{key}: a day such as "2026-01-31", got {text!r}', where)
            return date.max


def read(
    text: str, *, lender_types: frozenset[str], methods: frozenset[str]
) -> tuple[list[InstitutionDraft], list[Refusal]]:
    """Drafts and refusals; with any refusal the drafts must not be loaded."""
    try:
        tables = tomllib.loads(text).get("institution", [])
    except tomllib.TOMLDecodeError as fault:
        return [], [Refusal("PROGRAMME_FILE_UNREADABLE", f"文件格式有误 · not valid TOML: {fault}")]
    reading = _Reading()
    if not tables:
        reading.refuse("PROGRAMME_FILE_EMPTY", "文件中没有机构 · the file has no [[institution]]", "")
    drafts = [_institution(reading, table, lender_types, methods) for table in tables]
    codes = [each.code for draft in drafts for each in draft.programmes] + [draft.code for draft in drafts]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        reading.refuse("PROGRAMME_CODE_TWICE", f"代码重复 · the code {code} is used twice", code)
    return drafts, reading.refusals


def _institution(
    reading: _Reading, table: dict[str, Any], lender_types: frozenset[str], methods: frozenset[str]
) -> InstitutionDraft:
    where = str(table.get("code", "?"))
    lender_type = reading.take(table, "lender_type", str, where)
    if lender_type not in lender_types:
        known = ", ".join(sorted(lender_types))
        reading.refuse(
            "LENDER_TYPE_UNKNOWN", f"机构类型未知 · lender_type is one of {known}, got {lender_type!r}", where
        )
    programmes = tuple(_programme(reading, each, methods) for each in table.get("programme", []))
    return InstitutionDraft(
        code=reading.take(table, "code", str, where),
        name=reading.take(table, "name", str, where),
        name_en=reading.take(table, "name_en", str, where),
        lender_type=lender_type,
        sample=reading.take(table, "sample", bool, where),
        programmes=programmes,
    )


def _programme(reading: _Reading, table: dict[str, Any], methods: frozenset[str]) -> ProgrammeDraft:
    where = str(table.get("code", "?"))
    draft = ProgrammeDraft(
        code=reading.take(table, "code", str, where),
        name=reading.take(table, "name", str, where),
        rate_min=reading.rate(table, "rate_min", where),
        rate_max=reading.rate(table, "rate_max", where),
        rate_discount=reading.rate(table, "rate_discount", where),
        limit_min_minor=reading.yuan(table, "limit_min_yuan", where),
        limit_max_minor=reading.yuan(table, "limit_max_yuan", where),
        ratings=tuple(str(each) for each in reading.take(table, "ratings", list, where)),
        months=tuple(int(each) for each in reading.take(table, "months", list, where) if str(each).isdigit()),
        quota_minor=reading.yuan(table, "quota_yuan", where),
        valid_from=reading.day(table, "valid_from", where),
        valid_until=reading.day(table, "valid_until", where),
        whitelisted=reading.take(table, "whitelisted", bool, where),
        methods=tuple(str(each) for each in reading.take(table, "methods", list, where))
        if "methods" in table
        else PLAIN_METHODS,
        regions=_regions(reading, table, where),
    )
    wrong = (
        (draft.rate_min > draft.rate_max, "rate_min is above rate_max"),
        (not 0 < draft.limit_min_minor <= draft.limit_max_minor, "limits must rise from above zero"),
        (draft.valid_from >= draft.valid_until, "valid_until must lie after valid_from"),
        (not draft.months, "months must list whole numbers such as 12"),
        (
            not draft.methods or not set(draft.methods) <= methods,
            f"methods must list some of {', '.join(sorted(methods))}",
        ),
    )
    for fails, text in wrong:
        if fails:
            reading.refuse("PROGRAMME_RULES_CROSSED", text, where)
    return draft


def _regions(reading: _Reading, table: dict[str, Any], where: str) -> tuple[str, ...]:
    """The divisions it lends in; not named: the whole country. An empty list is refused, since nobody can tell what it means."""
    if "regions" not in table:
        return ()
    told = reading.take(table, "regions", list, where)
    strange = [each for each in told if not _is_division(each)]
    if strange or not told:
        text = (
            'regions 应为行政区划代码，加引号，2、4 或 6 位，如 "42"、"4201"；全国展业请去掉这一行 · regions lists codes of divisions'
            f" (GB/T 2260) in quotes, 2, 4 or 6 digits; leave the line out for the whole country, got {strange or told!r}"
        )
        reading.refuse("PROGRAMME_REGION_WRONG", text, where)
        return ()
    return tuple(sorted(set(told)))


def _is_division(told: object) -> bool:
    """Two digits of a province, four of a prefecture or six of a county."""
    if not isinstance(told, str) or len(told) not in (2, 4, 6):
        return False
    return told.isascii() and told.isdigit() and told[:2] in china_ids.PROVINCES and "00" not in (told[2:4], told[4:])
