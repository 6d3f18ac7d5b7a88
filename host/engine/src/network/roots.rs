//! The root certificates that are trusted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Where systems keep their roots in one file.
const SYSTEM: [&str; 4] = [
    // Amazon Linux, and so Lambda; Fedora.
    "/etc/pki/tls/certs/ca-bundle.crt",
    // Debian, Ubuntu, Alpine.
    "/etc/ssl/certs/ca-certificates.crt",
    // openSUSE.
    "/etc/ssl/ca-bundle.pem",
    // macOS.
    "/etc/ssl/cert.pem",
];

/// Why no server can be trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    #[error("no root certificates: there is none of {}; SSL_CERT_FILE names another file", SYSTEM.join(", "))]
    Missing,
    #[error("no root certificates: cannot read {path}: {error}", path = .0.display(), error = .1)]
    Unreadable(PathBuf, rustls::pki_types::pem::Error),
    #[error("no root certificates: {path} has none that can be used", path = .0.display())]
    Empty(PathBuf),
    #[error("no TLS: {0}")]
    Tls(rustls::Error),
}

/// The configuration of TLS that trusts the roots of that file, or else of the system.
pub(crate) async fn load(file: Option<PathBuf>) -> Result<Arc<ClientConfig>, RootsError> {
    // On a thread of its own: a bundle has a hundred certificates and more.
    let loaded = tokio::task::spawn_blocking(move || config(&roots(file)?)).await;
    loaded.unwrap_or_else(|error| Err(RootsError::Tls(rustls::Error::General(error.to_string()))))
}

fn config(roots: &Arc<RootCertStore>) -> Result<Arc<ClientConfig>, RootsError> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(RootsError::Tls)?
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A certificate that cannot be used is passed over: bundles carry some.
fn roots(file: Option<PathBuf>) -> Result<Arc<RootCertStore>, RootsError> {
    let system = || SYSTEM.iter().map(PathBuf::from).find(|path| path.is_file());
    let path = file.or_else(system).ok_or(RootsError::Missing)?;
    let certificates = read(&path).map_err(|error| RootsError::Unreadable(path.clone(), error))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        return Err(RootsError::Empty(path));
    }
    Ok(Arc::new(roots))
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(path)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_roots_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let problem = || roots(Some(path.clone())).unwrap_err().to_string();
        assert!(problem().contains("roots.pem") && problem().contains("cannot read"), "{}", problem());
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(problem().contains("roots.pem has none"), "{}", problem());
    }
}
