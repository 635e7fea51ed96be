//! The flags of settings. Their values are texts, as those of variables are.

use clap::Args;
use serde::Serialize;

/// Settings of every command. Their values are texts, as those of variables are. Their help texts
/// are in [`super::SettingRow`].
#[derive(Args, Clone, Debug, Default, Serialize)]
pub(crate) struct CommonSettings {
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["human", "json"])]
    log_format: Option<String>,
    #[arg(long, global = true, value_name = "FILTER")]
    log_level: Option<String>,
}

/// Settings of `serve`. No flag contains a secret, because every process of the machine can read a
/// command line.
#[derive(Args, Clone, Debug, Default, Serialize)]
pub(crate) struct ServeSettings {
    #[arg(long)]
    demo: bool,
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    #[arg(long, value_name = "URL")]
    audience: Option<String>,
    #[arg(long = "cors-origin", visible_alias = "cors-origins", value_name = "ORIGIN")]
    cors_origins: Option<Vec<String>>,
    #[arg(long, value_name = "PROFILE", value_parser = ["tutorial", "rfc"])]
    profile: Option<String>,
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    password_grant: Option<String>,
    #[arg(long, value_name = "TIME")]
    access_token_lifetime: Option<String>,
    #[arg(long, value_name = "TIME")]
    token_lifetime: Option<String>,
    #[arg(long, value_name = "TIME")]
    refresh_retry: Option<String>,
    #[arg(long, value_name = "TIME")]
    key_announcement: Option<String>,
    #[arg(long, value_name = "TIME")]
    key_rotation: Option<String>,
    #[arg(long, value_name = "BYTES")]
    token_cache_bytes: Option<String>,
    #[arg(long, value_name = "TIME")]
    user_cache_age: Option<String>,
    #[arg(long, value_name = "TIME")]
    revocation_age: Option<String>,
    #[arg(long, value_name = "TIME")]
    news_grace: Option<String>,
    #[arg(long, value_name = "RULE", value_parser = ["deny", "allow-known", "allow"])]
    news_stale: Option<String>,
    #[arg(long, value_name = "TIME")]
    news_stale_limit: Option<String>,
    #[arg(long, value_name = "BOOL")]
    rehash: Option<String>,
    #[arg(long, value_name = "BOOL")]
    login_throttle: Option<String>,
    #[arg(long = "trusted-proxy", visible_alias = "trusted-proxies", value_name = "ADDR")]
    trusted_proxies: Option<Vec<String>>,
    #[arg(long, value_name = "MODE", value_parser = ["standard", "strict"])]
    audit: Option<String>,
    #[arg(long, value_name = "DAYS")]
    audit_retention: Option<String>,
    #[arg(long, value_name = "N")]
    hashing_slots: Option<String>,
    #[arg(long, value_name = "N")]
    hashing_queue: Option<String>,
    #[arg(long, value_name = "FILE")]
    shadow_policy: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    limits: LimitSettings,
}

/// Limits of the listener.
#[derive(Args, Clone, Debug, Default, Serialize)]
#[command(next_help_heading = "Limits")]
struct LimitSettings {
    #[arg(long, value_name = "TIME")]
    header_timeout: Option<String>,
    #[arg(long, value_name = "TIME")]
    body_timeout: Option<String>,
    #[arg(long, value_name = "TIME")]
    idle_timeout: Option<String>,
    #[arg(long, value_name = "BYTES")]
    body_limit: Option<String>,
    #[arg(long, value_name = "N")]
    max_connections: Option<String>,
    #[arg(long, value_name = "TIME")]
    drain_deadline: Option<String>,
}
