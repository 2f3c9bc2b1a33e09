//! Asking whether anybody answers.

use super::*;

async fn reached(url: &str) -> Reached {
    reach(&url.parse().unwrap(), Duration::from_secs(5)).await
}

#[tokio::test]
async fn the_status_is_told_and_redirects_are_not_followed() {
    let elsewhere = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for (status, location) in [
        (200, String::new()),
        (503, String::new()),
        (302, elsewhere.url()),
    ] {
        let server = Server::answering(format!(
            "HTTP/1.1 {status} X\r\nlocation: {location}\r\ncontent-length: 6\r\n\r\nsecret"
        ))
        .await;
        assert_eq!(reached(&server.url()).await, Reached::Answered(status));
    }
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn whoever_does_not_answer_is_not_waited_for() {
    let silent = Server::silent().await;
    let url = silent.url().parse().unwrap();
    let found = reach(&url, Duration::from_millis(50)).await;
    assert_eq!(found, Reached::Unreached("no answer in time".into()));

    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    assert_eq!(
        reached(&url).await,
        Reached::Unreached("connection refused".into())
    );
}

#[tokio::test]
async fn who_speaks_no_tls_that_is_trusted_was_there_at_least() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let rude = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"not TLS at all").await.unwrap();
        stream
    };
    let (_open, found) = tokio::join!(rude, reached(&url));
    assert!(
        matches!(&found, Reached::Untrusted(why) if why.starts_with("TLS: ")),
        "{found:?}"
    );
}
