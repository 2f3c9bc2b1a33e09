"""What people write once the deployer is there, and that no later apply changes it."""

from compare import Differences, description, key


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
