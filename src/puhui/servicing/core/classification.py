"""The five classes of asset risk (五级分类), from days past due and limits that come in as data.

Rule kept: limits are dated policy (商业银行金融资产风险分类办法, in force 2023-07-01; domain facts 1.10), passed in by
the caller from the rule table; the figures here are only the shape of that table. Restructured loans are at least
special mention.

>>> five_class(np.array([0, 1, 90, 91, 270, 271, 360, 361])).tolist()
[0, 1, 1, 2, 2, 3, 3, 4]
"""

from dataclasses import astuple, dataclass

import numpy as np

from puhui.servicing.core.terms import Flags, Whole

CLASSES = ("normal", "special_mention", "substandard", "doubtful", "loss")
CLASS_NAMES = {"normal": "正常", "special_mention": "关注", "substandard": "次级", "doubtful": "可疑", "loss": "损失"}


@dataclass(frozen=True, slots=True)
class ClassLimits:
    """A loan is in a class when it is late by more than that many days."""

    special_mention_over: int = 0
    substandard_over: int = 90
    doubtful_over: int = 270
    loss_over: int = 360


def five_class(days: Whole, limits: ClassLimits = ClassLimits(), *, restructured: Flags | bool = False) -> Whole:
    """Positions in CLASSES, one a loan."""
    late_class = np.searchsorted(np.array(astuple(limits)), days, side="left")
    return np.maximum(late_class, np.where(restructured, 1, 0))
