"""What no document settles: answered by a run on AWS, or said to be open."""

import datetime

import botocore.exceptions

import cloudtrail

SETTLED, OPEN = "settled", "not settled"


def arrived(place, steps):
    """Whether messages came into the queue that asks SNS for its account; none where none could come. It is
    asked before the queues are gone."""
    try:
        if not steps or not steps.messages:
            return None
        received = place.client("sqs").receive_message(
            QueueUrl=steps.outputs["requests"]["probe"], MaxNumberOfMessages=10, WaitTimeSeconds=5)
        return bool(received.get("Messages"))
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, KeyboardInterrupt):
        return None


def answers(place, steps, done, arrived_there, changes, trust_names_source):
    """Each question with whether it is settled, and by what."""
    events = getattr(place, "events", [])
    yield "May a transaction put rows under several partition keys that one statement names?", *by_step(
        done, "good", "yes: `advance` wrote down the deployments that it started")
    # With aws:SourceAccount beside it, EventBridge may not: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
    yield "Does EventBridge invoke a function whose policy names the rule's ARN alone?", *by_step(done, "good", "yes: the push became a release")
    yield "Does SNS send aws:SourceAccount to SQS?", *(
        (OPEN, "no request arrived") if arrived_there is None
        else (SETTLED, "yes: messages came into the queue that asks for it" if arrived_there else "no: none came into the queue that asks for it"))
    yield "Does SNS send aws:SourceAccount to Lambda?", OPEN, "the functions' permissions do not ask for it, so that nothing depends on it"
    yield "Does UpdateService's answer name the deployment before?", *names_the_old_one(events, steps)
    yield "Does ECS check iam:PassRole for infrastructure and hook roles at UpdateService?", *by_step(
        done, "good", "no: `advance` may pass neither, and the release went through")
    yield "Do the statements suffice for ecs:ContinueServiceDeployment?", *by_step(done, "good", "yes: the approval let traffic through")
    yield "Do they for its action ROLLBACK?", *by_step(done, "rejected", "yes: the rejection took green away")
    yield "Do they for Application Auto Scaling?", *by_step(done, "good", "yes: scaling was suspended and resumed around the releases")
    yield "Does ECS name its source where it assumes infrastructure and hook roles?", *(
        by_step(done, "good", "yes: the roles asked for it, and traffic moved") if trust_names_source
        else (OPEN, "run again with --trust-names-source, which fails at the stage ecs if it does not"))
    yield "Does CodeDeploy show the event at a hook's first look?", *first_look(events)
    yield "Does a target account's hook reach the ledger with DynamoDB's own key?", *(
        by_step(done, "good", "yes: its checks let the deployment there go on") if place.target else (OPEN, "needs --target-profile"))
    yield "Is the plan after an apply empty?", *(
        (OPEN, "nothing was planned") if changes is None else (SETTLED, "yes" if not changes else "no: " + "; ".join(changes)))
    yield "Does a plain UpdateItem meet TransactionConflictException?", OPEN, "nothing here provokes it"


def by_step(done, step, answer):
    """What a step shows that came to its end."""
    return (SETTLED, answer) if step in done else (OPEN, f"the step \"{step}\" did not come to its end")


def names_the_old_one(events, steps):
    """The deployment that UpdateService names was made before the call, or by it."""
    made = {one["serviceDeploymentArn"]: one["createdAt"] for one in (steps.deployments_seen if steps else [])}
    found = []
    for event in events:
        service = (event.get("responseElements") or {}).get("service", {}) if event["eventName"] == "UpdateService" else {}
        named = service.get("currentServiceDeployment")
        if named in made:
            # Times of CloudTrail are whole seconds.
            found.append("the one before" if made[named] < cloudtrail.time_of(event) - datetime.timedelta(seconds=1) else "its own")
    return (SETTLED, f"it named {', '.join(found)}") if found else (OPEN, "CloudTrail shows no answer that names one")


def first_look(events):
    """A hook function that has to look again asks for the target more than once."""
    count = lambda name: sum(event["eventName"] == name and event["function"] == "lifecycle-hook" for event in events)
    looks, hooks = count("GetDeploymentTarget"), count("PutLifecycleEventHookExecutionStatus")
    if not hooks:
        return OPEN, "CloudTrail shows no hook that answered"
    again = "looked again" if looks > hooks else "did not have to look again"
    return SETTLED, f"{hooks} hooks, {looks} looks: they {again}"
