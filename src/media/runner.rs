//! Runs the transcoder: one order, one process, JSON lines back.
//!
//! The process is not trusted: its lines are bounded, its log is bounded, and it is killed when it stands still, when
//! its work is no longer wanted, and when whoever waits for it goes away.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::StreamExt;
use kinora_order::{Facts, Fault, Outcome, Picture, Progress, Request, Sandbox};
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::error::Error;
use crate::metrics::{Metrics, Running};

/// The longest line the transcoder may write, in bytes.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The longest line of its log, in bytes.
const LOG_LINE_BYTES_MAX: usize = 4 << 10;

/// Lines of its log that are told when it dies.
const LOG_LINES_TOLD: usize = 5;

/// Lines of its log that are written into ours at most.
const LOG_LINES_MAX: usize = 200;

/// How long a process may take to end after its last line.
const END_WAIT: Duration = Duration::from_secs(5);

/// Starts transcoders.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    program: PathBuf,
    stall: Duration,
    metrics: Metrics,
}

/// What a transcoder that did its work said last.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// What is in the input.
    Facts(Facts),
    /// The work is done; true if the source was damaged.
    Done(bool),
    /// The pictures that were asked for.
    Pictures(Vec<Picture>),
}

impl Runner {
    /// A runner of this program, which kills a process that says nothing for `stall`.
    #[must_use]
    pub(crate) fn new(program: PathBuf, stall: Duration, metrics: Metrics) -> Self {
        Self { program, stall, metrics }
    }

    /// Starts a process for an order. It is killed when what this returns is dropped.
    ///
    /// # Errors
    /// [`Error::Io`] if the program cannot be run.
    pub(crate) async fn start(&self, request: &Request) -> Result<Process, Error> {
        let mut child = self.spawn(request).await?;
        let log = tokio::spawn(read_log(child.stderr.take()));
        let Some(stdout) = child.stdout.take() else {
            return Err(Error::Died("it has no output".to_owned()));
        };
        Ok(Process {
            child,
            lines: lines_of(stdout),
            log,
            stall: self.stall,
            metrics: self.metrics.clone(),
            _running: self.metrics.running(),
        })
    }

    /// Carries out an order whose progress nobody wants to hear of.
    ///
    /// # Errors
    /// As [`Process::next`].
    pub(crate) async fn run(
        &self,
        request: &Request,
        cancelled: &CancellationToken,
    ) -> Result<Said, Error> {
        let mut process = self.start(request).await?;
        loop {
            if let Heard::Said(said) = process.next(cancelled).await? {
                return Ok(said);
            }
        }
    }

    /// Asks the program how well it can lock itself in on this machine.
    ///
    /// # Errors
    /// [`Error::Died`] if it does not say.
    pub(crate) async fn sandbox(&self) -> Result<Sandbox, Error> {
        let asked = Command::new(&self.program)
            .arg("--sandbox-status")
            .env_clear()
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(self.stall, asked)
            .await
            .map_err(|_elapsed| Error::Stalled(self.stall.as_secs()))??;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or_default();
        serde_json::from_str(line).map_err(|error| Error::Died(format!("{error}: {line}")))
    }

    async fn spawn(&self, request: &Request) -> Result<Child, Error> {
        let mut child = Command::new(&self.program)
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut line =
            serde_json::to_vec(request).map_err(|error| Error::Failed(error.to_string()))?;
        line.push(b'\n');
        if let Some(mut stdin) = child.stdin.take() {
            // A process that died before it read its order is found out when its lines are read.
            let _ = stdin.write_all(&line).await;
        }
        Ok(child)
    }
}

/// A transcoder at work.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    lines: FramedRead<ChildStdout, LinesCodec>,
    log: JoinHandle<Vec<String>>,
    stall: Duration,
    metrics: Metrics,
    _running: Running,
}

/// What a transcoder said.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// How far it is, or what it has made.
    Progress(Progress),
    /// That it is done: nothing follows.
    Said(Said),
}

impl Process {
    /// Waits for the next line. Heartbeats are no progress: a process that has nothing else to say is killed in time.
    ///
    /// # Errors
    /// [`Error::Refused`] if the input is at fault, [`Error::NoSpace`], [`Error::Failed`], [`Error::Died`] or
    /// [`Error::Stalled`] if trying again may help, [`Error::Cancelled`] if `cancelled` was. The process is then gone.
    pub(crate) async fn next(&mut self, cancelled: &CancellationToken) -> Result<Heard, Error> {
        let deadline = Instant::now() + self.stall;
        loop {
            let line = tokio::select! {
                () = cancelled.cancelled() => return self.killed(Error::Cancelled).await,
                line = timeout_at(deadline, self.lines.next()) => line,
            };
            let line = match line {
                Err(_elapsed) => return self.killed(Error::Stalled(self.stall.as_secs())).await,
                Ok(None) => return Err(self.died().await),
                Ok(Some(line)) => line,
            };
            match understand(line) {
                Ok(Progress::Heartbeat) => {}
                Ok(Progress::Sandbox(sandbox)) => debug!(?sandbox, "a transcoder locked itself in"),
                Ok(Progress::Outcome(outcome)) => {
                    end(&mut self.child).await;
                    return self.conclude(outcome).map(Heard::Said);
                }
                Ok(progress) => return Ok(Heard::Progress(progress)),
                Err(error) => return self.killed(error).await,
            }
        }
    }

    async fn killed<T>(&mut self, error: Error) -> Result<T, Error> {
        kill(&mut self.child).await;
        Err(error)
    }

    async fn died(&mut self) -> Error {
        let status = timeout(END_WAIT, self.child.wait()).await;
        let how = match status {
            Ok(Ok(status)) => describe(status),
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => {
                kill(&mut self.child).await;
                "it closed its output".to_owned()
            }
        };
        let told = (&mut self.log).await.unwrap_or_default();
        Error::Died([how, told.join(" | ")].join(": "))
    }

    fn conclude(&self, outcome: Outcome) -> Result<Said, Error> {
        match outcome {
            Outcome::Probed(facts) => Ok(Said::Facts(facts)),
            Outcome::Done { damaged, cpu_ms } => {
                self.metrics.used_cpu(Duration::from_millis(cpu_ms).as_secs_f64());
                Ok(Said::Done(damaged))
            }
            Outcome::Pictures { pictures } => Ok(Said::Pictures(pictures)),
            Outcome::Refused { code, detail } => Err(Error::Refused { code: code.word(), detail }),
            Outcome::Failed { code: Fault::NoSpace, .. } => Err(Error::NoSpace),
            Outcome::Failed { detail, .. } => Err(Error::Failed(detail)),
        }
    }
}

fn lines_of(stdout: ChildStdout) -> FramedRead<ChildStdout, LinesCodec> {
    FramedRead::new(stdout, LinesCodec::new_with_max_length(LINE_BYTES_MAX))
}

fn understand(line: Result<String, LinesCodecError>) -> Result<Progress, Error> {
    let odd =
        |what: &dyn std::fmt::Display| Error::Died(format!("it wrote what cannot be read: {what}"));
    let line = line.map_err(|error| odd(&error))?;
    serde_json::from_str(&line).map_err(|error| odd(&error))
}

async fn kill(child: &mut Child) {
    if let Err(error) = child.kill().await {
        warn!(%error, "a transcoder could not be killed");
    }
}

async fn end(child: &mut Child) {
    if timeout(END_WAIT, child.wait()).await.is_err() {
        kill(child).await;
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("by signal {signal}"),
        (None, Some(code)) => format!("with code {code}"),
        (None, None) => "for no known reason".to_owned(),
    }
}

/// Writes a process's log into ours, and returns its last lines.
async fn read_log(stderr: Option<impl AsyncRead + Unpin>) -> Vec<String> {
    let Some(stderr) = stderr else { return Vec::new() };
    let mut lines = FramedRead::new(stderr, LinesCodec::new_with_max_length(LOG_LINE_BYTES_MAX));
    let (mut last, mut count) = (VecDeque::new(), 0_usize);
    while let Some(Ok(line)) = lines.next().await {
        count = count.saturating_add(1);
        if count <= LOG_LINES_MAX {
            debug!(target: "kinora_transcoder", "{line}");
        }
        if last.len() == LOG_LINES_TOLD {
            last.pop_front();
        }
        last.push_back(line);
    }
    // After a line that is too long the rest is only drained, so that the process never blocks on its log.
    let _ = tokio::io::copy(lines.get_mut(), &mut tokio::io::sink()).await;
    last.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use kinora_order::Order;

    use super::*;

    /// A program that stands in for a transcoder gone wrong.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\nread order\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn run(script: &str, stall: Duration) -> Result<Said, Error> {
        let folder = tempfile::tempdir().unwrap();
        let runner = Runner::new(program(folder.path(), script), stall, Metrics::default());
        runner.run(&request(), &CancellationToken::new()).await
    }

    fn request() -> Request {
        let order = Order::Probe { input: "/nowhere".into() };
        Request { order, limits: kinora_order::Limits::default() }
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn a_process_that_dies_is_told_with_its_signal_and_its_last_words() {
        let error = run("echo 'bad frame' >&2; kill -SEGV $$", LONG).await.unwrap_err();
        assert_eq!(error.to_string(), "the transcoder died: by signal 11: bad frame");
        let error = run("exit 101", LONG).await.unwrap_err();
        assert!(error.to_string().contains("with code 101"), "{error}");
    }

    #[tokio::test]
    async fn a_process_that_stands_still_is_killed_even_if_its_heart_beats() {
        assert!(matches!(run("exec /bin/sleep 600", SHORT).await, Err(Error::Stalled(_))));
        let beats = "while true; do echo '{\"progress\":\"heartbeat\"}'; /bin/sleep 0.05; done";
        assert!(matches!(run(beats, SHORT).await, Err(Error::Stalled(_))));
    }

    #[tokio::test]
    async fn what_cannot_be_read_ends_the_process_and_not_the_node() {
        assert!(matches!(
            run("echo rubbish; exec /bin/sleep 600", LONG).await,
            Err(Error::Died(_))
        ));
        let endless = "while true; do printf '%s' 0123456789012345678901234567890123456789; done";
        assert!(matches!(run(endless, LONG).await, Err(Error::Died(_))));
    }

    #[tokio::test]
    async fn a_log_without_end_does_not_block_the_process() {
        let noisy = "i=0; while [ $i -lt 3000 ]; do echo 'a rather long line of log, again and again and again' >&2; i=$((i+1)); done
            echo '{\"progress\":\"outcome\",\"outcome\":\"done\",\"damaged\":true,\"cpu_ms\":5}'";
        assert!(matches!(run(noisy, LONG).await, Ok(Said::Done(true))));
    }

    #[tokio::test]
    async fn the_faults_of_the_input_and_of_the_disk_are_told_apart() {
        let line = |rest: &str| format!("echo '{{\"progress\":\"outcome\",{rest}}}'");
        let refused = line("\"outcome\":\"refused\",\"code\":\"not-media\",\"detail\":\"text\"");
        let refused = run(&refused, LONG).await;
        assert!(matches!(refused, Err(Error::Refused { code: "not-media", .. })), "{refused:?}");
        let full = line("\"outcome\":\"failed\",\"code\":\"no-space\",\"detail\":\"\"");
        assert!(matches!(run(&full, LONG).await, Err(Error::NoSpace)));
    }

    #[tokio::test]
    async fn cancelled_work_ends_at_once_and_leaves_no_process() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("pid");
        let script = format!("echo $$ > {}; echo x >&2; exec /bin/sleep 600", told.display());
        let runner = Runner::new(program(folder.path(), &script), LONG, Metrics::default());
        let cancelled = CancellationToken::new();
        let mut process = runner.start(&request()).await.unwrap();
        let pid = process.child.id().unwrap();
        cancelled.cancel();
        assert!(matches!(process.next(&cancelled).await, Err(Error::Cancelled)));
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "killed and reaped");
    }
}
