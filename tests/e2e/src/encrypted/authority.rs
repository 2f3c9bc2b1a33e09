//! A certificate authority, whose word counts with those who are given its file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::lab::{Error, workspace};

/// What a server shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Certificate {
    #[default]
    Good,
    /// One whose time is over.
    Expired,
    OfAnotherHost,
}

#[derive(Debug)]
pub(super) struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    /// A new one, with certificates for these hosts, made by `tests/e2e/certificates`.
    pub(super) async fn new(hosts: &[&str]) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(story)?;
        let root = workspace();
        let made = tokio::process::Command::new(root.join(".venv/bin/python"))
            .arg(root.join("tests/e2e/certificates"))
            .arg(folder.path())
            .args(hosts)
            .status()
            .await
            .map_err(story)?;
        if made.success() {
            Ok(Self { folder })
        } else {
            Err(Error::Story(format!("no certificates: {made}")))
        }
    }

    /// The file with the authority's certificate, for `SSL_CERT_FILE`.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A server's settings, with a certificate for a host.
    pub(super) fn server(&self, host: &str, shown: Certificate) -> Result<ServerConfig, Error> {
        let kind = match shown {
            Certificate::Good => "good",
            Certificate::Expired => "expired",
            Certificate::OfAnotherHost => "other",
        };
        let file = self.folder.path().join(format!("{host}.{kind}.pem"));
        let (certificate, key) = read(&file)?;
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(story)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .map_err(story)
    }
}

fn read(file: &Path) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), Error> {
    let certificate = CertificateDer::from_pem_file(file).map_err(story)?;
    let key = PrivateKeyDer::from_pem_file(file).map_err(story)?;
    Ok((certificate, key))
}

fn story(error: impl ToString) -> Error {
    Error::Story(error.to_string())
}
