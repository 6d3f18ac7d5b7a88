use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::DOMAIN;

/// The certificates of the servers, and the trusted roots.
pub(super) struct Certificates {
    roots: NamedTempFile,
    good: (CertifiedLeaf, KeyPair),
    other_name: (CertifiedLeaf, KeyPair),
    stranger: (CertifiedLeaf, KeyPair),
    expired: (CertifiedLeaf, KeyPair),
}

type CertifiedLeaf = rcgen::Certificate;

/// The certificate that a server presents.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    Good,
    /// For another server's name.
    OtherName,
    /// Of an issuer that is not trusted.
    Stranger,
    Expired,
}

impl Certificates {
    pub(super) fn new(address: IpAddr) -> Self {
        let (trusted, unknown) = (issuer("chaos"), issuer("unknown"));
        let roots = NamedTempFile::new().unwrap();
        std::fs::write(roots.path(), trusted.pem()).unwrap();
        let own = || {
            let mut names = CertificateParams::new(vec![format!("*.{DOMAIN}")]).unwrap();
            names.subject_alt_names.push(SanType::IpAddress(address));
            names
        };
        let mut expired = own();
        expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let other = CertificateParams::new(vec!["other.example".to_owned()]).unwrap();
        Self {
            roots,
            good: signed(own(), &trusted),
            other_name: signed(other, &trusted),
            stranger: signed(own(), &unknown),
            expired: signed(expired, &trusted),
        }
    }

    pub(super) fn roots(&self) -> &Path {
        self.roots.path()
    }

    /// An acceptor that offers these protocols.
    pub(super) fn acceptor(&self, shown: Shown, protocols: &[&[u8]]) -> TlsAcceptor {
        let (certificate, key) = match shown {
            Shown::Good => &self.good,
            Shown::OtherName => &self.other_name,
            Shown::Stranger => &self.stranger,
            Shown::Expired => &self.expired,
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

fn signed(parameters: CertificateParams, issuer: &CertifiedIssuer<'static, KeyPair>) -> (CertifiedLeaf, KeyPair) {
    let key = KeyPair::generate().unwrap();
    (parameters.signed_by(&key, issuer).unwrap(), key)
}
