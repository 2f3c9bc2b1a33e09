//! What each role was granted, what it used and what it never used.

use serde_json::{Value, json};

use super::roles::{Role, Roles};

/// The report of `GET /_lab/iam`, role by role.
pub(crate) fn report(roles: &Roles) -> Value {
    let roles = roles.all();
    Value::Object(
        roles
            .iter()
            .map(|(arn, role)| (arn.clone(), of(role)))
            .collect(),
    )
}

fn of(role: &Role) -> Value {
    let mut granted = Vec::new();
    let mut never_used = Vec::new();
    for (policy, statements) in &role.policies {
        for (index, statement) in statements.iter().enumerate() {
            for (at, action) in statement.actions.iter().enumerate() {
                let used = role.used.get(&(policy.clone(), index, at));
                let entry = json!({
                    "policy": policy,
                    "sid": statement.sid,
                    "action": action,
                    "resources": statement.resources,
                    "used_for": used,
                });
                if used.is_none() {
                    never_used.push(json!({"sid": statement.sid, "action": action}));
                }
                granted.push(entry);
            }
        }
    }
    json!({ "granted": granted, "never_used": never_used, "refused": role.refused })
}
