//! Prefixes of paths that moved from one version to the next: `--map OLD=NEW`.

use anyhow::{Context, bail};
use scopegate_analysis::{Version, is_below};
use scopegate_openapi::address::Addresses;
use scopegate_openapi::import::Imported;

/// The old version with the moved prefixes. A prefix without an operation below it is an error.
pub(super) fn with_prefixes<'p>(maps: &[String], old: &'p Imported, new: &Imported) -> anyhow::Result<Version<'p>> {
    maps.iter().try_fold(version(old), |version, map| {
        let (from, to) = sides(map)?;
        let from = prefix(from, old, "OLD", map)?;
        let to = prefix(to, new, "NEW", map)?;
        Ok(version.moved(from, to))
    })
}

/// The policy with the fields of schemes that its table cannot express.
pub(super) fn version(policy: &Imported) -> Version<'_> {
    let details = policy.scheme_details().iter().cloned();
    details.fold(Version::new(policy.table()), |version, (scheme, field, value)| {
        version.detail(scheme, field, value)
    })
}

/// A path may have an equals sign, so the sides are divided before a slash or a URL.
fn sides(map: &str) -> anyhow::Result<(&str, &str)> {
    let is_start = |(place, _): &(usize, &str)| {
        let side = map.get(place + 1..).unwrap_or_default();
        side.starts_with('/') || side.contains("://")
    };
    map.match_indices('=')
        .find(is_start)
        .and_then(|(place, _)| Some((map.get(..place)?, map.get(place + 1..)?)))
        .with_context(|| {
            format!(
                "`--map {}` is not OLD=NEW, two paths such as `/v1=/v2`",
                map.escape_debug()
            )
        })
}

/// A prefix as templates have it: unchanged, or the path below the server of a URL.
fn prefix(text: &str, policy: &Imported, side: &str, map: &str) -> anyhow::Result<String> {
    let operations = policy.table().operations();
    let has_below = |prefix: &str| {
        operations
            .iter()
            .any(|operation| is_below(operation.template(), prefix))
    };
    if text.starts_with('/') && has_below(text) {
        return Ok(text.to_owned());
    }
    match Addresses::new(policy).path_below(text) {
        Some(path) if has_below(&path) => Ok(path.into_owned()),
        _ => bail!(
            "`--map {}`: no operation of {side} is below `{}`",
            map.escape_debug(),
            text.escape_debug()
        ),
    }
}
