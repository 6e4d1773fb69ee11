"""One of everything that a route can be about, of one HR and one manager."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot import asking, filing, offering, proposing
from bot.offers.pledge import Side
from bot.offers.terms import Terms
from bot.words import SHANGHAI
from storage.crypto import new_public_id
from storage.queries import absences, interviews, invitations, media, surveys
from tests.integration.web.asking import WEEK1
from tests.integration.web.conftest import Office, Person, viewer
from tests.integration.web.test_chat import SALARY, open_alerts
from tests.integration.web.test_resume_page import RESUME
from tests.integration.web.uploads import send


@dataclass(kw_only=True)
class Things:
    """A candidate with position, talk, reading, alert, file, offer, card and request, of one HR and
    one manager."""

    candidate_id: str
    alert_id: str
    position_id: str
    reading_id: str
    attachment_id: str
    fact_id: str
    proposal_id: str
    invitation_id: str = "iv_x"
    offer_id: str = "o_x"
    card_id: str = "l_x"
    request_id: str = "q_x"
    user_id: str = "u_x"
    absence_id: str = "aw_x"
    interview_id: str = "vw_x"

    def fill(self, path: str) -> str:
        ids = {
            "candidate_id": self.candidate_id,
            "alert_id": self.alert_id,
            "position_id": self.position_id,
            "reading_id": self.reading_id,
            "attachment_id": self.attachment_id,
            "offer_id": self.offer_id,
            "card_id": self.card_id,
            "request_id": self.request_id,
            "fact_id": self.fact_id,
            "proposal_id": self.proposal_id,
            "survey_id": "week1",
            "invitation_id": self.invitation_id,
            "response_id": self.invitation_id,
            "step_id": "st_none",
            "session_id": "s_none",
            "merge_id": "g_none",
            "absence_id": self.absence_id,
            "interview_id": self.interview_id,
            "user_id": self.user_id,
            "channel": "telegram",
            "format": "csv",
            "kind": "salary",
        }
        return path.format(**ids)


async def things(office: Office, hr: Person, manager: Person) -> Things:
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    candidate = await office.candidate(position_id=position)
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    sent = await send(office, token, RESUME)
    [file] = await office.road.database.read(
        lambda tx: media.of_messages(tx, office.road.vault, [sent.json()["id"]])
    )
    road, by = office.road, viewer(hr)
    offer = (await offering.draft(road, by, candidate, Terms(base=16_000))).offer.id
    card = await offering.send(road, by, candidate, offer, answer_by=None)
    wish = await offering.ask_change(
        road, by, candidate, "早点入职", side=Side.CANDIDATE, source="console:x"
    )
    said = {("own.skills", ""): "Go"}
    filed = await filing.state(road, by, candidate, said, source=f"form:{hr.id}")
    proposed = await proposing.from_upload(road, by, candidate, RESUME)
    await office.write(lambda tx: surveys.sync(tx, [asking.edition(WEEK1)]))
    asked = await office.write(
        lambda tx: invitations.plan(
            tx, candidate_id=candidate, survey_id="week1", anchor="test", due_on=date(2026, 11, 2)
        )
    )
    today = datetime.now(SHANGHAI).date()
    later = today + timedelta(days=60)
    away = await office.write(
        lambda tx: absences.add(
            tx, user_id=hr.id, deputy_id=office.people["deputy"].id, from_on=later, until_on=later,
            today=today, by=hr.id,
        )
    )  # fmt: skip
    talk = new_public_id("vw")
    await office.write(
        lambda tx: interviews.add(
            tx, candidate, talk, at=tx.now, interviewer_id=manager.id, number=None, by=hr.id
        )
    )
    return Things(
        candidate_id=candidate,
        invitation_id=str(asked),
        offer_id=offer,
        card_id=card.id,
        request_id=wish,
        proposal_id=proposed.id,
        fact_id=filed.ids[0],
        alert_id=alert.id,
        position_id=position,
        reading_id=alert.source,
        attachment_id=file.id,
        user_id=hr.id,
        absence_id=away,
        interview_id=talk,
    )
