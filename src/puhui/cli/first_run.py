"""What `puhui up` prepares: demo staff, data, the main job, and the invented acceptances that turn offers into loans.

Everything is idempotent: what is already there is recognised by its content and left alone.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from puhui.cli import attachment
from puhui.store import places


def prepare(*, now: datetime) -> None:
    """Demo staff, one load, one appraisal, its loans, the first end of day; ten invented weeks of advertising (虚构)."""
    from puhui.cli import staff
    from puhui.simulate import ad_season

    staff.ensure_demo_staff(now=now)
    folder = evidence_folder()
    with attachment.progress_bar() as report:
        _main_job(folder, now=now, report=report)
    ad_season.advertise(places.var_dir() / "rta", seed=1, now=now)


def evidence_folder() -> Path:
    """The real firms where they are at hand, else a town of 500 invented firms made once in var/town."""
    data = places.data_dir()
    if data is not None and (data / "smb_invoices").is_dir():
        return data / "smb_invoices"
    town = places.var_dir() / "town"
    if not (town / "INVENTED.txt").exists():
        from puhui.simulate.town import build_town

        firms = int(os.environ.get("PUHUI_TOWN_FIRMS", "500"))
        print(
            f"没有真实数据，生成一座虚构小镇 · no real data here: making a town of {firms} invented firms", flush=True
        )
        build_town(town, firms=firms, seed=1)
    return town


def _main_job(folder: Path, *, now: datetime, report: attachment.Report) -> None:
    from puhui.journeys import close_day
    from puhui.simulate import lending_day
    from puhui.underwriting import operations as underwriting

    load = underwriting.load_folder(folder, now=now, progress=report)
    outcome = underwriting.appraise(load.load_id, terms=underwriting.AppraisalTerms(), now=now, progress=report)
    underwriting.let_stand(outcome.appraisal_id, by="puhui up", now=now)
    lent = lending_day.lend(outcome.appraisal_id, seed=1, now=now, progress=report)
    if lent.loans_booked:
        close_day.close_day(now=now)


def print_welcome(address: str, *, seconds: float) -> None:
    """Where to look, and how to log in."""
    logins = json.loads((places.var_dir() / "demo_staff.json").read_text())
    print(f"\nPuhui 普惠  {address}   ({seconds:.0f} s)")
    print(f"  店主手机页 shop owner's phone page   {address}/m/")
    print(f"  合作方接口 partner API               {address}/api/v1/docs")
    for login in logins:
        print(f"  {login['role']:<12} {login['username']:<12} {login['password']}")
    print("  两步验证码 second factor: .venv/bin/puhui users code USERNAME")
    print("  停止 stop: make down")
