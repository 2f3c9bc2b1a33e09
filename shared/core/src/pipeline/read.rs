//! Reading a pipeline as it is stored, strictly.

use towpath_taskdef::json;
use towpath_taskdef::visible;

use super::{Pipeline, Problem};
use crate::names::ParameterName;

/// Largest text that is read, in bytes: far more than a parameter holds, far less than hurts.
pub const MAX_TEXT: usize = 65_536;

/// Why a text is not a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The text is longer than any pipeline.
    #[error("the pipeline has {0} bytes: at most {MAX_TEXT} are read")]
    TooLarge(usize),
    /// The text is not JSON, or a key or value is not a pipeline's.
    #[error("not a pipeline: {problem}")]
    Malformed {
        /// What is wrong and where, with control characters escaped.
        problem: String,
    },
    /// Every part is well-formed, but they contradict each other.
    #[error("the pipeline contradicts itself: {}", shown(.0))]
    Contradictions(Vec<Problem>),
    /// The parameter's name is not that of the pipeline in it, so that pushes to the repository
    /// would not find it, or those to another one would.
    #[error("parameter {found} holds the pipeline that belongs into {expected}: store it there")]
    Misplaced {
        /// The parameter's name.
        found: ParameterName,
        /// The name that the pipeline's repository and name ask for.
        expected: String,
    },
}

fn shown(contradictions: &[Problem]) -> String {
    let shown: Vec<_> = contradictions.iter().map(ToString::to_string).collect();
    shown.join("; ")
}

impl Pipeline {
    /// Reads a pipeline from JSON. What this returns has been checked: unknown keys, malformed
    /// names and contradictions are errors.
    ///
    /// # Errors
    /// [`ReadError`]; trying again cannot help.
    pub fn from_json(text: &str) -> Result<Self, ReadError> {
        if text.len() > MAX_TEXT {
            return Err(ReadError::TooLarge(text.len()));
        }
        let malformed = |problem: String| ReadError::Malformed {
            problem: visible(&problem),
        };
        json::read(text.as_bytes()).map_err(|error| malformed(error.to_string()))?;
        // What has been read says no more at which line a value of the wrong kind was.
        let pipeline: Self =
            serde_json::from_str(text).map_err(|error| malformed(json::describe_error(&error)))?;
        pipeline.check().map_err(ReadError::Contradictions)?;
        Ok(pipeline)
    }

    /// Reads the pipeline that parameter `name` holds, in a deployer that keeps its pipelines under
    /// `root`. Anyone may have written the parameter, so its name is checked too.
    ///
    /// # Errors
    /// [`ReadError`]; trying again cannot help.
    pub fn from_parameter(
        root: &ParameterName,
        name: &ParameterName,
        value: &str,
    ) -> Result<Self, ReadError> {
        let pipeline = Self::from_json(value)?;
        let expected = format!("{root}/{}/{}", pipeline.repository, pipeline.pipeline);
        if name.as_str() == expected {
            Ok(pipeline)
        } else {
            Err(ReadError::Misplaced {
                found: name.clone(),
                expected,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"pipeline": "shop", "repository": "shop", "stages": [{"name": "test",
        "cluster": "c", "service": "s", "containers": ["app"], "engine": {"rolling": {}}}]}"#;

    fn refusal(text: &str) -> String {
        Pipeline::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_left_out_has_its_documented_default() {
        let pipeline = Pipeline::from_json(SMALL).unwrap();
        assert_eq!(pipeline.tags, crate::pipeline::TagPolicy::Commit);
        assert_eq!(pipeline.stages[0].timeout.to_string(), "1h");
        assert_eq!(pipeline.stages[0].base, crate::pipeline::Base::Service);
    }

    #[test]
    fn unknown_and_repeated_keys_are_refused_at_every_level() {
        for (from, to) in [
            (r#""pipeline""#, r#""nmae": 1, "pipeline""#),
            (r#""cluster""#, r#""clutser": 1, "cluster""#),
            (r#""rolling": {}"#, r#""rolling": {"speed": 1}"#),
            (r#""cluster""#, r#""name": "again", "cluster""#),
            (r#""cluster""#, r#""tags": {"a": "1", "a": "2"}, "cluster""#),
            (
                r#""cluster""#,
                r#""checks": [{"name": "a", "http": {"url": "http://h/", "json": {"/a": {"b": 1, "b": 2}}}}], "cluster""#,
            ),
            (r#""cluster""#, r#""checks": [{"name": "a"}], "cluster""#),
            (
                r#""cluster""#,
                r#""checks": [{"name": "a", "htp": {}}], "cluster""#,
            ),
        ] {
            let text = SMALL.replacen(from, to, 1);
            assert_ne!(text, SMALL);
            assert!(refusal(&text).starts_with("not a pipeline: "), "{to}");
        }
    }

    #[test]
    fn a_refusal_says_where_and_escapes_what_it_shows() {
        let text = SMALL.replacen(r#""name": "test""#, r#""name": "te\u001b[31mst""#, 1);
        let refusal = refusal(&text);
        assert!(refusal.contains("is not a stage name"), "{refusal}");
        assert!(refusal.contains("line 1 column"), "{refusal}");
        assert!(!refusal.contains('\u{1b}'), "{refusal}");
    }

    #[test]
    fn a_pipeline_is_read_only_from_its_own_parameter() {
        let read = |root: &str, name: &str| {
            Pipeline::from_parameter(&root.parse().unwrap(), &name.parse().unwrap(), SMALL)
        };
        assert!(read("/towpath/pipelines", "/towpath/pipelines/shop/shop").is_ok());
        assert!(read("/other/pipelines", "/other/pipelines/shop/shop").is_ok());
        for name in [
            "/towpath/pipelines/api/shop",
            "/towpath/pipelines/shop/api",
            "/other/pipelines/shop/shop",
        ] {
            assert_eq!(
                read("/towpath/pipelines", name).unwrap_err().to_string(),
                format!(
                    "parameter {name} holds the pipeline that belongs into /towpath/pipelines/shop/shop: store it there"
                )
            );
        }
    }

    #[test]
    fn contradictions_are_refused_with_their_way_out() {
        assert_eq!(
            refusal(&SMALL.replacen(r#"["app"]"#, "[]", 1)),
            "the pipeline contradicts itself: stages.0.containers: no container would get the new image: name at least one container of the task definition"
        );
    }

    #[test]
    fn texts_that_are_too_long_or_too_deep_are_refused() {
        assert_eq!(
            Pipeline::from_json(&" ".repeat(MAX_TEXT + 1)),
            Err(ReadError::TooLarge(MAX_TEXT + 1))
        );
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        let text = SMALL.replacen(
            r#""cluster""#,
            &format!(r#""checks": [{{"name": "a", "http": {{"url": "http://h/", "json": {{"": {deep}}}}}}}], "cluster""#),
            1,
        );
        assert!(refusal(&text).contains("recursion limit"));
    }
}
