//! The settings of the node: one struct a room, read from a file, then the environment, then flags.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use kinora_service::config::{Accounts, Instance, Uploads};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use url::Url;

pub mod handbook;

/// What the names of settings in the environment begin with: `KINORA__HTTP__LISTEN` is `listen` of `[http]`.
pub const ENV_PREFIX: &str = "KINORA__";

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of everything that is kept; made if it is not there.
    pub data: PathBuf,
    /// What is logged.
    pub log: Log,
    /// The web server.
    pub http: kinora_http::Config,
    /// The node as a place.
    pub instance: Instance,
    /// Who may join.
    pub accounts: Accounts,
    /// What may come in.
    pub uploads: Uploads,
    /// What is kept.
    pub store: kinora_store::config::Config,
    /// What is made of it.
    pub media: kinora_media::Config,
    /// Talking with other servers.
    pub federation: kinora_federation::Config,
    /// Sharing with peers.
    pub p2p: kinora_p2p::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            log: Log::default(),
            http: kinora_http::Config::default(),
            instance: Instance::default(),
            accounts: Accounts::default(),
            uploads: Uploads::default(),
            store: kinora_store::config::Config::default(),
            media: kinora_media::Config::default(),
            federation: kinora_federation::Config::default(),
            p2p: kinora_p2p::Config::default(),
        }
    }
}

/// Settings of the log (`[log]` of the configuration file).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for programs.
    pub format: Format,
    /// `error`, `warn`, `info`, `debug` or `trace`, also for one room: `info,kinora_media=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Human, level: "info,actix_server=warn".to_owned() }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One line of text each.
    Human,
    /// One JSON object each.
    Json,
}

/// What the command line says of settings; it wins over the environment and the file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Flags {
    /// The configuration file (see config/kinora.toml).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of everything that is kept.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where browsers find the node.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
}

/// Settings as read, and what follows from which of them were given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The settings.
    pub config: Config,
    /// Whether someone said what the public address is; if not, it follows from where the node listens.
    pub public_url: bool,
}

/// The settings cannot be used: one sentence for each thing that is wrong.
#[derive(Debug, thiserror::Error)]
pub struct Wrong(pub Vec<String>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Reads all settings.
///
/// # Errors
/// [`Wrong`], with one sentence for each section that cannot be used, naming the key and where it was found.
pub fn read(flags: &Flags) -> Result<Given, Wrong> {
    let mut figment = Figment::new();
    if let Some(path) = &flags.config {
        if !path.is_file() {
            return Err(Wrong(vec![format!("{}: there is no such file", path.display())]));
        }
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment.merge(Env::prefixed(ENV_PREFIX).split("__"));
    if let Some(data) = &flags.data {
        figment = figment.merge(Serialized::default("data", data));
    }
    if let Some(listen) = &flags.listen {
        figment = figment.merge(Serialized::default("http.listen", listen));
    }
    if let Some(url) = &flags.public_url {
        figment = figment.merge(Serialized::default("http.public_url", url));
    }
    let config = extract(&figment, flags.config.as_deref())?;
    let wrong = unsound(&config);
    if !wrong.is_empty() {
        return Err(Wrong(wrong));
    }
    Ok(Given { config, public_url: figment.contains("http.public_url") })
}

fn extract(figment: &Figment, file: Option<&Path>) -> Result<Config, Wrong> {
    let error = match figment.extract::<Config>() {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    // One struct stops at its first fault: each section is read again by itself, so that all of them are told.
    let faults = [
        ("", figment.extract::<Sections>().err()),
        ("log", fault::<Log>(figment, "log")),
        ("http", fault::<kinora_http::Config>(figment, "http")),
        ("instance", fault::<Instance>(figment, "instance")),
        ("accounts", fault::<Accounts>(figment, "accounts")),
        ("uploads", fault::<Uploads>(figment, "uploads")),
        ("store", fault::<kinora_store::config::Config>(figment, "store")),
        ("media", fault::<kinora_media::Config>(figment, "media")),
        ("federation", fault::<kinora_federation::Config>(figment, "federation")),
        ("p2p", fault::<kinora_p2p::Config>(figment, "p2p")),
    ];
    let told = faults.into_iter().filter_map(|(section, error)| Some((section, error?)));
    let mut wrong: Vec<String> = told
        .flat_map(|(section, errors)| {
            errors.into_iter().map(move |error| sentence(section, &error, file))
        })
        .collect();
    if wrong.is_empty() {
        wrong.extend(error.into_iter().map(|error| sentence("", &error, file)));
    }
    Err(Wrong(wrong))
}

/// The sections, whatever is in them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sections {
    #[serde(rename = "data")]
    _data: PathBuf,
    #[serde(rename = "log")]
    _log: IgnoredAny,
    #[serde(rename = "http")]
    _http: IgnoredAny,
    #[serde(rename = "instance")]
    _instance: IgnoredAny,
    #[serde(rename = "accounts")]
    _accounts: IgnoredAny,
    #[serde(rename = "uploads")]
    _uploads: IgnoredAny,
    #[serde(rename = "store")]
    _store: IgnoredAny,
    #[serde(rename = "media")]
    _media: IgnoredAny,
    #[serde(rename = "federation")]
    _federation: IgnoredAny,
    #[serde(rename = "p2p")]
    _p2p: IgnoredAny,
}

impl Default for Sections {
    fn default() -> Self {
        Self {
            _data: PathBuf::new(),
            _log: IgnoredAny,
            _http: IgnoredAny,
            _instance: IgnoredAny,
            _accounts: IgnoredAny,
            _uploads: IgnoredAny,
            _store: IgnoredAny,
            _media: IgnoredAny,
            _federation: IgnoredAny,
            _p2p: IgnoredAny,
        }
    }
}

fn fault<T: DeserializeOwned>(figment: &Figment, section: &str) -> Option<figment::Error> {
    if !figment.contains(section) {
        return None;
    }
    figment.extract_inner::<T>(section).err()
}

/// `kinora.toml: there is no setting `http.lissten`…`.
fn sentence(section: &str, error: &figment::Error, file: Option<&Path>) -> String {
    let source = error.metadata.as_ref().map_or("", |metadata| metadata.name.as_ref());
    let place = match file {
        Some(file) if source.starts_with("TOML") => file.display().to_string(),
        _ if source.contains("environment") => "the environment".to_owned(),
        _ if source.is_empty() => "the settings".to_owned(),
        _ => "the command line".to_owned(),
    };
    match &error.kind {
        figment::error::Kind::UnknownField(name, known) => {
            let key = if section.is_empty() { name.clone() } else { format!("{section}.{name}") };
            format!("{place}: there is no setting `{key}`; there are {}", known.join(", "))
        }
        kind => {
            // What was read from within a section has the section after the key.
            let within = error.path.iter().map(String::as_str);
            let within = within.filter(|part| !["default", section].contains(part));
            let key: Vec<&str> =
                Some(section).filter(|name| !name.is_empty()).into_iter().chain(within).collect();
            format!("{place}: {}: {kind}", key.join("."))
        }
    }
}

/// What is readable but makes no sense.
fn unsound(config: &Config) -> Vec<String> {
    let mut wrong = Vec::new();
    let url = &config.http.public_url;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        wrong.push(format!("http.public_url: {url} is not an http or https address"));
    } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        wrong.push(format!("http.public_url: {url} must end after the host and port"));
    }
    if let Err(error) = config.federation.check(url) {
        wrong.push(error.to_string());
    }
    if let Err(error) = crate::telemetry::filter(&config.log.level) {
        wrong.push(format!("log.level: {error}"));
    }
    if config.data.as_os_str().is_empty() {
        wrong.push("data: the folder has no name".to_owned());
    }
    if config.accounts.access_token_s == 0 || config.accounts.refresh_token_s == 0 {
        wrong.push("accounts: tokens that are good for 0 seconds let nobody log in".to_owned());
    }
    wrong
}

impl Config {
    /// The folder where transcoders write: on the disk of the files, so that segments are moved and not copied.
    #[must_use]
    pub fn scratch_dir(&self) -> PathBuf {
        self.store.files_dir(&self.data).join("scratch")
    }

    /// Where the key is kept that peers know the node by.
    #[must_use]
    pub fn peer_key_path(&self) -> PathBuf {
        self.data.join("peer.key")
    }

    /// Where a running node takes orders from the same machine.
    #[must_use]
    pub fn control_path(&self) -> PathBuf {
        self.data.join("control.sock")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;

    fn with(text: &str) -> Result<Given, Wrong> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kinora.toml");
        std::fs::write(&path, text).unwrap();
        read(&Flags { config: Some(path), ..Flags::default() })
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_it() {
        let wrong = with("[http]\nlissten = '127.0.0.1:1'").unwrap_err();
        assert!(wrong.0[0].contains("kinora.toml: there is no setting `http.lissten`"), "{wrong}");
        let wrong = with("[htpp]\nlisten = '127.0.0.1:1'").unwrap_err();
        assert!(wrong.0[0].contains("there is no setting `htpp`"), "{wrong}");
    }

    #[test]
    fn each_section_tells_its_own_fault() {
        let wrong = with("[http]\nlissten = 1\n[media]\nconcurrency = 'many'").unwrap_err();
        assert_eq!(wrong.0.len(), 2, "{wrong}");
        assert!(wrong.0[1].contains("media.concurrency"), "{wrong}");
    }

    #[test]
    fn a_public_address_with_a_path_is_refused() {
        let wrong = with("[http]\npublic_url = 'https://a.example/tube'").unwrap_err();
        assert!(wrong.0[0].starts_with("http.public_url"), "{wrong}");
    }

    #[test]
    fn flags_win_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kinora.toml");
        std::fs::write(&path, "[http]\nlisten = '127.0.0.1:1'\n").unwrap();
        let listen = "127.0.0.1:2".parse().unwrap();
        let flags = Flags { config: Some(path), listen: Some(listen), ..Flags::default() };
        let given = read(&flags).unwrap();
        assert_eq!(given.config.http.listen, listen);
        assert!(!given.public_url);
    }

    #[test]
    fn a_missing_file_is_an_error() {
        let flags = Flags { config: Some("/nowhere/kinora.toml".into()), ..Flags::default() };
        assert!(read(&flags).unwrap_err().to_string().contains("no such file"));
    }
}
