"""Run by Debian's own Python, which has Evolution's library, inside a D-Bus of its own.

Hands each file to Evolution's calendar server, as accepting an invitation does, and prints what the
calendar has in it then, a line of JSON for each.
"""

import json
import sys
from pathlib import Path

import gi  # type: ignore[import-not-found]  # not in our environment

gi.require_version("ECal", "2.0")
from gi.repository import (  # type: ignore[import-not-found]  # noqa: E402 - the version comes first
    ECal,
    EDataServer,
    ICalGLib,
)

AT_ONCE = 2**32 - 1  # without waiting for a server on the network


def told_of(calendar: ECal.Client, component: ECal.Component) -> dict[str, object]:
    event = component.get_icalcomponent()
    attendee = event.get_first_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)
    start, end = (
        when.as_timet_with_zone(calendar.get_timezone_sync(when.get_tzid(), None)[1])
        for when in (event.get_dtstart(), event.get_dtend())
    )
    alarms = [component.get_alarm(uid).get_trigger() for uid in component.get_alarm_uids()]
    return {
        "title": event.get_summary(),
        "location": event.get_location(),
        "start": start,
        "end": end,
        "sequence": event.get_sequence(),
        "attendee": attendee.get_attendee(),
        "name": attendee.get_first_parameter(ICalGLib.ParameterKind.CN_PARAMETER).get_cn(),
        "reminders": [alarm.get_duration().as_ical_string() for alarm in alarms],
    }


sources = EDataServer.SourceRegistry.new_sync(None)
own = sources.ref_builtin_calendar()
calendar = ECal.Client.connect_sync(own, ECal.ClientSourceType.EVENTS, AT_ONCE, None)
for path in sys.argv[1:]:
    message = ICalGLib.Component.new_from_string(Path(path).read_bytes().decode())
    calendar.receive_objects_sync(message, ECal.OperationFlags.NONE, None)
    _, found = calendar.get_object_list_as_comps_sync("#t", None)
    line = json.dumps([told_of(calendar, component) for component in found])
    sys.stdout.write(f"{line}\n")
