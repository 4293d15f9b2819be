//! A TCP proxy that misbehaves on command.
//!
//! It stands between clients and a server and knows nothing of what they say. A command concerns the connections that
//! exist when it is given, or those that come, as each says.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Who closes a half of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client: the server hears no more of it.
    Client,
    /// The server: the client hears no more of it.
    Server,
}

/// What happens to one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Everything passes.
    Open,
    /// Everything is swallowed, and nobody is told.
    Silent,
    /// Nothing passes from this side any more, and the other side is told so.
    Closed(Side),
    /// It is broken off.
    Cut,
}

/// One connection.
struct Link {
    mode: watch::Sender<Mode>,
    /// How many bytes the server may still say before the connection is cut.
    budget: AtomicU64,
}

/// What all connections share.
struct Shared {
    target: SocketAddr,
    links: Mutex<Vec<Arc<Link>>>,
    delay_micros: AtomicU64,
    is_refusing: AtomicBool,
    refused: AtomicU64,
    accepted: AtomicU64,
}

impl Shared {
    fn links(&self) -> MutexGuard<'_, Vec<Arc<Link>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running proxy. It stops with the last handle's drop; so do its connections.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of a server, on a free port of the loopback interface. The server need not be there yet.
    ///
    /// # Errors
    /// [`io::Error`] when no port can be had.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            target,
            links: Mutex::default(),
            delay_micros: AtomicU64::new(0),
            is_refusing: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// The URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks off all connections.
    pub fn cut(&self) {
        self.set(Mode::Cut);
    }

    /// Breaks off each connection after the server has said so many more bytes on it, in the middle of whatever it
    /// says then.
    pub fn cut_after(&self, bytes: u64) {
        for link in self.shared.links().iter() {
            link.budget.store(bytes, Ordering::Relaxed);
        }
    }

    /// Closes one half of all connections.
    pub fn half_close(&self, side: Side) {
        self.set(Mode::Closed(side));
    }

    /// Swallows from now on whatever is said on the present connections. They stay like that; new ones work.
    pub fn black_hole(&self) {
        self.set(Mode::Silent);
    }

    /// Lets every piece of data wait so long before it passes, on all connections, present and new.
    pub fn delay(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        self.shared.delay_micros.store(micros, Ordering::Relaxed);
    }

    /// Breaks off new connections at once, or no longer.
    pub fn refuse(&self, is_refusing: bool) {
        self.shared.is_refusing.store(is_refusing, Ordering::Relaxed);
    }

    /// How many connections were refused.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    fn set(&self, mode: Mode) {
        for link in self.shared.links().iter() {
            link.mode.send_replace(mode);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        if shared.is_refusing.load(Ordering::Relaxed) {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            reset(&client);
            continue;
        }
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        let link = Arc::new(Link { mode: watch::Sender::new(Mode::Open), budget: AtomicU64::new(u64::MAX) });
        let mut links = shared.links();
        links.retain(|link| link.mode.receiver_count() > 0);
        links.push(Arc::clone(&link));
        // Subscribed before anybody can think that the link is over.
        let modes = [link.mode.subscribe(), link.mode.subscribe()];
        drop(links);
        tokio::spawn(connect(client, link, modes, Arc::clone(&shared)));
    }
}

/// To close it now is to break it off.
fn reset(connection: &TcpStream) {
    let _ = connection.set_zero_linger();
}

async fn connect(client: TcpStream, link: Arc<Link>, modes: [watch::Receiver<Mode>; 2], shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.target).await else {
        reset(&client);
        return;
    };
    // Small pieces are not to be collected: that would hide what a delay does.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let [up, down] = modes;
    tokio::join!(
        carry(from_client, to_server, Direction { side: Side::Client, link: &link, shared: &shared }, up),
        carry(from_server, to_client, Direction { side: Side::Server, link: &link, shared: &shared }, down),
    );
}

/// What is carried: what one side says.
struct Direction<'a> {
    side: Side,
    link: &'a Link,
    shared: &'a Shared,
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction<'_>,
    mut modes: watch::Receiver<Mode>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let mode = *modes.borrow_and_update();
        match mode {
            Mode::Cut => return reset(to.as_ref()),
            Mode::Closed(side) if side == direction.side => break,
            Mode::Open | Mode::Silent | Mode::Closed(_) => {}
        }
        let read = tokio::select! {
            _ = modes.changed() => continue,
            read = from.read(&mut buffer) => read,
        };
        let Some(count) = read.ok().filter(|count| *count > 0) else { break };
        if mode == Mode::Silent {
            continue;
        }
        let delay = direction.shared.delay_micros.load(Ordering::Relaxed);
        if delay > 0 {
            sleep(Duration::from_micros(delay)).await;
        }
        let passing = direction.allow(count);
        let is_written = match buffer.get(..passing) {
            Some(passing) => to.write_all(passing).await.is_ok(),
            None => false,
        };
        if passing < count || !is_written {
            direction.link.mode.send_replace(Mode::Cut);
        }
    }
    // Told to the other side; after a cut there is nobody to tell.
    let _ = to.shutdown().await;
}

impl Direction<'_> {
    /// How much of what was said may pass.
    fn allow(&self, count: usize) -> usize {
        if self.side == Side::Client {
            return count;
        }
        let wanted = u64::try_from(count).unwrap_or(u64::MAX);
        let budget = self.link.budget.load(Ordering::Relaxed);
        if budget == u64::MAX {
            return count;
        }
        let allowed = wanted.min(budget);
        self.link.budget.store(budget - allowed, Ordering::Relaxed);
        usize::try_from(allowed).unwrap_or(count)
    }
}
