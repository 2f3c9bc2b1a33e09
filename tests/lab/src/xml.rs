//! Reading the XML that moto answers query calls with.

/// The text of the first element named `name`, in any namespace.
pub(crate) fn text(xml: &str, name: &str) -> Option<String> {
    texts(xml, name).into_iter().next()
}

/// The texts of all elements named `name`, in document order.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(xml) else {
        return Vec::new();
    };
    document
        .descendants()
        .filter(|node| node.tag_name().name() == name)
        .filter_map(|node| node.text())
        .map(|text| text.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_whatever_their_namespace() {
        let xml = "<A xmlns='urn:x'><B><C> one </C></B><C>two</C></A>";
        assert_eq!(texts(xml, "C"), ["one", "two"]);
        assert_eq!(text(xml, "D"), None);
        assert_eq!(text("not xml", "D"), None);
    }
}
