"""Applications from a CSV file (UTF-8 or GB18030): good rows go on, bad rows are listed with row, column and remedy.

Columns (the header names them; any order): `name` 姓名, `id_number` 身份证号, `phone` 手机号, `shop_name` 店名,
`requested_yuan` 申请金额（元）, `months` 期数, `consent` 同意信用评估 (是/yes) must be there;
`credit_code` 统一社会信用代码, `evidence_code` 发票数据中的企业代码, `channel`, `campaign`, `click_id`, `reference` 外部编号 may be,
`bureau_consent` 同意查询征信 (是/yes; anything else: the credit bureau is not asked),
and `segment` (shop 小店, company 公司, farmer 农户) with the small owners' questions by name (docs/recipes/small-owners.md).

Rule kept: a row is taken once. Its key is what stands in it (keyed hash), so the same file again adds nothing, and a
corrected file adds only the corrected rows; to apply again on purpose, give another `reference`. Personal values are
never repeated in a message.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from puhui.acquisition.operations import TouchDraft
from puhui.journeys import apply as applying
from puhui.journeys import outside_facts
from puhui.journeys.apply import Applied, Intake
from puhui.kernel.canonical import digest
from puhui.kernel.money import MoneyUnreadable, parse_yuan
from puhui.kernel.refusal import Refusal, Refused
from puhui.parties.operations import ConsentDraft, PersonDraft, ShopDraft
from puhui.store.sealed import blind_index
from puhui.underwriting.core import questionnaire
from puhui.underwriting.core.tables import decode, read_csv

REQUIRED = ("name", "id_number", "phone", "shop_name", "requested_yuan", "months", "consent")
OPTIONAL = (
    "credit_code",
    "evidence_code",
    "channel",
    "campaign",
    "click_id",
    "reference",
    "segment",
    "bureau_consent",
    *questionnaire.NAMES,
)
YES = ("是", "同意", "yes", "y", "true", "1")
Progress = Callable[[str, int, int], None]
Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row that was left out; `row` is counted as a person would (the header is row 1)."""

    row: int
    column: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"第{self.row}行 row {self.row}, {self.column or '—'}: {self.code} {self.message}"


@dataclass(slots=True)
class FileTaken:
    """What became of a file. `applied` holds the rows taken, now or before (`known` of them before)."""

    name: str
    rows: int
    known: int = 0
    applied: list[Applied] = field(default_factory=list)
    refused: list[RowRefused] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For the terminal: refused rows one a line, then the sum."""
        yield from map(str, self.refused)
        approved = sum(each.approved for each in self.applied)
        yield (
            f"{self.name}: {self.rows} 行 rows, {len(self.applied)} 笔申请 applications ({self.known} 已受理过 known before), "
            f"{approved} 笔通过 approved, {len(self.refused)} 行未受理 rows refused"
        )


def take(file: Path, *, now: datetime, progress: Progress | None = None) -> FileTaken:
    """Apply for every good row, each in its own transaction. Refuses a file that cannot be read as a whole."""
    rows = _rows(file)
    taken = FileTaken(file.name, len(rows))
    for number, cells in enumerate(rows, start=2):
        if progress is not None:
            progress("受理申请 applications", number - 2, len(rows))
        try:
            key = _key(cells)
            taken.known += applying.asked_before(key)
            taken.applied.append(applying.apply(_intake(cells, now=now), key=key, now=now))
        except Refused as no:
            taken.refused.append(RowRefused(number, no.refusal.where, no.refusal.code, no.refusal.message))
    return taken


def _rows(file: Path) -> list[Cells]:
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise Refused(
            Refusal("FILE_UNREADABLE", f"文件无法读取 · cannot be read ({fault.strerror})", file.name)
        ) from None
    decode(content, file.name)
    frame = read_csv(content, file.name)
    frame = frame.rename({name: name.strip().lower() for name in frame.columns if name != name.strip().lower()})
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        text = f"缺少列 {', '.join(missing)} · column missing; the header must name it"
        raise Refused(Refusal("COLUMN_MISSING", text, where=f"{file.name}, row 1"))
    wanted = frame.select([name for name in (*REQUIRED, *OPTIONAL) if name in frame.columns])
    return [{name: (value or "").strip() for name, value in row.items()} for row in wanted.iter_rows(named=True)]


def _key(cells: Cells) -> str:
    """What identifies a row: its content, under a key, since it holds an ID number."""
    return f"file/{blind_index(digest(cells), purpose='journey.file').hex()}"


def _intake(cells: Cells, *, now: datetime) -> Intake:
    if cells["consent"].lower() not in YES:
        text = "未同意信用评估，不能受理；请填 是 或 yes · no consent to be assessed; write yes once it is given"
        raise Refused(Refusal("CONSENT_MISSING", text, where="consent"))
    touch = None
    if cells.get("channel"):
        touch = TouchDraft(cells["channel"], cells.get("campaign", ""), cells.get("click_id", ""), None, now)
    answers = {name: cells[name] for name in questionnaire.NAMES if cells.get(name)}
    return Intake(
        entrance="file",
        person=PersonDraft(cells["name"], cells["id_number"], cells["phone"]),
        shop=ShopDraft(cells["shop_name"], cells.get("credit_code", ""), cells.get("evidence_code", "")),
        requested_minor=_amount(cells["requested_yuan"]),
        months=_months(cells["months"]),
        consents=_consents(cells, answers),
        touch=touch,
        partner_ref=cells.get("reference", ""),
        segment=cells.get("segment", ""),
        answers=answers,
    )


def _consents(cells: Cells, answers: dict[str, str]) -> tuple[ConsentDraft, ...]:
    more = questionnaire.says_more(answers)
    assessed = applying.owner_consent("file") if more else applying.assessment_consent("file")
    agreed = cells.get("bureau_consent", "").lower() in YES
    return (assessed, outside_facts.bureau_consent("file")) if agreed else (assessed,)


def _amount(text: str) -> int:
    try:
        minor = parse_yuan(text)
    except MoneyUnreadable as fault:
        message = f"金额无法识别，请只写数字，如 200000 · {fault}"
        raise Refused(Refusal("AMOUNT_UNREADABLE", message, where="requested_yuan")) from None
    if minor <= 0:
        raise Refused(Refusal("AMOUNT_NOT_POSITIVE", "金额须大于零 · above zero", where="requested_yuan"))
    return minor


def _months(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 60):
        raise Refused(
            Refusal("MONTHS_UNREADABLE", "期数应为 1–60 的整数 · a whole number from 1 to 60", where="months")
        )
    return int(text)
