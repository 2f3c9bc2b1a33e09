//! Requests as clients send them, and as they should not.

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(*name, value.parse().expect("a header value"));
    }
    headers
}

const AUTH: &str = "AWS4-HMAC-SHA256 Credential=AKIA1/20261123/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=00";

#[test]
fn json_calls_are_named_by_their_target() {
    let headers = headers(&[
        ("authorization", AUTH),
        (
            "x-amz-target",
            "AmazonEC2ContainerServiceV20141113.UpdateService",
        ),
        ("content-type", "application/x-amz-json-1.1"),
    ]);
    let body = Bytes::from_static(br#"{"service":"shop"}"#);
    let request = parse(&Method::POST, &Uri::from_static("/"), &headers, &body).expect("a call");

    assert_eq!(request.operation, "UpdateService");
    assert_eq!(request.service, "ecs");
    assert_eq!(request.region, "eu-west-1");
    assert_eq!(request.access_key, "AKIA1");
    assert_eq!(request.protocol, Protocol::Json("1.1"));
    assert_eq!(request.input["service"], "shop");
}

#[test]
fn query_calls_are_named_by_their_action() {
    let headers = headers(&[
        ("authorization", &AUTH.replace("/ecs/", "/sns/")),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
    ]);
    let body = Bytes::from_static(b"Action=Publish&Version=2010-03-31&Message=a%26b");
    let request = parse(&Method::POST, &Uri::from_static("/"), &headers, &body).expect("a call");

    assert_eq!(request.operation, "Publish");
    assert_eq!(request.protocol, Protocol::Query);
    assert_eq!(request.input["Message"], "a&b");
}

#[test]
fn a_function_is_invoked_by_name_or_arn() {
    let headers = headers(&[("authorization", &AUTH.replace("/ecs/", "/lambda/"))]);
    let uri = Uri::from_static(
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111111111111%3Afunction%3Ax/invocations",
    );
    let request = parse(&Method::POST, &uri, &headers, &Bytes::new()).expect("a call");

    assert_eq!(request.operation, "Invoke");
    assert_eq!(
        request.input["FunctionName"],
        "arn:aws:lambda:eu-west-1:111111111111:function:x"
    );
}

#[test]
fn presigned_requests_carry_their_scope_in_the_query() {
    let uri = Uri::from_static(
        "/?Action=GetCallerIdentity&X-Amz-Credential=AKIA2%2F20261123%2Fus-east-1%2Fsts%2Faws4_request",
    );
    let request = parse(&Method::GET, &uri, &HeaderMap::new(), &Bytes::new()).expect("a call");
    assert_eq!(
        (request.service.as_str(), request.operation.as_str()),
        ("sts", "GetCallerIdentity")
    );
}

#[test]
fn what_is_no_call_is_refused() {
    let none = parse(
        &Method::POST,
        &Uri::from_static("/"),
        &HeaderMap::new(),
        &Bytes::new(),
    );
    assert_eq!(none.err(), Some(ParseError::Unsigned));

    let scope = headers(&[("authorization", "AWS4-HMAC-SHA256 Credential=a/b/c")]);
    let bad = parse(&Method::POST, &Uri::from_static("/"), &scope, &Bytes::new());
    assert_eq!(bad.err(), Some(ParseError::Scope));

    let broken = headers(&[("authorization", AUTH), ("x-amz-target", "A.B")]);
    let body = parse(
        &Method::POST,
        &Uri::from_static("/"),
        &broken,
        &Bytes::from_static(b"{"),
    );
    assert_eq!(body.err(), Some(ParseError::Body));
}
