"""Invented owners: accepted by every check, obviously made up, stable and all different."""

from puhui.kernel import china_ids
from puhui.simulate.owners import invented_owner, invented_shop

CODES = [f"{letter}{n}" for letter in ("E", "V") for n in range(1, 501)]


class TestAnInventedOwner:
    def test_passes_the_checks_of_shape(self) -> None:
        for code in CODES:
            owner = invented_owner(code, seed=1)
            assert china_ids.check_id_card(owner.id_number).severity == "ok"
            assert china_ids.check_phone(owner.phone).severity == "ok"

    def test_can_be_nobody_real(self) -> None:
        for code in CODES:
            owner = invented_owner(code, seed=1)
            assert (owner.id_number[2:6], owner.id_number[14:17]) == ("0000", "000")
            assert (owner.phone[:3], owner.name[:3], owner.invented) == ("154", "虚构·", True)

    def test_is_always_the_same_and_never_another_firms(self) -> None:
        owners = [invented_owner(code, seed=1) for code in CODES]
        assert owners == [invented_owner(code, seed=1) for code in CODES]
        assert len({owner.id_number for owner in owners}) == len({owner.phone for owner in owners}) == len(CODES)

    def test_differs_by_seed_and_bears_any_code(self) -> None:
        assert invented_owner("E1", seed=1) != invented_owner("E1", seed=2)
        for code in ("", "E", "1234567890", "店\n铺"):
            assert china_ids.check_id_card(invented_owner(code, seed=1).id_number).ok

    def test_is_of_working_age_from_2020_to_2026(self) -> None:
        years = {int(invented_owner(code, seed=1).id_number[6:10]) for code in CODES}
        assert min(years) >= 1968
        assert max(years) <= 1998


class TestAnInventedShop:
    def test_carries_the_evidence_code_and_no_credit_code(self) -> None:
        shop = invented_shop("V1", "虚构·晨光便利店 0001")
        assert (shop.evidence_code, shop.credit_code, shop.invented) == ("V1", "", True)
        assert invented_shop("E1", "***电器销售有限公司", invented=False).invented is False
