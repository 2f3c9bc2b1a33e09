//! STS: who am I, and the sessions of assumed roles.

use std::sync::Arc;

use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::gateway::errors::{self, Failure};
use crate::gateway::identity::Principal;
use crate::iam::principals::Caller;
use crate::lab::Lab;
use crate::moto::Reply;
use crate::xml;

/// Carries out a call of STS.
///
/// # Errors
/// When the role does not trust the caller, or moto refuses.
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    match incoming.request.operation.as_str() {
        "GetCallerIdentity" => Ok(identity(incoming)),
        "AssumeRole" => assume(lab, incoming).await,
        _ => forward(lab, incoming).await,
    }
}

fn identity(incoming: &Incoming) -> Reply {
    let caller = &incoming.caller;
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        errors::escape(&caller.arn),
        errors::escape(&caller.name),
        caller.account,
        incoming.request_id
    );
    let response = errors::build(200, "text/xml", Vec::new(), &incoming.request_id);
    Reply {
        status: 200,
        headers: response.headers().clone(),
        body: body.into(),
    }
}

/// A role's trust policy decides. The root of an account, who sets the lab up, may also assume
/// roles that do not exist: that is how it gets into other accounts.
async fn assume(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let input = &incoming.request.input;
    let text = |member: &str| input[member].as_str();
    let role = text("RoleArn").unwrap_or_default();
    let caller = &incoming.caller;
    let known = lab.roles.knows(role);
    let principal = Caller::Principal {
        arn: caller.trusted_as(),
        account: &caller.account,
    };
    let trusted = lab.roles.trusts(role, &principal, text("ExternalId"));
    let root_of_nowhere = caller.role.is_none() && !known;
    if lab.settings.enforce_iam && !trusted && !root_of_nowhere {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {role}",
            caller.arn
        );
        return Err(Failure::new(403, "AccessDenied", message));
    }
    let reply = forward(lab, incoming).await?;
    let body = String::from_utf8_lossy(&reply.body);
    if reply.status == 200
        && let Some(access_key) = xml::text(&body, "AccessKeyId")
    {
        let session = text("RoleSessionName").unwrap_or_default();
        let mut principal = Principal::session(role, session);
        if !known {
            principal.role = None;
        }
        // A crash of the function that assumed the role is a crash of its session, too.
        principal.environment = caller.environment;
        lab.identities.remember(&access_key, principal);
    }
    Ok(reply)
}
