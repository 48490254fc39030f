"""The answers anti-fraud can give, by gravity; several hits combine to the gravest (最严者胜). They are the policy floor's.

>>> gravest(["pass", "review", "step_up"]), gravest([])
('review', 'pass')
"""

from puhui.policy.core.outcome import OUTCOMES, SEVERITIES, Outcome, gravest

__all__ = ["OUTCOMES", "SEVERITIES", "Outcome", "gravest"]
