//! The way of a call through the lab: parsed, identified, perhaps met by a fault, judged by IAM,
//! carried out by whom it concerns, journaled, answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, Uri};
use bytes::Bytes;
use serde_json::Value;

use super::errors::{self, Failure};
use super::faults::{self, Outcome};
use super::identity::Principal;
use super::parse::{self, Request};
use super::{dynamodb, event_history, record, stale};
use crate::iam::{access, simulate};
use crate::lab::Lab;
use crate::lambda::{api as lambda_api, metrics};
use crate::moto::Reply;
use crate::world::{self, ApiError, Call, World};
use crate::{ecr_blobs, elb, events, logs, sns, ssm, sts};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Body, whole.
    pub(crate) body: Bytes,
}

/// Marks a response whose connection has to break before it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoseAnswer;

/// A call on its way: what it asks, who asks, and the request it came in.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    /// The parsed call.
    pub(crate) request: Request,
    /// Who makes it.
    pub(crate) caller: Principal,
    /// As it came.
    pub(crate) http: Http,
    /// The id that the answer carries.
    pub(crate) request_id: String,
}

/// What a call is answered with: a reply to pass on, or an error to put into the protocol's form.
pub(crate) type Answer = Result<Reply, Failure>;

/// Answers any request of an AWS client.
pub(crate) async fn handle(lab: Arc<Lab>, http: Http) -> Response<Body> {
    let started = Instant::now();
    let request_id = lab.ids.uuid();
    let parsed = parse::parse(&http.method, &http.uri, &http.headers, &http.body);
    let mut request = match parsed {
        Ok(request) => request,
        Err(error) => {
            let code = match error {
                parse::ParseError::Unsigned => "MissingAuthenticationTokenException",
                parse::ParseError::Scope => "IncompleteSignatureException",
                parse::ParseError::Body => "SerializationException",
            };
            let status = if error == parse::ParseError::Body {
                400
            } else {
                403
            };
            let failure = Failure::new(status, code, error.to_string());
            return errors::failure(parse::Protocol::Json("1.1"), &failure, &request_id);
        }
    };
    let caller = lab.identities.of(&request.access_key);
    request.account.clone_from(&caller.account);
    let incoming = Incoming {
        request,
        caller,
        http,
        request_id,
    };
    let request = &incoming.request;
    let met = lab.faults.met(
        &request.service,
        &request.operation,
        &incoming.caller.name,
        &request.input,
    );
    let fault = met.as_ref().map(|met| met.outcome);
    let members = met.and_then(|met| met.members);
    if let Some(Outcome::LatencyMs(ms)) = fault {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let answer = match fault {
        Some(Outcome::Throttled) => Err(faults::throttled(&request.service)),
        Some(Outcome::Refused) => Err(faults::refused(&request.service)),
        Some(Outcome::FailedBefore | Outcome::CrashBefore) => {
            Err(faults::failed_before(&request.service))
        }
        Some(Outcome::Stale) => {
            let before = stale::before(&lab, &incoming);
            let reply = perform(&lab, &incoming).await;
            reply.map(|reply| stale::older(&lab, &incoming, before, members.as_deref(), reply))
        }
        Some(Outcome::AnswerLost | Outcome::CrashAfter) => perform(&lab, &incoming).await,
        Some(Outcome::LatencyMs(_)) | None => {
            let answer = perform(&lab, &incoming).await;
            if let Ok(reply) = &answer {
                stale::remember(&lab, &incoming, reply);
            }
            answer
        }
    };
    let lost = matches!(
        fault,
        Some(Outcome::AnswerLost | Outcome::CrashBefore | Outcome::CrashAfter)
    );
    record::add(&lab, &incoming, &answer, fault, lost, started);
    if let (Some(Outcome::CrashBefore | Outcome::CrashAfter), Some(id)) =
        (fault, incoming.caller.environment)
    {
        lab.lambda.kill(id).await;
    }
    let mut response = match answer {
        Ok(reply) => respond(reply),
        Err(failure) => errors::failure(request.protocol, &failure, &incoming.request_id),
    };
    if lost {
        response.extensions_mut().insert(LoseAnswer);
    }
    response
}

async fn perform(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    if lab.settings.enforce_iam {
        access::check(lab, &incoming.caller, &incoming.request)
            .map_err(|denied| refusal(&incoming.request, &denied))?;
    }
    let reply = carry_out(lab, incoming).await?;
    if (200..300).contains(&reply.status) {
        lab.resource_policies.observe(&incoming.request);
        if lab.settings.bare {
            lab.buses.observe(&incoming.request);
        }
        lab.managed_keys.observe(&incoming.request);
    }
    Ok(reply)
}

async fn carry_out(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    match (request.service.as_str(), request.operation.as_str()) {
        ("lambda", operation) if lambda_api::handles(lab, operation, &request.input) => {
            lambda_api::answer(lab, incoming).await
        }
        ("events", "ListRules") if !lab.settings.bare => {
            events::described::list(lab, incoming).await
        }
        ("events", _) if events::described::handles(lab, request) => {
            events::described::answer(lab, incoming)
        }
        ("cloudtrail", "LookupEvents") => event_history::lookup(lab, incoming),
        ("iam", "SimulatePrincipalPolicy") => simulate::answer(lab, incoming),
        ("monitoring", _) if metrics::handles(lab, request) => metrics::answer(lab, incoming),
        ("ecr", operation) if ecr_blobs::is_upload(operation) => ecr_blobs::upload(lab, incoming),
        ("ecr", "GetDownloadUrlForLayer") => ecr_blobs::url(lab, incoming),
        ("events", "PutEvents") => events::api::put_events(lab, incoming),
        ("sns", "Publish" | "PublishBatch") => sns::publish(lab, incoming).await,
        ("ssm", _) => ssm::answer(lab, incoming).await,
        ("sts", _) => sts::answer(lab, incoming).await,
        ("dynamodb", _) => dynamodb::answer(lab, incoming).await,
        ("elasticloadbalancing", _) => elb::answer(lab, incoming).await,
        ("iam", operation) => {
            let reply = forward(lab, incoming).await?;
            if reply.status == 200
                && let Some(name) = request.input["RoleName"].as_str()
            {
                let role = format!("arn:aws:iam::{}:role/{name}", request.account);
                lab.roles.observe(operation, &role, &request.input);
            }
            Ok(reply)
        }
        ("monitoring", "SetAlarmState") => {
            let reply = forward(lab, incoming).await?;
            let text = |member: &str| request.input[member].as_str().unwrap_or_default();
            if reply.status == 200 {
                world::with(lab, |world, now| {
                    let (name, on) = (text("AlarmName"), text("StateValue") == "ALARM");
                    world.set_alarm(&request.account, &request.region, name, on, now);
                });
            }
            Ok(reply)
        }
        ("logs", operation) if logs::handles(operation) => logs::answer(lab, incoming).await,
        ("logs", "GetLogEvents") => {
            let call = call(incoming);
            match world::with(lab, |world, _now| world.log_events(&call)) {
                Some(answer) => answered(incoming, answer),
                None => forward(lab, incoming).await,
            }
        }
        (service, operation) if World::handles(service, operation) => simulated(lab, incoming),
        _ => forward(lab, incoming).await,
    }
}

fn simulated(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let call = call(incoming);
    answered(
        incoming,
        world::with(lab, |world, now| world.call(&call, now)),
    )
}

fn call(incoming: &Incoming) -> Call<'_> {
    let request = &incoming.request;
    Call {
        account: &request.account,
        region: &request.region,
        principal: match incoming.caller.role {
            Some(_) => &incoming.caller.arn,
            None => "root",
        },
        service: &request.service,
        operation: &request.operation,
        input: &request.input,
    }
}

fn answered(incoming: &Incoming, answer: Result<Value, ApiError>) -> Answer {
    match answer {
        Ok(value) => Ok(reply(incoming, &value)),
        Err(error) => Err(Failure {
            code: error.code,
            message: error.message,
            status: error.status,
            fields: error.fields,
        }),
    }
}

/// Passes the request to moto.
///
/// # Errors
/// A 503 when moto cannot be reached.
pub(crate) async fn forward(lab: &Lab, incoming: &Incoming) -> Answer {
    let http = &incoming.http;
    let path = http.uri.path_and_query().map_or("/", |path| path.as_str());
    lab.moto
        .forward(
            http.method.clone(),
            path,
            http.headers.clone(),
            http.body.clone(),
            &incoming.request.account,
        )
        .await
        .map_err(|error| {
            tracing::error!(%error, "moto does not answer");
            Failure::new(503, "ServiceUnavailable", "moto does not answer")
        })
}

/// A successful answer of the lab's own, in the protocol of the request.
pub(crate) fn reply(incoming: &Incoming, value: &Value) -> Reply {
    let protocol = incoming.request.protocol;
    let response = errors::success(protocol, value, &incoming.request_id);
    let body = match protocol {
        parse::Protocol::Cbor => super::cbor::encode(value),
        parse::Protocol::Json(_) | parse::Protocol::Rest => value.to_string().into_bytes(),
        parse::Protocol::Query => Vec::new(),
    };
    Reply {
        status: 200,
        headers: response.headers().clone(),
        body: body.into(),
    }
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = errors::build(reply.status, "application/octet-stream", Vec::new(), "");
    *response.headers_mut() = reply.headers;
    *response.body_mut() = Body::from(reply.body);
    response
}

/// Services name a missing permission differently.
fn refusal(request: &Request, denied: &access::Denied) -> Failure {
    let (status, code) = match (request.service.as_str(), request.protocol) {
        ("sns", _) => (403, "AuthorizationError"),
        (_, parse::Protocol::Query) => (403, "AccessDenied"),
        ("lambda", _) => (403, "AccessDeniedException"),
        _ => (400, "AccessDeniedException"),
    };
    Failure::new(status, code, denied.to_string())
}
