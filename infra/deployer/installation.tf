# That there is a deployer of this prefix in this account and region. The command line asks for it
# before anything else: no pipelines and no deployer look the same otherwise.
resource "aws_ssm_parameter" "installation" {
  name        = local.description.installation
  description = "Towpath: there is a deployer here. The command line looks for it."
  type        = "String"
  value       = jsonencode({ version = local.package_version })
}
