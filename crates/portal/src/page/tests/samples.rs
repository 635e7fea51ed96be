//! Pages with sample values. The tests of the program contain this file, too.

use scopegate_domain::{ClientId, EndReason, RedirectUri, RequestId, ScopeToken, Timestamp};
use scopegate_portal::RedirectTarget;
use scopegate_portal::page::{
    AccessEnd, AccountForms, AccountNotice, AccountPage, ApplicationEntry, ApplicationPage, ConsentPage,
    ConsentResource, ConsentScope, ErrorPage, ImpliedScope, ListPart, LoginNotice, LoginPage, LogoutPage, LogoutReturn,
    Message, MessageAction, MessagePage, OfflineAccess, OperationLine, OperationLines, PlainText, Problem,
    RedirectUris, Requester, ScopeField, SessionEntry, Site,
};

static READ: ScopeToken = ScopeToken::from_static("ships:read");
static WRITE: ScopeToken = ScopeToken::from_static("ships:write");
static ADMIN: ScopeToken = ScopeToken::from_static("ships:admin");
static AUDIT: ScopeToken = ScopeToken::from_static("ships:audit");

/// The query of a logout.
const REQUEST: &str = "client_id=harbour-planner&post_logout_redirect_uri=https%3A%2F%2Fharbour.example%2F";

/// A sealed request is about this long.
const FLOW: &str = "v1.Zm9vYmFyYmF6cXV4";

/// The third-party texts.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) agent: String,
}

impl Words {
    pub(super) fn plain() -> Self {
        Self {
            name: "Harbour Planner".to_owned(),
            description: "Change the crew of a ship".to_owned(),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(),
        }
    }
}

/// Makes pages of these words.
#[derive(Debug)]
pub(super) struct Samples {
    words: Words,
    web: RedirectUri,
    loopback: RedirectUri,
    native: RedirectUri,
    client: ClientId,
    request: RequestId,
    many: Vec<ScopeToken>,
    flow: String,
}

impl Samples {
    pub(super) fn new(words: Words) -> Self {
        let uri = |text| RedirectUri::parse(text).unwrap();
        Self {
            words,
            web: uri("https://harbour.example/callback"),
            loopback: uri("http://127.0.0.1:51004/callback"),
            native: uri("com.example.harbour:/callback"),
            client: ClientId::parse("harbour-planner").unwrap(),
            request: RequestId::parse("r-1").unwrap(),
            many: (0..20)
                .map(|number| ScopeToken::parse(&format!("ships:area-{number}")).unwrap())
                .collect(),
            flow: FLOW.repeat(60),
        }
    }

    fn name(&self) -> PlainText<'_> {
        PlainText::from(self.words.name.as_str())
    }

    fn description(&self) -> PlainText<'_> {
        PlainText::from(self.words.description.as_str())
    }

    fn site() -> Site<'static> {
        Site {
            name: PlainText::from("id.example"),
            base: "/tenant",
        }
    }

    fn requester<'s>(&'s self, uri: &'s RedirectUri) -> Requester<'s> {
        Requester {
            name: self.name(),
            target: RedirectTarget::of(uri),
        }
    }

    pub(super) fn login(&self, notice: Option<LoginNotice>) -> LoginPage<'_> {
        LoginPage {
            site: Self::site(),
            requester: Some(self.requester(&self.web)),
            flow: &self.flow,
            username: PlainText::from(if notice.is_some() { "johndoe" } else { "" }),
            stay: false,
            notice,
        }
    }

    fn operations(&self, reads: &[&'static str], changes: &[&'static str], deletes: usize) -> OperationLines<'_> {
        let line = |method, summary| OperationLine { method, summary };
        let plain = |texts: &[&'static str], method| -> Vec<_> {
            texts.iter().map(|text| line(method, PlainText::from(*text))).collect()
        };
        OperationLines {
            reads: plain(reads, "GET"),
            changes: plain(changes, "PATCH"),
            deletes: (0..deletes).map(|_| line("DELETE", self.description())).collect(),
        }
    }

    fn scope<'s>(token: &'s ScopeToken, text: &'static str, operations: OperationLines<'s>) -> ConsentScope<'s> {
        ConsentScope {
            token,
            description: PlainText::from(text),
            operations,
            implies: Vec::new(),
            is_granted: false,
            field: ScopeField::Required,
        }
    }

    fn scopes(&self) -> Vec<ConsentScope<'_>> {
        let reads = [
            "List ships",
            "Read a ship",
            "Read the crew of a ship",
            "List harbours",
            "Read the berths of a harbour",
        ];
        let read = Self::scope(&READ, "Read ships, crews and harbours", self.operations(&reads, &[], 0));
        let writes = self.operations(&[], &["Rename a ship", "Move a ship to another berth"], 0);
        let write = ConsentScope {
            field: ScopeField::Optional { is_ticked: true },
            ..Self::scope(&WRITE, "Move and rename ships", writes)
        };
        let admin = ConsentScope {
            description: self.description(),
            implies: vec![
                ImpliedScope {
                    token: &AUDIT,
                    description: self.description(),
                    is_requested: true,
                },
                ImpliedScope {
                    token: &READ,
                    description: PlainText::from(""),
                    is_requested: false,
                },
            ],
            ..Self::scope(
                &ADMIN,
                "",
                self.operations(&["Read the audit log"], &["Hire a captain"], 1),
            )
        };
        vec![read, write, admin]
    }

    fn resource(scopes: Vec<ConsentScope<'_>>) -> ConsentResource<'_> {
        ConsentResource {
            title: PlainText::from("Ships"),
            audience: PlainText::from("https://api.example/ships"),
            scopes,
            any_token: OperationLines::default(),
            together: OperationLines::default(),
        }
    }

    pub(super) fn consent(&self) -> ConsentPage<'_> {
        ConsentPage {
            site: Self::site(),
            requester: self.requester(&self.web),
            flow: &self.flow,
            username: PlainText::from("johndoe"),
            resources: vec![Self::resource(self.scopes())],
            offline: Some(OfflineAccess {
                is_granted: false,
                field: ScopeField::Required,
            }),
            access_end: AccessEnd::Withdrawal,
        }
    }

    /// A scope of the first API is listed for the second one, too.
    fn consent_of_two_apis(&self) -> ConsentPage<'_> {
        let reads = self.operations(&["List ships"], &[], 0);
        let again = ConsentScope {
            field: ScopeField::None,
            ..Self::scope(&READ, "Read ships", reads)
        };
        let refused = ConsentScope {
            field: ScopeField::Optional { is_ticked: false },
            ..Self::scope(&AUDIT, "Read the log", self.operations(&[], &[], 0))
        };
        let mut page = self.consent();
        page.resources.push(Self::resource(vec![again, refused]));
        page
    }

    pub(super) fn widening_consent(&self) -> ConsentPage<'_> {
        let reads = self.operations(&["List ships", "Read a ship"], &[], 0);
        let old = ConsentScope {
            is_granted: true,
            ..Self::scope(&READ, "Read ships", reads)
        };
        let all = self.operations(&["Preview a deletion"], &["Mark a ship for deletion"], 1);
        let new = Self::scope(&ADMIN, "Delete ships", all);
        let mut resource = Self::resource(vec![old, new]);
        resource.together = self.operations(&[], &["Transfer a ship to another owner"], 0);
        resource.any_token = self.operations(&["Read your own profile"], &[], 0);
        ConsentPage {
            resources: vec![resource],
            offline: Some(OfflineAccess {
                is_granted: true,
                field: ScopeField::Optional { is_ticked: true },
            }),
            ..self.consent()
        }
    }

    pub(super) fn loopback_consent(&self, is_granted: bool) -> ConsentPage<'_> {
        self.device_consent(&self.loopback, is_granted)
    }

    fn device_consent<'s>(&'s self, uri: &'s RedirectUri, is_granted: bool) -> ConsentPage<'s> {
        let scopes = self
            .scopes()
            .into_iter()
            .map(|scope| ConsentScope { is_granted, ..scope });
        ConsentPage {
            requester: self.requester(uri),
            resources: vec![Self::resource(scopes.collect())],
            offline: None,
            access_end: AccessEnd::Session,
            ..self.consent()
        }
    }

    /// 20 scopes with 15 operations each.
    pub(super) fn large_consent(&self) -> ConsentPage<'_> {
        let line = |number: usize| OperationLine {
            method: ["GET", "PATCH", "DELETE"][number % 3],
            summary: PlainText::from("Read the berths and the tides of a harbour"),
        };
        let some = |range: std::ops::Range<usize>| range.map(line).collect::<Vec<_>>();
        let scope = |token| {
            let operations = OperationLines {
                reads: some(0..9),
                changes: some(0..4),
                deletes: some(0..2),
            };
            Self::scope(
                token,
                "Read and change the berths of an area of the harbour",
                operations,
            )
        };
        let resource = Self::resource(self.many.iter().map(scope).collect());
        ConsentPage {
            resources: vec![resource],
            ..self.consent()
        }
    }

    fn session<'s>(key: &'s str, agent: &'s str) -> SessionEntry<'s> {
        SessionEntry {
            key,
            user_agent: PlainText::from(agent),
            began_at: Timestamp::from_unix(1_795_900_000),
            seen_at: Timestamp::from_unix(1_795_982_136),
            is_current: key == "s1",
        }
    }

    fn application<'s>(&'s self, client_id: &'s ClientId) -> ApplicationEntry<'s> {
        ApplicationEntry {
            client_id,
            query: client_id.as_str(),
            name: self.name(),
            scope: PlainText::from("ships:read ships:write offline_access"),
            granted_at: Timestamp::from_unix(1_790_000_000),
            used_at: Some(Timestamp::from_unix(1_795_982_136)),
            live_families: 2,
            last_end: Some(EndReason::Reused),
        }
    }

    pub(super) fn account(&self, notice: Option<AccountNotice>) -> AccountPage<'_> {
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
        AccountPage {
            site: Self::site(),
            username: self.name(),
            forms: AccountForms {
                end_session: "t1",
                end_others: "t2",
                withdraw: "t3",
                change_password: "t4",
            },
            notice,
            sessions: vec![
                Self::session("s1", &self.words.agent),
                Self::session("s2", windows),
                Self::session("s3", "curl/8.5.0"),
            ],
            has_others: true,
            session_part: ListPart::default(),
            applications: vec![
                self.application(&self.client),
                ApplicationEntry {
                    used_at: None,
                    live_families: 0,
                    last_end: None,
                    ..self.application(&self.client)
                },
            ],
            application_part: ListPart {
                is_continued: true,
                next: Some("k2"),
            },
        }
    }

    fn empty_account(&self) -> AccountPage<'_> {
        AccountPage {
            sessions: vec![Self::session("s1", &self.words.agent)],
            has_others: false,
            applications: Vec::new(),
            application_part: ListPart::default(),
            ..self.account(None)
        }
    }

    fn details(&self) -> ApplicationPage<'_> {
        let mut resource = Self::resource(self.scopes());
        resource.together = self.operations(&[], &["Transfer a ship to another owner"], 0);
        ApplicationPage {
            site: Self::site(),
            username: self.name(),
            withdraw: "t3",
            application: self.application(&self.client),
            changed_at: Timestamp::from_unix(1_795_000_000),
            resources: vec![resource],
            is_offline: true,
            refused_scope: PlainText::from("ships:delete"),
        }
    }

    fn logout(&self, is_returning: bool) -> LogoutPage<'_> {
        let back = LogoutReturn {
            name: self.name(),
            target: RedirectTarget::of(&self.web),
        };
        LogoutPage {
            site: Self::site(),
            username: PlainText::from("johndoe"),
            token: "t5",
            request: if is_returning { REQUEST } else { "" },
            back: is_returning.then_some(back),
        }
    }

    pub(super) fn message(&self, message: Message) -> MessagePage<'_> {
        let action = match message {
            Message::Continue => Some(MessageAction::Continue {
                uri: self.native.as_str(),
                name: self.name(),
            }),
            Message::NotLoggedIn => Some(MessageAction::LogIn("/tenant/account")),
            Message::CookiesRequired | Message::FormExpired | Message::FormRefused | Message::OtherBrowser => Some(
                MessageAction::StartAgain("/tenant/authorize?client_id=harbour-planner&state=a"),
            ),
            Message::NoForm => Some(MessageAction::Account("/tenant/account")),
            Message::LoggedOut | Message::LoggedOutWithoutReturn => None,
        };
        MessagePage {
            site: Self::site(),
            message,
            action,
        }
    }

    pub(super) fn error(&self, problem: Problem) -> ErrorPage<'_> {
        let registered = ["https://harbour.example/callback", "http://127.0.0.1/callback"];
        let uris = RedirectUris {
            sent: self.description(),
            registered: registered.into_iter().map(PlainText::from).collect(),
        };
        ErrorPage {
            site: Self::site(),
            problem,
            request: Some(&self.request),
            uris: (problem == Problem::UnknownRedirectUri).then_some(uris),
        }
    }

    /// All pages, each with a name.
    pub(super) fn pages(&self) -> Vec<(String, String)> {
        let account_login = LoginPage {
            requester: None,
            stay: true,
            ..self.login(None)
        };
        let mut pages = vec![
            ("login".to_owned(), self.login(None).render()),
            ("login-account".to_owned(), account_login.render()),
            (
                "login-failed".to_owned(),
                self.login(Some(LoginNotice::Failed)).render(),
            ),
            (
                "login-throttled".to_owned(),
                self.login(Some(LoginNotice::Throttled(90))).render(),
            ),
            ("login-busy".to_owned(), self.login(Some(LoginNotice::Busy(2))).render()),
            ("login-again".to_owned(), self.login(Some(LoginNotice::Again)).render()),
            ("consent".to_owned(), self.consent().render()),
            ("consent-widening".to_owned(), self.widening_consent().render()),
            ("consent-two-apis".to_owned(), self.consent_of_two_apis().render()),
            ("consent-loopback".to_owned(), self.loopback_consent(false).render()),
            ("consent-as-before".to_owned(), self.loopback_consent(true).render()),
            (
                "consent-native".to_owned(),
                self.device_consent(&self.native, true).render(),
            ),
            ("consent-large".to_owned(), self.large_consent().render()),
            (
                "account".to_owned(),
                self.account(Some(AccountNotice::SessionEnded)).render(),
            ),
            (
                "account-wrong".to_owned(),
                self.account(Some(AccountNotice::OldPasswordWrong)).render(),
            ),
            (
                "account-busy".to_owned(),
                self.account(Some(AccountNotice::Busy(2))).render(),
            ),
            ("account-empty".to_owned(), self.empty_account().render()),
            ("application".to_owned(), self.details().render()),
            ("logout".to_owned(), self.logout(false).render()),
            ("logout-return".to_owned(), self.logout(true).render()),
        ];
        let messages = Message::ALL.map(|message| (format!("message-{message:?}"), self.message(message).render()));
        let errors = Problem::ALL.map(|problem| (format!("error-{problem:?}"), self.error(problem).render()));
        pages.extend(messages);
        pages.extend(errors);
        pages
    }
}
