"""Tests are run at any hour of any day: unless they ask about quiet hours, there are none."""

#: The settings that say so.
ANY_HOUR = {"YINUO_CHAT__QUIET_HOURS": "false"}
