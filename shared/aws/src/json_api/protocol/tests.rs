//! Requests and answers on the wire.

use super::*;
use crate::json_api::api::{EVENTBRIDGE, IAM, LAMBDA, SQS};
use serde_json::json;

#[test]
fn a_json_call_names_its_operation_in_a_header() {
    let request = request(&EVENTBRIDGE, "DescribeRule", &json!({"Name": "r"})).unwrap();
    assert_eq!(
        request,
        Request {
            method: "POST",
            path: "/".into(),
            headers: vec![
                ("content-type", "application/x-amz-json-1.1".into()),
                ("x-amz-target", "AWSEvents.DescribeRule".into()),
            ],
            body: r#"{"Name":"r"}"#.into(),
        }
    );
    let http = request.into_http().unwrap();
    assert_eq!(http.headers().get("content-length"), Some("12"));
}

#[test]
fn a_query_call_is_a_flat_form() {
    let input = json!({
        "PolicySourceArn": "arn:aws:iam::1:role/a b",
        "ActionNames": ["iam:PassRole", "s3:GetObject"],
        "ContextEntries": [{"ContextKeyName": "k", "ContextKeyValues": ["v"]}],
        "Marker": null,
        "MaxItems": 3,
    });
    let request = request(&IAM, "SimulatePrincipalPolicy", &input).unwrap();
    assert_eq!(
        request.body,
        "Action=SimulatePrincipalPolicy&Version=2010-05-08\
         &PolicySourceArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%20b\
         &ActionNames.member.1=iam%3APassRole&ActionNames.member.2=s3%3AGetObject\
         &ContextEntries.member.1.ContextKeyName=k\
         &ContextEntries.member.1.ContextKeyValues.member.1=v&MaxItems=3"
    );
}

#[test]
fn a_rest_call_has_its_members_in_the_path_and_the_query() {
    let input = json!({"FunctionName": "arn:aws:lambda:x:1:function:f", "Qualifier": "a/b"});
    let request = request(&LAMBDA, "GetFunctionConfiguration", &input).unwrap();
    assert_eq!(
        request.path,
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Af/configuration\
         ?Qualifier=a%2Fb"
    );
    assert_eq!(request.method, "GET");
}

#[test]
fn a_rest_call_that_cannot_be_written_is_refused_by_name() {
    let text = |action, input| request(&LAMBDA, action, &input).unwrap_err().to_string();
    assert_eq!(
        text("Invoke", json!({})),
        "the operation Invoke has no path: add it to the API's routes"
    );
    assert_eq!(
        text("GetFunctionConfiguration", json!({"FunctionName": null})),
        "the input has no FunctionName"
    );
}

#[test]
fn an_errors_code_is_its_bare_name() {
    let code = |api: &Api, header: Option<&str>, body: &str| {
        let error = error(api.protocol, header, body.as_bytes());
        (
            error.code().unwrap_or_default().to_owned(),
            error.message().unwrap_or_default().to_owned(),
        )
    };
    let pair = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    assert_eq!(
        code(
            &SQS,
            None,
            r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"}"#
        ),
        pair("QueueDoesNotExist", "none")
    );
    assert_eq!(
        code(
            &LAMBDA,
            Some("ResourceNotFoundException:http://internal.amazon.com/"),
            r#"{"Message":"gone"}"#
        ),
        pair("ResourceNotFoundException", "gone")
    );
    assert_eq!(
        code(
            &IAM,
            None,
            "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message>\
             </Error></ErrorResponse>"
        ),
        pair("NoSuchEntity", "no role")
    );
    assert_eq!(code(&IAM, None, "<html"), pair("", ""));
}
