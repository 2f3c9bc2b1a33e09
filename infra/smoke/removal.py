"""Everything is destroyed: what Terraform made, and what came on top of it."""

import shutil

import looks
import remains
from installed import SERVICE
from process import Failed

# Dependencies let go a little later: a second attempt finds them gone.
ATTEMPTS = 3
STAGES = ["rolling", "codedeploy", "elsewhere", "ecs"]


def remove(place, terraform, say):
    """Destroys everything, as far as that is possible, and says what is left and why."""
    problems = []
    for what, step in [
        ("the pipeline", lambda: forget_pipeline(place)),
        ("deployments under way", lambda: stop_deployments(place)),
        ("the service of ecs", lambda: delete_native_service(place)),
        ("images", lambda: delete_images(place)),
        ("what Terraform made", lambda: destroy(terraform, say)),
        ("task definitions", lambda: delete_task_definitions(place)),
    ]:
        try:
            step()
        except Exception as error:  # Whatever it is, the others have to go.
            problems.append(f"{what}: {error}")
    for elsewhere in (False, True) if place.target else (False,):
        account = place.target if elsewhere else place.account
        client = lambda service, there=elsewhere: place.client(service, there)
        networks = client("ec2").describe_vpcs(Filters=[{"Name": "tag:Project", "Values": [place.prefix]}])["Vpcs"]
        left = remains.named(client, place.prefix) + [f"network {one['VpcId']}" for one in networks]
        problems += [f"{one} in account {account}" for one in left]
    return problems


def forget(folder):
    """The state of what is not there any more."""
    shutil.rmtree(folder)


def forget_pipeline(place):
    """Nothing new begins."""
    ssm = place.client("ssm")
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"/{place.prefix}/pipelines", Recursive=True)
    for name in [one["Name"] for page in pages for one in page["Parameters"]]:
        ssm.delete_parameter(Name=name)


def stop_deployments(place):
    """A service whose deployment is under way cannot be deleted."""
    for stage in ["codedeploy", *(["elsewhere"] if place.target else [])]:
        codedeploy, group = place.client("codedeploy", looks.elsewhere(stage)), f"{place.prefix}-{stage}-{SERVICE}"
        try:
            under_way = codedeploy.list_deployments(applicationName=group, deploymentGroupName=SERVICE, includeOnlyStatuses=[
                "Created", "Queued", "InProgress", "Ready"])["deployments"]
        except (codedeploy.exceptions.ApplicationDoesNotExistException, codedeploy.exceptions.DeploymentGroupDoesNotExistException):
            continue
        for one in under_way:
            codedeploy.stop_deployment(deploymentId=one, autoRollbackEnabled=False)


def delete_native_service(place):
    """The service that Terraform does not know."""
    ecs, cluster = place.client("ecs"), f"{place.prefix}-ecs"
    try:
        ecs.delete_service(cluster=cluster, service=SERVICE, force=True)
    except (ecs.exceptions.ClusterNotFoundException, ecs.exceptions.ServiceNotFoundException, ecs.exceptions.ServiceNotActiveException):
        return
    ecs.get_waiter("services_inactive").wait(cluster=cluster, services=[SERVICE])


def delete_images(place):
    """A repository with images is not destroyed."""
    ecr, repository = place.client("ecr"), f"{place.prefix}/{SERVICE}"
    try:
        images = [one for page in ecr.get_paginator("list_images").paginate(repositoryName=repository) for one in page["imageIds"]]
    except ecr.exceptions.RepositoryNotFoundException:
        return
    if images:
        ecr.batch_delete_image(repositoryName=repository, imageIds=images)


def destroy(terraform, say):
    """Terraform's part, more than once if need be."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return terraform.destroy()
        except Failed as error:
            if attempt == ATTEMPTS:
                raise
            say(f"  terraform destroy failed, once more: {str(error).splitlines()[-1]}")


def delete_task_definitions(place):
    """Revisions that Towpath registered, and the first ones, which Terraform keeps."""
    for stage in STAGES:
        ecs = place.client("ecs", looks.elsewhere(stage) and bool(place.target))
        family = f"{place.prefix}-{stage}-{SERVICE}"
        listed = [arn for page in ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family) for arn in page["taskDefinitionArns"]]
        for arn in listed:
            ecs.deregister_task_definition(taskDefinition=arn)
        for start in range(0, len(listed), 10):
            ecs.delete_task_definitions(taskDefinitions=listed[start:start + 10])
