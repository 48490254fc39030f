"""`puhui explain`, `puhui audit verify`, `puhui ledger verify`: what was decided and booked, and the proof of it."""

import json
import sys
from typing import Annotated

import typer

from puhui.cli import attachment
from puhui.kernel.refusal import Refusal, Refused


def register(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(explain)
    audit = typer.Typer(help="The decision record.", no_args_is_help=True)
    audit.command("verify")(verify_audit)
    ledger = typer.Typer(help="The loan ledger.", no_args_is_help=True)
    ledger.command("verify")(verify_ledger)
    for name, group in (("audit", audit), ("ledger", ledger)):
        group.callback()(lambda: None)
        app.add_typer(group, name=name)


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="DECISION_ID", help="dec_…, or app_…, offer_…, loan_… for its chain.")
    ],
) -> None:
    """Print a decision as it was recorded, decide it again from its inputs, and say whether the answer is the same."""
    with attachment.platform():
        from puhui.policy import queries, replay

        if not subject.startswith("dec_"):
            from puhui.journeys import explain as chain

            print(json.dumps(chain.chain_of(subject), ensure_ascii=False, indent=2, default=str))
            return
        try:
            recorded = queries.as_dict(queries.decision(subject))
        except queries.DecisionUnknown as unknown:
            raise Refused(Refusal("DECISION_UNKNOWN", str(unknown), where=subject)) from None
        again = replay.replay(subject)
    verdict = {"same": again.same} if again.same else {"same": False, "replayed_output": again.replayed}
    print(json.dumps(recorded | {"replay": verdict}, ensure_ascii=False, indent=2))
    if not again.same:
        raise typer.Exit(1)


def verify_audit() -> None:
    """Recompute the hash of every recorded decision."""
    with attachment.platform():
        from puhui.policy import queries

        report = queries.verify_chain()
    if report.broken_at:
        print(
            f"the record is broken at {report.broken_at}: what is stored there is not what was recorded",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    print(f"{report.decisions} decisions, chain unbroken")


def verify_ledger() -> None:
    """Check the ledger's laws over the whole book: trial balance, sub-ledger, append-only journal."""
    with attachment.platform():
        from puhui.servicing import queries

        breaches = queries.verify()
        accounts = len(queries.trial_balance())
    for breach in breaches:
        print(breach, file=sys.stderr)
    if breaches:
        raise typer.Exit(1)
    print(f"{accounts} accounts: trial balance zero, sub-ledger equals ledger, book equals its rebuild from facts")
