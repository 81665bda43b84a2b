//! `url`: an HTTP request gets an accepted status.

use e2e_harness::protocol;
use url::Url;

use super::{Kind, Target};
use crate::shell::quote;

/// `url: http://localhost:8080/healthz`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `http` or `https`, with a host.
    pub url: Url,
    /// Accepted statuses, each in 100..=599; empty: any 2xx or 3xx.
    pub expect_status: Vec<u16>,
}

impl Http {
    /// Reads a URL that can be asked.
    pub fn url(text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        // `Url` is lenient where curl is not: `http:/host`, `http:///host`, blanks, backslashes.
        let lower = text.to_ascii_lowercase();
        let rest = lower
            .strip_prefix("http://")
            .or_else(|| lower.strip_prefix("https://"))
            .ok_or("it begins with http:// or https://")?;
        if text.contains([' ', '\\']) {
            return Err("it contains a blank or a backslash".to_owned());
        }
        if rest.starts_with(['/', '?', '#']) || url.host_str().is_none_or(str::is_empty) {
            return Err("it has no host".to_owned());
        }
        if url.port() == Some(0) {
            return Err("the port must be 1 to 65535".to_owned());
        }
        Ok(url)
    }
}

impl Kind for Http {
    fn address(&self) -> Option<(&str, u16)> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        Some((self.url.host_str().unwrap_or_default(), port))
    }

    fn call(&self, index: usize, at: Option<Target<'_>>, _: bool) -> String {
        // The request keeps the URL's own host and name; only the connection moves.
        let connect = at.map_or_else(|| ":::".to_owned(), |at| format!("::{at}"));
        let statuses: Vec<_> = self.expect_status.iter().map(u16::to_string).collect();
        format!(
            "http_probe {index} {} {} {}{}",
            quote(self.url.as_str()),
            quote(&connect),
            quote(&statuses.join(" ")),
            at.map_or_else(String::new, |at| format!(" {}", quote(at.service)))
        )
    }

    fn describe(&self) -> String {
        self.url.to_string()
    }

    fn for_tests(&self, host: &str, port: u16) -> protocol::Probe {
        let mut url = self.url.clone();
        // Only a URL that can't have a host or a port refuses one.
        let _ = url.set_host(Some(host));
        let _ = url.set_port(Some(port));
        protocol::Probe::Http {
            url: url.to_string(),
            expect_status: self.expect_status.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Http;

    #[test]
    fn urls() {
        for text in [
            "http://localhost:8080/healthz",
            "HTTPS://[::1]/",
            "http://api.test?x=1",
        ] {
            assert!(Http::url(text).is_ok(), "{text}");
        }
        for text in [
            "localhost:8080",
            "ftp://localhost/",
            "http:/localhost",
            "http://",
            "http:///x",
            "http://localhost:0/",
            "http://localhost:99999/",
            "http://a b/",
            "/healthz",
            "",
        ] {
            assert!(Http::url(text).is_err(), "{text}");
        }
    }
}
