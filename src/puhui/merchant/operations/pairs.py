"""The owner says whether two entries are one payment, and may take that back.

Rules kept: each answer is a fact, the newest of a pair stands; what is tied is folded from live entries and standing answers, so a
pair whose main entry goes (its import undone, itself struck) lets the other count again. A closed month does not change.
"""

from datetime import datetime

from puhui.kernel.refusal import Refusal, Refused
from puhui.merchant import ledger_folding, models
from puhui.merchant.operations.books import books_of, entry_of
from puhui.store.undivided import undivided

VERBS = {"same": "tie", "apart": "untie", "forget": "forget"}  # what an owner says of a pair → verb of the fact


@undivided
def say_of_pair(shop_id: str, main_id: int, lesser_id: int, said: str, *, by: str, now: datetime) -> None:
    """Say `same` (count `main` alone), `apart` (two payments) or `forget` (let the rules decide again) of two entries. Idempotent.

    Raises Refused ANSWER_UNKNOWN, ENTRY_UNKNOWN, PAIR_UNFIT (amounts or directions differ), ENTRY_GONE (one does not stand in the
    books), MONTH_CLOSED; then nothing moved.
    """
    books_of(shop_id, lock=True)
    if said not in VERBS:
        raise Refused(Refusal("ANSWER_UNKNOWN", "请选“是同一笔”或“不是” · say same, apart or forget", said))
    main, lesser = entry_of(shop_id, main_id), entry_of(shop_id, lesser_id)
    if said == "same":
        _refuse_unfit(main, lesser)
    standing = {(lesser, main): same for lesser, main, same in ledger_folding.answers(shop_id)}
    before = standing.get((lesser_id, main_id))
    if before is {"same": True, "apart": False, "forget": None}[said]:
        return
    models.Correction.objects.create(
        shop_id=shop_id, entry=lesser, verb=VERBS[said], direction=lesser.direction, now_is=str(main_id), said_by=by, said_at=now
    )  # fmt: skip
    ledger_folding.fold(shop_id, days=(), amounts={main.amount_minor, lesser.amount_minor})


def _refuse_unfit(main: models.Entry, lesser: models.Entry) -> None:
    told = f"{main.id}, {lesser.id}"
    alike = (main.amount_minor, main.currency, main.direction) == (
        lesser.amount_minor,
        lesser.currency,
        lesser.direction,
    )
    if main.id == lesser.id or not alike or main.direction == "neutral":
        text = "两笔的金额或收支方向不同，不会是同一笔 · the two differ in amount or direction"
        raise Refused(Refusal("PAIR_UNFIT", text, told))
    if not (main.live and lesser.live):
        text = "其中一笔已删去或已撤销导入；请先恢复 · one of them was struck or its import undone; restore it first"
        raise Refused(Refusal("ENTRY_GONE", text, told))
