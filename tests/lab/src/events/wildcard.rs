//! Wildcards of event patterns: `*` stands for any characters, `\` takes the next one literally.

/// A wildcard, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wildcard(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Any,
    One(char),
}

impl Wildcard {
    /// Reads a wildcard.
    ///
    /// # Errors
    /// Why EventBridge refuses it.
    pub(crate) fn new(text: &str) -> Result<Self, &'static str> {
        let mut tokens = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let token = match character {
                '\\' => match characters.next() {
                    Some(escaped @ ('*' | '\\')) => Token::One(escaped),
                    Some(_) | None => return Err("invalid escape character in a wildcard"),
                },
                '*' => Token::Any,
                other => Token::One(other),
            };
            if token == Token::Any && tokens.last() == Some(&Token::Any) {
                return Err("consecutive wildcard characters");
            }
            tokens.push(token);
        }
        Ok(Self(tokens))
    }

    /// Whether it matches the whole text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut p, mut t) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match self.0.get(p) {
                Some(Token::One(character)) if *character == text[t] => {
                    p += 1;
                    t += 1;
                }
                Some(Token::Any) => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(Token::One(_)) | None => {
                    let Some((at, taken)) = star else {
                        return false;
                    };
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
            }
        }
        self.0[p..].iter().all(|token| *token == Token::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_escapes() {
        let matches = |pattern: &str, text: &str| Wildcard::new(pattern).map(|w| w.matches(text));
        assert_eq!(matches("shop-*", "shop-api"), Ok(true));
        assert_eq!(matches("*-api", "shop-web"), Ok(false));
        assert_eq!(matches(r"a\*b", "a*b"), Ok(true));
        assert_eq!(matches(r"a\*b", "axb"), Ok(false));
        assert!(Wildcard::new("a**b").is_err());
        assert!(Wildcard::new(r"a\b").is_err());
    }
}
