//! Loads the trusted root certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The files in which operating systems store their root certificates.
const SYSTEM: [&str; 4] = [
    // Amazon Linux, which Lambda uses; Fedora.
    "/etc/pki/tls/certs/ca-bundle.crt",
    // Debian, Ubuntu, Alpine.
    "/etc/ssl/certs/ca-certificates.crt",
    // openSUSE.
    "/etc/ssl/ca-bundle.pem",
    // macOS.
    "/etc/ssl/cert.pem",
];

/// The reason why no server can be trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    #[error("no root certificates: none of {} exists; set SSL_CERT_FILE to another file", SYSTEM.join(", "))]
    Missing,
    #[error("no root certificates: cannot read {path}: {error}", path = .0.display(), error = .1)]
    Unreadable(PathBuf, rustls::pki_types::pem::Error),
    #[error("no root certificates: {path} has no usable certificate", path = .0.display())]
    Empty(PathBuf),
    #[error("no TLS: {0}")]
    Tls(rustls::Error),
}

/// Loads the TLS configuration that trusts the roots in this file, or in the file of the operating system, and those in
/// the file `ca`.
pub(crate) async fn load(file: Option<PathBuf>, ca: Option<PathBuf>) -> Result<Arc<ClientConfig>, RootsError> {
    // A blocking thread, because a bundle has more than a hundred certificates.
    let loaded = tokio::task::spawn_blocking(move || config(&roots(file, ca.as_deref())?)).await;
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

/// Reads the roots. A certificate that cannot be used is skipped, because bundles contain some. If there are roots of the
/// project, the system needs none.
fn roots(file: Option<PathBuf>, ca: Option<&Path>) -> Result<Arc<RootCertStore>, RootsError> {
    let system = || SYSTEM.iter().map(PathBuf::from).find(|path| path.is_file());
    let mut roots = RootCertStore::empty();
    match file.or_else(system) {
        Some(path) => add(&mut roots, &path)?,
        None if ca.is_none() => return Err(RootsError::Missing),
        None => {}
    }
    ca.map_or(Ok(()), |ca| add(&mut roots, ca))?;
    Ok(Arc::new(roots))
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), RootsError> {
    let certificates = read(path).map_err(|error| RootsError::Unreadable(path.to_owned(), error))?;
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(RootsError::Empty(path.to_owned())),
        _ => Ok(()),
    }
}

/// Checks that a PEM file has a root certificate that can be used.
///
/// # Errors
/// It has none, or cannot be read.
pub fn check_roots(path: &Path) -> Result<(), String> {
    add(&mut RootCertStore::empty(), path).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    CertificateDer::pem_file_iter(path)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_a_file_without_roots() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let problem = || roots(Some(path.clone()), None).unwrap_err().to_string();
        assert!(problem().contains("roots.pem") && problem().contains("cannot read"), "{}", problem());
        std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(problem().contains("roots.pem has no usable certificate"), "{}", problem());
    }
}
