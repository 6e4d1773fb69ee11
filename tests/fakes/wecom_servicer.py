"""A human servicer at the WeCom client of a kf account."""

from tests.fakes.wecom_customer import Customer
from tests.fakes.wecom_errors import Json
from tests.fakes.wecom_kf import append, event
from tests.fakes.wecom_kf_account import Account, Seat
from tests.fakes.wecom_kf_session import ENDED, HUMAN, POOL, SeenByCustomer, Session
from tests.fakes.wecom_state import State

BY_SERVICER = 5
TAKEN, TRANSFERRED, FINISHED, REOPENED = 1, 2, 3, 4
SERVING, STOPPED = 1, 2  # in the event; kf/servicer/list says 0 and 1


class Servicer:
    """One member who serves an account. What a client would not offer raises ValueError."""

    def __init__(self, state: State, account: Account, seat: Seat) -> None:
        self._state = state
        self._account = account
        self._seat = seat

    @property
    def userid(self) -> str:
        return self._seat.userid

    # Being there

    def serve(self) -> None:
        """Start serving."""
        self._seat.serving, self._seat.suspended = True, False
        self._status(SERVING)

    def stop(self, *, suspended: bool = False) -> None:
        """Stop serving, or only take a break."""
        self._seat.serving, self._seat.suspended = False, suspended
        self._status(STOPPED, {"stop_type": int(suspended)})

    def _status(self, status: int, more: Json | None = None) -> None:
        fields = {
            "servicer_userid": self.userid,
            "status": status,
            "open_kfid": self._account.open_kfid,
        }
        event(self._state, self._account, "servicer_status_change", fields | (more or {}))

    # Sessions. Each returns the msg_code of its event, "" where it has none.

    def take(self, customer: Customer) -> str:
        """Take a customer out of the waiting pool."""
        self._must(customer, POOL)
        return self._change(customer, TAKEN, "", self.userid)

    def transfer(self, customer: Customer, to: "Servicer") -> str:
        """Hand a customer to a colleague."""
        self._mine(customer)
        return self._change(customer, TRANSFERRED, self.userid, to.userid)

    def end(self, customer: Customer) -> str:
        """End the session."""
        self._mine(customer)
        return self._change(customer, FINISHED, self.userid, "")

    def reopen(self, customer: Customer) -> str:
        """Take up a session that has ended."""
        self._must(customer, ENDED)
        return self._change(customer, REOPENED, "", self.userid)

    def _session(self, customer: Customer) -> Session:
        session = self._account.session(customer.external_userid)
        session.expire(self._state.clock())
        return session

    def _must(self, customer: Customer, state: int) -> None:
        found = self._session(customer).state
        if found != state:
            raise ValueError(f"the session is in state {found}, not {state}")

    def _mine(self, customer: Customer) -> None:
        self._must(customer, HUMAN)
        if self._session(customer).servicer != self.userid:
            raise ValueError(f"{self._session(customer).servicer} serves this customer")

    def _change(self, customer: Customer, change: int, old: str, new: str) -> str:
        with self._state.lock:
            session, now = self._session(customer), self._state.clock()
            if change == FINISHED:
                session.state, session.servicer = ENDED, ""
            elif change == REOPENED:
                session.reopen(new, now)
            else:
                session.state, session.servicer = HUMAN, new
            fields = self._about(customer) | {"change_type": change}
            fields |= {"old_servicer_userid": old} if old else {}
            fields |= {"new_servicer_userid": new} if new else {}
            code = ""
            if change in {TAKEN, FINISHED}:
                kind = session.code("servicer" if change == TAKEN else "ended", now)
                code = self._state.service.issue(kind)
                fields["msg_code"] = code
            event(self._state, self._account, "session_status_change", fields)
            return code

    def _about(self, customer: Customer) -> Json:
        return {
            "open_kfid": self._account.open_kfid,
            "external_userid": customer.external_userid,
        }

    # Talking

    def write(self, customer: Customer, text: str) -> str:
        """Write to a customer; the apps pull it with origin 5."""
        return self.send(customer, "text", {"content": text})

    def send(self, customer: Customer, msgtype: str, content: Json) -> str:
        """Send a message of any type; returns its msgid."""
        self._mine(customer)
        with self._state.lock:
            body = self._about(customer) | {
                "origin": BY_SERVICER,
                "servicer_userid": self.userid,
                "msgtype": msgtype,
                msgtype: content,
            }
            msgid = append(self._state, self._account, body)
            seen = SeenByCustomer(
                msgid=msgid,
                msgtype=msgtype,
                content=content,
                by="servicer",
                at=self._state.clock(),
                servicer=self.userid,
            )
            self._session(customer).seen.append(seen)
            return msgid

    def recall(self, customer: Customer, msgid: str) -> None:
        """Take an own message back."""
        with self._state.lock:
            seen = self._session(customer).seen
            kept = [one for one in seen if (one.msgid, one.servicer) != (msgid, self.userid)]
            if len(kept) == len(seen):
                raise LookupError(f"{msgid} is no message of {self.userid}")
            seen[:] = kept
            fields = self._about(customer)
            fields |= {"recall_msgid": msgid, "servicer_userid": self.userid}
            event(self._state, self._account, "servicer_recall_msg", fields)

    def reject(self, customer: Customer, on: bool = True) -> None:
        """Refuse messages of a customer, or take them again."""
        fields = self._about(customer)
        fields |= {"servicer_userid": self.userid, "reject_switch": int(on)}
        event(self._state, self._account, "reject_customer_msg_switch_change", fields)
