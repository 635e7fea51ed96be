//! Serves the API.

use std::error::Error;
use std::io::{Write, stderr, stdout};
use std::{env, fs};

use scopegate_example_notes::{App, KEYS, READ, WRITE, api};
use scopegate_http::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(stderr).init();
    let app = App::open(&setting("NOTES_DATABASE", "sqlite:notes.db")).await?;
    let builder = api(app.clone())?;
    let gate = match env::var("NOTES_ISSUERS") {
        Ok(issuers) => builder.issuers("login", RemoteIssuer::list(&issuers, &env::var("NOTES_AUDIENCE")?)?),
        Err(_) => builder.bearer("login", &development_issuer(&app).await?),
    };
    let listener = Listener::bind(setting("NOTES_LISTEN", "127.0.0.1:8000").parse()?)?;
    gate.build()?.serve(listener).await?;
    Ok(())
}

/// Prints a token of `ada`, which is valid for an hour.
async fn development_issuer(app: &App) -> Result<DevelopmentIssuer, Box<dyn Error>> {
    let key = match env::var("NOTES_KEY") {
        Ok(file) => SigningKey::es256_from_pkcs8(fs::read(file)?.into())?,
        Err(_) => SigningKey::es256_generate()?,
    };
    let issuer = DevelopmentIssuer::with_key("https://id.notes.test".parse()?, "https://notes.test".parse()?, key);
    app.add_member("ada", "development").await?;
    writeln!(stdout(), "{}", issuer.token("ada", [READ, WRITE, KEYS])?.expose())?;
    Ok(issuer)
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
