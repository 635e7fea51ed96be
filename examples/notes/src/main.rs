//! Serves the API.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{Write, stderr, stdout};

use scopegate_example_notes::{App, KEYS, READ, WRITE, api};
use scopegate_http::GateBuilder;
use scopegate_http::credential::DevelopmentIssuer;
use scopegate_http::domain::Secret;
use scopegate_http::issuers::RemoteIssuer;
use scopegate_http::serve::Listener;
use scopegate_http::token::SigningKey;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(stderr).init();
    let app = App::open(&setting("NOTES_DATABASE", "sqlite:notes.db")).await?;
    let builder = api(app.clone())?;
    let gate = match env::var("NOTES_ISSUERS") {
        Ok(issuers) => remote_issuers(builder, &issuers)?,
        Err(_) => development_issuer(builder, &app).await?,
    };
    let listener = Listener::bind(setting("NOTES_LISTEN", "127.0.0.1:8000").parse()?)?;
    gate.build()?.serve(listener).await?;
    Ok(())
}

/// Accepts the tokens of these issuers, for one audience.
fn remote_issuers(mut gate: GateBuilder, issuers: &str) -> Result<GateBuilder, Box<dyn Error>> {
    let audience = env::var("NOTES_AUDIENCE")?;
    for issuer in issuers.split(',') {
        let issuer = RemoteIssuer::builder(issuer.parse()?, audience.parse()?);
        gate = gate.issuer("login", issuer.build()?);
    }
    Ok(gate)
}

/// Prints a token of `ada`, which is valid for an hour.
async fn development_issuer(gate: GateBuilder, app: &App) -> Result<GateBuilder, Box<dyn Error>> {
    let key = match env::var("NOTES_KEY") {
        Ok(file) => SigningKey::es256_from_pkcs8(Secret::new(fs::read(file)?))?,
        Err(_) => SigningKey::es256_generate()?,
    };
    let issuer = DevelopmentIssuer::with_key("https://id.notes.test".parse()?, "https://notes.test".parse()?, key);
    app.add_member("ada", "development").await?;
    writeln!(stdout(), "{}", issuer.token("ada", [READ, WRITE, KEYS])?.expose())?;
    Ok(gate.bearer("login", &issuer))
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
