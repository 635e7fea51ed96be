//! Every kind of write. A new one is one more entry in [`WRITES`].

use crate::kill::model::{ClientState, Digest, Password, Random, State, Subject, UserState};

/// The way of one write.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A process of its own, with this standard input.
    Command(Vec<String>, String),
    /// A request to the server.
    LogIn { user: String, password: String },
    /// A request for a token of a service, and one that revokes it.
    Revoke,
}

/// Plans a write for a subject in this state, and its next state. `None` if it is not possible.
pub(crate) type Plan = fn(&Subject, &mut Random) -> Option<(Act, State)>;

/// All of them by name, with the relative frequency of each. A request needs a server that listens.
pub(crate) const WRITES: [(&str, u64, Plan); 18] = [
    ("client add", 1, add_client),
    ("client add-secret", 2, add_secret),
    ("client remove", 1, remove_client),
    ("client remove-secret", 4, remove_secret),
    ("client revoke", 1, revoke_client),
    ("client set", 2, set_client),
    ("client set-scope", 1, set_client_scope),
    ("client set-secret", 1, set_client_secret),
    ("log in, which hashes anew", 3, log_in),
    ("revoke, which ends a token", 3, revoke),
    ("token revoke", 1, revoke_token),
    ("user add", 1, add_user),
    ("user disable, user enable", 1, set_status),
    ("user remove", 1, remove_user),
    ("user revoke", 1, revoke_user),
    ("user set", 2, set_user),
    ("user set-password", 1, set_password),
    ("user set-scope", 1, set_user_scope),
];

/// Picks one of them.
pub(crate) fn any(random: &mut Random) -> (&'static str, Plan) {
    let mut left = random.below(WRITES.iter().map(|(_, weight, _)| weight).sum());
    for (name, weight, plan) in WRITES {
        if left < weight {
            return (name, plan);
        }
        left -= weight;
    }
    unreachable!("`left` is less than all weights together")
}

fn command(words: &[&str], input: &str) -> Act {
    Act::Command(words.iter().map(ToString::to_string).collect(), input.to_owned())
}

fn any_scope(random: &mut Random) -> String {
    random.pick(&["me", "items", "me items", "items me"]).to_owned()
}

fn any_password(random: &mut Random) -> String {
    format!("secret {}", random.below(1_000))
}

/// Returns the state of a subject that is a client.
fn client_of(subject: &Subject) -> Option<ClientState> {
    match &subject.state {
        State::Client(client) => Some(client.clone()),
        State::Absent | State::User(_) => None,
    }
}

/// Returns the state of a subject that is a user.
fn user_of(subject: &Subject) -> Option<UserState> {
    match &subject.state {
        State::User(user) => Some(user.clone()),
        State::Absent | State::Client(_) => None,
    }
}

fn add_client(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_new = !subject.is_user && subject.state == State::Absent;
    let scope = any_scope(random);
    let line = [
        "client",
        "add",
        "App",
        "--id",
        &subject.name,
        "--confidential",
        "--scope",
        &scope,
    ];
    let act = command(&line, "");
    let state = ClientState {
        scope,
        name: "App".to_owned(),
        secrets: vec![Digest::New],
    };
    is_new.then_some((act, State::Client(state)))
}

fn add_secret(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let mut client = client_of(subject).filter(|client| client.secrets.len() == 1)?;
    client.secrets.push(Digest::New);
    Some((
        command(&["client", "add-secret", &subject.name], ""),
        State::Client(client),
    ))
}

fn remove_secret(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let mut client = client_of(subject).filter(|client| client.secrets.len() == 2)?;
    let Digest::Known(digest) = client.secrets.swap_remove(usize::from(random.below(2) == 0)) else {
        return None;
    };
    let digits = hexadecimal(&digest);
    let act = command(&["client", "remove-secret", &subject.name, &digits], "");
    Some((act, State::Client(client)))
}

/// A digest, as `client remove-secret` takes it.
fn hexadecimal(digest: &[u8]) -> String {
    digest
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn remove_client(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_there = client_of(subject).is_some() && random.below(2) == 0;
    is_there.then(|| (command(&["client", "remove", &subject.name], ""), State::Absent))
}

fn revoke_client(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    client_of(subject)?;
    Some((command(&["client", "revoke", &subject.name], ""), subject.state.clone()))
}

fn set_client(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let client = client_of(subject)?;
    let name = format!("App {}", random.below(1_000));
    let act = command(&["client", "set", &subject.name, "--name", &name], "");
    Some((act, State::Client(ClientState { name, ..client })))
}

fn set_client_scope(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let client = client_of(subject)?;
    let scope = any_scope(random);
    let act = command(&["client", "set-scope", &subject.name, &scope], "");
    Some((act, State::Client(ClientState { scope, ..client })))
}

fn set_client_secret(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let client = client_of(subject)?;
    let act = command(&["client", "set-secret", &subject.name], "");
    let secrets = vec![Digest::New];
    Some((act, State::Client(ClientState { secrets, ..client })))
}

fn log_in(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let user = user_of(subject).filter(|user| user.is_active && user.password == Password::Bcrypt)?;
    let (name, text) = (subject.name.clone(), Password::TEXT.to_owned());
    let password = Password::Argon2id(text.clone());
    let act = Act::LogIn {
        user: name,
        password: text,
    };
    Some((act, State::User(UserState { password, ..user })))
}

/// It is possible as soon as a server listens, so it would displace others.
fn revoke(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    (random.below(2) == 0).then(|| (Act::Revoke, subject.state.clone()))
}

fn add_user(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_new = subject.is_user && subject.state == State::Absent;
    let (scope, password) = (any_scope(random), any_password(random));
    let line = ["user", "add", &subject.name, "--scope", &scope, "--password-stdin"];
    let act = command(&line, &password);
    let state = UserState {
        scope,
        is_active: true,
        password: Password::Argon2id(password),
        email: None,
    };
    is_new.then_some((act, State::User(state)))
}

fn set_status(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let user = user_of(subject)?;
    let verb = if user.is_active { "disable" } else { "enable" };
    let is_active = !user.is_active;
    let state = State::User(UserState { is_active, ..user });
    Some((command(&["user", verb, &subject.name], ""), state))
}

fn remove_user(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_there = user_of(subject).is_some() && random.below(2) == 0;
    is_there.then(|| (command(&["user", "remove", &subject.name], ""), State::Absent))
}

fn revoke_user(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    user_of(subject)?;
    Some((command(&["user", "revoke", &subject.name], ""), subject.state.clone()))
}

/// No token has this id: the program cannot detect it, because it stores no tokens. It is always
/// possible, so it would displace others.
fn revoke_token(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let act = command(&["token", "revoke", "--jti", &subject.name], "");
    (random.below(4) == 0).then(|| (act, subject.state.clone()))
}

fn set_user(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let user = user_of(subject)?;
    let email = format!("u{}@example.com", random.below(1_000));
    let act = command(&["user", "set", &subject.name, "--email", &email], "");
    let email = Some(email);
    Some((act, State::User(UserState { email, ..user })))
}

fn set_password(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let (user, password) = (user_of(subject)?, any_password(random));
    let act = command(&["user", "set-password", &subject.name, "--password-stdin"], &password);
    let password = Password::Argon2id(password);
    Some((act, State::User(UserState { password, ..user })))
}

fn set_user_scope(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let (user, scope) = (user_of(subject)?, any_scope(random));
    let act = command(&["user", "set-scope", &subject.name, &scope], "");
    Some((act, State::User(UserState { scope, ..user })))
}
