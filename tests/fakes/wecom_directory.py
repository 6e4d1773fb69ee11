"""The corp's address book: members, departments, tags."""

from dataclasses import dataclass, field
from typing import Any

ACTIVE = 1


@dataclass(slots=True)
class Entry:
    """One member. `status`: 1 active, 2 disabled, 4 not activated, 5 left."""

    userid: str
    name: str
    departments: list[int] = field(default_factory=lambda: [1])
    position: str = ""
    leads: list[int] = field(default_factory=list)
    direct_leaders: list[str] = field(default_factory=list)
    mobile: str = ""
    status: int = ACTIVE
    openid: str = ""

    @property
    def key(self) -> str:
        """Userids do not care about case."""
        return self.userid.lower()

    def as_json(self) -> dict[str, Any]:
        """What an app made after June 2022 may read: no phone, no e-mail, no face."""
        return {
            "userid": self.userid,
            "name": self.name,
            "department": self.departments,
            "main_department": self.departments[0],
            "is_leader_in_dept": [int(number in self.leads) for number in self.departments],
            "direct_leader": self.direct_leaders,
            "position": self.position,
            "status": self.status,
        }


@dataclass(slots=True)
class Department:
    """One node of the tree; the root is 1 under 0."""

    id: int
    name: str
    parentid: int = 1


@dataclass(slots=True)
class Directory:
    """Everybody in the corp, by lower-case userid."""

    members: dict[str, Entry] = field(default_factory=dict)
    departments: dict[int, Department] = field(
        default_factory=lambda: {1: Department(1, "公司", 0)}
    )
    tags: dict[str, set[str]] = field(default_factory=dict)

    def under(self, department: int) -> set[int]:
        """A department and everything below it."""
        found = {department}
        while True:
            more = {d.id for d in self.departments.values() if d.parentid in found} - found
            if not more:
                return found
            found |= more

    def of_department(self, department: int) -> list[Entry]:
        """Members of a department and of those below it."""
        inside = self.under(department)
        return [entry for entry in self.members.values() if inside & set(entry.departments)]
