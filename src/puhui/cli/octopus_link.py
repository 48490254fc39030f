"""`puhui octopus link …`: facts in from a file, the board as JSON, costs, a made-up day, and `octopus lint` for a wording."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def register(group: typer.Typer) -> None:
    """Add this file's commands."""
    link = typer.Typer(help="The data link: facts in, the board, costs, audiences.", no_args_is_help=True)
    for command in (ingest, day, fold, board, cost, report):
        link.command()(command)
    link.command("audience")(replace_audience)
    link.command("publish")(publish_audiences)
    link.command("addresses")(click_addresses)
    group.add_typer(link, name="link")
    group.command()(lint)


def ingest(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV, NDJSON or Parquet with kind, media, click_id, subject, happened_at …"
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Store facts; a repeat counts once, a faulty row is named and the rest stands."""
    frame = _frame(file)
    with attachment.platform():
        from puhui.acquisition import data_link
        from puhui.acquisition.core import signals

        taken = data_link.take_batches(signals.frame_of_columns(_typed(frame, file)), now=datetime.now(UTC))
    refused = [{"row": each.row, "code": each.code} for each in taken.refused]
    told = {"new": taken.new, "repeated": taken.repeated, "conversions": taken.conversions, "refused": refused}
    _say(told, as_json=as_json)


def day(
    events: Annotated[int, typer.Option(help="About how many facts.", min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="Another seed is another day.")] = 1,
) -> None:
    """Replay a made-up day of the last twenty-four hours (虚构): every fact says that it is simulated."""
    with attachment.platform():
        from puhui.acquisition import data_link
        from puhui.acquisition.core import signals
        from puhui.simulate.ad_day import ad_day

        now = datetime.now(UTC)
        taken = data_link.take_batches(signals.frame_of_columns(ad_day(events, seed=seed, ends_at=now)), now=now)
    print(f"{taken.new} simulated facts, {taken.repeated} repeats, {taken.conversions} conversions queued")


def fold() -> None:
    """Every person's way and every day's sums anew from the facts; the same comes out, or the sums were damaged."""
    with attachment.platform():
        from puhui.acquisition import data_link

        print(f"{data_link.fold_again()} people folded again")


def board(
    since: Annotated[str, typer.Option("--from", help="First day, 2026-11-01; a week ago when left out.")] = "",
    until: Annotated[str, typer.Option("--to", help="Last day; today when left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """The funnel by media and campaign."""
    with attachment.platform():
        from puhui.acquisition import board as boards

        last = _day(until) or datetime.now(UTC).date()
        found = boards.board(_day(since) or last - timedelta(days=6), last + timedelta(days=1))
    lines = [
        {"media": line.media, "campaign": line.campaign, **line.counts, "cost_minor": line.cost_minor}
        for line in [*found.lines, found.total]
    ]
    if as_json:
        print(json.dumps(lines, ensure_ascii=False, indent=2))
        return
    for line in lines:
        print("  ".join(f"{name} {value}" for name, value in line.items() if value != ""))


def cost(
    media: Annotated[str, typer.Argument(metavar="MEDIA")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    on: Annotated[str, typer.Argument(metavar="DAY")],
    yuan: Annotated[str, typer.Argument(metavar="YUAN", help="Negative for a refund.")],
    key: Annotated[str, typer.Option(help="What names this cost; the same again counts once.")] = "",
    creative: Annotated[str, typer.Option(help="Where the media charges creative by creative.")] = "",
) -> None:
    """Record what a media charged for a campaign on a day."""
    with attachment.platform():
        from puhui.acquisition import operations
        from puhui.kernel.money import MoneyUnreadable, parse_yuan

        spent_on = _day(on) or datetime.now(UTC).date()
        try:
            draft = operations.CostDraft(media, campaign, spent_on, parse_yuan(yuan), creative)
        except MoneyUnreadable as fault:
            raise Refused(Refusal("AMOUNT_UNREADABLE", f"金额读不出 · {fault}", where=yuan)) from None
        usual = f"cli/{media}/{campaign}/{spent_on}" + (f"/{creative}" if creative else "")
        print(operations.record_cost(draft, key=key or usual, now=datetime.now(UTC)))


def report(
    media: Annotated[str, typer.Argument(metavar="MEDIA")],
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN")],
    on: Annotated[str, typer.Argument(metavar="DAY")],
    clicks: Annotated[int, typer.Option(help="The media's own count.")],
    impressions: Annotated[int, typer.Option()] = 0,
    conversions: Annotated[int, typer.Option()] = 0,
    key: Annotated[str, typer.Option(help="What names this report; a later one of the day needs another.")] = "",
) -> None:
    """Record what a media itself counted; the board raises an alarm where ours differs."""
    with attachment.platform():
        from puhui.acquisition import operations

        now = datetime.now(UTC)
        counted_on = _day(on) or now.date()
        draft = operations.MediaReportDraft(media, campaign, counted_on, impressions, clicks, conversions)
        print(operations.record_media_report(draft, key=key or f"cli/{media}/{campaign}/{counted_on}", now=now))


def replace_audience(
    name: Annotated[str, typer.Argument(metavar="AUDIENCE", help="declined, blacklisted, vulnerable, lookalike …")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Device ids, as for `octopus rta load`.")],
    why: Annotated[
        str, typer.Option(help="Names the list: another list of the same audience stays beside it.")
    ] = "file",
) -> None:
    """From now on exactly these devices are in the audience; who entered and left is kept."""
    with attachment.platform():
        from puhui.acquisition import audiences
        from puhui.acquisition.rta import source, tables

        now = datetime.now(UTC)
        found = source.read(file, audience=name, doubtful=tables.doubtful_keys(now.date()))
        moved = audiences.replace(name, set(found.table.keys.tolist()), why=why, now=now)
    print(f"{name}: {moved.entered} entered, {moved.left} left, {moved.kept} stayed; {found.left_out} ids left out")


def publish_audiences(by: Annotated[str, typer.Option("--by", help="Who does it.")] = "cli") -> None:
    """Bring the audiences up to date with what the rooms know, and hand them to the servers of `octopus rta serve`."""
    with attachment.platform():
        from puhui.journeys import audience_feed
        from puhui.store import places

        info = audience_feed.hand_over(places.var_dir() / "rta", by=by, now=datetime.now(UTC))
    print(json.dumps({"ids": info.ids, "audiences": info.sizes, "content": info.content}, ensure_ascii=False))


def click_addresses(
    base: Annotated[
        str, typer.Option(help="Where the institution's own platform is reached.")
    ] = "https://loans.example",
) -> None:
    """The addresses to give to each media for its click and impression pushes, with its macros and our token."""
    attachment.django_alone()
    from django.conf import settings

    from puhui.acquisition import steps
    from puhui.acquisition.channels import clicks

    today = datetime.now(UTC).date()
    for media in steps.MEDIA:
        for kind in ("click", "impression"):
            token = clicks.token_of(media, settings.CLICK_KEY)
            print(clicks.address(media, base=base, token=token, as_of=today, kind=kind))


def lint(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The wording, or a file with it.")],
    name: Annotated[str, typer.Option(help="The account's or application's name as shown.")] = "",
    on: Annotated[str, typer.Option(help="By the rules of which day; today when left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check an advertising text by the marketing rules; exit status 2 where something stops it. Needs no database."""
    attachment.django_alone()
    from puhui.acquisition import campaigns
    from puhui.acquisition.core.creative_lint import Text
    from puhui.policy import rule_table

    said = Path(text).read_text(encoding="utf-8") if len(text) < 200 and Path(text).is_file() else text
    when = _day(on) or datetime.now(UTC).date()
    try:
        cap = rule_table.find("CAP_ALLIN", metric="apr_simple", lender_type="bank", on=when).value
    except rule_table.RuleAbsent:
        cap = None
    found = campaigns.check_text(Text(name, said), on=when, cap=cap)
    told = [{"rule": each.rule, "found": each.found, "told": each.told} for each in found]
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    for each in [] if as_json else found:
        print(f"{each.rule:<18} {each.found or '—'}  {each.told}")
    if found:
        raise typer.Exit(2)


def _frame(file: Path) -> Any:
    import polars as pl

    readers: dict[str, Any] = {".parquet": pl.read_parquet, ".ndjson": pl.read_ndjson, ".jsonl": pl.read_ndjson}
    try:
        return readers[file.suffix](file) if file.suffix in readers else pl.read_csv(file, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as fault:
        told = f"读不出 · cannot be read: {str(fault).splitlines()[0]}"
        raise Refused(Refusal("FILE_UNREADABLE", told, where=file.name)) from None


def _typed(frame: Any, file: Path) -> Any:
    """Text columns brought to what the link holds: times with a zone (or Unix seconds), whole numbers, device digests."""
    import polars as pl

    if "happened_at" not in frame.columns or "kind" not in frame.columns:
        told = "至少要有 kind 与 happened_at 两列 · the columns kind and happened_at are needed"
        raise Refused(Refusal("SIGNAL_COLUMNS", told, where=file.name))
    if frame.schema["happened_at"] == pl.String:
        time = pl.col("happened_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        seconds = pl.from_epoch(pl.col("happened_at").cast(pl.Int64, strict=False)).dt.replace_time_zone("UTC")
        frame = frame.with_columns(happened_at=pl.coalesce(time, seconds.cast(pl.Datetime("us", "UTC"))))
    return frame.with_columns(
        pl.col(name).cast(pl.Int64, strict=False)
        for name in ("value_minor", "quality", "device")
        if name in frame.columns
    ).with_columns(
        pl.col(name).cast(pl.String).str.to_lowercase().is_in(["true", "1", "yes", "是"])
        for name in ("consent",)
        if name in frame.columns
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(
            Refusal("TIME_UNREADABLE", "写成 2026-01-31 的样子 · write it like 2026-01-31", where=text)
        ) from None


def _say(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for name, value in told.items():
        print(f"{name:<14} {value if not isinstance(value, list) else len(value)}")
