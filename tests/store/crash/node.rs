//! The program as it was built, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A program that runs until it is killed.
pub(crate) struct Node {
    child: Child,
    log: PathBuf,
    /// Where it answers, without a slash at the end.
    pub(crate) base: String,
}

impl Node {
    /// Starts it and waits until it says that it answers.
    pub(crate) fn start(home: &Path) -> Self {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(home.join("log"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_kinora"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(home.join("data"))
            .env("KINORA_ADMIN_PASSWORD", "correct horse battery staple")
            .env("KINORA__ACCOUNTS__REGISTRATION", "open")
            .env("KINORA__ACCOUNTS__TRIES_PER_MINUTE", "100000")
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.strip_prefix("Kinora answers at ").map(|url| url.trim_end_matches('/').to_owned())
        });
        let Some(base) = address else {
            let log = std::fs::read_to_string(home.join("log")).unwrap_or_default();
            panic!("the program did not start: {:?}\n{log}", child.wait());
        };
        // What it says later must find a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, log: home.join("log"), base }
    }

    /// Kills it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), None, "it ended by itself: {status}");
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            tail.iter().rev().for_each(|line| println!("{line:.300}"));
        }
        // After a failed test; a program that was waited for is not there any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
