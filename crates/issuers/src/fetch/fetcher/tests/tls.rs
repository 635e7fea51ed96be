//! Certificates, and providers that do not keep to TLS.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

/// Creates a certificate for these names, and its authority.
fn certified(names: &[&str]) -> (String, TlsAcceptor) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn certificate_must_match_host_and_trusted_authority() {
    let (pem, acceptor) = certified(&["id.example", "127.0.0.1"]);
    let provider = TestProvider::start_with_tls(Some(acceptor), |_, _| json("{}")).await;
    let port = provider.address.port();
    let names = || TestResolver::new(&[&["127.0.0.1"]]);
    let trusting = local().resolver(names()).trust_only(pem).build().unwrap();
    for host in ["id.example", "127.0.0.1", "ID.example"] {
        let fetched = trusting
            .get(&endpoint(&format!("https://{host}:{port}/")))
            .await
            .unwrap();
        assert_eq!(&*fetched.body, b"{}");
    }
    let good = provider.count();
    let outcome = trusting.get(&endpoint(&format!("https://evil.example:{port}/"))).await;
    assert!(matches!(outcome, Err(FetchError::Tls(_))), "{outcome:?}");
    for fetcher in [
        local().resolver(names()),
        local().resolver(names()).trust_only(certified(&["id.example"]).0),
    ] {
        let outcome = fetcher
            .build()
            .unwrap()
            .get(&endpoint(&format!("https://id.example:{port}/")))
            .await;
        assert!(matches!(outcome, Err(FetchError::Tls(_))), "{outcome:?}");
    }
    assert_eq!(provider.count(), good, "an unknown server receives no request");
}

#[tokio::test]
async fn body_without_length_needs_a_tls_close() {
    let (pem, acceptor) = certified(&["127.0.0.1"]);
    let body = || Step::Send(b"HTTP/1.1 200 OK\r\n\r\n{}".to_vec());
    let whole = TestProvider::start_with_tls(Some(acceptor.clone()), move |_, _| vec![body()]).await;
    let cut = TestProvider::start_with_tls(Some(acceptor), move |_, _| vec![body(), Step::Close]).await;
    let fetcher = local().trust_only(pem).build().unwrap();
    let fetch = async |provider: &TestProvider| fetcher.get(&endpoint(&format!("https://{}/", provider.address))).await;
    assert_eq!(fetch(&whole).await.map(|fetched| fetched.body).unwrap(), "{}");
    // An attacker on the path could have truncated it.
    let outcome = fetch(&cut).await;
    assert!(matches!(outcome, Err(FetchError::Protocol(_))), "{outcome:?}");
}

#[tokio::test]
async fn server_without_tls_receives_no_request() {
    for (reply, is_tls_error) in [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], true), (b"", false)] {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = endpoint(&format!("https://{}/", server.local_addr().unwrap()));
        let fetcher = local().build().unwrap();
        let fetching = tokio::spawn(async move { fetcher.get(&url).await });
        let (mut stream, _) = server.accept().await.unwrap();
        let mut received = vec![0; 8];
        stream.read_exact(&mut received).await.unwrap();
        assert_eq!(received[0], 22, "a handshake: RFC 8446, section 5.1");
        stream.write_all(reply).await.unwrap();
        if !is_tls_error {
            skip(TIMEOUT).await;
        }
        until(|| fetching.is_finished()).await;
        match fetching.await.unwrap().unwrap_err() {
            FetchError::Tls(_) => assert!(is_tls_error),
            FetchError::Timeout => assert!(!is_tls_error),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn roots_that_are_not_certificates_are_rejected() {
    for pem in [
        "",
        "hunter2",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        assert_eq!(
            HttpFetcher::builder().trust_only(pem).build().unwrap_err(),
            InvalidRoots,
            "{pem}"
        );
    }
}
