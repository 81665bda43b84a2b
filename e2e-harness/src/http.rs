//! An HTTP client for one service.

use reqwest::{Client, Method, RequestBuilder};

use crate::doing;

/// A [`reqwest::Client`] that knows a service's address.
///
/// ```no_run
/// # async fn f(sandbox: e2e_harness::Sandbox) -> anyhow::Result<()> {
/// let api = sandbox.http("api").await?;
/// let order = serde_json::json!({ "item": "tea" });
/// let answer = api.post("/orders").json(&order).send().await?;
/// assert_eq!(answer.status(), 201);
/// assert!(api.url("/orders").ends_with("/orders"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
}

impl Http {
    pub(crate) fn new(client: Client, base: &str) -> Self {
        Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Returns the full URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.trim_start_matches('/'))
    }

    /// Returns the client itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a request of any method.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.url(path);
        // When it is sent, and when its answer comes, only reqwest knows.
        doing::note(Some(format!("the request {method} {url}")));
        self.client.request(method, url)
    }

    /// GET.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// PUT.
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// PATCH.
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }
}
