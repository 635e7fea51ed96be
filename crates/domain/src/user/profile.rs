//! The profile of user names: `UsernameCasePreserved`
//! ([RFC 8265, section 3.4](https://www.rfc-editor.org/rfc/rfc8265#section-3.4)).

use std::borrow::Cow;

use unicode_bidi::{BidiClass, bidi_class};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_compatible;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use crate::visible::is_hidden;

/// Returns the name in the form of the profile: full and half width forms are replaced, then form C
/// is applied. `None` if a character is not allowed in a name.
///
/// Joiners are refused at any position, though the profile allows them in some scripts, because
/// they are invisible.
pub(super) fn enforce(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| (0x21..=0x7E).contains(&byte)) {
        return Some(Cow::Borrowed(text));
    }
    let narrow: String = text.chars().flat_map(mapped).collect();
    let name: String = narrow.nfc().collect();
    let characters: Vec<char> = name.chars().collect();
    let is_allowed = |(place, character): (usize, &char)| is_allowed(*character, &characters, place);
    (characters.iter().enumerate().all(is_allowed) && follows_bidi_rule(&characters)).then_some(Cow::Owned(name))
}

/// Returns the character for a full-width or half-width form, and every other character unchanged.
fn mapped(character: char) -> Vec<char> {
    let mut characters = Vec::new();
    if matches!(character, '\u{3000}' | '\u{ff01}'..='\u{ffee}') {
        decompose_compatible(character, |part| characters.push(part));
    } else {
        characters.push(character);
    }
    characters
}

/// The class of identifiers ([RFC 8264, section
/// 8](https://www.rfc-editor.org/rfc/rfc8264#section-8)).
fn is_allowed(character: char, name: &[char], place: usize) -> bool {
    use GeneralCategory::{
        DecimalNumber, LowercaseLetter, ModifierLetter, NonspacingMark, OtherLetter, SpacingMark, UppercaseLetter,
    };
    match character {
        'ß' | 'ς' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '〇' | '!'..='~' => true,
        '\u{640}'
        | '\u{7fa}'
        | '\u{302e}'
        | '\u{302f}'
        | '\u{3031}'..='\u{3035}'
        | '\u{303b}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97c}'
        | '\u{d7b0}'..='\u{d7fb}' => false,
        '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{30fb}' | '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}' => {
            is_in_context(character, name, place)
        }
        _ if is_hidden(character) || has_compatible(character) => false,
        _ => matches!(
            character.general_category(),
            UppercaseLetter
                | LowercaseLetter
                | OtherLetter
                | ModifierLetter
                | DecimalNumber
                | NonspacingMark
                | SpacingMark
        ),
    }
}

/// Whether compatibility decomposition changes the character.
fn has_compatible(character: char) -> bool {
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    !text.nfkc().eq([character])
}

/// The rules for characters that have a meaning only next to some others ([RFC 5892, appendix
/// A](https://www.rfc-editor.org/rfc/rfc5892#appendix-A)).
fn is_in_context(character: char, name: &[char], place: usize) -> bool {
    let before = place.checked_sub(1).and_then(|place| name.get(place)).copied();
    let after = name.get(place + 1).copied();
    let is_hebrew = |one: char| matches!(one, '\u{591}'..='\u{5f4}');
    match character {
        '\u{b7}' => before == Some('l') && after == Some('l'),
        '\u{375}' => after.is_some_and(|one| matches!(one, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')),
        '\u{5f3}' | '\u{5f4}' => before.is_some_and(is_hebrew),
        '\u{30fb}' => name
            .iter()
            .any(|one| matches!(one, '\u{3041}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')),
        '\u{660}'..='\u{669}' => !name.iter().any(|one| matches!(one, '\u{6f0}'..='\u{6f9}')),
        _ => !name.iter().any(|one| matches!(one, '\u{660}'..='\u{669}')),
    }
}

/// The order in which a name with letters from right to left is read
/// ([RFC 5893, section 2](https://www.rfc-editor.org/rfc/rfc5893#section-2)).
fn follows_bidi_rule(name: &[char]) -> bool {
    use BidiClass::{AL, AN, BN, CS, EN, ES, ET, L, NSM, ON, R};
    let classes: Vec<BidiClass> = name.iter().copied().map(bidi_class).collect();
    let has = |wanted: &[BidiClass]| classes.iter().any(|class| wanted.contains(class));
    if !has(&[R, AL, AN]) {
        return true;
    }
    let only = |allowed: &[BidiClass]| classes.iter().all(|class| allowed.contains(class));
    let last = classes.iter().rev().find(|class| **class != NSM);
    let ends = |allowed: &[BidiClass]| last.is_some_and(|class| allowed.contains(class));
    match classes.first() {
        Some(&(R | AL)) => {
            only(&[R, AL, AN, EN, ES, CS, ET, ON, BN, NSM]) && ends(&[R, AL, EN, AN]) && !(has(&[EN]) && has(&[AN]))
        }
        Some(&L) => only(&[L, EN, ES, CS, ET, ON, BN, NSM]) && ends(&[L, EN]),
        _ => false,
    }
}
