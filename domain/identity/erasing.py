"""Use cases of erasure: asked for, agreed to by a second person, and carried out (A7).

Three steps, each an entry of its own: a member of the staff asks, and from then on the data
are kept and not used; another one agrees, once every duty to keep them is over; then the
digests of a day are listed, and only then is anything destroyed.
``tests/domain/identity/test_a7_end.py`` and ``test_erasure.py``.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from chain.errors import MalformedError
from domain.command import Command
from domain.credit.register import Register
from domain.desk import use_case
from domain.errors import NotYetError
from domain.identity.account import Account, account_of
from domain.identity.erasure import Erasure
from domain.identity.retention import Duty
from domain.identity.standing import find_account
from domain.qualification.voting import check_staff

_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Erasing(Register):
    """The end of a person's data."""

    @use_case
    def ask_erasure(
        self, command: Command, party: str, keep_until: str, duty: str | None = None
    ) -> None:
        """Ask for the erasure of a person's data; until then they are kept and not used (A7).

        Whoever was never enrolled gets an account first, a restricted one.

        Args:
            command: by a member of the staff.
            party: a consumer or merchant, by pseudonym.
            keep_until: the end of the duty to keep; now or earlier for none.
            duty: which one, and over what.
        """
        account = find_account(self, party)
        if account is None:
            account = Account(account_of(party))
            account.restrict(command, party, "unverified")
        account.ask_erasure(command, keep_until, duty)

    @use_case
    def erase_person(
        self, command: Command, party: str, now: str, duty: Duty | None = None
    ) -> None:
        """Record that a person's data are erased, by another person than who asked (A7).

        The event comes first: what it decides is then listed and destroyed, and again after a
        crash or a restored backup, for as often as it takes.

        Args:
            command: by a member of the staff, another one.
            party: a consumer or merchant, by pseudonym.
            now: RFC 3339, UTC, seconds.
            duty: what the log says at *now* of the duty to keep, if there is one.

        Raises:
            NotYetError: nobody asked, or a duty to keep them still runs.
            ConflictOfInterestError: the same person asked for it, or is no staff.
        """
        check_staff(command, party)
        account = self.load(Account, account_of(party))
        if duty is not None and duty.runs(now):
            raise NotYetError(f"{account.id}: must be kept until {duty.until}: {duty.basis}")
        account.erase(command, now)

    @use_case
    def list_erasures(self, command: Command, date: str, digests: Sequence[str]) -> None:
        """Record which sealed values are destroyed on *date*, ``2026-11-22``, of all persons.

        Raises:
            MalformedError: there are none, or one is no digest.
        """
        if not _DATE.fullmatch(date):
            raise MalformedError(f"{date!a:.40}: a date is like 2026-11-22")
        if not digests:
            raise MalformedError("digests: an erasure lists at least one")
        self.kept(Erasure, date).list_digests(command, digests)


def command_id_of(date: str, digests: Sequence[str]) -> str:
    """Return the id of the command that lists *digests*: the same list is recorded once."""
    summed = sha256("\n".join(sorted(set(digests))).encode()).hexdigest()
    return f"erasure/{date}/{summed[:32]}"
