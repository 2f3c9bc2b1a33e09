//! Block Kit's documented limits: <https://docs.slack.dev/reference/block-kit/blocks/>.

use std::collections::BTreeSet;

use serde_json::Value;

/// What is wrong with a message's blocks, as Slack puts it into `response_metadata.messages`;
/// nothing when they are fine.
pub(crate) fn check(blocks: &Value) -> Vec<String> {
    let mut found = Found::default();
    let Some(blocks) = blocks.as_array() else {
        found.wrong("/blocks", "must be an array");
        return found.0;
    };
    if blocks.len() > 50 {
        found.wrong("/blocks", "no more than 50 items allowed");
    }
    let mut ids = BTreeSet::new();
    for (n, block) in blocks.iter().enumerate() {
        let at = format!("/blocks/{n}");
        if let Some(id) = block["block_id"].as_str() {
            found.length(&format!("{at}/block_id"), id, 1, 255);
            if !ids.insert(id) {
                found.wrong(&format!("{at}/block_id"), &format!("`{id}` already exists"));
            }
        }
        check_block(&mut found, &at, block);
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn wrong(&mut self, at: &str, what: &str) {
        self.0.push(format!("[ERROR] {what} [json-pointer:{at}]"));
    }

    fn length(&mut self, at: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least {
            self.wrong(
                at,
                &format!("must be more than {} characters", least.saturating_sub(1)),
            );
        } else if length > most {
            self.wrong(at, &format!("must be less than {} characters", most + 1));
        }
    }

    /// A text object, of plain text where `plain`.
    fn text(&mut self, at: &str, text: &Value, plain: bool, most: usize) {
        let kinds: &[&str] = if plain {
            &["plain_text"]
        } else {
            &["plain_text", "mrkdwn"]
        };
        if !text["type"]
            .as_str()
            .is_some_and(|kind| kinds.contains(&kind))
        {
            self.wrong(
                &format!("{at}/type"),
                &format!("must be one of: {}", kinds.join(", ")),
            );
        }
        match text["text"].as_str() {
            Some(content) => self.length(&format!("{at}/text"), content, 1, most),
            None => self.wrong(at, "missing required field: text"),
        }
    }

    fn list<'a>(&mut self, at: &str, list: &'a Value, most: usize) -> &'a [Value] {
        match list.as_array() {
            Some(items) if items.is_empty() => self.wrong(at, "must have at least 1 item"),
            Some(items) if items.len() > most => {
                self.wrong(at, &format!("no more than {most} items allowed"))
            }
            Some(_) => {}
            None => self.wrong(at, "missing required field"),
        }
        list.as_array().map_or(&[], Vec::as_slice)
    }
}

fn check_block(found: &mut Found, at: &str, block: &Value) {
    match block["type"].as_str().unwrap_or_default() {
        "section" => {
            if block.get("text").is_none() && block.get("fields").is_none() {
                found.wrong(at, "section needs text or fields");
            }
            if let Some(text) = block.get("text") {
                found.text(&format!("{at}/text"), text, false, 3000);
            }
            if let Some(fields) = block.get("fields") {
                let here = format!("{at}/fields");
                for (n, field) in found.list(&here, fields, 10).iter().enumerate() {
                    found.text(&format!("{here}/{n}"), field, false, 2000);
                }
            }
            if let Some(accessory) = block.get("accessory") {
                check_element(found, &format!("{at}/accessory"), accessory);
            }
        }
        "header" => found.text(&format!("{at}/text"), &block["text"], true, 150),
        "context" => {
            let here = format!("{at}/elements");
            for (n, element) in found.list(&here, &block["elements"], 10).iter().enumerate() {
                if element["type"] == "image" {
                    check_element(found, &format!("{here}/{n}"), element);
                } else {
                    found.text(&format!("{here}/{n}"), element, false, 2000);
                }
            }
        }
        "actions" => {
            let here = format!("{at}/elements");
            let mut ids = BTreeSet::new();
            for (n, element) in found.list(&here, &block["elements"], 25).iter().enumerate() {
                check_element(found, &format!("{here}/{n}"), element);
                if let Some(id) = element["action_id"].as_str().filter(|id| !ids.insert(*id)) {
                    found.wrong(
                        &format!("{here}/{n}/action_id"),
                        &format!("`{id}` already exists"),
                    );
                }
            }
        }
        "image" => check_image(found, at, block),
        "divider" | "rich_text" | "markdown" | "input" | "video" | "file" | "table" => {}
        other => found.wrong(&format!("{at}/type"), &format!("unsupported type: {other}")),
    }
}

fn check_element(found: &mut Found, at: &str, element: &Value) {
    if let Some(id) = element["action_id"].as_str() {
        found.length(&format!("{at}/action_id"), id, 1, 255);
    }
    match element["type"].as_str().unwrap_or_default() {
        "button" => {
            found.text(&format!("{at}/text"), &element["text"], true, 75);
            if let Some(value) = element["value"].as_str() {
                found.length(&format!("{at}/value"), value, 1, 2000);
            }
            if let Some(url) = element["url"].as_str() {
                found.length(&format!("{at}/url"), url, 1, 3000);
            }
            if let Some(style) = element["style"]
                .as_str()
                .filter(|style| !["primary", "danger"].contains(style))
            {
                found.wrong(
                    &format!("{at}/style"),
                    &format!("`{style}` must be one of: primary, danger"),
                );
            }
            if let Some(confirm) = element.get("confirm") {
                let here = format!("{at}/confirm");
                found.text(&format!("{here}/title"), &confirm["title"], true, 100);
                found.text(&format!("{here}/text"), &confirm["text"], false, 300);
                found.text(&format!("{here}/confirm"), &confirm["confirm"], true, 30);
                found.text(&format!("{here}/deny"), &confirm["deny"], true, 30);
            }
        }
        "image" => check_image(found, at, element),
        "" => found.wrong(&format!("{at}/type"), "missing required field: type"),
        // Menus and pickers, whose options no function posts today.
        _ => {}
    }
}

fn check_image(found: &mut Found, at: &str, image: &Value) {
    match image["alt_text"].as_str() {
        Some(text) => found.length(&format!("{at}/alt_text"), text, 0, 2000),
        None => found.wrong(at, "missing required field: alt_text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn section(length: usize) -> Value {
        json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(length)}})
    }

    #[test]
    fn a_card_within_the_limits_passes() {
        let card = json!([
            {"type": "header", "text": {"type": "plain_text", "text": "shop-api"}},
            section(3000),
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "by <@U1>"}]},
            {"type": "actions", "elements": [{
                "type": "button", "action_id": "approve", "style": "primary", "value": "v",
                "text": {"type": "plain_text", "text": "Approve"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Sure?"}, "text": {"type": "mrkdwn", "text": "To production"},
                    "confirm": {"type": "plain_text", "text": "Yes"}, "deny": {"type": "plain_text", "text": "No"},
                },
            }]},
        ]);
        assert_eq!(check(&card), Vec::<String>::new());
    }

    #[test]
    fn each_limit_is_enforced() {
        let button = |text: usize, value: usize| {
            json!([{"type": "actions", "elements": [{
                "type": "button", "action_id": "a", "value": "v".repeat(value),
                "text": {"type": "plain_text", "text": "t".repeat(text)},
            }]}])
        };
        let many = |count: usize| Value::Array((0..count).map(|_| section(1)).collect());
        for (what, blocks, fine) in [
            ("50 blocks", many(50), true),
            ("51 blocks", many(51), false),
            ("section 3001", json!([section(3001)]), false),
            ("empty section", json!([section(0)]), false),
            ("button 75", button(75, 2000), true),
            ("button 76", button(76, 1), false),
            ("value 2001", button(1, 2001), false),
            (
                "mrkdwn header",
                json!([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
                false,
            ),
            (
                "same block_id",
                json!([{"type": "divider", "block_id": "x"}, {"type": "divider", "block_id": "x"}]),
                false,
            ),
            (
                "no actions",
                json!([{"type": "actions", "elements": []}]),
                false,
            ),
            ("unknown block", json!([{"type": "hologram"}]), false),
            ("not a list", json!({}), false),
        ] {
            assert_eq!(
                check(&blocks).is_empty(),
                fine,
                "{what}: {:?}",
                check(&blocks)
            );
        }
    }
}
