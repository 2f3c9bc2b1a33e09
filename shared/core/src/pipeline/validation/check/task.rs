//! Contradictions within the check that a one-off task makes.

use towpath_taskdef::repeated;

use crate::pipeline::finding::Found;
use crate::pipeline::validation::values::variable_name;
use crate::pipeline::{PLACEHOLDERS, Stage, TaskCheck};

/// The longest text of all overrides of a task, with the characters that JSON adds:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>.
const MAX_OVERRIDES_LEN: usize = 8_192;

pub(super) fn find(stage: &Stage, task: &TaskCheck, path: &str, found: &mut Found) {
    if task.command.iter().all(|word| word.trim().is_empty()) {
        found.add(
            format!("{path}.command"),
            "a task without a command would run the service itself",
            "name the command and its arguments, one word each",
        );
    }
    for (index, word) in task.command.iter().enumerate() {
        let path = format!("{path}.command.{index}");
        nul(word, "the word", &path, found);
        placeholder(stage, task, word, &path, found);
    }
    for (name, value) in &task.environment {
        let path = format!("{path}.environment.{name}");
        variable_name(name, &path, found);
        nul(value, "the value", &path, found);
        placeholder(stage, task, value, &path, found);
    }
    let length = task.overrides().to_string().chars().count();
    if length > MAX_OVERRIDES_LEN {
        found.add(
            path,
            format!(
                "command and environment have {length} characters as JSON, more than the {MAX_OVERRIDES_LEN} that ECS takes"
            ),
            "put the script into the image, and name it",
        );
    }
}

fn nul(text: &str, what: &str, path: &str, found: &mut Found) {
    if text.contains('\0') {
        found.add(
            path,
            format!("{what} contains a NUL character"),
            "remove it",
        );
    }
}

/// What a stage's `environment` may use is replaced there only. A shell may have a variable of that
/// name, though.
fn placeholder(stage: &Stage, task: &TaskCheck, text: &str, path: &str, found: &mut Found) {
    let of_stage = stage.environment.get(&task.container);
    let script = task.command.join(" ");
    let is_variable = |name: &str| {
        task.environment.contains_key(name)
            || of_stage.is_some_and(|set| set.contains_key(name))
            // `tag=…` and `for tag in …`, and not `--tag=…`.
            || script
                .split([' ', ';', '&', '|', '(', '\n', '\t'])
                .any(|word| word == name || word.starts_with(&format!("{name}=")))
    };
    let unfilled = PLACEHOLDERS
        .into_iter()
        .find(|name| text.contains(&format!("${{{name}}}")) && !is_variable(name));
    if let Some(name) = unfilled {
        found.add(
            path,
            format!("`${{{name}}}` is not replaced here"),
            format!(
                "set a variable in the stage's `environment` of container `{}`, such as {}: \"${{{name}}}\": the task has it too",
                repeated(task.container.as_str()),
                name.to_uppercase(),
            ),
        );
    }
}
