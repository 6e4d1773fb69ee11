"""The robot's own initiative: messages to people and groups, recalling, who has read."""

from collections.abc import Callable
from typing import Any

from tests.fakes.dingtalk_content import Content, ContentError, from_sample
from tests.fakes.dingtalk_endpoint import Ask, Endpoint
from tests.fakes.dingtalk_errors import Json, bad, missing
from tests.fakes.dingtalk_inbound import check_robot
from tests.fakes.dingtalk_state import Message, State

GROUP_PARAM_BYTES = 15_000
SEND_SCOPE = "qyapi_robot_sendmsg"


class Initiative:
    """The `/v1.0/robot` paths that send without being spoken to."""

    def __init__(self, state: State) -> None:
        self._state = state

    def endpoints(self) -> list[Endpoint]:
        robot = "/v1.0/robot"
        table: list[tuple[str, str, Callable[[Ask], Json]]] = [
            ("POST", f"{robot}/oToMessages/batchSend", self.to_people),
            ("POST", f"{robot}/otoMessages/batchRecall", self.recall),  # the spelling differs
            ("GET", f"{robot}/oToMessages/readStatus", self.read_status),
            ("POST", f"{robot}/groupMessages/send", self.to_group),
            ("POST", f"{robot}/groupMessages/recall", self.recall),
            ("POST", f"{robot}/groupMessages/query", self.group_readers),
        ]
        return [
            Endpoint(verb=verb, path=path, answer=answer, scope=SEND_SCOPE)
            for verb, path, answer in table
        ]

    def to_people(self, ask: Ask) -> Json:
        state, body = self._state, ask.body
        check_robot(state, body.get("robotCode"))
        user_ids = self._user_ids(body)
        content = self._content(body, state.unconfirmed.text_bytes)
        if not state.robot.published:
            raise bad("robot.oto.notExist", "单聊机器人不存在")
        if not state.robot.one_to_one:
            raise bad("chatbotId.notAllow.sendOTO", "机器人不允许发送单聊消息")
        found = {user_id: state.staff(user_id) for user_id in user_ids}
        people = {id: person for id, person in found.items() if person and person.active}
        if not people and state.unconfirmed.every_id_invalid == "refused":
            raise bad("staffId.notExisted", "员工号不存在")
        key = state.fresh("query")
        for person in people.values():
            if not person.flow_controlled:
                self._put(person.conversation_id, content, key)
        return {
            "processQueryKey": key,
            "invalidStaffIdList": [id for id in user_ids if id not in people],
            "flowControlledStaffIdList": [id for id, p in people.items() if p.flow_controlled],
        }

    def _user_ids(self, body: Json) -> list[str]:
        user_ids = body.get("userIds")
        if not isinstance(user_ids, list) or not user_ids:
            raise missing("userIds")
        if len(user_ids) > self._state.unconfirmed.batch_limit:
            raise bad("too.many.people", "用户人数超过上限")
        return user_ids

    def to_group(self, ask: Ask) -> Json:
        check_robot(self._state, ask.body.get("robotCode"))
        conversation_id = ask.text("openConversationId")
        content = self._content(ask.body, GROUP_PARAM_BYTES)
        group = self._state.groups.get(conversation_id)
        if group is None:
            raise bad("invalidParameter.openConversationId", "群不存在")
        if not group.robot or group.external:  # an app's robot sits in internal groups only
            raise bad("resource.not.found", "robot 不存在")
        key = self._state.fresh("query")
        self._put(conversation_id, content, key)
        return {"processQueryKey": key}

    def _content(self, body: Json, limit: int | None) -> Content:
        key, param = body.get("msgKey"), body.get("msgParam")
        if not key:
            raise missing("msgKey")
        if not param:
            raise missing("msgParam")
        try:
            content = from_sample(str(key), param)
        except ContentError as error:
            raise bad("invalidParameter.msgParam", str(error)) from None
        if limit is not None and len(param.encode()) > limit:
            raise bad("invalidParameter.msgParam.tooLong", f"msgParam超过{limit}字节")
        return content

    def _put(self, conversation_id: str, content: Content, key: str) -> None:
        state = self._state
        state.put(
            Message(
                state.fresh("msg"),
                conversation_id,
                "",
                content,
                "proactive",
                state.clock(),
                key=key,
            )
        )

    # Afterwards

    def recall(self, ask: Ask) -> Json:
        check_robot(self._state, ask.body.get("robotCode"))
        keys = ask.body.get("processQueryKeys")
        if not isinstance(keys, list) or not keys:
            raise missing("processQueryKeys")
        gone = [key for key in keys if self._sent(key)]
        for key in gone:
            for message in self._sent(key):
                message.recalled = True
        self._state.change()
        return {
            "successResult": gone,
            "failedResult": {key: "消息不存在" for key in keys if key not in gone},
        }

    def read_status(self, ask: Ask) -> Json:
        check_robot(self._state, ask.query.get("robotCode"))
        rows: list[Json] = []
        for message in self._sent(ask.query.get("processQueryKey")):
            for person in self._state.audience(message.conversation_id):
                at = message.read_by.get(person.union_id)
                rows.append(
                    {
                        "userId": person.user_id,
                        "name": person.name,
                        "readStatus": "UNREAD" if at is None else "READ",
                        "readTimestamp": int((at or 0) * 1000),
                    }
                )
        return {"sendStatus": "SUCCESS", "messageReadInfoList": rows}

    def group_readers(self, ask: Ask) -> Json:
        check_robot(self._state, ask.body.get("robotCode"))
        readers = {
            self._state.people[union_id].user_id
            for message in self._sent(ask.text("processQueryKey"))
            for union_id in message.read_by
        }
        return {"sendStatus": "SUCCESS", "readUserIds": sorted(readers), "hasMore": False}

    def _sent(self, key: Any) -> list[Message]:
        return [message for message in self._state.messages if key and message.key == key]
