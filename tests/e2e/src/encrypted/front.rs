//! The proxy, and what stands behind it: AWS and Slack by names that only it knows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Certificate};
use crate::lab::Error;

/// The host of AWS's endpoints.
pub const AWS_HOST: &str = "aws.towpath.test";
/// The host of Slack's Web API.
pub const SLACK_HOST: &str = "slack.towpath.test";
/// The host of the ports that stand before what checks ask. Checks use no proxy on purpose: they connect to
/// the address that was judged.
pub const TARGETS: &str = "127.0.0.1";

/// The proxy. It ends with this value.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    authority: Authority,
    /// Where the lab's gateway listens, known once the lab has started.
    gateway: OnceLock<SocketAddr>,
    hosts: Mutex<BTreeMap<String, Host>>,
}

#[derive(Debug, Default)]
struct Host {
    shown: Certificate,
    hangs_up: bool,
    /// Connections that were encrypted.
    connections: usize,
    /// The operations whose request came on a connection that had been idle, and was not answered.
    hung_up: BTreeSet<String>,
}

impl Front {
    /// Starts the proxy, in front of nothing yet.
    ///
    /// # Errors
    /// When there is no port or no certificate.
    pub async fn start() -> Result<Self, Error> {
        let listener = bind().await?;
        let address = listener.local_addr().map_err(story)?;
        let shared = Arc::new(Shared {
            authority: Authority::new(&[AWS_HOST, SLACK_HOST, TARGETS]).await?,
            gateway: OnceLock::new(),
            hosts: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared), Door::Proxy));
        Ok(Self {
            shared,
            address,
            tasks,
        })
    }

    /// What a function needs in its environment so that it reaches everything through here.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let authority = self.shared.authority.file().display().to_string();
        [
            ("AWS_ENDPOINT_URL", format!("https://{AWS_HOST}")),
            ("SLACK_API_URL", format!("https://{SLACK_HOST}/slack/api")),
            ("HTTPS_PROXY", format!("http://{}", self.address)),
            ("SSL_CERT_FILE", authority),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Sends what arrives on to a lab's gateway, whose URL this is.
    ///
    /// # Errors
    /// When the URL has no address.
    pub fn stand_before(&self, gateway: &str) -> Result<(), Error> {
        let gateway = address_of(gateway)?;
        self.shared
            .gateway
            .set(gateway)
            .map_err(|_| Error::Story("the proxy stands before another lab".to_owned()))
    }

    /// Opens a port that takes TLS for what listens at a URL, and returns its own URL.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn encrypt(&mut self, url: &str) -> Result<String, Error> {
        let behind = address_of(url)?;
        let listener = bind().await?;
        let own = listener.local_addr().map_err(story)?;
        let door = Door::Port(behind);
        self.tasks
            .spawn(accept(listener, Arc::clone(&self.shared), door));
        Ok(format!("https://{own}"))
    }

    /// What a host shows from now on.
    pub fn show(&self, host: &str, shown: Certificate) {
        self.shared.host(host, |host| host.shown = shown);
    }

    /// From now on a host hangs up on the first request of each operation that comes over a connection
    /// that was idle, as a load balancer does whose idle timeout has just passed.
    pub fn hang_up(&self, host: &str) {
        self.shared.host(host, |host| host.hangs_up = true);
    }

    /// How many connections to a host were encrypted.
    #[must_use]
    pub fn connections(&self, host: &str) -> usize {
        self.shared.host(host, |host| host.connections)
    }

    /// The operations that a host has hung up on.
    #[must_use]
    pub fn hung_up(&self, host: &str) -> BTreeSet<String> {
        self.shared.host(host, |host| host.hung_up.clone())
    }
}

impl Host {
    /// Whether to hang up on what has just come over a connection that was idle.
    fn hangs_up_on(&mut self, read: &[u8]) -> bool {
        self.hangs_up && operation(read).is_some_and(|new| self.hung_up.insert(new))
    }
}

impl Shared {
    fn hosts(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        // A poisoned lock guards counters that are complete at every moment.
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn host<T>(&self, name: &str, change: impl FnOnce(&mut Host) -> T) -> T {
        change(self.hosts().entry(name.to_owned()).or_default())
    }

    /// What a connection to a host is encrypted with.
    fn acceptor(&self, host: &str) -> Result<TlsAcceptor, Error> {
        let shown = self.host(host, |host| host.shown);
        Ok(TlsAcceptor::from(Arc::new(
            self.authority.server(host, shown)?,
        )))
    }
}

async fn bind() -> Result<TcpListener, Error> {
    TcpListener::bind((TARGETS, 0)).await.map_err(story)
}

fn address_of(url: &str) -> Result<SocketAddr, Error> {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split('/').next().unwrap_or_default();
    host.parse()
        .map_err(|_| Error::Story(format!("{url} names no address and port")))
}

/// Where connections arrive.
#[derive(Debug, Clone, Copy)]
enum Door {
    /// At the proxy: the client says which host it wants.
    Proxy,
    /// At a port of its own, which stands before this one.
    Port(SocketAddr),
}

/// Takes connections. One that fails is its own affair: what its client makes of it is what is
/// tested.
async fn accept(listener: TcpListener, shared: Arc<Shared>, door: Door) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let _ = enter(stream, &shared, door).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn enter(mut stream: TcpStream, shared: &Shared, door: Door) -> Result<(), Error> {
    match door {
        Door::Proxy => {
            let host = asked_for(&mut stream).await?;
            let behind = match shared.gateway.get() {
                Some(gateway) if [AWS_HOST, SLACK_HOST].contains(&host.as_str()) => *gateway,
                Some(_) | None => {
                    let refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
                    return stream.write_all(refusal).await.map_err(story);
                }
            };
            let open = b"HTTP/1.1 200 Connection established\r\n\r\n";
            stream.write_all(open).await.map_err(story)?;
            pass_on(stream, shared, &host, behind).await
        }
        Door::Port(behind) => pass_on(stream, shared, TARGETS, behind).await,
    }
}

/// The host of a `CONNECT`, whose lines are all read, byte by byte so that nothing of what follows
/// is.
async fn asked_for(stream: &mut TcpStream) -> Result<String, Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.map_err(story)?);
    }
    let head = String::from_utf8_lossy(&head);
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|target| target.strip_suffix(":443"));
    match target {
        Some(host) => Ok(host.to_owned()),
        None => Err(Error::Story(format!("the proxy was asked for `{head}`"))),
    }
}

/// Takes TLS off and passes on what is said, both ways, until somebody hangs up.
async fn pass_on(
    stream: TcpStream,
    shared: &Shared,
    host: &str,
    behind: SocketAddr,
) -> Result<(), Error> {
    let acceptor = shared.acceptor(host)?;
    let client = acceptor.accept(stream).await.map_err(story)?;
    shared.host(host, |host| host.connections += 1);
    let server = TcpStream::connect(behind).await.map_err(story)?;
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    let mut was_answered = false;
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let read = read.map_err(story)?;
                let read = &asked[..read];
                let hangs_up = |host: &mut Host| was_answered && host.hangs_up_on(read);
                if read.is_empty() || shared.host(host, hangs_up) {
                    return Ok(());
                }
                to_server.write_all(read).await.map_err(story)?;
            }
            read = from_server.read(&mut answered) => {
                let read = read.map_err(story)?;
                if read == 0 {
                    return to_client.shutdown().await.map_err(story);
                }
                was_answered = true;
                to_client.write_all(&answered[..read]).await.map_err(story)?;
                to_client.flush().await.map_err(story)?;
            }
        }
    }
}

/// The operation that a request asks for, if these are its first bytes: AWS's own name for it, or else
/// the path.
fn operation(read: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(read);
    let mut lines = text.lines();
    let path = lines
        .next()?
        .strip_suffix(" HTTP/1.1")?
        .split_once(' ')?
        .1
        .to_owned();
    let target = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("x-amz-target"))
        .map(|(_, target)| target.to_owned());
    Some(target.unwrap_or(path))
}

fn story(error: impl ToString) -> Error {
    Error::Story(error.to_string())
}
