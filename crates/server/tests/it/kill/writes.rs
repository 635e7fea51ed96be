//! Every kind of write. A new one is one more entry in [`WRITES`].

use crate::kill::model::{Digest, Password, Random, State, Subject};

/// The way of one write.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A process of its own, with this standard input.
    Command(Vec<String>, String),
    /// A request to the server.
    LogIn { user: String, password: String },
}

/// Plans a write for a subject in this state, and its next state. `None` if it is not possible.
pub(crate) type Plan = fn(&Subject, &mut Random) -> Option<(Act, State)>;

/// All of them by name, with the relative frequency of each. A login needs a server that listens.
pub(crate) const WRITES: [(&str, u64, Plan); 13] = [
    ("client add", 1, add_client),
    ("client remove", 1, remove_client),
    ("client revoke", 1, revoke_client),
    ("client set-scope", 1, set_client_scope),
    ("client set-secret", 1, set_client_secret),
    ("log in, which hashes anew", 3, log_in),
    ("token revoke", 1, revoke_token),
    ("user add", 1, add_user),
    ("user disable, user enable", 1, set_status),
    ("user remove", 1, remove_user),
    ("user revoke", 1, revoke_user),
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
    let secret = Digest::New;
    is_new.then(|| {
        (
            command(&line, ""),
            State::Client {
                scope: scope.clone(),
                secret,
            },
        )
    })
}

fn remove_client(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_there = matches!(subject.state, State::Client { .. }) && random.below(2) == 0;
    is_there.then(|| (command(&["client", "remove", &subject.name], ""), State::Absent))
}

fn revoke_client(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let is_there = matches!(subject.state, State::Client { .. });
    is_there.then(|| (command(&["client", "revoke", &subject.name], ""), subject.state.clone()))
}

fn set_client_scope(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let State::Client { secret, .. } = subject.state else {
        return None;
    };
    let scope = any_scope(random);
    let act = command(&["client", "set-scope", &subject.name, &scope], "");
    Some((act, State::Client { scope, secret }))
}

fn set_client_secret(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let State::Client { scope, .. } = subject.state.clone() else {
        return None;
    };
    let act = command(&["client", "set-secret", &subject.name], "");
    Some((
        act,
        State::Client {
            scope,
            secret: Digest::New,
        },
    ))
}

fn log_in(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let State::User {
        scope,
        is_active: true,
        password: Password::Bcrypt,
    } = subject.state.clone()
    else {
        return None;
    };
    let (user, password) = (subject.name.clone(), Password::TEXT.to_owned());
    let hashed_anew = Password::Argon2id(password.clone());
    let state = State::User {
        scope,
        is_active: true,
        password: hashed_anew,
    };
    Some((Act::LogIn { user, password }, state))
}

fn add_user(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_new = subject.is_user && subject.state == State::Absent;
    let (scope, password) = (any_scope(random), any_password(random));
    let line = ["user", "add", &subject.name, "--scope", &scope, "--password-stdin"];
    let act = command(&line, &password);
    let password = Password::Argon2id(password);
    is_new.then_some((
        act,
        State::User {
            scope,
            is_active: true,
            password,
        },
    ))
}

fn set_status(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let State::User {
        scope,
        is_active,
        password,
    } = subject.state.clone()
    else {
        return None;
    };
    let verb = if is_active { "disable" } else { "enable" };
    let state = State::User {
        scope,
        is_active: !is_active,
        password,
    };
    Some((command(&["user", verb, &subject.name], ""), state))
}

fn remove_user(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let is_there = matches!(subject.state, State::User { .. }) && random.below(2) == 0;
    is_there.then(|| (command(&["user", "remove", &subject.name], ""), State::Absent))
}

fn revoke_user(subject: &Subject, _: &mut Random) -> Option<(Act, State)> {
    let is_there = matches!(subject.state, State::User { .. });
    is_there.then(|| (command(&["user", "revoke", &subject.name], ""), subject.state.clone()))
}

/// No token has this id: the program cannot detect it, because it stores no tokens. It is always
/// possible, so it would displace others.
fn revoke_token(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let act = command(&["token", "revoke", "--jti", &subject.name], "");
    (random.below(4) == 0).then(|| (act, subject.state.clone()))
}

fn set_password(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let State::User { scope, is_active, .. } = subject.state.clone() else {
        return None;
    };
    let password = any_password(random);
    let act = command(&["user", "set-password", &subject.name, "--password-stdin"], &password);
    let password = Password::Argon2id(password);
    Some((
        act,
        State::User {
            scope,
            is_active,
            password,
        },
    ))
}

fn set_user_scope(subject: &Subject, random: &mut Random) -> Option<(Act, State)> {
    let State::User {
        is_active, password, ..
    } = subject.state.clone()
    else {
        return None;
    };
    let scope = any_scope(random);
    let act = command(&["user", "set-scope", &subject.name, &scope], "");
    Some((
        act,
        State::User {
            scope,
            is_active,
            password,
        },
    ))
}
