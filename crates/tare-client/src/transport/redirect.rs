//! Which redirects are followed. A pure function, so that the whole matrix of S17 can be tested.

use reqwest::Method;
use url::Url;

use crate::origin::Origin;

/// The most redirects of one request.
const MAX_HOPS: usize = 5;

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedirectRefused {
    /// There are too many.
    #[error("there are more than {MAX_HOPS} redirects, one after another")]
    TooMany,
    /// It does not say where to.
    #[error("`{0}` is no place to go to")]
    Nowhere(String),
    /// It leads from a secure connection to an open one.
    #[error("it leads from `https` to `{0}`, where anybody could change the bytes")]
    Downgrade(Box<Url>),
    /// It carries a user or a password.
    #[error("it carries a user or a password")]
    User,
    /// A request with a body is sent elsewhere.
    #[error("it sends a request that changes something to {0}")]
    Elsewhere(Origin),
}

pub(super) fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where a redirect from `url` to `location` leads, after `hops` others.
pub(super) fn next(
    method: &Method,
    url: &Url,
    status: u16,
    location: &str,
    hops: usize,
) -> Result<Url, RedirectRefused> {
    if hops >= MAX_HOPS {
        return Err(RedirectRefused::TooMany);
    }
    let nowhere = || RedirectRefused::Nowhere(location.chars().take(200).collect());
    if location.is_empty() {
        return Err(nowhere());
    }
    let next = url.join(location).map_err(|_| nowhere())?;
    if !next.username().is_empty() || next.password().is_some() {
        return Err(RedirectRefused::User);
    }
    if !matches!(next.scheme(), "http" | "https") {
        return Err(nowhere());
    }
    if url.scheme() == "https" && next.scheme() != "https" {
        return Err(RedirectRefused::Downgrade(Box::new(next)));
    }
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let keeps_body = matches!(status, 307 | 308) && Origin::of(url) == Origin::of(&next);
    if reads || keeps_body { Ok(next) } else { Err(RedirectRefused::Elsewhere(Origin::of(&next))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(method: &Method, from: &str, status: u16, to: &str) -> Result<String, RedirectRefused> {
        next(method, &from.parse().unwrap(), status, to, 0).map(|url| url.to_string())
    }

    #[test]
    fn reading_goes_anywhere_but_down() {
        for to in ["/b", "https://other.example/b", "https://a.example:444/b"] {
            assert!(go(&Method::GET, "https://a.example/a", 302, to).is_ok(), "{to}");
        }
        assert!(go(&Method::GET, "http://a.example/", 301, "https://a.example/").is_ok());
        let down = go(&Method::GET, "https://a.example/", 301, "http://a.example/");
        assert!(matches!(down, Err(RedirectRefused::Downgrade(_))));
    }

    #[test]
    fn writing_stays_where_it_is() {
        assert!(go(&Method::PUT, "https://a.example/a", 308, "/b").is_ok());
        assert!(
            go(&Method::PUT, "https://a.example/a", 302, "/b").is_err(),
            "a 302 drops the body"
        );
        assert!(go(&Method::POST, "https://a.example/a", 307, "https://b.example/").is_err());
    }

    #[test]
    fn nonsense_leads_nowhere() {
        for to in
            ["", "http://", "ftp://a.example/", "file:///etc/passwd", "https://u:p@a.example/"]
        {
            assert!(go(&Method::GET, "https://a.example/", 302, to).is_err(), "{to}");
        }
        let url: Url = "https://a.example/".parse().unwrap();
        assert_eq!(next(&Method::GET, &url, 302, "/", MAX_HOPS), Err(RedirectRefused::TooMany));
    }
}
