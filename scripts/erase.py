"""``xiyou erase``: destroy a person's data key and values, once no duty to keep them runs.

    xiyou erase --subject usr_... --by STAFF    ask, or, as another member of the staff, agree
    xiyou erase --subject usr_... --by STAFF --hold   agree, and leave the rest to the day's run
    xiyou erase                                 carry out all that was agreed to

Whoever asks restricts: the data are kept and not used, until the duty that is named is over.
Whoever agrees to it, another person, has it carried out: first the digests of all that is to
be destroyed are listed in the log, over all persons who wait, and only then are keys and
values destroyed. A crash between the two leaves values that are on record as erased and are
not used any more; calling it again, in any form, destroys them. So does it after an old
backup came back. Proved by ``tests/scripts/test_erase.py``.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from api.bootstrap import Deployment
from api.duties import duty_now
from chain.entry import format_at
from chain.errors import ChainError
from chain.store.forgetting import UnlistedError, forget, values_of
from domain.command import Command
from domain.disputes.deadline import spell
from domain.errors import NotFoundError
from domain.event import Meta
from domain.identity.account import MAX_DIGESTS, Account, account_of, subjects_of
from domain.identity.erasing import command_id_of
from domain.identity.erasure import erased
from domain.identity.events import PartyId
from domain.identity.retention import Duty
from domain.identity.standing import find_account
from domain.payload import kind_of
from scripts.deploying import deployment
from scripts.options import Home, Json
from scripts.outcome import Outcome

app = typer.Typer(rich_markup_mode=None, add_completion=False)

ENTRIES_EACH: Final = 16
"""Entries of one command."""
ROUNDS: Final = 8
"""So often what is still being sealed is listed anew."""

_PARTY: Final = kind_of(PartyId)


class StillSealingError(ChainError):
    """More is sealed for the persons all the time: nothing was destroyed."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done."""

    listed: int = 0
    """Digests that were put on record by it."""
    keys: int = 0
    values: int = 0
    """That were destroyed."""


@app.command()
def erase(
    subject: Annotated[
        str | None,
        typer.Option(help="The person: usr_..., a merchant, or an account acc_...; default: all"),
    ] = None,
    actor: Annotated[
        str, typer.Option("--by", help="The member of the staff who asks or agrees.")
    ] = "operator",
    home: Home = None,
    *,
    hold: Annotated[
        bool, typer.Option("--hold", help="Destroy nothing now: the day's xiyou erase does it.")
    ] = False,
    as_json: Json = False,
) -> Outcome:
    """Ask for a person's erasure, agree to it, or carry out what was agreed to."""
    del as_json
    now = datetime.now(UTC)
    with deployment(home) as ledger:
        if subject is None:
            return outcome(ledger, None, carry_out(ledger, actor, now))
        party = party_of(ledger, subject)
        is_decided = decide(ledger, party, actor, now)
        if is_decided and hold:
            words = f"{party}: erasure decided; xiyou erase destroys it with the others of the day"
            return Outcome({"ok": True, "party": party, "state": "decided"}, words)
        return outcome(ledger, party, carry_out(ledger, actor, now) if is_decided else Done())


def party_of(ledger: Deployment, subject: str) -> str:
    """Return the party that *subject* names: itself, or the one whose account it is.

    Raises:
        MalformedError: it names none.
        NotFoundError: the log and the vault know nothing of it.
    """
    if subject.startswith("acc_"):
        return ledger.trade.load(Account, subject).party
    party = str(_PARTY.read(subject))
    if find_account(ledger.trade, party) is None and not values_of(
        ledger.database, subjects_of(party)
    ):
        raise NotFoundError(f"{party}: has no account, and nothing is sealed for it")
    return party


def decide(ledger: Deployment, party: str, actor: str, now: datetime) -> bool:
    """Let *actor* ask for the erasure of *party* or agree to it; say whether it is decided.

    Whoever has asked and calls again has asked once, and agrees to nothing.

    Raises:
        ConcurrentChangeError: somebody else was faster; nothing was recorded.
    """
    account = find_account(ledger.trade, party)
    if account is not None and account.state == "erased":
        return True
    moment = spell(now)
    duty = duty_now(ledger, party, moment)
    until = duty.until if duty is not None else moment
    version = 0 if account is None else account.version
    name = f"{account_of(party)}/{version}"
    if account is None or account.keep_until is None or is_longer(duty, account, moment):
        command = command_by(ledger, actor, f"erasure/ask/{name}")
        ledger.trade.ask_erasure(command, party, until, duty.basis if duty is not None else None)
        return False
    if moment < account.keep_until or account.asked_by == actor:
        return False
    command = command_by(ledger, actor, f"erasure/agree/{name}")
    ledger.trade.erase_person(command, party, moment, duty)
    return True


def is_longer(duty: Duty | None, account: Account, now: str) -> bool:
    """Say whether a duty runs that whoever asked did not know of."""
    return duty is not None and duty.runs(now) and now >= (account.keep_until or "")


def carry_out(ledger: Deployment, actor: str, now: datetime) -> Done:
    """List and destroy all that was decided to be erased, of all persons.

    Raises:
        StillSealingError: more is sealed for them all the time; nothing was destroyed.
    """
    listed = 0
    for _ in range(ROUNDS):
        known = erased(ledger.trade.recorder)
        if not known.decided:
            break
        there = {each.hex() for each in values_of(ledger.database, known.decided)}
        fresh = sorted(there - known.listed.keys())
        record(ledger, actor, f"{now:%Y-%m-%d}", fresh)
        listed += len(fresh)
        # A crash here leaves values that the log lists as erased and that are still kept:
        # packages say so, an audit finds them, nothing opens them, and the next run is here
        # again with nothing to list.
        done = {bytes.fromhex(each) for each in there}
        try:
            return Done(listed, *forget(ledger.owner_url(), sorted(known.decided), done))
        except UnlistedError:
            continue
    else:
        raise StillSealingError("more is sealed for them all the time: stop that and try again")
    return Done(listed)


def record(ledger: Deployment, actor: str, date: str, digests: list[str]) -> None:
    """Put *digests* on record as erased on *date*, sorted, in as many entries as it takes."""
    size = MAX_DIGESTS * ENTRIES_EACH
    for start in range(0, len(digests), size):
        part = digests[start : start + size]
        # A crash here leaves a part listed and nothing destroyed: the next run lists the rest.
        command = command_by(ledger, actor, command_id_of(date, part))
        ledger.trade.list_erasures(command, date, part)


def command_by(ledger: Deployment, actor: str, command_id: str) -> Command:
    """Return a command of *actor*; its id is made of what it is decided on."""
    meta = Meta(actor, "staff", "xiyou", "cli", command_id, command_id)
    return ledger.command(meta)


def outcome(ledger: Deployment, party: str | None, done: Done) -> Outcome:
    """Return how it stands now, as facts and as words."""
    facts: dict[str, Any] = {
        "ok": True,
        "at": format_at(datetime.now(UTC)),
        "listed": done.listed,
        "keys": done.keys,
        "values": done.values,
    }
    destroyed = f"{done.keys} data keys and {done.values} values destroyed"
    if party is None:
        return Outcome(facts, f"{destroyed}, {done.listed} digests listed")
    account = ledger.trade.load(Account, account_of(party))
    facts |= {
        "party": party,
        "state": account.state,
        "keep_until": account.keep_until,
        "duty": account.duty,
        "asked_by": account.asked_by,
    }
    if account.state == "erased":
        return Outcome(facts, f"{party}: erased: {destroyed}, {done.listed} digests listed")
    why = f" under {account.duty}" if account.duty else ""
    return Outcome(
        facts,
        f"{party}: restricted: kept and not used until {account.keep_until}{why}\n"
        f"  asked for by {account.asked_by}; from then on another member of the staff agrees with"
        f" xiyou erase --subject {party} --by STAFF",
    )
