//! Serves the API, or prints a development token.

mod test_issuer;

use std::env;
use std::error::Error;
use std::io::{Write, stderr, stdout};
use std::path::Path;

use scopegate_example_notes::{App, api};
use scopegate_http::domain::{Audience, Issuer};
use scopegate_http::issuers::RemoteIssuer;
use scopegate_http::warp;
use test_issuer::TestIssuer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(stderr).init();
    let app = App::open(&setting("NOTES_DATABASE", "sqlite:notes.db")).await?;
    let key = setting("NOTES_KEY", "notes.key");
    match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => serve(app, Path::new(&key)).await,
        [command, subject] if command == "token" => {
            app.add_member(subject, "development").await?;
            Ok(writeln!(
                stdout(),
                "{}",
                TestIssuer::open(Path::new(&key))?.token(subject)?
            )?)
        }
        _ => Err("the arguments are none, or `token NAME`".into()),
    }
}

/// Serves with the remote issuer of the environment, or else with the test issuer.
async fn serve(app: App, key: &Path) -> Result<(), Box<dyn Error>> {
    let streams = app.clone();
    let gate = match env::var("NOTES_ISSUER") {
        Ok(issuer) => {
            let audience = Audience::parse(&env::var("NOTES_AUDIENCE")?)?;
            api(app)?.issuer(
                "login",
                RemoteIssuer::builder(Issuer::parse(&issuer)?, audience).build()?,
            )
        }
        Err(_) => api(app)?.bearer("login", TestIssuer::open(key)?.verifier()),
    };
    let listener = TcpListener::bind(setting("NOTES_LISTEN", "127.0.0.1:8000")).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        terminate.recv().await;
        streams.end_streams();
    };
    warp::serve(gate.build()?.site_filter())
        .incoming(listener)
        .graceful(stop)
        .run()
        .await;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}
