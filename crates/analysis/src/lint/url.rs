//! The URLs of servers and schemes, as far as the lint checks them.
//!
//! A document may contain anything in place of a URL. Text that is not a URL has no host, and no
//! finding.

use super::open_paths::is_login_step;

/// A URL, or a reference relative to one, in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'u> {
    /// `http`, `https`; `None` for a relative reference.
    scheme: Option<&'u str>,
    /// The host, without user information and port.
    host: Option<&'u str>,
    path: &'u str,
}

fn parts(url: &str) -> Parts<'_> {
    let url = url.trim();
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
            (Some(scheme), Some(rest))
        }
        _ => (None, url.strip_prefix("//")),
    };
    let Some(rest) = rest else {
        return Parts {
            scheme: None,
            host: None,
            path: url,
        };
    };
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    Parts {
        scheme,
        host: Some(host),
        path,
    }
}

/// Whether requests to this URL cross a network without TLS.
pub(super) fn is_insecure(url: &str) -> bool {
    let Parts { scheme, host, .. } = parts(url);
    let is_plain =
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("ws"));
    is_plain
        && host.is_some_and(|host| {
            !host.is_empty() && !is_whole_variable(host) && !is_for_tests(host) && !is_loopback(host)
        })
        && !is_placeholder(url)
}

/// Whether the reader replaces the host by that of an installation, which another server of the
/// list has with TLS: `http://your-lamps.com` next to `https://your-lamps.com`.
pub(super) fn is_placeholder_with_tls(url: &str, servers: &[String]) -> bool {
    let host_of = |url: &str| parts(url).host.map(str::to_ascii_lowercase);
    let Some(host) = host_of(url) else {
        return false;
    };
    let mut words = host.split(|letter: char| !letter.is_alphanumeric());
    let is_secure = |other: &String| {
        let scheme = parts(other).scheme;
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) && host_of(other).as_ref() == Some(&host)
    };
    words.any(|word| word == "your") && servers.iter().any(is_secure)
}

/// Whether an installation replaces the whole host, by its name: `http://to-be-configured`,
/// `http://your_lamps`. It is one label of several words.
pub(super) fn is_placeholder(url: &str) -> bool {
    parts(url).host.is_some_and(|host| {
        let host = host.to_ascii_lowercase();
        let words: Vec<&str> = host.split(['-', '_']).collect();
        let is_known = |word: &&str| matches!(*word, "configured" | "example" | "placeholder" | "your");
        is_single_label(&host) && words.len() > 1 && words.iter().any(is_known)
    })
}

/// Whether the URL names a host.
pub(super) fn has_host(url: &str) -> bool {
    parts(url).host.is_some_and(|host| !host.is_empty())
}

/// Whether the URL stays in the local network: a socket of the same machine, or a name without a
/// domain.
pub(super) fn is_local(url: &str) -> bool {
    let Parts { scheme, host, .. } = parts(url);
    let is_socket =
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("unix") || scheme.eq_ignore_ascii_case("npipe"));
    is_socket || host.is_some_and(is_single_label)
}

/// Whether the URL leads to the same machine.
pub(super) fn is_loopback_url(url: &str) -> bool {
    parts(url).host.is_some_and(is_loopback)
}

/// Whether the host is one variable, so that it may be any.
fn is_whole_variable(host: &str) -> bool {
    host.starts_with('{') && host.find('}') == host.len().checked_sub(1)
}

/// Whether the name exists only on the local link or in tests (RFC 6762, section 3; RFC 6761,
/// sections 6.2 and 6.4).
fn is_for_tests(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let last = host.trim_end_matches('.').rsplit('.').next();
    host.contains('.') && last.is_some_and(|last| matches!(last, "invalid" | "local" | "test"))
}

/// Whether only the resolver of the local network completes the name: `http://gateway/`.
fn is_single_label(host: &str) -> bool {
    !host.is_empty() && !host.contains(['.', ':', '{']) && !is_loopback(host)
}

/// Whether the host is a name or an address of the machine itself (RFC 6761, section 6.3; RFC 1122,
/// section 3.2.1.3; RFC 4291, section 2.5.3).
fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let name = host.trim_end_matches('.');
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
            std::net::IpAddr::V4(address) => address.is_loopback(),
            std::net::IpAddr::V6(address) => {
                address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
            }
        })
}

/// Whether a request for this template at one of the servers matches the URL.
///
/// Without servers the host is unknown, so the path of a URL with a host must also have the name of
/// an endpoint.
pub(super) fn is_endpoint(url: &str, servers: &[String], template: &str) -> bool {
    let endpoint = parts(url);
    if servers.is_empty() && endpoint.host.is_some() && !is_login_step(template) {
        return false;
    }
    // The endpoint may be on another server, which its operation declares.
    let is_suffix = endpoint
        .path
        .trim_end_matches('/')
        .ends_with(template.trim_end_matches('/'));
    if matches!(template, "/authorize" | "/token") && is_suffix {
        return true;
    }
    let whole = [String::new()];
    let servers = if servers.is_empty() { &whole } else { servers };
    servers.iter().any(|server| {
        let server = parts(server);
        let is_same_host = match (endpoint.host, server.host) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other) || is_variable(one) || is_variable(other),
            _ => true,
        };
        let base = server.path.trim_end_matches('/');
        let path = endpoint.path.trim_end_matches('/');
        // Some documents distinguish two operations of one path by a fragment.
        let template = template.split('#').next().unwrap_or(template).trim_end_matches('/');
        let below_base = path.strip_prefix(base).is_some_and(|rest| rest == template);
        // A relative reference resolves against the server (RFC 3986, section 5.2.3).
        let is_relative = endpoint.host.is_none() && !path.starts_with('/');
        let relative = path.trim_start_matches("./");
        is_same_host
            && (below_base
                || path == template
                || (is_relative && template.strip_prefix('/').is_some_and(|template| template == relative)))
    })
}

fn is_variable(host: &str) -> bool {
    host.contains('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_insecure_outside_loopback() {
        for url in [
            "http://id.example/token",
            "HTTP://id.example",
            "http://10.0.0.1:8080/",
            "http://localhost.example/",
            "http://user@id.example/",
            "ws://id.example/",
            "http://gateway/v1",
            "http://your-company.example.com/",
            "http://[2001:db8::1]/",
        ] {
            assert!(is_insecure(url), "{url}");
        }
        for url in [
            "https://id.example/token",
            "/token",
            "token",
            "",
            "http://localhost:8000/token",
            "http://api.localhost/",
            "http://127.0.0.1/",
            "http://127.8.9.1:80/",
            "http://[::1]:8000/",
            "//id.example/token",
            "not a url",
            "http://{host}/v1",
            "http://lamps.local",
            "http://lamps.test:8080/",
        ] {
            assert!(!is_insecure(url), "{url}");
        }
    }

    #[test]
    fn a_placeholder_is_one_label_with_a_known_word() {
        for url in ["http://to-be-configured-in-the-file", "http://your_lamps/token"] {
            assert!(is_placeholder(url) && !is_insecure(url), "{url}");
        }
        for url in [
            "http://your-lamps.com/",
            "http://gateway/",
            "http://lamp-house/",
            "http://example/",
        ] {
            assert!(!is_placeholder(url) && is_insecure(url), "{url}");
        }
    }

    #[test]
    fn a_placeholder_next_to_itself_with_tls_is_not_a_server() {
        let is = |url: &str, other: &str| is_placeholder_with_tls(url, &[url.to_owned(), other.to_owned()]);
        assert!(is("http://your-lamps.com", "https://your-lamps.com"));
        assert!(!is("http://your-lamps.com", "https://lamps.com"));
        assert!(!is("http://lamps.com", "https://lamps.com"));
    }

    #[test]
    fn an_endpoint_is_found_below_each_server() {
        let servers = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
        for (url, base, template) in [
            ("https://api.example/token", "https://api.example", "/token"),
            ("https://api.example/v1/token", "https://api.example/v1/", "/token"),
            (
                "https://api.example/oauth/token",
                "https://api.example/v1",
                "/oauth/token",
            ),
            ("/token", "https://api.example", "/token"),
            ("/v1/token", "/v1", "/token"),
            ("token", "https://api.example/v1", "/token"),
            ("https://{tenant}.example/token", "https://one.example", "/token"),
            ("https://api.example/token?x=1", "https://api.example", "/token/"),
        ] {
            assert!(is_endpoint(url, &servers(&[base]), template), "{url} {base}");
        }
        assert!(is_endpoint("https://id.example/token", &[], "/token"));
        assert!(!is_endpoint("https://id.example/a", &[], "/a"));
        for (url, base, template) in [
            ("https://id.example/login", "https://api.example", "/login"),
            ("https://api.example/token", "https://api.example", "/tokens"),
            ("https://api.example/v2/sign", "https://api.example/v1", "/sign"),
        ] {
            assert!(!is_endpoint(url, &servers(&[base]), template), "{url} {base}");
        }
    }
}
