//! The XML of the Query protocol as JSON:
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.

use roxmltree::{Document, Node};
use serde_json::{Map, Value};

/// The elements below the first element of this name. An element of elements is an object, one
/// whose elements are all `member` is an array, one of text is that text, and an empty one is
/// `null`: the protocol writes empty lists, structures and texts alike.
pub(super) fn below(text: &str, name: &str) -> Result<Value, roxmltree::Error> {
    let document = Document::parse(text)?;
    let found = document
        .descendants()
        .find(|node| node.tag_name().name() == name);
    Ok(found.map_or(Value::Null, |node| value(&node)))
}

/// Most levels that are read: AWS's answers have fewer than ten.
const MAX_DEPTH: usize = 32;

fn value(node: &Node<'_, '_>) -> Value {
    value_at(node, 0)
}

fn value_at(node: &Node<'_, '_>, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let mut elements = node.children().filter(Node::is_element).peekable();
    if elements.peek().is_none() {
        let text: String = node.children().filter_map(|child| child.text()).collect();
        return match text.trim() {
            "" => Value::Null,
            text => Value::String(text.to_owned()),
        };
    }
    let mut members = Map::new();
    let mut list = Vec::new();
    for element in elements {
        let value = value_at(&element, depth + 1);
        match element.tag_name().name() {
            "member" => list.push(value),
            name => {
                members.insert(name.to_owned(), value);
            }
        }
    }
    if members.is_empty() {
        Value::Array(list)
    } else {
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_become_objects_lists_and_texts() {
        let text = r#"<DescribeRulesResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">
            <DescribeRulesResult><Rules>
              <member><Priority>1</Priority><Actions/></member>
              <member><Priority> a &amp; b </Priority></member>
            </Rules></DescribeRulesResult>
            <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
            </DescribeRulesResponse>"#;
        assert_eq!(
            below(text, "DescribeRulesResult").unwrap(),
            json!({"Rules": [{"Priority": "1", "Actions": null}, {"Priority": "a & b"}]})
        );
        assert_eq!(below(text, "Nothing").unwrap(), Value::Null);
        assert!(below("{}", "Rules").is_err());
    }
}
