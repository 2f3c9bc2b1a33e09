"""Whether the chosen credentials lead to an account, and how long they still do."""

import datetime

import boto3
import botocore.config
import botocore.credentials
import botocore.exceptions

# Of a run: half an hour more than it takes. Destroying what one left is never put off.
HOURS = 2
MAIN = "these credentials"
SOON = botocore.config.Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 1})


def look(chosen):
    """What is missing, each with the way out, and what is to be known of what is there."""
    missing, known, region = [], [], chosen.region
    ways = {MAIN: chosen.profile}
    if chosen.target_profile:
        ways[f"--target-profile {chosen.target_profile}"] = chosen.target_profile
    for what, profile in ways.items():
        try:
            session = boto3.Session(profile_name=profile, region_name=chosen.region)
            if what == MAIN:
                # The other account is asked in the same region.
                region = session.region_name
            found = session.get_credentials()
            if found is None:
                missing.append("there are no credentials of AWS: say --profile (PROFILE=… to make), or set AWS_PROFILE or AWS_ACCESS_KEY_ID and its like")
                continue
            left, told = remaining(found)
            if not chosen.destroy and left is not None and left < datetime.timedelta(hours=HOURS):
                missing.append(f"{what} {told}, and a run needs {HOURS} hours: get new ones, or a longer session")
                continue
            if not chosen.destroy and left is None and found.token:
                told += f"; a run needs {HOURS} hours"
            account = session.client("sts", region_name=region or "us-east-1", config=SOON).get_caller_identity()["Account"]
            known.append(f"{what} lead to account {account}; they {told}")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, RuntimeError) as error:
            # What says that credentials are still expired after they were got anew is a RuntimeError.
            missing.append(f"{what} do not lead to an account: {error}")
    if not region:
        missing.append("no region is chosen: say --region (REGION=… to make), or set AWS_REGION")
    return missing, known


def remaining(found, now=None):
    """How long they last, None where that is not known or has no end, and how that is told."""
    if isinstance(found, botocore.credentials.RefreshableCredentials):
        if found.method != "env":
            return None, f"are renewed by what they come from ({found.method}), as long as that lasts: a session at an identity provider, say, has an end too"
        left = found._expiry_time - (now or datetime.datetime.now(datetime.timezone.utc))
        return left, f"end in {max(0, int(left.total_seconds() // 60))} minutes"
    if found.token:
        return None, "are temporary, and do not say until when"
    return None, "have no end"
