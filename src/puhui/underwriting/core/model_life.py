"""The life of a fitted model as a table (card 25): registered → approved → live → retired; approval is by a second person.

>>> from puhui.underwriting.core.lifecycle import after
>>> after(MODEL, "registered", "approve"), after(MODEL, "approved", "go_live")
('approved', 'live')
"""

from puhui.underwriting.core.lifecycle import Moves

MODEL: Moves = {
    ("registered", "approve"): "approved",
    ("registered", "reject"): "rejected",
    ("approved", "go_live"): "live",
    ("approved", "retire"): "retired",
    ("live", "retire"): "retired",
}
BORN = "registered"
SECOND_PERSON = ("approve", "reject")  # never by who registered it
