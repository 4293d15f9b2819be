//! A browser, as far as a node can tell: HTTP/1.1 by hand.

use std::collections::HashMap;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::peer::PATIENCE;

/// An answer whose body may still be coming.
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    body: BufReader<TcpStream>,
    /// What was read of the body and not used yet.
    bytes: Vec<u8>,
    is_complete: bool,
}

/// A gRPC-Web call with one message.
pub(crate) async fn grpc_web(address: SocketAddr, path: &str, message: &[u8]) -> Answer {
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let headers =
        "content-type: application/grpc-web+proto\r\nx-grpc-web: 1\r\norigin: https://app.example\r\n";
    ask(address, "POST", path, headers, &body).await
}

/// What a browser asks before a call to another origin.
pub(crate) async fn preflight(address: SocketAddr, path: &str, origin: &str, headers: &str) -> Answer {
    let headers = format!(
        "origin: {origin}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: {headers}\r\n"
    );
    ask(address, "OPTIONS", path, &headers, &[]).await
}

/// A plain request.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, "", &[]).await
}

async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.expect("the node listens");
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut body = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        timeout(PATIENCE, body.read_line(&mut line)).await.expect("the headers come").unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let status = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &String| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_lowercase(), value.trim().to_owned())
    };
    let headers = lines[1..].iter().map(header).collect();
    Answer { status, headers, body, bytes: Vec::new(), is_complete: false }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The next frame of gRPC-Web: 0x00 is a message, 0x80 are the trailers.
    pub(crate) async fn frame(&mut self, kind: u8) -> Vec<u8> {
        self.read_at_least(5).await;
        assert_eq!(self.bytes[0], kind);
        let length = u32::from_be_bytes(self.bytes[1..5].try_into().unwrap());
        let end = 5 + usize::try_from(length).unwrap();
        self.read_at_least(end).await;
        let frame = self.bytes[5..end].to_vec();
        self.bytes.drain(..end);
        frame
    }

    /// The whole body.
    pub(crate) async fn text(mut self) -> String {
        match self.header("content-length").map(|it| it.parse().unwrap()) {
            Some(length) => {
                let mut bytes = vec![0; length];
                timeout(PATIENCE, self.body.read_exact(&mut bytes)).await.expect("the body comes").unwrap();
                String::from_utf8(bytes).unwrap()
            }
            None => {
                while !self.is_complete {
                    self.read_chunk().await;
                }
                String::from_utf8(self.bytes).unwrap()
            }
        }
    }

    async fn read_at_least(&mut self, count: usize) {
        while self.bytes.len() < count {
            assert!(!self.is_complete, "the body ends early");
            self.read_chunk().await;
        }
    }

    /// A chunk of the chunked encoding.
    async fn read_chunk(&mut self) {
        let mut line = String::new();
        timeout(PATIENCE, self.body.read_line(&mut line)).await.expect("a chunk comes").unwrap();
        let length = usize::from_str_radix(line.trim(), 16).expect("the length of a chunk");
        let mut chunk = vec![0; length + 2];
        timeout(PATIENCE, self.body.read_exact(&mut chunk)).await.expect("the chunk comes").unwrap();
        chunk.truncate(length);
        self.is_complete = chunk.is_empty();
        self.bytes.extend(chunk);
    }
}
