//! The real program on a free port, with a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::Client;
use crate::p2p::Machine;

/// The password of `root`.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// How long a node may take to start or to stop on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_kinora"))
}

/// The transcoder beside it, built now if it is not there: cargo builds only the programs of this package for its tests.
pub(crate) fn transcoder() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        if let Some(path) = std::env::var_os("KINORA_TRANSCODER") {
            return path.into();
        }
        let path = program().with_file_name("kinora-transcoder");
        if !path.is_file() {
            let mut cargo = std::process::Command::new(env!("CARGO"));
            cargo.args(["build", "--locked", "-p", "kinora-transcoder"]);
            if program().parent().is_some_and(|profile| profile.ends_with("release")) {
                cargo.arg("--release");
            }
            let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
            assert!(built.success() && path.is_file(), "cargo build -p kinora-transcoder failed");
        }
        path
    })
}

/// How a node is started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// Settings, as the environment names them: `HTTP__STOP_S`.
    settings: Vec<(String, String)>,
    data: Option<PathBuf>,
    /// The machine it runs on, if not on this one.
    machine: Option<Machine>,
}

impl Setup {
    /// With a setting.
    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.push((format!("KINORA__{key}"), value.to_string()));
        self
    }

    /// With everything in this folder instead of one of its own.
    pub(crate) fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// On a machine of a small internet.
    pub(crate) fn on(mut self, machine: Machine) -> Self {
        self = self.with("HTTP__PUBLIC_URL", &machine.url);
        self.machine = Some(machine);
        self
    }

    /// Starts it, and waits until it says that it answers.
    pub(crate) async fn start(self) -> Node {
        let home = tempfile::tempdir().unwrap();
        let data = self.data.clone().unwrap_or_else(|| home.path().join("data"));
        let listen = match &self.machine {
            Some(machine) => machine.address.to_string(),
            None => "127.0.0.1:0".to_owned(),
        };
        let (process, url) = spawn(&self, &data, home.path(), &listen).await;
        Node { process, url, home, data, setup: self }
    }
}

/// A node that runs. Dropping it kills it; a test that failed then shows what it logged.
#[derive(Debug)]
pub(crate) struct Node {
    process: Child,
    pub(crate) url: String,
    pub(crate) home: TempDir,
    pub(crate) data: PathBuf,
    setup: Setup,
}

impl Node {
    /// Starts a node as most tests need it: everybody may register, no limits on tries.
    pub(crate) async fn start() -> Self {
        Self::open().start().await
    }

    /// The same, for tests that change something of it.
    pub(crate) fn open() -> Setup {
        Setup::default()
            .with("ACCOUNTS__REGISTRATION", "open")
            .with("ACCOUNTS__TRIES_PER_MINUTE", 100_000)
            // Tests beside each other would want the same ports.
            .with("P2P__PORT", 0)
            .with("P2P__STUN_PORT", 0)
    }

    /// A client that is nobody.
    pub(crate) fn nobody(&self) -> Client {
        let address = self.setup.machine.as_ref().map(|machine| machine.address);
        Client::at(&self.url, address)
    }

    /// A client that is the administrator.
    pub(crate) async fn root(&self) -> Client {
        self.nobody().logged_in("root", PASSWORD).await
    }

    /// A client that is a new user.
    pub(crate) async fn user(&self, name: &str) -> Client {
        let nobody = self.nobody();
        nobody.register(name, PASSWORD).await.expect_done();
        nobody.logged_in(name, PASSWORD).await
    }

    /// The process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.process.id().expect("it runs").try_into().unwrap())
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("it stops").unwrap()
    }

    /// Kills it as loss of power would.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Starts it again after [`Node::stop`] or [`Node::kill`], at the same address.
    pub(crate) async fn start_again(&mut self) {
        let listen = self.url.replace("http://localhost", "127.0.0.1");
        let listen = listen.trim_end_matches('/');
        (self.process, self.url) = spawn(&self.setup, &self.data, self.home.path(), listen).await;
    }

    /// What it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.home.path())).unwrap_or_default()
    }

    /// Runs another command of the program on its data folder; what it printed.
    pub(crate) async fn kinora(&self, words: &[&str]) -> (bool, String) {
        let done = Command::new(program()).args(words).output().await.unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    /// Memory that the process has in use, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the node logged:\n{}", self.log());
        }
    }
}

fn log_path(home: &Path) -> PathBuf {
    home.join("node.log")
}

async fn spawn(setup: &Setup, data: &Path, home: &Path, listen: &str) -> (Child, String) {
    let log = std::fs::File::options().append(true).create(true).open(log_path(home)).unwrap();
    let mut command = match &setup.machine {
        Some(machine) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &machine.namespace]).arg(program());
            command
        }
        None => Command::new(program()),
    };
    let mut process = command
        .args(["serve", "--listen", listen, "--data"])
        .arg(data)
        .env("KINORA_ADMIN_PASSWORD", PASSWORD)
        .env("KINORA__MEDIA__TRANSCODER", transcoder())
        .env("KINORA__LOG__LEVEL", "info,kinora_media=debug,actix_server=warn")
        .envs(setup.settings.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(url) = line.strip_prefix("Kinora answers at ") {
                return url.trim_end_matches('/').to_owned();
            }
        }
        let log = std::fs::read_to_string(log_path(home)).unwrap_or_default();
        panic!("the node ended before it answered:\n{log}");
    };
    let url = tokio::time::timeout(PATIENCE, ready).await.expect("the node starts");
    // Nothing more is expected; a full pipe must not stop it all the same.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (process, url)
}
