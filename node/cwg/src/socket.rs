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

use crate::node::{Far, Hearer, Inbox};
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
    Far(Far),
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
            let (sender, mut answer) = oneshot::channel();
            let (far_sender, mut far) = mpsc::unbounded_channel();
            let answered = Box::new(move |result| drop(sender.send(result)));
            let hearer = Box::new(move |far| {
                // The front end may be gone.
                let _ = far_sender.send(far);
            });
            if node.send(Inbox::Request(request, answered, hearer)).is_err() {
                Spoken::Problem(problems::no_answer())
            } else {
                loop {
                    tokio::select! {
                        biased;
                        result = &mut answer => break match result {
                            Ok(Ok(view)) => Spoken::View(Box::new(view)),
                            Ok(Err(problem)) => Spoken::Problem(problem),
                            Err(_) => Spoken::Problem(problems::no_answer()),
                        },
                        Some(far) = far.recv() => write.write_all(&line_of(&Spoken::Far(far))).await?,
                    }
                }
            }
        }
    };
    write.write_all(&line_of(&spoken)).await
}

fn line_of<T: Serialize>(spoken: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec(spoken).expect("requests, views and problems have no failing serializer");
    text.push(b'\n');
    text
}

/// Asks the daemon of a directory; `None` if none runs there.
pub(crate) fn ask(dir: &Path, request: &Request, hearer: &mut Hearer) -> Option<Result<View, Problem>> {
    let stream = StdUnixStream::connect(dir.join(FILE)).ok()?;
    Some(converse(stream, request, hearer).unwrap_or_else(|_| Err(problems::no_answer())))
}

fn converse(
    mut stream: StdUnixStream,
    request: &Request,
    hearer: &mut Hearer,
) -> std::io::Result<Result<View, Problem>> {
    stream.write_all(&line_of(request))?;
    let mut lines = StdBufReader::new(stream);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line)?;
        match serde_json::from_str(&line)? {
            Spoken::Far(far) => hearer(far),
            Spoken::View(view) => return Ok(Ok(*view)),
            Spoken::Problem(problem) => return Ok(Err(problem)),
        }
    }
}
