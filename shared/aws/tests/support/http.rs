//! A web server of a few lines, which answers what a test tells it to, or not at all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value; empty without it.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The AWS operation: the last part of `X-Amz-Target`, or the form's `Action`.
    pub fn operation(&self) -> String {
        match self.header("x-amz-target").rsplit_once('.') {
            Some((_, operation)) => operation.to_owned(),
            None => {
                let body = String::from_utf8_lossy(&self.body);
                let action = body
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("Action="));
                action.unwrap_or_default().to_owned()
            }
        }
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Answers with this status, these further headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Closes the connection without an answer.
    Hangup,
    /// Says nothing, until the client goes away.
    Silence,
}

impl Reply {
    /// Answers with JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::Answer(status, Vec::new(), body.to_string().into_bytes())
    }

    /// Answers as AWS does to an error.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(
            status,
            &serde_json::json!({"__type": code, "message": message}),
        )
    }
}

/// A running server. Its thread ends with the test's process.
pub struct Server {
    /// Where it is: `http://127.0.0.1:<port>`.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that lets `answer` say what to do with each request.
    pub fn start(answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("the port that was bound");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    // A client that goes away ends its connection and nothing else.
                    let _gone = serve(stream, |request| {
                        seen.lock().unwrap().push(request.clone());
                        (answer.lock().unwrap())(request)
                    });
                });
            }
        });
        Self {
            url: format!("http://{address}"),
            requests,
        }
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests so far of one operation.
    pub fn requests_of(&self, operation: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation() == operation);
        requests
    }
}

fn serve(mut stream: TcpStream, mut answer: impl FnMut(&Request) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(request) = read_request(&mut reader)? {
        match answer(&request) {
            Reply::Hangup => return stream.shutdown(std::net::Shutdown::Both),
            Reply::Silence => {}
            Reply::Answer(status, headers, body) => {
                write!(
                    stream,
                    "HTTP/1.1 {status} \r\ncontent-length: {}\r\n",
                    body.len()
                )?;
                for (name, value) in headers {
                    write!(stream, "{name}: {value}\r\n")?;
                }
                stream.write_all(b"\r\n")?;
                stream.write_all(&body)?;
                stream.flush()?;
            }
        }
    }
    Ok(())
}

fn read_request(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let Some((first, headers)) = read_head(reader)? else {
        return Ok(None);
    };
    let mut request = Request {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
    };
    request.body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

type Head = (String, Vec<(String, String)>);

fn read_head(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Head>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => return Ok(Some((first, headers))),
        }
    }
}

/// Passes a request on to another server and returns its answer.
pub fn forward(request: &Request, to: &str) -> Reply {
    let address = to.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server behind answers");
    write!(stream, "POST {} HTTP/1.1\r\n", request.path).unwrap();
    for (name, value) in &request.headers {
        if name != "connection" {
            write!(stream, "{name}: {value}\r\n").unwrap();
        }
    }
    stream.write_all(b"connection: close\r\n\r\n").unwrap();
    stream.write_all(&request.body).unwrap();
    let mut reader = BufReader::new(stream);
    let (first, headers) = read_head(&mut reader).unwrap().expect("an answer");
    let mut body = Vec::new();
    reader.read_to_end(&mut body).unwrap();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let crc = headers.into_iter().find(|(name, _)| name == "x-amz-crc32");
    let kept = crc.map(|(_, value)| ("x-amz-crc32", value)).into_iter();
    Reply::Answer(status.expect("a status"), kept.collect(), body)
}
