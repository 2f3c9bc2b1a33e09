# Slack's buttons arrive at a function URL. It is public: the function checks the signature.

resource "aws_lambda_function_url" "this" {
  for_each = local.urls

  function_name      = aws_lambda_function.this[each.key].function_name
  authorization_type = each.value.auth
}

resource "aws_lambda_permission" "url" {
  for_each = { for name, url in local.urls : name => url if url.auth == "NONE" }

  statement_id           = "function-url"
  function_name          = aws_lambda_function.this[each.key].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

# Since October 2025 a public URL also needs lambda:InvokeFunction, on condition that the call comes
# through the URL: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html. The provider knows
# that condition from 6.29 on; without it the permission would let everybody invoke the function
# directly, so CloudFormation, which knows it, grants it for older providers as well.
resource "aws_cloudformation_stack" "url" {
  for_each = aws_lambda_permission.url

  name = "${local.names[each.key]}-url"

  template_body = jsonencode({
    Description = "Lets ${local.names[each.key]} be invoked through its URL, and only so."
    Resources = {
      Invoke = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          FunctionName          = each.value.function_name
          Action                = "lambda:InvokeFunction"
          Principal             = "*"
          InvokedViaFunctionUrl = true
        }
      }
    }
  })
}
