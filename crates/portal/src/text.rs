//! All text of the pages, in English. A translation is one more file with the same names.

use scopegate_domain::EndReason;

pub(crate) const LANG: &str = "en";
pub(crate) const ERROR_PREFIX: &str = "Error: ";

// The login page.
pub(crate) const LOG_IN: &str = "Log in";
pub(crate) const LOGIN_CONTINUE: &str = "to continue to";
pub(crate) const LOGIN_RETURNS: &str = "You return to";
pub(crate) const USER_NAME: &str = "User name";
pub(crate) const PASSWORD: &str = "Password";
pub(crate) const STAY: &str = "Stay logged in on this device";
pub(crate) const STAY_HINT: &str = "Only on a device that you alone use.";
pub(crate) const FORGOTTEN: &str = "Forgot your password? The operator of this site can set a new one.";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const LOGIN_FAILED: &str = "The user name or the password is wrong.";
pub(crate) const LOGIN_AGAIN: &str = "Enter your password again to continue.";

pub(crate) fn throttled(seconds: u32) -> String {
    format!("Too many failed attempts. Try again in {}.", delay(seconds))
}

pub(crate) fn busy(seconds: u32) -> String {
    format!("Too many users log in at this moment. Try again in {}.", delay(seconds))
}

/// Returns a delay, rounded up to whole minutes from one minute on.
fn delay(seconds: u32) -> String {
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60 => "1 minute".to_owned(),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

// The consent page.
pub(crate) const CONSENT_QUESTION: &str = "wants to use your account";
pub(crate) const CONSENT_WIDENING: &str = "wants to do more with your account";
pub(crate) const CONSENT_AS_BEFORE: &str = "wants to use your account as before";
pub(crate) const LEADS_TO: &str = "Leads to";
pub(crate) const TARGET_LOOPBACK: &str = "a program on this device";
pub(crate) const TARGET_APP: &str = "an installed application";
pub(crate) const APPLICATION: &str = "Application";
pub(crate) const DURATION: &str = "How long";
pub(crate) const SOURCE_OPERATOR: &str = "registered by the operator";
pub(crate) const LOGGED_IN_AS: &str = "Logged in as";
pub(crate) const NOT_YOU: &str = "Not you?";
pub(crate) const SWITCH_ACCOUNT: &str = "Switch account";
pub(crate) const NEVER_COPY: &str = "Never copy an address from your browser into a program, a message or another page, \
                                     even if a page or a person tells you to. The program receives the answer by \
                                     itself.";
pub(crate) const ASKED_LOOPBACK: &str = "This page appears each time, because any program on this device can claim to \
                                         be this application.";
pub(crate) const ASKED_APP: &str = "This page appears each time, because any application on this device can claim to \
                                    be this one.";
pub(crate) const OFFLINE: &str = "Also when you are not here, until you withdraw it";
pub(crate) const ANY_TOKEN: &str = "What each application with access may do";
pub(crate) const TOGETHER: &str = "What these permissions allow only together";
pub(crate) const INCLUDES: &str = "Includes:";
pub(crate) const OPTIONAL: &str = "optional";
pub(crate) const END_SESSION: &str = "The access ends when you log out.";
pub(crate) const END_WITHDRAWAL: &str = "The access does not end when you log out. You can withdraw it on your account \
                                         page.";
pub(crate) const DENY: &str = "Deny";
pub(crate) const ALLOW: &str = "Allow";

pub(crate) fn end_after(seconds: u32) -> String {
    format!("The access ends after {}.", delay(seconds))
}

pub(crate) fn granted_before(count: usize) -> String {
    match count {
        1 => "1 permission that you allowed before".to_owned(),
        _ => format!("{count} permissions that you allowed before"),
    }
}

pub(crate) fn opens(count: usize) -> String {
    match count {
        0 => "Opens no operation".to_owned(),
        1 => "Opens 1 operation".to_owned(),
        _ => format!("Opens {count} operations"),
    }
}

/// Returns `reads 5, changes 2, deletes nothing`.
pub(crate) fn effects(reads: usize, changes: usize, deletes: usize) -> String {
    let amount = |count: usize| match count {
        0 => "nothing".to_owned(),
        _ => count.to_string(),
    };
    format!(
        "reads {}, changes {}, deletes {}",
        amount(reads),
        amount(changes),
        amount(deletes)
    )
}

// The account and the details of an application.
pub(crate) const ACCOUNT: &str = "Your account";
pub(crate) const LOG_OUT: &str = "Log out";
pub(crate) const SESSIONS: &str = "Sessions";
pub(crate) const SESSIONS_HINT: &str = "Browsers in which you are logged in.";
pub(crate) const THIS_SESSION: &str = "This session";
pub(crate) const UNKNOWN_BROWSER: &str = "Unknown browser";
pub(crate) const BEGAN: &str = "Since";
pub(crate) const LAST_USE: &str = "Last use";
pub(crate) const LAST_CHANGE: &str = "Last change";
pub(crate) const NEVER_USED: &str = "never";
pub(crate) const END: &str = "End";
pub(crate) const END_OTHERS: &str = "End all other sessions";
pub(crate) const NO_OTHER_SESSION: &str = "You are not logged in elsewhere.";
pub(crate) const APPLICATIONS: &str = "Applications";
pub(crate) const APPLICATIONS_HINT: &str = "Applications that you gave access to your account.";
pub(crate) const NO_APPLICATION: &str = "No application has access to your account.";
pub(crate) const WITHDRAW: &str = "Withdraw";
pub(crate) const WITHDRAW_HINT: &str = "All access of the application ends at once. It can ask you again.";
pub(crate) const LIVE_ACCESS: &str = "Active logins";
pub(crate) const LAST_END: &str = "Last login ended";
pub(crate) const SCOPE: &str = "Permissions";
pub(crate) const REFUSED_SCOPE: &str = "Refused";
pub(crate) const CLIENT_ID: &str = "Client id";
pub(crate) const FIRST_ENTRIES: &str = "First entries";
pub(crate) const NEXT_ENTRIES: &str = "Next entries";
pub(crate) const SESSION_PAGES: &str = "Pages of sessions";
pub(crate) const APPLICATION_PAGES: &str = "Pages of applications";
pub(crate) const CHANGE_PASSWORD: &str = "Change password";
pub(crate) const CHANGE_PASSWORD_HINT: &str = "All your other sessions end.";
pub(crate) const OLD_PASSWORD: &str = "Old password";
pub(crate) const NEW_PASSWORD: &str = "New password";
pub(crate) const REPEAT_PASSWORD: &str = "New password again";
pub(crate) const BACK_TO_ACCOUNT: &str = "Your account";
pub(crate) const DONE_SESSION: &str = "The session has ended.";
pub(crate) const DONE_OTHERS: &str = "All other sessions have ended.";
pub(crate) const DONE_WITHDRAWN: &str = "The access of the application has ended.";
pub(crate) const DONE_PASSWORD: &str = "The password was changed. All other sessions have ended.";
pub(crate) const OLD_PASSWORD_WRONG: &str = "The old password is wrong.";
pub(crate) const PASSWORDS_DIFFER: &str = "The two new passwords differ.";
pub(crate) const NEW_PASSWORD_INVALID: &str = "The new password is empty or too long.";

pub(crate) fn new_password_too_short(least: usize) -> String {
    format!("The new password is too short: it needs at least {least} characters.")
}

pub(crate) const FORM_EXPIRED: &str = "The form was too old. Try again.";

pub(crate) fn browser_on(device: &str) -> String {
    format!("Browser on {device}")
}

pub(crate) const fn end_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Age => "it reached its maximum age",
        EndReason::ClientRemoved => "the operator ended it",
        EndReason::CodeReplayed => "its login code was used twice",
        EndReason::Idle => "it was not used for too long",
        EndReason::Limit => "newer logins replaced it",
        EndReason::Refused => "the application requested what it may not have",
        EndReason::Restored | EndReason::SecretsRevoked => "the server was renewed",
        EndReason::Reused => "an old token was used again; it may have been stolen",
        EndReason::Revoked => "the application ended it",
        EndReason::SessionEnded => "your session ended",
        EndReason::UserChanged => "your password or your permissions changed",
        EndReason::UserDisabled => "your account was disabled",
        EndReason::Withdrawn => "you withdrew the access",
    }
}

// Logout, messages and errors.
pub(crate) const LOGOUT_QUESTION: &str = "Log out?";
pub(crate) const LOGOUT_HINT: &str = "Your session in this browser ends, with the access of applications that ends with \
                                      it.";
pub(crate) const LOGOUT_RETURNS: &str = "Then you return to";
pub(crate) const REQUEST_ID: &str = "Request id";
pub(crate) const CONTINUE_TO: &str = "Continue to";
pub(crate) const START_AGAIN: &str = "Start again";
pub(crate) const SENT_URI: &str = "Sent by the application";
pub(crate) const REGISTERED_URIS: &str = "Registered";
pub(crate) const HELP_APPLICATION: &str = "The application can help: tell its maintainers the request id.";
pub(crate) const HELP_OPERATOR: &str = "The operator of this site can help: tell them the request id.";
pub(crate) const HELP_RETRY: &str = "Go back and try again.";

/// Headings and sentences of messages.
pub(crate) mod message {
    pub(crate) const CONTINUE: (&str, &str) = (
        "Continue in the application",
        "The answer goes to a program on this device. Continue only if you began there.",
    );
    pub(crate) const COOKIES_REQUIRED: (&str, &str) = (
        "Cookies are required",
        "Your browser sent no cookie of this site. Allow cookies for it and start again.",
    );
    pub(crate) const FORM_EXPIRED: (&str, &str) = (
        "The page has expired",
        "The form was open for too long. Nothing was changed.",
    );
    pub(crate) const FORM_REFUSED: (&str, &str) = (
        "The form was not accepted",
        "It does not match the page that was shown. Nothing was changed.",
    );
    pub(crate) const LOGGED_OUT: (&str, &str) = ("You are logged out", "You can close this window.");
    pub(crate) const LOGGED_OUT_WITHOUT_RETURN: (&str, &str) = (
        "You are logged out",
        "The return address of the application is not registered, so you stay here.",
    );
    pub(crate) const NO_FORM: (&str, &str) = (
        "Start again in the application",
        "A login begins in the application that you want to use. Go back to it and log in from there. Nothing was \
         changed.",
    );
    pub(crate) const NOT_LOGGED_IN: (&str, &str) = ("You are not logged in", "There is no session in this browser.");
    pub(crate) const OTHER_BROWSER: (&str, &str) = (
        "The login began elsewhere",
        "It began in another browser, or you logged in as another user since then. Start it again here.",
    );
}

/// Headings and sentences of errors.
pub(crate) mod problem {
    pub(crate) const CLIENT_NOT_ALLOWED: (&str, &str) = (
        "The application may not log you in",
        "It is registered here, but not for logins of users.",
    );
    pub(crate) const FOREIGN_FORM: (&str, &str) = (
        "The form came from another site",
        "Your browser did not confirm that a page of this site sent the form. Nothing was changed.",
    );
    pub(crate) const MALFORMED: (&str, &str) = (
        "The link is damaged",
        "The address that led here is not a request that this site understands.",
    );
    pub(crate) const NO_CLIENT: (&str, &str) = (
        "The link is incomplete",
        "The address that led here does not state which application you come from.",
    );
    pub(crate) const NO_REDIRECT_URI: (&str, &str) = (
        "The link is incomplete",
        "The application has several return addresses, and the link does not state which one.",
    );
    pub(crate) const REPEATED_COOKIE: (&str, &str) = (
        "Your browser sent two cookies of one name",
        "Another site of this domain may have set one. Remove the cookies of this site and try again.",
    );
    pub(crate) const TOO_LARGE: (&str, &str) =
        ("The link is too long", "The request is larger than this site accepts.");
    pub(crate) const UNAVAILABLE: (&str, &str) = (
        "This does not work at the moment",
        "The site is overloaded or cannot read its data. Try again in a minute.",
    );
    pub(crate) const UNKNOWN_APPLICATION: (&str, &str) = (
        "The application has no access",
        "You did not give it access to your account, or you withdrew it.",
    );
    pub(crate) const UNKNOWN_CLIENT: (&str, &str) = (
        "The application is not known here",
        "No application is registered under the id of the link.",
    );
    pub(crate) const UNKNOWN_REDIRECT_URI: (&str, &str) = (
        "The return address is not registered",
        "The application did not register the return address of the link. For your protection you are not sent \
         there.",
    );
}
