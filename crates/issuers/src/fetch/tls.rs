//! TLS: the trusted certificates and the protocol versions.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// The error of trusted certificates that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("trusted certificates cannot be read as PEM, or there are none")]
#[non_exhaustive]
pub struct InvalidRoots;

/// Returns a connector for TLS 1.2 and 1.3 on `ring`. A provider that the process installs has no
/// effect.
pub(super) fn connector(pem: Option<&[u8]>) -> Result<TlsConnector, InvalidRoots> {
    let roots = match pem {
        Some(pem) => given(pem)?,
        None => platform(),
    };
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| InvalidRoots)?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn given(pem: &[u8]) -> Result<RootCertStore, InvalidRoots> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| InvalidRoots)?;
        roots.add(certificate).map_err(|_| InvalidRoots)?;
    }
    if roots.is_empty() { Err(InvalidRoots) } else { Ok(roots) }
}

/// Returns the platform's roots. Without any, every `https` request fails, so the log warns.
fn platform() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!("platform has no trusted certificates; requests to issuers over `https` fail");
    }
    roots
}
