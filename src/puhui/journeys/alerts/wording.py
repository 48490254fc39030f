"""What a message says: Chinese first, English after it, a link, and its number. Pure.

Rule kept: a message leaves the house, so it holds no personal data. It is composed of codes, figures and names of versions
only, never of a fault's own text, which may quote an applicant; and whatever looks like a number of a person is masked besides.

>>> masked("张三 110101199003078515, 13800138000, a@b.cn: 3 times, 0.2713")
'张三 ***, ***, ***: 3 times, 0.2713'
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBERS = re.compile(r"(?<![0-9A-Za-z.])\+?\d(?:[ -]?\d){6,}[Xx]?(?![0-9A-Za-z])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_SUBJECT_BYTES = 400  # an e-mail's subject; the whole of it stands in the text
_SIGNED = "普惠 Puhui"


@dataclass(frozen=True, slots=True)
class Line:
    """One alert in a message."""

    zh: str
    en: str
    at: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a message is made of: its number, a heading in both languages, its alerts, where to look, and which try this is."""

    number: str
    heading: tuple[str, str]
    lines: Sequence[Line]
    link: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What a channel is handed: the number by which a repeat is known, a subject, and the whole text."""

    number: str
    subject: str
    text: str


def letter(told: Content, *, most_lines: int, most_bytes: int) -> Letter:
    """The message. As many alerts are told as fit into `most_bytes` of UTF-8, at most `most_lines`; the others are counted."""
    subject = f"【{_SIGNED}】{masked(told.heading[0])} · {masked(told.heading[1])}"
    tail = f"\n查看 Look: {told.link}\n编号 Ref: {told.number}"
    if told.attempt > 1:
        tail += f"\n第 {told.attempt} 次发送，编号相同即为同一条 · attempt {told.attempt}; the same number is the same message"
    room = most_bytes - len(tail.encode()) - len(_more(len(told.lines)).encode())
    text, fitted = _cut(subject, room), 0
    for line in told.lines[:most_lines]:
        longer = f"{text}\n• {line.at} {masked(line.zh)} · {masked(line.en)}"
        if len(longer.encode()) > room:
            break
        text, fitted = longer, fitted + 1
    left = len(told.lines) - fitted
    return Letter(told.number, _cut(subject, _SUBJECT_BYTES), text + (_more(left) if left else "") + tail)


def masked(text: str) -> str:
    """Seven digits or more in a row, and addresses of e-mail, as ***."""
    return _NUMBERS.sub("***", _MAIL.sub("***", text))


def _more(number: int) -> str:
    return f"\n另有 {number} 条 · and {number} more"


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
