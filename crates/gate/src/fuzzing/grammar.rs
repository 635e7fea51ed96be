//! `WWW-Authenticate`, read strictly: [RFC 9110, sections 5.6 and
//! 11](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1), rule by rule, the whole grammar and
//! not only what is written here.
//!
//! ```abnf
//! WWW-Authenticate = [ challenge *( OWS "," OWS challenge ) ]
//! challenge        = auth-scheme [ 1*SP ( token68 / [ auth-param *( OWS "," OWS auth-param ) ] ) ]
//! auth-param       = token BWS "=" BWS ( token / quoted-string )
//! ```

/// A parsed challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// The scheme.
    pub scheme: String,
    /// The token that replaces the parameters.
    pub token68: Option<String>,
    /// The names and values, in their order. A name occurs once (section 11.2), regardless of its
    /// case.
    pub parameters: Vec<(String, String)>,
}

impl Read {
    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let named = self
            .parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

/// Returns the challenges of one value of the header; none if it does not follow the grammar. A
/// reader must accept empty list elements, but a sender must not write them. So they are refused
/// here.
#[must_use]
pub fn challenges(value: &[u8]) -> Option<Vec<Read>> {
    let mut rest = Rest(value);
    let mut challenges = Vec::new();
    loop {
        let scheme = rest.token()?;
        let mut challenge = Read {
            scheme,
            ..Read::default()
        };
        // The text after a comma is a parameter if it has a "=", and the next challenge otherwise.
        let is_last = rest.parameters_of(&mut challenge)?;
        challenges.push(challenge);
        if is_last {
            return Some(challenges);
        }
    }
}

/// The unread rest.
#[derive(Clone, Copy)]
struct Rest<'v>(&'v [u8]);

impl Rest<'_> {
    /// Reads the parameters of a challenge after its scheme, and the comma after them. Returns
    /// whether nothing is left.
    fn parameters_of(&mut self, challenge: &mut Read) -> Option<bool> {
        if self.0.is_empty() {
            return Some(true);
        }
        if self.skip(|byte| byte == b' ') > 0 && !self.at_comma() {
            if let Some(token68) = self.token68() {
                challenge.token68 = Some(token68);
            } else {
                self.parameter_of(challenge)?;
            }
        }
        loop {
            if self.0.is_empty() {
                return Some(true);
            }
            self.comma()?;
            let mut ahead = *self;
            if challenge.parameters.is_empty() || ahead.parameter().is_none() {
                return Some(false);
            }
            self.parameter_of(challenge)?;
        }
    }

    fn parameter_of(&mut self, challenge: &mut Read) -> Option<()> {
        let (name, value) = self.parameter()?;
        challenge.get(&name).is_none().then_some(())?;
        challenge.parameters.push((name, value));
        Some(())
    }

    /// `auth-param = token BWS "=" BWS ( token / quoted-string )`
    fn parameter(&mut self) -> Option<(String, String)> {
        let name = self.token()?;
        self.skip(is_space);
        self.one(|byte| byte == b'=')?;
        self.skip(is_space);
        let value = match self.0.first() {
            Some(b'"') => self.quoted_string()?,
            _ => self.token()?,
        };
        Some((name, value))
    }

    /// `quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE`
    fn quoted_string(&mut self) -> Option<String> {
        self.one(|byte| byte == b'"')?;
        let mut value = Vec::new();
        loop {
            match self.one(|_| true)? {
                b'"' => return Some(String::from_utf8_lossy(&value).into_owned()),
                b'\\' => value.push(self.one(|byte| is_space(byte) || is_visible(byte) || byte >= 0x80)?),
                byte if is_space(byte) || is_visible(byte) || byte >= 0x80 => value.push(byte),
                _ => return None,
            }
        }
    }

    /// Reads `token68 = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, if a comma
    /// or the end follows.
    fn token68(&mut self) -> Option<String> {
        let mut ahead = *self;
        let text = ahead.many(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))?;
        let padding = ahead.skip(|byte| byte == b'=');
        (ahead.0.is_empty() || ahead.at_comma()).then_some(())?;
        *self = ahead;
        Some(text + &"=".repeat(padding))
    }

    /// `token = 1*tchar`
    fn token(&mut self) -> Option<String> {
        self.many(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    }

    /// `OWS "," OWS`
    fn comma(&mut self) -> Option<()> {
        self.skip(is_space);
        self.one(|byte| byte == b',')?;
        self.skip(is_space);
        Some(())
    }

    fn at_comma(self) -> bool {
        let mut ahead = self;
        ahead.comma().is_some()
    }

    fn one(&mut self, is_wanted: impl Fn(u8) -> bool) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        is_wanted(*first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn many(&mut self, is_wanted: impl Fn(u8) -> bool) -> Option<String> {
        let mut text = String::new();
        while let Some(byte) = self.one(&is_wanted) {
            text.push(char::from(byte));
        }
        (!text.is_empty()).then_some(text)
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) -> usize {
        let mut skipped = 0;
        while self.one(&is_skipped).is_some() {
            skipped += 1;
        }
        skipped
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

const fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scheme, `token68` and parameters.
    type Parts = (String, Option<String>, Vec<(String, String)>);

    fn read(text: &str) -> Option<Vec<Parts>> {
        let parts = |read: Read| (read.scheme, read.token68, read.parameters);
        challenges(text.as_bytes()).map(|all| all.into_iter().map(parts).collect())
    }

    fn parameters(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    /// The example of section 11.6.1, and its neighbours.
    #[test]
    fn what_the_grammar_allows_is_read() {
        let text = r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#;
        assert_eq!(
            read(text).unwrap(),
            [
                ("Basic".to_owned(), None, parameters(&[("realm", "simple")])),
                (
                    "Newauth".to_owned(),
                    None,
                    parameters(&[("realm", "apps"), ("type", "1"), ("title", "Login to \"apps\"")])
                ),
            ]
        );
        assert_eq!(
            read("APIKey, Negotiate a87421000492aa874209af8bc028==\t,Bearer  realm = \"\"").unwrap(),
            [
                ("APIKey".to_owned(), None, vec![]),
                (
                    "Negotiate".to_owned(),
                    Some("a87421000492aa874209af8bc028==".to_owned()),
                    vec![]
                ),
                ("Bearer".to_owned(), None, parameters(&[("realm", "")])),
            ]
        );
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_not_read() {
        for text in [
            "",
            " Bearer",
            "Bearer ",
            "Bearer,",
            ",Bearer",
            "Bearer realm",
            "Bearer realm=",
            "Bearer realm=\"a",
            "Bearer realm=\"a\\\"",
            "Bearer realm=a b",
            "Bearer realm=\"a\" scope=\"b\"",
            "Bearer realm=\"a\",",
            "Bearer realm=\"a\", , scope=\"b\"",
            "Bearer realm=\"a\", Realm=\"b\"",
            "Bearer realm=\"a\u{7f}\"",
            "Bearer realm=\"a\u{0}\"",
            "Bearer re(lm=\"a\"",
            "Bear er realm=\"a\"",
            "Bearer abc==d",
        ] {
            // A token behind the scheme alone is a `token68`, as the grammar has it.
            let expected = (text == "Bearer realm" || text == "Bearer realm=").then(|| {
                let token68 = text.strip_prefix("Bearer ").unwrap().to_owned();
                vec![("Bearer".to_owned(), Some(token68), vec![])]
            });
            assert_eq!(read(text), expected, "{text:?}");
        }
    }
}
