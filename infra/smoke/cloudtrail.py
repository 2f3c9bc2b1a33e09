"""What CloudTrail saw of the deployer's calls: its event history, which every account has.

It shows the name of each call, the code of an error, and the answer of a change. It does not show what
reads were answered with, and no calls of DynamoDB's items, SNS's and SQS's messages or of Slack.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
"""

import datetime
import json
import time

from botocore.config import Config

from calls import COMPARED, Call, members

LOOK_SECONDS = 30
LAST = datetime.timedelta(minutes=1)
# Application Auto Scaling has been called by both names.
# https://docs.aws.amazon.com/autoscaling/application/userguide/logging-using-cloudtrail.html
ALSO = {"autoscaling": "application-autoscaling"}
# Two lookups a second are allowed.
# https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
PATIENT = Config(retries={"mode": "adaptive", "max_attempts": 20})


def calls(aws, marks, say):
    """The calls between each two marks, once CloudTrail shows the last ones."""
    say("looking the deployer's calls up in CloudTrail, which shows them some minutes later")
    until = time.monotonic() + aws.trail_seconds
    # A step ends with calls that look at a deployment, and resume auto scaling.
    while not any(time_of(event) >= marks[-1] - LAST for event in of(aws, "ecs", marks[0], marks[-1])):
        if time.monotonic() > until:
            say("CloudTrail does not show the last calls yet, so that what follows is not complete")
            break
        time.sleep(LOOK_SECONDS)
    sources = sorted(COMPARED | ALSO.keys())
    aws.events = sorted((event for source in sources for event in of(aws, source, marks[0], marks[-1])), key=time_of)
    return [[call(event) for event in aws.events if start < time_of(event) <= end] for start, end in zip(marks, marks[1:])]


def of(aws, source, since, until):
    """The events of one service that the deployer's functions are behind, here and in the other account."""
    found = []
    for elsewhere in (False, True) if aws.target else (False,):
        pages = aws.client("cloudtrail", elsewhere, config=PATIENT).get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": f"{source}.amazonaws.com"}],
            StartTime=since, EndTime=until)
        events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
        found += [event | {"function": name} for event in events if (name := aws.functions().get(role(event)))]
    return found


def role(event):
    """The name of the role that an event's session is of."""
    issuer = event.get("userIdentity", {}).get("sessionContext", {}).get("sessionIssuer", {})
    return issuer.get("arn", "").rpartition("/")[2]


def time_of(event):
    """When the call was made, to the second."""
    return datetime.datetime.fromisoformat(event["eventTime"].replace("Z", "+00:00"))


def call(event):
    """An event as the lab's journal has calls."""
    service = event["eventSource"].partition(".")[0]
    return Call(event["function"], ALSO.get(service, service), event["eventName"], event.get("errorCode"),
                frozenset(members(event.get("responseElements") or {})))
