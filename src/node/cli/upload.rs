//! `kinora upload`: what the upload page does, from a terminal.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use serde_json::{Map, Value, json};
use url::Url;

mod client;
mod making;
mod parts;

use client::{Client, Login};

#[derive(clap::Args)]
pub(super) struct Upload {
    /// The video file.
    file: PathBuf,
    /// The channel it goes to; `me`, or nothing, is your own first channel.
    #[arg(long)]
    channel: Option<String>,
    /// Its title; the file's name if left out.
    #[arg(long)]
    title: Option<String>,
    /// What it is about, in markdown.
    #[arg(long)]
    description: Option<String>,
    /// Who may see it.
    #[arg(long, value_enum, default_value_t = Privacy::Public)]
    privacy: Privacy,
    /// A tag; give it again for more (up to 5).
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The number of its category.
    #[arg(long)]
    category: Option<u32>,
    /// The number of its licence.
    #[arg(long)]
    licence: Option<u32>,
    /// The code of its language: `fr`.
    #[arg(long)]
    language: Option<String>,
    /// Says that it is sensitive.
    #[arg(long)]
    sensitive: bool,
    /// Returns when the file is there, without waiting for its renditions.
    #[arg(long)]
    no_wait: bool,
    /// The node.
    #[arg(long, env = "KINORA_SERVER", default_value = "http://localhost:8080")]
    server: Url,
    /// Who uploads.
    #[arg(long, env = "KINORA_USER")]
    user: Option<String>,
    /// Their password; asked for if neither it nor a token is given.
    #[arg(long, env = "KINORA_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// An access token, instead of user and password.
    #[arg(long, env = "KINORA_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Passwords and tokens stay out of panics and logs.
impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("file", &self.file).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Privacy {
    Public,
    Unlisted,
    Private,
    Internal,
}

impl Privacy {
    const fn number(self) -> u8 {
        match self {
            Self::Public => 1,
            Self::Unlisted => 2,
            Self::Private => 3,
            Self::Internal => 4,
        }
    }
}

impl Upload {
    pub(super) fn run(self) -> anyhow::Result<()> {
        super::small_runtime()?.block_on(self.upload())
    }

    async fn upload(self) -> anyhow::Result<()> {
        let size = size_of(&self.file)?;
        let client = Client::connect(self.server.clone(), self.login()?).await?;
        let channel = client.channel(self.channel.as_deref()).await?;
        let words = self.words(channel)?;
        let video = parts::send(&client, &self.file, size, &words).await?;
        let watch = client.url(&format!("/w/{}", video.short))?;
        if !self.no_wait {
            making::follow(&client, &video.uuid)
                .await
                .with_context(|| format!("the file is safe on the server, its video is {watch}"))?;
        }
        super::say(watch);
        Ok(())
    }

    fn login(&self) -> anyhow::Result<Login> {
        if let Some(token) = &self.token {
            return Ok(Login::Token(token.clone()));
        }
        let user = match &self.user {
            Some(user) => user.clone(),
            None => ask("User: ")?,
        };
        let password = match &self.password {
            Some(password) => password.clone(),
            None => rpassword::prompt_password(format!("Password of {user}: "))
                .context("no password was given (--password, KINORA_PASSWORD or a terminal)")?,
        };
        Ok(Login::Password { user, password })
    }

    /// What the node is told before the first byte.
    fn words(&self, channel: u64) -> anyhow::Result<Value> {
        let name = self.file.file_name().context("the file has no name")?.to_string_lossy();
        let stem = Path::new(name.as_ref()).file_stem().map(|stem| stem.to_string_lossy());
        let title = self.title.clone().or_else(|| stem.map(std::borrow::Cow::into_owned));
        let mut words = Map::new();
        words.insert("name".to_owned(), json!(title));
        words.insert("filename".to_owned(), json!(name));
        words.insert("channelId".to_owned(), json!(channel));
        words.insert("privacy".to_owned(), json!(self.privacy.number()));
        words.insert("nsfw".to_owned(), json!(self.sensitive));
        let said = [
            ("description", self.description.as_ref().map(|text| json!(text))),
            ("category", self.category.map(|number| json!(number))),
            ("licence", self.licence.map(|number| json!(number))),
            ("language", self.language.as_ref().map(|code| json!(code))),
            ("tags", (!self.tags.is_empty()).then(|| json!(self.tags))),
        ];
        for (key, value) in said {
            if let Some(value) = value {
                words.insert(key.to_owned(), value);
            }
        }
        Ok(Value::Object(words))
    }
}

fn size_of(file: &Path) -> anyhow::Result<u64> {
    let found = std::fs::metadata(file).with_context(|| file.display().to_string())?;
    if !found.is_file() {
        bail!("{} is not a file", file.display());
    }
    if found.len() == 0 {
        bail!("{} is empty", file.display());
    }
    Ok(found.len())
}

fn ask(question: &str) -> anyhow::Result<String> {
    if !std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        bail!("who uploads? Give --user or KINORA_USER, or --token or KINORA_TOKEN");
    }
    let mut out = std::io::stderr();
    std::io::Write::write_all(&mut out, question.as_bytes())?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
