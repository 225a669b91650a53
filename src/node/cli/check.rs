//! `kinora check`.

use std::path::Path;

use anyhow::bail;

use crate::config::{self, Config, Flags, handbook};

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    #[command(flatten)]
    flags: Flags,
    /// Print a configuration file with every key and its default instead.
    #[arg(long)]
    defaults: bool,
    /// Print the description of the REST API (OpenAPI) instead.
    #[arg(long, conflicts_with = "defaults")]
    openapi: bool,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if self.defaults {
            super::say(handbook::file()?.trim_end());
            return Ok(());
        }
        if self.openapi {
            super::say(kinora_http::api::openapi::text().trim_end());
            return Ok(());
        }
        let mut wrong = Vec::new();
        match config::read(&self.flags) {
            Ok(given) => {
                let runtime = super::small_runtime()?;
                wrong.extend(runtime.block_on(surroundings(&given.config)));
            }
            Err(error) => wrong.extend(error.0),
        }
        if wrong.is_empty() {
            super::say("all settings are good");
            return Ok(());
        }
        for line in &wrong {
            super::complain(line);
        }
        bail!("{} of the settings cannot be used", wrong.len())
    }
}

/// What the settings need that is not there: folders, programs, a free port.
async fn surroundings(config: &Config) -> Vec<String> {
    let mut wrong = Vec::new();
    let store = &config.store;
    for folder in [config.data.clone(), store.rows_dir(&config.data), store.files_dir(&config.data)]
    {
        if let Err(error) = writable(&folder) {
            wrong.push(format!("the folder {}: {error}", folder.display()));
        }
    }
    // A node that runs on these settings has the port.
    let runs = tokio::net::UnixStream::connect(config.control_path()).await.is_ok();
    if !runs && let Err(error) = std::net::TcpListener::bind(config.http.listen) {
        wrong.push(format!("http.listen: {}: {error}", config.http.listen));
    }
    if let Err(error) = config.media.read_ladder() {
        wrong.push(format!("media.ladder: {error}"));
    }
    match config.media.program() {
        Ok(program) => wrong.extend(weak_sandbox(&program, config.media.require_sandbox).await),
        Err(error) => wrong.push(format!("media.transcoder: {error}")),
    }
    wrong
}

/// Asks the transcoder how well it can lock itself in here, and says so if that is not enough.
async fn weak_sandbox(program: &Path, required: bool) -> Option<String> {
    let asked = tokio::process::Command::new(program).arg("--sandbox-status").env_clear().output();
    let output = match asked.await {
        Ok(output) => output,
        Err(error) => return Some(format!("media.transcoder: {}: {error}", program.display())),
    };
    let status = serde_json::from_slice::<serde_json::Value>(&output.stdout);
    let Ok(status) = status else {
        return Some(format!("media.transcoder: {} is not Kinora's", program.display()));
    };
    super::say(format_args!("the transcoder's sandbox here: {status}"));
    let full = status.get("landlock").is_some_and(|landlock| landlock == "full")
        && status.get("seccomp").is_some_and(|seccomp| seccomp == true);
    (required && !full).then(|| format!("media.require_sandbox: it is not full here: {status}"))
}

/// Whether files can be made in a folder, or, if it is not there yet, in the nearest one above it.
fn writable(folder: &Path) -> std::io::Result<()> {
    let nearest = folder.ancestors().find(|above| above.exists());
    let here = Path::new(".");
    let nearest = nearest.filter(|above| !above.as_os_str().is_empty()).unwrap_or(here);
    if !nearest.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    tempfile_in(nearest)
}

fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".kinora-check-{}", std::process::id()));
    std::fs::File::create_new(&path)?;
    std::fs::remove_file(path)
}
