"""What has to be so when a root module is applied again with something changed.

Each function answers with the differences, in words.
"""

import remains
from compare import PREFIX, Differences, description, kept_with_key, key
from compare_target import TARGET
from compare_target import kept_with_key as target_kept_with_key

# The other prefix that the deployer and a target account are given.
OTHER = "other"


def write_secrets(lab):
    """Somebody writes the secrets, as docs/install.md says."""
    for name in description()["parameters"].values():
        lab.client("ssm").put_parameter(Name=name, Value=written(name), Type="SecureString", KeyId=key(lab), Overwrite=True)


def written(name):
    """What somebody wrote into a secret."""
    return f"written by hand into {name}"


def secrets_kept(lab):
    """Terraform has not touched what somebody wrote."""
    found = Differences()
    for name in description()["parameters"].values():
        value = lab.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        found.same(name, value, written(name))
    return found


def deployer_with_another_key(lab):
    """Everything is kept with the other key, but for the secrets, whose values Terraform does not have."""
    found = secrets_kept(lab)
    kept_with_key(lab, found, description(), "other")
    return found


def deployer_with_another_prefix(lab):
    """Everything has another name, and the secrets wait to be written anew."""
    found = named_anew(lab, "111111111111")
    values = set()
    for name in description()["parameters"].values():
        anew = name.replace(f"/{PREFIX}/", f"/{OTHER}/")
        value = lab.client("ssm").get_parameter(Name=anew, WithDecryption=True)["Parameter"]["Value"]
        found.same(f"{anew} is a value of its own", len(value) >= 32 and not value.startswith("written"), True)
        values.add(value)
    found.same("different secrets", len(values), len(description()["parameters"]))
    environment = lab.client("lambda").get_function(FunctionName=f"{OTHER}-advance")["Configuration"]["Environment"]["Variables"]
    found.same("table of advance", environment["TOWPATH_TABLE"], f"{OTHER}-ledger")
    return found


def target_with_another_key(lab):
    """Everything is kept with the other key."""
    found = Differences()
    target_kept_with_key(lab, found, "other")
    return found


def target_with_another_prefix(lab):
    """Everything has another name."""
    return named_anew(lab, TARGET)


def named_anew(lab, account):
    """Whatever has a name has the other prefix in it, and there is something."""
    found, left = Differences(), remains.left(lab, account)
    found.same("is there", len(left) > 5, True)
    # A mapping of a stream is known by an id that AWS makes.
    found.extend(f"{one} has another name still" for one in left if OTHER not in one and not one.startswith("mapping "))
    return found
