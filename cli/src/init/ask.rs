//! Asking for what the flags did not say, line by line, on a terminal.

use std::io::{BufRead, Write};

use super::{StageWish, region, role, stage};
use crate::output::{Failure, NAME, QUIET, WARN};

/// The terminal was closed, or Ctrl-D pressed.
#[derive(Debug, thiserror::Error)]
#[error(
    "there were no more answers, and nothing was written: see towpath init --help for the flags"
)]
struct NoMoreAnswers;

/// Somebody who answers.
pub(crate) struct Person<'a> {
    pub(crate) input: &'a mut dyn BufRead,
    pub(crate) output: &'a mut dyn Write,
}

impl Person<'_> {
    /// Asks until the answer makes sense; nothing where it is empty.
    pub(crate) fn ask<T>(
        &mut self,
        question: &str,
        hint: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Failure> {
        loop {
            write!(
                self.output,
                "{NAME}{question}{NAME:#} {QUIET}({hint}){QUIET:#}: "
            )?;
            self.output.flush()?;
            let mut line = String::new();
            let end = self.input.read_line(&mut line)? == 0;
            match line.trim() {
                "" if end => {
                    writeln!(self.output)?;
                    return Err(NoMoreAnswers.into());
                }
                "" => return Ok(None),
                answer => match read(answer) {
                    Ok(value) => return Ok(Some(value)),
                    Err(problem) => writeln!(self.output, "  {WARN}{problem}{WARN:#}")?,
                },
            }
        }
    }

    /// Asks for what is needed.
    pub(crate) fn need<T>(
        &mut self,
        question: &str,
        hint: &str,
        flag: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let answer = self.ask(question, hint, read)?;
        answer.ok_or_else(|| format!("without an answer there is no pipeline: see {flag}").into())
    }

    /// Asks for the stages, in their order, until there are no more.
    pub(crate) fn stages(&mut self) -> Result<Vec<StageWish>, Failure> {
        let mut stages: Vec<StageWish> = Vec::new();
        loop {
            let (question, hint) = if stages.is_empty() {
                (
                    "First stage",
                    "NAME=CLUSTER/SERVICE, such as test=shop-test/api",
                )
            } else {
                (
                    "Next stage",
                    "NAME=CLUSTER/SERVICE; empty when there are no more",
                )
            };
            let another = |text: &str| {
                let next = stage(text)?;
                if stages.iter().any(|one| one.name == next.name) {
                    return Err(format!("there is a stage {} already", next.name));
                }
                Ok(next)
            };
            let Some(mut next) = self.ask(question, hint, another)? else {
                return Ok(stages);
            };
            next.role = self.ask(
                "  Role in its account",
                "ARN,EXTERNAL_ID; empty in the deployer's own account",
                role,
            )?;
            next.region = self.ask("  Region", "empty for the deployer's own", region)?;
            stages.push(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::parsed;

    #[test]
    fn what_makes_no_sense_is_asked_again() {
        let mut input = "Test=a/b\ntest=shop/api\n\neu-west-1\ntest=shop/web\n\n".as_bytes();
        let mut output = anstream::StripStream::new(Vec::new());
        let mut person = Person {
            input: &mut input,
            output: &mut output,
        };
        let stages = person.stages().unwrap();
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0].name.as_str(), "test");
        assert_eq!(stages[0].region.as_ref().unwrap().as_str(), "eu-west-1");
        let shown = String::from_utf8(output.into_inner()).unwrap();
        assert_eq!(shown.matches("First stage").count(), 2, "{shown}");
        assert_eq!(shown.matches("Next stage").count(), 2, "{shown}");
        assert!(shown.contains("there is a stage test already"), "{shown}");
    }

    #[test]
    fn an_empty_line_is_no_answer_and_the_end_of_input_ends_it() {
        for (given, expected) in [("\n", "see --repository"), ("", "no more answers")] {
            let mut input = given.as_bytes();
            let mut output = Vec::new();
            let mut person = Person {
                input: &mut input,
                output: &mut output,
            };
            let failure = person.need("Repository", "name", "--repository", parsed::<String>);
            let failure = failure.unwrap_err().to_string();
            assert!(failure.contains(expected), "{failure}");
        }
        let mut input = "test=shop/api\n".as_bytes();
        let mut person = Person {
            input: &mut input,
            output: &mut Vec::new(),
        };
        assert!(person.stages().is_err(), "half of the answers are none");
    }
}
