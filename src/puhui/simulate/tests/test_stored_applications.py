"""Made-up applications fit the columns of the credit policy, and the policy's law of missing values holds on them."""

from datetime import date

from puhui.policy.core.policy_text import read_policy
from puhui.simulate import stored_applications
from puhui.underwriting import shipped_policy

ON = date(2026, 3, 1)


class TestMadeUpApplications:
    def test_are_the_same_for_a_seed(self) -> None:
        one, two = (stored_applications.applications(200, seed=4) for _ in range(2))
        assert one.equals(two)
        assert not one.equals(stored_applications.applications(200, seed=5))

    def test_never_turn_from_a_refusal_into_an_approval_when_a_value_goes_missing(self) -> None:
        policy = read_policy(shipped_policy.texts())
        rows = [
            row | {"pd": 0.02} for row in stored_applications.rows_of(stored_applications.applications(300, seed=4))
        ]
        before = policy.decide(policy.columns.frame(rows), on=ON).outcomes()
        assert set(before) >= {"pass", "review", "refuse"}
        for name in policy.columns:
            after = policy.decide(policy.columns.frame([row | {name: None} for row in rows]), on=ON).outcomes()
            assert not [pair for pair in zip(before, after, strict=True) if pair == ("refuse", "pass")], name
