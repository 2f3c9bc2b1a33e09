//! The roles that the lab knows: what they allow, who may assume them, what was used of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::Value;

use super::conditions;
use super::policy::{Context, Effect, Statement, Verdict, decide, document};
use super::principals::{Caller, Principals};
use crate::lock::lock;

/// The register of roles, by ARN.
#[derive(Debug, Default)]
pub(crate) struct Roles(Mutex<BTreeMap<String, Role>>);

#[derive(Debug, Clone, Default)]
pub(crate) struct Role {
    /// Its statements, policy by policy: a policy can be replaced under its name.
    pub(crate) policies: BTreeMap<String, Vec<Statement>>,
    /// Its trust policy's statements.
    pub(crate) trust: Vec<Value>,
    /// (policy, statement, action pattern) → what it allowed.
    pub(crate) used: BTreeMap<(String, usize, usize), BTreeSet<String>>,
    /// What was refused: `action on resource`.
    pub(crate) refused: BTreeSet<String>,
}

impl Roles {
    /// Adds a policy to a role, or replaces it; the role is created when it is new.
    pub(crate) fn put_policy(&self, role: &str, policy: &str, statements: Vec<Statement>) {
        lock(&self.0)
            .entry(role.to_owned())
            .or_default()
            .policies
            .insert(policy.to_owned(), statements);
    }

    /// Takes a policy away.
    pub(crate) fn delete_policy(&self, role: &str, policy: &str) {
        if let Some(role) = lock(&self.0).get_mut(role) {
            role.policies.remove(policy);
        }
    }

    /// Sets who may assume a role; the role is created when it is new.
    pub(crate) fn put_trust(&self, role: &str, trust: &Value) {
        let statements = match trust.get("Statement").unwrap_or(trust) {
            Value::Array(statements) => statements.clone(),
            Value::Object(_) => vec![trust.get("Statement").unwrap_or(trust).clone()],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        lock(&self.0).entry(role.to_owned()).or_default().trust = statements;
    }

    /// Forgets a role.
    pub(crate) fn delete(&self, role: &str) {
        lock(&self.0).remove(role);
    }

    /// Whether the role is known.
    pub(crate) fn knows(&self, role: &str) -> bool {
        lock(&self.0).contains_key(role)
    }

    /// A copy of every role, for the report.
    pub(crate) fn all(&self) -> BTreeMap<String, Role> {
        lock(&self.0).clone()
    }

    /// Whether `role` may do `action` on `resource`; what was allowed or refused is remembered.
    pub(crate) fn allows(
        &self,
        role: &str,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> bool {
        let mut roles = lock(&self.0);
        let Some(role) = roles.get_mut(role) else {
            return false;
        };
        let mut by = None;
        for (name, statements) in &role.policies {
            match decide(statements, action, resource, context) {
                Verdict::Forbidden => {
                    by = None;
                    break;
                }
                Verdict::Allowed { statement, action } => {
                    by = by.or(Some((name.clone(), statement, action)));
                }
                Verdict::NotAllowed => {}
            }
        }
        match by {
            Some(by) => {
                role.used.entry(by).or_default().insert(action.to_owned());
                true
            }
            None => {
                role.refused.insert(format!("{action} on {resource}"));
                false
            }
        }
    }

    /// What the role's policies say about `action` on `resource`; nothing is remembered.
    pub(crate) fn would_allow(
        &self,
        role: &str,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Verdict {
        let roles = lock(&self.0);
        let statements: Vec<Statement> = roles
            .get(role)
            .into_iter()
            .flat_map(|role| role.policies.values().flatten().cloned())
            .collect();
        decide(&statements, action, resource, context)
    }

    /// Whether the role's trust policy lets `caller` assume it, with the external id that it gave.
    pub(crate) fn trusts(
        &self,
        role: &str,
        caller: &Caller<'_>,
        external_id: Option<&str>,
    ) -> bool {
        let mut context = caller.context();
        if let Some(id) = external_id {
            context.insert("sts:externalid".to_owned(), vec![id.to_owned()]);
        }
        let roles = lock(&self.0);
        let statements = roles
            .get(role)
            .map_or(&[][..], |role| role.trust.as_slice());
        let mut trusted = false;
        for statement in statements {
            let conditions = statement
                .get("Condition")
                .cloned()
                .and_then(|conditions| serde_json::from_value(conditions).ok())
                .unwrap_or_default();
            let named = Principals::of(statement).name(caller);
            if named && conditions::met(&conditions, &context) {
                match serde_json::from_value(statement["Effect"].clone()).unwrap_or_default() {
                    Effect::Deny => return false,
                    Effect::Allow => trusted = true,
                }
            }
        }
        trusted
    }

    /// Remembers what a successful IAM call changed. `role` is the ARN of the role it names.
    pub(crate) fn observe(&self, operation: &str, role: &str, input: &Value) {
        let text = |member: &str| input[member].as_str().unwrap_or_default();
        let json = |member: &str| serde_json::from_str(text(member)).unwrap_or(Value::Null);
        match operation {
            "CreateRole" => self.put_trust(role, &json("AssumeRolePolicyDocument")),
            "UpdateAssumeRolePolicy" => self.put_trust(role, &json("PolicyDocument")),
            "PutRolePolicy" => {
                self.put_policy(role, text("PolicyName"), document(text("PolicyDocument")));
            }
            "DeleteRolePolicy" => self.delete_policy(role, text("PolicyName")),
            "DeleteRole" => self.delete(role),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ROLE: &str = "arn:aws:iam::222222222222:role/target";
    const CALLER: &str = "arn:aws:iam::111111111111:role/towpath-advance";

    #[test]
    fn a_role_is_assumed_by_exactly_whom_it_trusts_and_with_the_external_id() {
        let roles = Roles::default();
        roles.put_trust(
            ROLE,
            &json!({"Statement": [{
                "Effect": "Allow", "Principal": {"AWS": CALLER}, "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "towpath-7"}}
            }]}),
        );

        let caller = |arn| Caller::Principal {
            arn,
            account: "111111111111",
        };
        assert!(roles.trusts(ROLE, &caller(CALLER), Some("towpath-7")));
        assert!(!roles.trusts(ROLE, &caller(CALLER), Some("other")));
        assert!(!roles.trusts(ROLE, &caller(CALLER), None));
        let other = "arn:aws:iam::111111111111:role/towpath-approval";
        assert!(!roles.trusts(ROLE, &caller(other), Some("towpath-7")));
    }

    #[test]
    fn what_is_granted_is_told_from_what_is_used() {
        let roles = Roles::default();
        let policy =
            r#"{"Statement":[{"Effect":"Allow","Action":["ecs:A","ecs:B"],"Resource":"*"}]}"#;
        roles.observe(
            "PutRolePolicy",
            ROLE,
            &json!({"PolicyName": "p", "PolicyDocument": policy}),
        );

        assert!(roles.allows(ROLE, "ecs:B", "*", &Context::new()));
        assert!(!roles.allows(ROLE, "ecs:C", "*", &Context::new()));
        let role = &roles.all()[ROLE];
        assert_eq!(
            role.used.keys().collect::<Vec<_>>(),
            [&("p".to_owned(), 0, 1)]
        );
        assert!(role.refused.contains("ecs:C on *"));

        roles.observe("DeleteRolePolicy", ROLE, &json!({"PolicyName": "p"}));
        assert!(!roles.allows(ROLE, "ecs:B", "*", &Context::new()));
    }
}
