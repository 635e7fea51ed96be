//! The flags of settings. Their values are texts, as those of variables are.

use clap::Args;
use serde::Serialize;

/// Settings of every command. Their values are texts, as those of variables are. Their help texts
/// are in [`super::SettingRow`].
#[derive(Args, Debug, Default, Serialize)]
pub(crate) struct CommonSettings {
    #[arg(long, global = true, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["human", "json"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_format: Option<String>,
    #[arg(long, global = true, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<String>,
}

/// Settings of `serve`. No flag contains a secret, because every process of the machine can read a
/// command line.
#[derive(Args, Debug, Default, Serialize)]
pub(crate) struct ServeSettings {
    #[arg(long)]
    #[serde(skip_serializing_if = "is_not_given")]
    demo: bool,
    #[arg(long, value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    #[arg(long, value_name = "ADDR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_listen: Option<String>,
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    #[arg(long = "cors-origin", visible_alias = "cors-origins", value_name = "ORIGIN")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cors_origins: Vec<String>,
    #[arg(long, value_name = "PROFILE", value_parser = ["tutorial", "rfc"])]
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(skip_serializing_if = "Option::is_none")]
    password_grant: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_lifetime: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_announcement: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key_rotation: Option<String>,
    #[arg(long, value_name = "BYTES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_cache_bytes: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_cache_age: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_age: Option<String>,
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rehash: Option<String>,
    #[arg(long, value_name = "BOOL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    login_throttle: Option<String>,
    #[arg(long = "trusted-proxy", visible_alias = "trusted-proxies", value_name = "ADDR")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trusted_proxies: Vec<String>,
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    hashing_slots: Option<String>,
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    hashing_queue: Option<String>,
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow_policy: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    limits: LimitSettings,
}

/// Limits of the listener.
#[derive(Args, Debug, Default, Serialize)]
#[command(next_help_heading = "Limits")]
struct LimitSettings {
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    header_timeout: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    body_timeout: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_timeout: Option<String>,
    #[arg(long, value_name = "BYTES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    body_limit: Option<String>,
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    max_connections: Option<String>,
    #[arg(long, value_name = "TIME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    drain_deadline: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
const fn is_not_given(flag: &bool) -> bool {
    !*flag
}
