//! Requests to servers on this machine.

mod pauses;
mod reaching;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const AMPLE: Duration = Duration::from_secs(60);

/// A server that answers each connection with these bytes, and keeps what it was asked.
struct Server {
    port: u16,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::on("127.0.0.1:0", answer.into(), true).await
    }

    /// A server that takes connections and never says a word.
    async fn silent() -> Self {
        Self::on("127.0.0.1:0", Vec::new(), false).await
    }

    async fn on(address: &str, answer: Vec<u8>, closes: bool) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (heard, count) = (asked.clone(), connections.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => request.push(byte),
                        Err(_) => break,
                    }
                }
                heard
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&request).into_owned());
                // The client may have heard enough.
                let _ = stream.write_all(&answer).await;
                if !closes {
                    open.push(stream);
                }
            }
        });
        Self {
            port,
            asked,
            connections,
            _tasks: tasks,
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/health?deep=1", self.port)
    }

    fn request(&self) -> String {
        self.asked.lock().unwrap().first().unwrap().clone()
    }
}

fn check(url: &str, settings: &Value) -> HttpCheck {
    let mut check = json!({ "url": url, "attempts": 1 });
    for (key, value) in settings.as_object().unwrap() {
        check[key] = value.clone();
    }
    serde_json::from_value(check).unwrap()
}

fn loopback() -> AddressPolicy {
    "127.0.0.0/8, ::1/128".parse().unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}";

#[tokio::test]
async fn a_healthy_answer_passes() {
    let server = Server::answering(OK).await;
    let check = check(&server.url(), &json!({ "json": { "/status": "ok" } }));
    let verdict = run(&check, &loopback(), AMPLE).await;
    assert!(verdict.passed, "{}", verdict.detail);
}

#[tokio::test]
async fn the_request_is_plain_and_says_who_asks() {
    let server = Server::answering(OK).await;
    let check = check(&server.url(), &json!({ "headers": { "X-Deep": "yes" } }));
    assert!(run(&check, &loopback(), AMPLE).await.passed);
    let request = server.request().to_ascii_lowercase();
    assert!(
        request.starts_with("get /health?deep=1 http/1.1\r\n"),
        "{request}"
    );
    for line in [
        format!("host: 127.0.0.1:{}", server.port),
        format!("user-agent: towpath/{}", env!("CARGO_PKG_VERSION")),
        "x-deep: yes".to_owned(),
        "connection: close".to_owned(),
    ] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
    }
}

#[tokio::test]
async fn a_host_header_takes_the_place_of_the_urls() {
    let server = Server::answering(OK).await;
    let check = check(
        &server.url(),
        &json!({ "headers": { "Host": "shop.example.com" } }),
    );
    assert!(run(&check, &loopback(), AMPLE).await.passed);
    let request = server.request().to_ascii_lowercase();
    assert_eq!(request.matches("\r\nhost:").count(), 1, "{request}");
    assert!(
        request.contains("\r\nhost: shop.example.com\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let elsewhere = Server::answering(OK).await;
    let redirect = format!(
        "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
        elsewhere.url()
    );
    let server = Server::answering(redirect).await;
    let check = check(&server.url(), &json!({}));
    let verdict = run(&check, &loopback(), AMPLE).await;
    assert_eq!(
        verdict.detail,
        format!(
            "GET {} answered 302 in 1 of 1 attempt, expected 200 in at least 1",
            server.url()
        )
    );
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_denied_address_is_never_connected_to() {
    let server = Server::answering(OK).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}/", server.port);
        let verdict = run(&check(&url, &json!({})), &AddressPolicy::default(), AMPLE).await;
        assert!(!verdict.passed);
        assert!(
            verdict
                .detail
                .starts_with(&format!("GET {url} was not sent: ")),
            "{}",
            verdict.detail
        );
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
    let metadata = check("http://169.254.169.254/latest/meta-data/", &json!({}));
    assert_eq!(
        run(&metadata, &"0.0.0.0/0".parse().unwrap(), AMPLE)
            .await
            .detail,
        "GET http://169.254.169.254/latest/meta-data/ was not sent: 169.254.169.254 is \
         link-local, where metadata and credentials are: no check ever goes there"
    );
}

#[tokio::test]
async fn a_url_that_is_none_is_not_sent() {
    let check = check("http://user:word@127.0.0.1/", &json!({}));
    assert_eq!(
        run(&check, &loopback(), AMPLE).await.detail,
        "the check's request was not sent: the URL carries a user name or password"
    );
}

#[tokio::test]
async fn nobody_listening_is_a_refused_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(
        run(&check(&url, &json!({})), &loopback(), AMPLE)
            .await
            .detail,
        format!(
            "GET {url} failed (connection refused) in 1 of 1 attempt, expected 200 in at least 1"
        )
    );
}

#[tokio::test]
async fn silence_ends_with_the_time_for_one_answer() {
    let server = Server::silent().await;
    let check = check(&server.url(), &json!({ "timeout": "1s" }));
    let verdict = run(&check, &loopback(), AMPLE).await;
    assert!(
        verdict
            .detail
            .contains("failed (no answer within 1s) in 1 of 1"),
        "{}",
        verdict.detail
    );
}

#[tokio::test]
async fn a_large_body_is_cut() {
    let body = "x".repeat(MAX_BODY + 1);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Server::answering(answer).await;
    let url: CheckUrl = server.url().parse().unwrap();
    let addresses = [SocketAddr::from(([127, 0, 0, 1], server.port))];
    let answer = ask(&check(&server.url(), &json!({})), &url, &addresses).await;
    let response = answer.outcome.unwrap();
    assert_eq!((response.body.len(), response.truncated), (MAX_BODY, true));
}

#[tokio::test]
async fn an_endless_body_does_not_hold_up() {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    answer.extend_from_slice(b"4000\r\n");
    answer.extend_from_slice(&vec![b'x'; 0x4000]);
    let server = Server::on("127.0.0.1:0", answer, false).await;
    let check = check(&server.url(), &json!({ "timeout": "1s" }));
    assert!(!run(&check, &loopback(), AMPLE).await.passed);
}

#[tokio::test]
async fn garbage_is_no_answer() {
    for answer in [
        "",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 999999 X\r\n\r\n",
        "\0\0\0",
    ] {
        let server = Server::answering(answer).await;
        let verdict = run(&check(&server.url(), &json!({})), &loopback(), AMPLE).await;
        assert!(verdict.detail.contains(" failed ("), "{}", verdict.detail);
    }
    let headers = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(2 * MAX_BODY));
    let server = Server::answering(headers).await;
    let verdict = run(&check(&server.url(), &json!({})), &loopback(), AMPLE).await;
    assert!(verdict.detail.contains(" failed ("), "{}", verdict.detail);
}

#[tokio::test]
async fn tls_is_not_spoken_to_a_server_that_does_not() {
    let server = Server::answering("HTTP/1.1 400 Bad Request\r\n\r\n").await;
    // The handshake needs no request to be read first.
    let url = format!("https://127.0.0.1:{}/", server.port);
    let check = check(&url, &json!({ "timeout": "1s" }));
    let verdict = run(&check, &loopback(), AMPLE).await;
    assert!(
        !verdict.passed && verdict.detail.contains(" failed ("),
        "{}",
        verdict.detail
    );
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let server = Server::answering(OK).await;
    let url: CheckUrl = server.url().parse().unwrap();
    let nobody = SocketAddr::from(([127, 0, 0, 2], server.port));
    let somebody = SocketAddr::from(([127, 0, 0, 1], server.port));
    let answer = ask(&check(&server.url(), &json!({})), &url, &[nobody, somebody]).await;
    assert_eq!(answer.outcome.unwrap().status, 200);
}
