//! The local API: a socket in the node's directory, one JSON line a question, one JSON line an answer.
//!
//! Who may open the directory (mode 0700) may ask. Nothing of it is reachable from the network.

use std::io::{BufRead as _, BufReader as StdBufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

use cwg_app::{Exit, Problem, Request, View};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use crate::node::Inbox;
use crate::problems;

/// The socket's name in a node's directory.
const FILE: &str = "daemon.sock";

/// Bytes of a question: a charter file is the longest.
const QUESTION_LEN_MAX: u64 = 1 << 20;

/// Front ends that may be served at once.
const CLIENTS_MAX: usize = 64;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Spoken {
    View(Box<View>),
    Problem(Problem),
}

/// Serves front ends until the loop is gone.
pub(crate) fn listen(dir: &Path, node: mpsc::UnboundedSender<Inbox>) -> Result<Listening, Problem> {
    let path = dir.join(FILE);
    // The store's lock is ours, so whoever left this socket is gone.
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(problems::cannot_write(&path, &error));
    }
    let listener = UnixListener::bind(&path).map_err(|error| problems::cannot_write(&path, &error))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| problems::cannot_write(&path, &error))?;
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CLIENTS_MAX));
    let task = tokio::spawn(async move {
        loop {
            let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let node = node.clone();
                    tokio::spawn(async move {
                        if let Err(error) = serve(stream, node).await {
                            tracing::debug!(%error, "a front end went away");
                        }
                        drop(place);
                    });
                }
                Err(error) => tracing::warn!(%error, "a front end was not accepted"),
            }
        }
    });
    Ok(Listening { path, task })
}

/// A socket that is served; gone when dropped.
pub(crate) struct Listening {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, node: mpsc::UnboundedSender<Inbox>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read.take(QUESTION_LEN_MAX));
    let mut line = Vec::new();
    lines.read_until(b'\n', &mut line).await?;
    let spoken = match serde_json::from_slice::<Request>(&line) {
        Err(error) => Spoken::Problem(Problem::new(
            Exit::Usage,
            "bad-request",
            format!("this is not a question that the node knows: {error}"),
            "use the same version of the program as the node",
        )),
        Ok(request) => {
            let (sender, answer) = oneshot::channel();
            let asked = node.send(Inbox::Request(request, Box::new(move |result| drop(sender.send(result)))));
            match (asked, answer.await) {
                (Ok(()), Ok(Ok(view))) => Spoken::View(Box::new(view)),
                (Ok(()), Ok(Err(problem))) => Spoken::Problem(problem),
                _ => Spoken::Problem(problems::no_answer()),
            }
        }
    };
    let mut text = serde_json::to_vec(&spoken).expect("views and problems have no failing serializer");
    text.push(b'\n');
    write.write_all(&text).await
}

/// Asks the daemon of a directory; `None` if none runs there.
pub(crate) fn ask(dir: &Path, request: &Request) -> Option<Result<View, Problem>> {
    let stream = StdUnixStream::connect(dir.join(FILE)).ok()?;
    Some(converse(stream, request).unwrap_or_else(|_| Err(problems::no_answer())))
}

fn converse(mut stream: StdUnixStream, request: &Request) -> std::io::Result<Result<View, Problem>> {
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    stream.write_all(&text)?;
    let mut line = String::new();
    StdBufReader::new(stream).read_line(&mut line)?;
    Ok(match serde_json::from_str(&line)? {
        Spoken::View(view) => Ok(*view),
        Spoken::Problem(problem) => Err(problem),
    })
}
