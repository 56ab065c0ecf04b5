"""The people on the other side: they read what reaches them, and answer as their persona does."""

from collections.abc import Awaitable
from datetime import timedelta
from email.utils import parseaddr
from functools import partial

from sandbox import behavior, browser, letters
from sandbox.behavior import Deed
from sandbox.bookings import Bookings
from sandbox.mail.post import Accepted, PostOffice, office, readable
from sandbox.parties import Person
from sandbox.personas import share_of
from sandbox.world import World

#: Of a hundred who are asked for a score, how many give one.
SCORE = 70


def attach(world: World, bookings: Bookings) -> None:
    """Let the company's people live in this world."""
    crowd = _Crowd(world, office(world), bookings)
    crowd.post.judges.append(crowd.refusal)
    crowd.post.listeners.append(crowd.reads)


class _Crowd:
    def __init__(self, world: World, post: PostOffice, bookings: Bookings) -> None:
        self.world, self.post, self.bookings = world, post, bookings
        people: dict[str, Person] = {}
        for person in world.company.people:
            if person.email:
                people.setdefault(readable(person.email), person)
        self.crowd = behavior.Crowd(people, world.seed)

    def refusal(self, recipient: str) -> str:
        match self.crowd.refusal(recipient):
            case "unknown":
                return f"550 5.1.1 <{recipient}>: no such user here"
            case "greylisted":
                return "451 4.7.1 greylisted, please try again later"
        return ""

    def reads(self, mail: Accepted) -> None:
        for deed in self.crowd.reads(mail.recipient, mail.enrollment, self.world.moment):
            person = self.crowd.people[mail.recipient]
            self.world.agenda.at(deed.at, partial(self._do, person, mail, deed))
        reader = self.crowd.people.get(mail.recipient)
        if reader is not None and mail.recipient not in self.crowd.gone:
            self._scores(reader, mail)
            self._books(reader, mail)

    def _do(self, person: Person, mail: Accepted, deed: Deed) -> Awaitable[None] | None:
        match deed.kind:
            case "answers":
                self._answer(person, mail, deed)
            case "is_away":
                letter = letters.out_of_office(person, mail, until=deed.until, at=deed.at)
                self._deliver(person, mail, letter, about="auto_reply")
            case "unsubscribes":
                return self._unsubscribe(person, mail, deed.detail)
            case "bounces":
                self._deliver(person, mail, letters.bounce(mail, deed.at), about="bounce")
            case "is_delayed":
                self._deliver(person, mail, letters.delayed(mail, deed.at), about="delay")
        return None

    def _answer(self, person: Person, mail: Accepted, deed: Deed) -> None:
        text = letters.sentence(person, deed.detail, self.world.process)
        number = share_of(100, "alias", deed.number, self.world.seed, person.email)
        sender = letters.sender_of(person, number)
        letter = letters.reply(person, mail, text, sender=sender, at=deed.at)
        self._deliver(person, mail, letter, about="reply", text=text)

    def _unsubscribe(self, person: Person, mail: Accepted, how: str) -> Awaitable[None] | None:
        link = letters.one_click_link(mail)
        if how == "clicks" and link:
            return self._click(person, mail, link)
        if how == "mails" and letters.mail_link(mail):
            self._mail_off(person, mail)
        else:
            self._write_off(person, mail)
        return None

    async def _click(self, person: Person, mail: Accepted, link: str) -> None:
        if not await self._post(person, mail, link):
            self._write_off(person, mail)

    async def _post(self, person: Person, mail: Accepted, link: str) -> bool:
        """RFC 8058: a POST without cookies; whether it was taken."""
        taken = await browser.post(link, {"List-Unsubscribe": "One-Click"})
        self.world.journal.append(
            "unsubscribe.posted", person=person.id, email=mail.recipient, taken=taken
        )
        if taken:
            self.crowd.gone.add(mail.recipient)
        return taken

    def _scores(self, person: Person, mail: Accepted) -> None:
        """Who is asked how likely they are to recommend the team mostly says so, some hours later."""
        link = letters.feedback_link(mail, self.world.product_url)
        if link and self._share(person, "scores") < SCORE:
            at = self.world.moment + timedelta(hours=1 + self._share(person, "hours") % 24)
            self.world.agenda.at(at, partial(self._score, person, mail, link))

    async def _score(self, person: Person, mail: Accepted, link: str) -> None:
        score = 3 + self._share(person, "score") % 8
        taken = await browser.post(link, {"score": str(score), "comment": ""})
        self.world.journal.append(
            "score.posted", person=person.id, email=mail.recipient, score=score, taken=taken
        )

    def _books(self, person: Person, mail: Accepted) -> None:
        """Who did not come to a meeting, and now gets the link to book another."""
        link = letters.booking_link(mail)
        if link and self.bookings.is_asked_again(person):
            _, rep = parseaddr(mail.sender)
            self.bookings.book_soon(person, rep, link=link)

    def _share(self, person: Person, about: str) -> int:
        return share_of(100, about, self.world.seed, person.email)

    def _write_off(self, person: Person, mail: Accepted) -> None:
        text = "Please unsubscribe me."
        letter = letters.reply(person, mail, text, sender=person.email, at=self.world.moment)
        self._deliver(person, mail, letter, about="unsubscribe", text=text)
        self.crowd.gone.add(mail.recipient)

    def _mail_off(self, person: Person, mail: Accepted) -> None:
        letter = letters.unsubscribe_mail(person, letters.mail_link(mail), at=self.world.moment)
        self._deliver(person, mail, letter, about="unsubscribe")
        self.crowd.gone.add(mail.recipient)

    def _deliver(
        self, person: Person, mail: Accepted, raw: bytes, *, about: str, text: str = ""
    ) -> None:
        _, address = parseaddr(mail.sender)
        self.post.deliver(
            address,
            raw,
            about=about,
            person=person.id,
            email=mail.recipient,
            answers=mail.message_id,
            enrollment=mail.enrollment,
            text=text,
        )
