//! The orders that a node takes from its own machine, and how they are carried out, by it or without it.

use std::path::PathBuf;

use kinora_model::name::Name;
use kinora_model::user::Role;
use kinora_service::users::{self, NewUser};
use kinora_service::{Service, passwords, secret};
use kinora_store::transfer;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// An order.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Make a user.
    CreateUser {
        /// The name they log in with.
        name: String,
        /// Where to write to them.
        email: String,
        /// `user`, `moderator` or `administrator`.
        role: Rights,
        /// Their password; made up if absent.
        password: Option<String>,
    },
    /// Give a user another password and end their sessions.
    ResetPassword {
        /// Name or e-mail address.
        login: String,
        /// The new password; made up if absent.
        password: Option<String>,
    },
    /// Write all rows and files to a folder.
    Backup {
        /// The folder, by its whole path.
        out: PathBuf,
    },
}

/// What a user may do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Rights {
    /// Publishes and watches.
    User,
    /// Also looks after others' videos and registrations.
    Moderator,
    /// Everything.
    Administrator,
}

impl Rights {
    const fn role(self) -> Role {
        match self {
            Self::User => Role::User,
            Self::Moderator => Role::Moderator,
            Self::Administrator => Role::Administrator,
        }
    }
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// So many files were brought.
    Files(u64),
    /// So many rows were written.
    Rows(u64),
}

/// What an order did.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// A user has this password now; told if it was made up.
    Password(Option<String>),
    /// A backup was made.
    Backup {
        /// Rows in it.
        rows: u64,
        /// Files in it.
        files: u64,
        /// Blobs that rows speak of but that are not there.
        missing: Vec<String>,
    },
}

/// Passwords stay out of logs.
impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::CreateUser { .. } => "CreateUser",
            Self::ResetPassword { .. } => "ResetPassword",
            Self::Backup { .. } => "Backup",
        })
    }
}

/// As for [`Order`].
impl std::fmt::Debug for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Backup { .. } => "Backup",
        })
    }
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The use case said no.
    #[error(transparent)]
    Service(#[from] kinora_service::Error),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] kinora_store::Error),
    /// The running node said no, in these words.
    #[error("{0}")]
    Node(String),
}

impl Order {
    /// Carries it out; `said` is told how far it is.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn carry_out(
        self,
        service: &Service,
        said: mpsc::Sender<Progress>,
    ) -> Result<Done, Refused> {
        match self {
            Self::CreateUser { name, email, role, password } => {
                let (hash, told) = hashed(password).await?;
                let name = Name::parse(&name)
                    .map_err(|error| kinora_service::Error::invalid("name", error))?;
                let new = NewUser::named(service, name, users::email(&email)?, hash);
                users::create(service, &NewUser { role: role.role(), ..new }).await?;
                Ok(Done::Password(told))
            }
            Self::ResetPassword { login, password } => {
                let told = password.is_none().then(secret::password);
                let password = password.or_else(|| told.clone()).unwrap_or_default();
                users::set_password(service, &login, &password).await?;
                Ok(Done::Password(told))
            }
            Self::Backup { out } => backup(service, out, said).await,
        }
    }
}

/// The hash of a password, and the password itself if it was made up.
async fn hashed(password: Option<String>) -> Result<(String, Option<String>), Refused> {
    if let Some(password) = &password {
        passwords::check("password", password)?;
    }
    let told = password.is_none().then(secret::password);
    let password = password.or_else(|| told.clone()).unwrap_or_default();
    Ok((passwords::hash(&password).await?, told))
}

async fn backup(
    service: &Service,
    out: PathBuf,
    said: mpsc::Sender<Progress>,
) -> Result<Done, Refused> {
    let files = service.blobs.root().ok_or_else(|| {
        kinora_store::Error::Unavailable("the files are not in a folder".to_owned())
    })?;
    let kv = std::sync::Arc::clone(service.store.kv());
    let told = move |progress| {
        // Whoever does not listen fast enough misses a number, not the backup.
        let _full = said.try_send(match progress {
            transfer::Progress::Files(count) => Progress::Files(count),
            transfer::Progress::Rows(count) => Progress::Rows(count),
        });
    };
    let moved = transfer::backup(kv, files, &out, told).await?;
    let missing = moved.missing.iter().map(ToString::to_string).collect();
    Ok(Done::Backup { rows: moved.rows, files: moved.files, missing })
}
