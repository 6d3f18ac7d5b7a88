//! The root certificates of an image, which has no operating system that would bring them: those that Mozilla trusts, of
//! the version of the crate in Cargo.lock.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The bytes of a line (RFC 7468, section 2: 64 characters).
const LINE: usize = 48;

/// All certificates as a PEM file.
pub(super) fn pem() -> String {
    let mut pem = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in certificate.chunks(LINE) {
            STANDARD.encode_string(line, &mut pem);
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn a_tls_client_reads_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roots.pem");
        fs::write(&file, super::pem()).unwrap();
        funcserver_engine::check_roots(&file).unwrap();
        let certificates = super::pem().matches("BEGIN CERTIFICATE").count();
        assert!(certificates > 100, "{certificates}");
        assert!(super::pem().lines().all(|line| line.len() <= 64));
    }
}
