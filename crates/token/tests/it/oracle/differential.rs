//! For any token, however encoded: if we accept it, strict jsonwebtoken does.

use arbitrary::{Result, Unstructured};
use scopegate_token::fuzzing::{compact_jws, forge};

use super::shaped;
use super::strict::{PAIRS, Pair, Profile, implies};

/// Makes a token with a right signature from the bytes, and verifies it with both.
///
/// # Panics
///
/// If it is accepted here alone.
pub(crate) fn differential(bytes: &[u8]) -> bool {
    let mut input = Unstructured::new(bytes);
    let Ok((profile, pair, token)) = token(&mut input) else {
        return false;
    };
    compact_jws(token.as_bytes());
    implies(profile, pair, &token)
}

/// The same with this profile and this key.
pub(crate) fn differential_of(profile: Profile, pair: &Pair, bytes: &[u8]) -> bool {
    let token = signed(&mut Unstructured::new(bytes), profile, pair);
    token.is_ok_and(|token| implies(profile, pair, &token))
}

fn token(input: &mut Unstructured<'_>) -> Result<(Profile, &'static Pair, String)> {
    let profile = *input.choose(&[Profile::Rfc9068, Profile::Tutorial, Profile::Jwt])?;
    let pair = &PAIRS[algorithm(input, profile)?];
    let token = signed(input, profile, pair)?;
    Ok((profile, pair, token))
}

fn signed(input: &mut Unstructured<'_>, profile: Profile, pair: &Pair) -> Result<String> {
    let token_type = match profile {
        Profile::Rfc9068 => "at+jwt",
        Profile::Jwt | Profile::Tutorial => "JWT",
    };
    let header = shaped::header(input, pair.ours.algorithm().as_str(), token_type)?;
    let payload = shaped::payload(input)?;
    shaped::damaged(input, forge(&pair.ours, header, payload))
}

/// The index in the list of algorithms: mostly cheap ones, because cryptography is not tested here.
/// A signature on P-384 takes a thousand times as long as a hash, one by RSA half of that.
fn algorithm(input: &mut Unstructured<'_>, profile: Profile) -> Result<usize> {
    let number = input.int_in_range(0..=63_u8)?;
    Ok(match number {
        _ if profile == Profile::Tutorial => 3,
        60..=63 if input.ratio(1, 32)? => 2,
        60..=63 if input.ratio(1, 8)? => 6 + usize::from(input.int_in_range(0..=5_u8)?),
        58..=59 => 1,
        56..=57 => 0,
        _ => 3 + usize::from(number % 3),
    })
}
