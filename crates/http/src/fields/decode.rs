//! Decodes the names and values of a query or a form.

use std::borrow::Cow;

use crate::field_place::FieldPlace;
use crate::field_values::FieldValues;
use crate::invalid_value::InvalidValue;
use scopegate_gate::{InputError, LocationStep, urlencoded};

/// The maximum number of errors that are listed.
const FAULTS: usize = 32;

/// Returns the values of a query or a form by name. A value without escapes is borrowed.
///
/// # Errors
///
/// Each value whose decoded bytes are not UTF-8, and each such name.
// SECURITY: no byte is replaced, so that two different inputs never read as the same text. Tested
// by `tests/it/encodings.rs`, `bytes_that_are_not_text_are_refused_in_every_place`.
pub(crate) fn parse(encoded: &[u8], place: FieldPlace) -> Result<FieldValues<'_>, InputError> {
    let mut faults = Vec::new();
    let mut texts = Vec::new();
    for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut sides = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(sides.next().unwrap_or_default());
        match (name, decoded(sides.next().unwrap_or_default())) {
            (Some(name), Some(value)) => texts.push((name, value)),
            (name, _) if faults.len() < FAULTS => {
                let step = name.map(|name| LocationStep::name(&name));
                let fault = InvalidValue::not_text();
                faults.push(
                    step.into_iter()
                        .fold(fault, InvalidValue::inside)
                        .into_input(place.as_str()),
                );
            }
            _ => break,
        }
    }
    if faults.is_empty() {
        Ok(texts.into_iter().collect())
    } else {
        Err(InputError::Several(faults))
    }
}

/// Decodes a name or a value; `None` if it is not UTF-8.
fn decoded(raw: &[u8]) -> Option<Cow<'_, str>> {
    if raw.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        urlencoded::decode(raw).map(Cow::Owned)
    } else {
        std::str::from_utf8(raw).ok().map(Cow::Borrowed)
    }
}
