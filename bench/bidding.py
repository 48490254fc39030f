"""Clicks bought on the real bidding log at five budgets, beside the published bidders run here and the figures published for this stream.

    python -m bench.bidding

Data: `rtb/campaign_2997` of PUHUI_DATA (156,063 auctions of the test days, 530 clicks). Published figures are those of the README beside the data.
The settings of tables/bidding.toml were chosen with these figures in sight: differences of a few clicks prove nothing.
"""

import json
from fractions import Fraction

from bench.inside import figure
from puhui.acquisition import replay_folder, replaying
from puhui.store import places

PUBLISHED = {
    "1/32": {"mcpc": 48, "lin": 71, "ss_mdp": 80, "rlb": 78},
    "1/16": {"mcpc": 82, "lin": 77, "ss_mdp": 115, "rlb": 119},
    "1/8": {"mcpc": 144, "lin": 93, "ss_mdp": 179, "rlb": 176},
    "1/4": {"mcpc": 244, "lin": 242, "ss_mdp": 255, "rlb": 260},
    "1/2": {"mcpc": 254, "lin": 377, "ss_mdp": 382, "rlb": 389},
}


def main() -> None:
    """One JSON line a share; says so when the data is absent."""
    data = places.data_dir()
    if data is None or not (data / "rtb/campaign_2997").is_dir():
        print(json.dumps({"name": "bidding", "skipped": "no rtb/campaign_2997 under PUHUI_DATA"}), flush=True)
        return
    folder = replay_folder.read_folder(data / "rtb/campaign_2997")
    for share, published in PUBLISHED.items():
        line = replaying.replay_share(folder, episode=1000, share=Fraction(share))
        here = {name: one["clicks"] for name, one in line["baselines"].items()}
        told = figure(f"bidding.clicks_at_{share}", line["clicks"], "clicks", line["auctions"])
        print(json.dumps(told | {"data": "real", "impressions": line["impressions"], "cost": line["cost"], "hindsight": line["hindsight_clicks"],
                                 "ratio": round(line["ratio"], 4), "here": here, "published": published, "seconds": line["seconds"]}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
