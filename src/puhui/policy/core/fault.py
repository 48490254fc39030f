"""What is wrong with a condition's text, where, and what to write instead.

>>> fault = ConditionFault("COLUMN_UNKNOWN", "没有字段 age · no column age", 0, 3, "age_years")
>>> print(fault.told("age > 18"))
没有字段 age；是否指 age_years？ · no column age; did you mean age_years?
    age > 18
    ^^^
"""

from puhui.kernel.refusal import Refusal, Refused, tongues


class ConditionFault(Exception):
    """The text is no condition. `start` and `end` are character positions in it (half-open)."""

    def __init__(self, code: str, message: str, start: int = 0, end: int = 0, suggestion: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.suggestion = code, message, suggestion
        self.start, self.end = start, max(end, start + 1)

    @property
    def sentence(self) -> str:
        """Without the picture."""
        if not self.suggestion:
            return self.message
        zh, en = tongues(self.message)
        return f"{zh}；是否指 {self.suggestion}？ · {en or zh}; did you mean {self.suggestion}?"

    def told(self, text: str) -> str:
        """The message, the text, and marks under the place."""
        line_start = text.rfind("\n", 0, self.start) + 1
        line = text[line_start:].split("\n", 1)[0]
        marks = " " * (self.start - line_start) + "^" * max(1, min(self.end, line_start + len(line)) - self.start)
        return f"{self.sentence}\n    {line}\n    {marks}"

    def refused(self, where: str) -> Refused:
        """As the refusal of an operation; the position counts characters from 1."""
        return Refused(Refusal(self.code, self.sentence, where=f"{where}, 第 {self.start + 1} 字符 · character"))
