//! An HTTP client for one service, whose requests are in the test's record.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Client, Method, RequestBuilder, Response};
use serde::Serialize;

use crate::chain;
use crate::doing;
use crate::error::{BoxError, Error};
use crate::step::Steps;

/// Characters of an unexpected answer's body in a message.
const BODY: usize = 2000;

/// A [`reqwest::Client`] that knows a service's address.
///
/// ```no_run
/// # async fn f(sandbox: e2e_harness::Sandbox) -> anyhow::Result<()> {
/// let api = sandbox.http("api").await?.bearer("t0ken")?.header("x-tenant", "7")?;
/// let order = serde_json::json!({ "item": "tea" });
/// let order: serde_json::Value =
///     api.post("/orders").json(&order).expect_status(201).await?.json().await?;
/// let answer = api.get(&format!("/orders/{}", order["id"])).send().await?;
/// assert_eq!(answer.status(), 200);
/// assert!(api.url("/orders").ends_with("/orders"));
/// # Ok(()) }
/// ```
///
/// Each request is recorded as a step of the test: `POST /orders: 201`. Headers, query strings and
/// bodies are not recorded. What is repeated without another step between is recorded once, with
/// how often it came again.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
    base: String,
    headers: HeaderMap,
    steps: Arc<Steps>,
}

impl Http {
    pub(crate) fn new(client: Client, base: &str, steps: Arc<Steps>) -> Self {
        Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            headers: HeaderMap::new(),
            steps,
        }
    }

    /// Returns a client that sends this header with each request that has none of this name.
    ///
    /// # Errors
    /// [`Error::Header`] for a name or value that HTTP does not allow; it does not show the value.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Result<Self, Error> {
        let wrong = |source: BoxError| Error::Header {
            name: name.to_owned(),
            source,
        };
        let key = HeaderName::try_from(name).map_err(|error| wrong(error.into()))?;
        let mut value =
            HeaderValue::try_from(value.as_ref()).map_err(|error| wrong(error.into()))?;
        value.set_sensitive(true);
        self.headers.insert(key, value);
        Ok(self)
    }

    /// Returns a client that sends `authorization: Bearer TOKEN` with each request that has no such
    /// header.
    ///
    /// # Errors
    /// As [`Http::header`].
    pub fn bearer(self, token: impl Display) -> Result<Self, Error> {
        self.header(AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    /// Returns the full URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.trim_start_matches('/'))
    }

    /// Returns the client itself, which records nothing and has no headers of its own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns a request of any method.
    pub fn request(&self, method: Method, path: &str) -> HttpRequest {
        let url = self.url(path);
        HttpRequest {
            builder: self.client.request(method, url),
            http: self.clone(),
        }
    }

    /// GET.
    pub fn get(&self, path: &str) -> HttpRequest {
        self.request(Method::GET, path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> HttpRequest {
        self.request(Method::POST, path)
    }

    /// PUT.
    pub fn put(&self, path: &str) -> HttpRequest {
        self.request(Method::PUT, path)
    }

    /// PATCH.
    pub fn patch(&self, path: &str) -> HttpRequest {
        self.request(Method::PATCH, path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> HttpRequest {
        self.request(Method::DELETE, path)
    }
}

/// A request, made by [`Http`]: a [`RequestBuilder`] whose answer is recorded.
#[derive(Debug)]
#[must_use = "it is sent only when `send` or `expect_status` is awaited"]
pub struct HttpRequest {
    builder: RequestBuilder,
    http: Http,
}

impl HttpRequest {
    /// Changes it as reqwest can, where no method here does the same.
    ///
    /// ```no_run
    /// # async fn f(api: e2e_harness::Http) -> anyhow::Result<()> {
    /// use e2e_harness::reqwest::Version;
    /// api.get("/").with(|request| request.version(Version::HTTP_10)).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.builder = change(self.builder);
        self
    }

    /// Adds a header. One of the same name that [`Http::header`] set is not sent then.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.with(|builder| builder.header(name, value))
    }

    /// Sets all of these headers.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.with(|builder| builder.headers(headers))
    }

    /// Sets `authorization: Bearer TOKEN`.
    pub fn bearer_auth(self, token: impl Display) -> Self {
        self.with(|builder| builder.bearer_auth(token))
    }

    /// Sets `authorization` to a user and a password.
    pub fn basic_auth(self, user: impl Display, password: Option<impl Display>) -> Self {
        self.with(|builder| builder.basic_auth(user, password))
    }

    /// Sets the body to a value as JSON, and `content-type` where it is not set.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.with(|builder| builder.json(value))
    }

    /// Sets the body.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.with(|builder| builder.body(body))
    }

    /// Sets how long the whole answer may take; without it, the test's timeout alone bounds it.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|builder| builder.timeout(timeout))
    }

    /// Sends it; returns the answer, whatever its status is.
    ///
    /// # Errors
    /// When no answer came, or the request is not valid.
    pub async fn send(self) -> Result<Response, reqwest::Error> {
        self.exchange().await.1
    }

    /// Sends it; returns the answer when its status is `expected`.
    ///
    /// # Errors
    /// [`Error::Status`] with the first 2,000 characters of the body for another status,
    /// [`Error::Request`] when no answer came or the request is not valid.
    pub async fn expect_status(self, expected: u16) -> Result<Response, Error> {
        let (request, answer) = self.exchange().await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(source) => {
                // Its query string may be secret.
                let source = source.without_url();
                return Err(Error::Request { request, source });
            }
        };
        let status = answer.status().as_u16();
        if status == expected {
            return Ok(answer);
        }
        Err(Error::Status {
            request,
            status,
            expected,
            body: start_of_body(answer).await,
        })
    }

    /// Sends it; returns its method and path too.
    async fn exchange(self) -> (String, Result<Response, reqwest::Error>) {
        let mut request = match self.builder.build() {
            Ok(request) => request,
            Err(error) => return ("the request".to_owned(), Err(error)),
        };
        for (name, value) in &self.http.headers {
            if !request.headers().contains_key(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let (method, url) = (request.method(), request.url());
        let origin = url.origin().ascii_serialization();
        // When it is sent, and when its answer comes, only reqwest knows.
        doing::note(Some(format!("the request {method} {origin}{}", url.path())));
        let name = format!("{method} {}", url.path());
        let under_way = self.http.steps.request(name.clone());
        let answer = self.http.client.execute(request).await;
        if let Ok(answer) = &answer {
            under_way.answered(answer.status().as_u16());
        }
        (name, answer)
    }
}

/// Returns the start of a body, and says how it ends where that is not its end.
async fn start_of_body(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    // A character has at most four bytes.
    let rest = loop {
        match answer.chunk().await {
            Ok(Some(_)) if bytes.len() > 4 * BODY => break String::new(),
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break String::new(),
            Err(error) => break format!("… ({})", chain(&error.without_url())),
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut characters = text.trim().chars();
    let mut start: String = characters.by_ref().take(BODY).collect();
    if characters.next().is_some() {
        // Without a blank: so a secret that is cut here is still known by its begin.
        start.push('…');
    }
    start + &rest
}
