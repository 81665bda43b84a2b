//! Small stacks and probes that many scenarios begin with.

/// A web server that is up within a second, and answers `/` with `hello`.
pub const WEB: &str = r#"
services:
  web:
    image: BUSYBOX
    command: [sh, -c, "mkdir -p /www && echo hello >/www/index.html && echo web is here && exec httpd -f -p 8080 -h /www"]
    ports: ["PORT_A:8080"]
"#;

/// The health check of [`WEB`], to begin a spec with.
pub const WEB_IS_HEALTHY: &str = "
health_checks:
  - name: web
    url: http://localhost:PORT_A/
    timeout: 30
";
