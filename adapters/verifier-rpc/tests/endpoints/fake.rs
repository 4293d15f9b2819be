//! An HTTP server that says whatever a test wants it to say.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with this result.
    Result(Value),
    /// Answers with an error of JSON-RPC.
    Error(i64, &'static str),
    /// Sends this body.
    Body(String),
    /// Sends this status line, then headers and a body that would be an acceptance.
    Status(&'static str),
    /// Announces an answer and does not end it.
    Half,
    /// Sends a body without an end, until nobody reads it.
    Endless,
    /// Says nothing and keeps the connection.
    Hang,
    /// Hangs up.
    Close,
}

type Behaviour = Box<dyn Fn(&str, &Value) -> Reply + Send>;

/// A server on a loopback port. It ends when it is dropped.
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    behaviour: Mutex<Behaviour>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Fake {
    /// A server that gives this answer to every `eth_call`; its newest block is 99.
    pub(crate) async fn start(call: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/a-key-of-the-owner", listener.local_addr().unwrap());
        let state = Arc::new(State { behaviour: Mutex::new(on_call(call)), asked: Mutex::default() });
        let served = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        Self { url, state, task }
    }

    /// From now on it gives this answer to every `eth_call`.
    pub(crate) fn becomes(&self, call: Reply) {
        self.behaves(on_call(call));
    }

    /// From now on it does this with a method and its parameters.
    pub(crate) fn behaves(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// How many requests have come.
    pub(crate) fn requests(&self) -> usize {
        self.asked().len()
    }

    /// The methods and parameters that have come.
    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.state.asked.lock().unwrap().clone()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn on_call(call: Reply) -> Behaviour {
    Box::new(move |method, _| match method {
        "eth_blockNumber" => Reply::Result(json!("0x63")),
        _ => call.clone(),
    })
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let mut stream = BufReader::new(stream);
    while let Some(body) = read(&mut stream).await {
        let request: Value = serde_json::from_slice(&body).unwrap();
        let method = request["method"].as_str().unwrap().to_owned();
        state.asked.lock().unwrap().push((method.clone(), request["params"].clone()));
        let reply = (state.behaviour.lock().unwrap())(&method, &request["params"]);
        if !answer(&mut stream, &request["id"], reply).await {
            return;
        }
    }
}

/// The body of the next request.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(body)
}

/// Whether another request may come on the connection.
async fn answer(stream: &mut BufReader<TcpStream>, id: &Value, reply: Reply) -> bool {
    let whole = |status: &str, body: &str| {
        let length = body.len();
        let headers = "content-type: application/json\r\nlocation: http://127.0.0.1:1/";
        format!("HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let accepted = json!({ "jsonrpc": "2.0", "id": id, "result": "0x01" }).to_string();
    let text = match reply {
        Reply::Result(result) => {
            whole("200 OK", &json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string())
        }
        Reply::Error(code, message) => {
            let error = json!({ "code": code, "message": message, "data": "0x01" });
            whole("200 OK", &json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string())
        }
        Reply::Body(body) => whole("200 OK", &body),
        Reply::Status(status) => whole(status, &accepted),
        Reply::Half => format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{accepted}"),
        Reply::Endless => {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let mut sent = stream.write_all(head).await;
            while sent.is_ok() {
                sent = stream.write_all(format!("1000\r\n{}\r\n", " ".repeat(0x1000)).as_bytes()).await;
            }
            return false;
        }
        Reply::Hang => String::new(),
        Reply::Close => return false,
    };
    stream.write_all(text.as_bytes()).await.is_ok()
}
