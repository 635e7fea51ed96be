//! Every place at which a user presents a password: all share one throttle.

use scopegate_domain::Secret;
use scopegate_grant::{
    AccountError, AccountLogin, AccountSession, ClientCredentials, GrantError, LoginForm, LoginOutcome, LoginProblem,
    LoginStep, PasswordChange, Step,
};

use crate::common::params;
use crate::people::{Browser, PeopleFixture, request};

/// A place at which a password is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryPoint {
    LoginPage,
    AccountPage,
    PasswordGrant,
    /// The old password of the user whose session it is.
    PasswordChange,
}

impl EntryPoint {
    pub(crate) const ALL: [Self; 4] = [
        Self::LoginPage,
        Self::AccountPage,
        Self::PasswordGrant,
        Self::PasswordChange,
    ];
}

/// The answer to a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Accepted,
    Rejected,
    Throttled,
}

/// A server, a session of `johndoe`, and another browser.
pub(crate) struct EntryPoints {
    fixture: PeopleFixture,
    account: AccountSession,
    stranger: Browser,
    page: LoginStep,
    flow: String,
}

impl EntryPoints {
    pub(crate) async fn new(fixture: PeopleFixture) -> Self {
        let (mut owner, stranger) = (Browser::new(), Browser::new());
        let page = fixture.login_page(&request("web", &[]), &owner).await;
        let step = fixture.pass_login(&page, &mut owner, "johndoe").await;
        assert!(matches!(step, Step::Consent(_)), "{step:?}");
        Self {
            account: fixture.account(&owner).await.unwrap(),
            page: fixture.login_page(&request("web", &[]), &stranger).await,
            flow: fixture.accounts.login_flow(&fixture.visit(&stranger)).unwrap(),
            fixture,
            stranger,
        }
    }

    /// Presents a password. Only a user with a session can change it.
    pub(crate) async fn present(&self, at: EntryPoint, name: &str, password: &str) -> Attempt {
        let (fixture, stranger) = (&self.fixture, &self.stranger);
        let text = Secret::new(password.to_owned());
        let problem = match at {
            EntryPoint::LoginPage => match fixture.log_in(&self.page, stranger, name, password).await.unwrap() {
                LoginOutcome::LoggedIn(_) => None,
                LoginOutcome::Again(page) => page.problem,
            },
            EntryPoint::AccountPage => {
                let form = LoginForm {
                    flow: &self.flow,
                    username: name,
                    password: &text,
                    stay: false,
                };
                match fixture.accounts.log_in(&form, &fixture.visit(stranger)).await.unwrap() {
                    AccountLogin::LoggedIn(_) => None,
                    AccountLogin::Again(problem) => Some(problem),
                }
            }
            EntryPoint::PasswordGrant => return self.ask(name, password).await,
            EntryPoint::PasswordChange => {
                assert_eq!(name, "johndoe");
                let new = Secret::new("a new password".to_owned());
                let change = PasswordChange {
                    old: &text,
                    new: &new,
                    stay: false,
                    browser: &stranger.cookie,
                    user_agent: "a browser",
                };
                let accounts = &fixture.accounts;
                match accounts.change_password(&self.account, &change, &fixture.origin).await {
                    Ok(_) => None,
                    Err(AccountError::Password(problem)) => Some(problem),
                    Err(error) => panic!("{error}"),
                }
            }
        };
        match problem {
            None => Attempt::Accepted,
            Some(LoginProblem::Rejected) => Attempt::Rejected,
            Some(LoginProblem::Throttled { .. }) => Attempt::Throttled,
            Some(other) => panic!("{other:?}"),
        }
    }

    async fn ask(&self, name: &str, password: &str) -> Attempt {
        let form = params(&[
            ("grant_type", "password"),
            ("client_id", "demo-app"),
            ("username", name),
            ("password", password),
        ]);
        match self.fixture.server.token(&form, &ClientCredentials::Absent).await {
            Ok(_) => Attempt::Accepted,
            Err(GrantError::InvalidGrant) => Attempt::Rejected,
            Err(GrantError::Throttled { .. }) => Attempt::Throttled,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Ten failed attempts at one place slow the next attempt at every place. A session is a known
/// browser: attempts elsewhere do not lock its user out, and its own attempts lock only itself out.
#[tokio::test(start_paused = true)]
async fn one_throttle_protects_all_entry_points() {
    for failed in EntryPoint::ALL {
        for next in EntryPoint::ALL {
            let points = EntryPoints::new(PeopleFixture::new().await).await;
            for _ in 0..10 {
                let attempt = points.present(failed, "johndoe", "wrong").await;
                assert_eq!(attempt, Attempt::Rejected, "{failed:?}");
            }
            let right = points.present(next, "johndoe", "secret").await;
            let is_known = |at| at == EntryPoint::PasswordChange;
            let expected = if is_known(failed) == is_known(next) {
                Attempt::Throttled
            } else {
                Attempt::Accepted
            };
            assert_eq!(right, expected, "{failed:?} {next:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn right_password_is_accepted_at_each_entry_point() {
    for at in EntryPoint::ALL {
        let points = EntryPoints::new(PeopleFixture::new().await).await;
        assert_eq!(
            points.present(at, "johndoe", "secret").await,
            Attempt::Accepted,
            "{at:?}"
        );
    }
}
