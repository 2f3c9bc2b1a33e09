//! Whether an expression takes a tag: whether a way leads through its automaton that spells one.
//!
//! The automaton may choose, so it is as small as the expression that was compiled. A way is an
//! automaton's state, what is before it, and a guess at what comes next, which the next character
//! must keep: that decides `^`, `$` and `\b`.

use std::collections::HashSet;

use regex_automata::nfa::thompson::{NFA, State, WhichCaptures};
use regex_automata::util::look::Look;
use regex_automata::util::primitives::StateID;
use regex_automata::util::syntax;

use super::MAX_LEN;
use crate::pipeline::TagRegex;

const LATEST: &[u8] = b"latest";

/// What is on one side of a place in a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    /// The tag's own end.
    End,
    /// A letter, a digit or `_`.
    Word,
    /// `.` or `-`.
    Other,
}

/// A way through the automaton that spells the beginning of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Way {
    state: StateID,
    before: Side,
    after: Side,
    /// How much of `latest` it spells, in any case; nothing where it is another one.
    latest: Option<usize>,
}

/// Whether there is a tag that the whole expression matches. One that cannot be compiled in spite of
/// having been compiled before is trusted.
pub(super) fn takes_any(regex: &TagRegex) -> bool {
    let built = NFA::compiler()
        .configure(NFA::config().which_captures(WhichCaptures::None))
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build(&format!("^(?:{})$", regex.as_str()));
    let Ok(automaton) = built else {
        return true;
    };
    let mut seen = HashSet::new();
    let mut reached = begun(automaton.start_anchored(), Side::End, Some(0)).to_vec();
    for length in 0..=MAX_LEN {
        let mut next = Vec::new();
        // What is reached without a character is added while it is gone through.
        while let Some(way) = reached.pop() {
            // Of a place that was reached by a shorter tag, all is known.
            if !seen.insert(way) {
                continue;
            }
            match automaton.state(way.state) {
                State::Match { .. } => {
                    if length > 0 && way.after == Side::End && way.latest != Some(LATEST.len()) {
                        return true;
                    }
                }
                State::Look { look, next } => {
                    if holds(*look, way) {
                        reached.push(Way {
                            state: *next,
                            ..way
                        });
                    }
                }
                State::Capture { next, .. } => reached.push(Way {
                    state: *next,
                    ..way
                }),
                State::Union { alternates } => {
                    reached.extend(alternates.iter().map(|state| Way {
                        state: *state,
                        ..way
                    }));
                }
                State::BinaryUnion { alt1, alt2 } => {
                    reached.extend([*alt1, *alt2].map(|state| Way { state, ..way }));
                }
                State::ByteRange { trans } => step(way, length, &mut next, |byte| {
                    trans.matches_byte(byte).then_some(trans.next)
                }),
                State::Sparse(sparse) => {
                    step(way, length, &mut next, |byte| sparse.matches_byte(byte));
                }
                State::Dense(dense) => {
                    step(way, length, &mut next, |byte| dense.matches_byte(byte));
                }
                State::Fail => {}
            }
        }
        reached = next;
    }
    false
}

/// The ways on from `way` by each character that a tag may have there.
fn step(way: Way, length: usize, next: &mut Vec<Way>, to: impl Fn(u8) -> Option<StateID>) {
    if length == MAX_LEN {
        return;
    }
    for byte in (0..=u8::MAX).filter(|byte| side(*byte, length) == Some(way.after)) {
        if let Some(state) = to(byte) {
            next.extend(begun(state, way.after, of_latest(way.latest, byte)));
        }
    }
}

/// The ways that go on from a state, one for each guess.
fn begun(state: StateID, before: Side, latest: Option<usize>) -> [Way; 3] {
    [Side::End, Side::Word, Side::Other].map(|after| Way {
        state,
        before,
        after,
        latest,
    })
}

/// What a character is, if a tag may have it at that place.
fn side(byte: u8, at: usize) -> Option<Side> {
    match byte {
        b'_' => Some(Side::Word),
        _ if byte.is_ascii_alphanumeric() => Some(Side::Word),
        b'.' | b'-' if at > 0 => Some(Side::Other),
        _ => None,
    }
}

/// How much of `latest` a tag is, in any case; nothing where it is another one.
fn of_latest(so_far: Option<usize>, byte: u8) -> Option<usize> {
    let at = so_far?;
    let expected = LATEST.get(at)?;
    expected.eq_ignore_ascii_case(&byte).then_some(at + 1)
}

/// Whether an assertion holds. A tag is one line, and of ASCII.
fn holds(look: Look, way: Way) -> bool {
    let (before, after) = (way.before == Side::Word, way.after == Side::Word);
    match look {
        Look::Start | Look::StartLF | Look::StartCRLF => way.before == Side::End,
        Look::End | Look::EndLF | Look::EndCRLF => way.after == Side::End,
        Look::WordAscii | Look::WordUnicode => before != after,
        Look::WordAsciiNegate | Look::WordUnicodeNegate => before == after,
        Look::WordStartAscii | Look::WordStartUnicode => !before && after,
        Look::WordEndAscii | Look::WordEndUnicode => before && !after,
        Look::WordStartHalfAscii | Look::WordStartHalfUnicode => !before,
        Look::WordEndHalfAscii | Look::WordEndHalfUnicode => !after,
    }
}
