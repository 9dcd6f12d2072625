//! Origins and registry URLs: what a token belongs to.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

/// Scheme, host and port: what a token belongs to. Two URLs of one origin differ only in their path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// The origin of an `http` or `https` URL.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// The origin as text, as `https://registry.example`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a text is not the URL of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not the URL of a registry: {reason}")]
pub struct UrlError {
    found: String,
    reason: String,
}

impl UrlError {
    /// The text, without a user and password.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

/// Reads the URL of a registry; its path ends in `/`, so that other paths can be joined to it.
///
/// # Errors
/// When it is not `http` or `https`, or carries a user, a query or a fragment.
pub fn registry_url(text: &str) -> Result<Url, UrlError> {
    let fail = |reason: &str| UrlError { found: text.to_owned(), reason: reason.to_owned() };
    let mut url = Url::parse(text).map_err(|error| fail(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fail("it starts with `https://`, or `http://` for a registry close by"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text is repeated in messages, so a password in it must not be.
        let found = Origin::of(&url).to_string();
        return Err(UrlError { found, reason: "a user or password has no place in it".to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("it has no `?` or `#`"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Reads the URLs of mirrors, between commas.
///
/// # Errors
/// When one is not the URL of a registry.
pub fn mirror_urls(text: &str) -> Result<Vec<Url>, UrlError> {
    text.split(',').map(str::trim).filter(|url| !url.is_empty()).map(registry_url).collect()
}

/// Whether the URL points at this very machine, so that nobody can listen between.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_leave_out_the_path_and_the_usual_port() {
        let origin = |text: &str| Origin::of(&registry_url(text).unwrap());
        assert_eq!(origin("https://a.example:443/x"), origin("https://A.example"));
        assert_ne!(origin("https://a.example"), origin("http://a.example"));
        assert_ne!(origin("http://a.example:1"), origin("http://a.example:2"));
    }

    #[test]
    fn a_registry_url_has_nothing_but_a_path() {
        assert_eq!(registry_url("http://127.0.0.1:8273").unwrap().path(), "/");
        assert_eq!(registry_url("https://a.example/tare").unwrap().path(), "/tare/");
        for bad in
            ["", "a.example", "ftp://a/", "https://u:secret@a/", "https://a/?q", "https://a/#f"]
        {
            let error = registry_url(bad).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn mirrors_stand_between_commas() {
        let mirrors = mirror_urls(" https://b.example/x , http://127.0.0.1:1,, ").unwrap();
        let texts: Vec<_> = mirrors.iter().map(Url::as_str).collect();
        assert_eq!(texts, ["https://b.example/x/", "http://127.0.0.1:1/"]);
        assert!(mirror_urls("").unwrap().is_empty());
        assert!(mirror_urls("https://a.example,b.example").is_err());
    }

    #[test]
    fn loopback_is_this_machine() {
        let loopback = |text: &str| is_loopback(&registry_url(text).unwrap());
        assert!(loopback("http://127.0.0.9:1") && loopback("http://[::1]:1"));
        assert!(loopback("http://localhost:1") && !loopback("http://10.0.0.1"));
    }
}
