//! Passwords: argon2id, with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane).

use std::sync::LazyLock;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::error::Error;

/// The fewest characters of a password.
pub const LEN_MIN: usize = 6;

/// The most characters of a password.
pub const LEN_MAX: usize = 255;

/// The most bytes of a password.
pub const BYTES_MAX: usize = 4096;

/// A hash of nothing anybody can type: who has no password is verified against it, so that an unknown name takes as
/// long as a wrong password.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Each hash takes 19 MiB and a core: no more at a time than there are cores.
static PLACES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, Into::into)));

/// Checks a new password, named `field` by who sent it.
///
/// # Errors
/// [`Error::Invalid`] if it is too short or too long.
pub fn check(field: &'static str, password: &str) -> Result<(), Error> {
    let characters = password.chars().take(LEN_MAX.saturating_add(1)).count();
    if !(LEN_MIN..=LEN_MAX).contains(&characters) || password.len() > BYTES_MAX {
        return Err(Error::invalid(
            field,
            format!("Should have {LEN_MIN} to {LEN_MAX} characters"),
        ));
    }
    Ok(())
}

/// The hash of a password, in PHC form.
///
/// # Errors
/// [`Error::Io`] if the system gives no memory or no random numbers.
pub async fn hash(password: &str) -> Result<String, Error> {
    let password = password.to_owned();
    let hashed = work(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash: PasswordHash| hash.to_string())
    });
    hashed.await?.map_err(|error| Error::Io(std::io::Error::other(error.to_string())))
}

/// True if the password belongs to the hash; takes as long for `None`, and is false then.
///
/// # Errors
/// [`Error::Io`] if the hash could not be computed.
pub async fn verify(password: &str, hash: Option<&str>) -> Result<bool, Error> {
    if password.len() > BYTES_MAX {
        return Ok(false);
    }
    let (password, known) = (password.to_owned(), hash.is_some());
    let hash = hash.unwrap_or(NOBODY).to_owned();
    let verified = work(move || {
        let hash = PasswordHash::new(&hash).ok();
        hash.is_some_and(|hash| {
            Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
        })
    });
    Ok(verified.await? && known)
}

async fn work<T: Send + 'static>(hash: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    // The semaphore is never closed.
    let _place = PLACES.acquire().await;
    let done = tokio::task::spawn_blocking(hash).await;
    done.map_err(|error| Error::Io(std::io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_and_another_is_not() {
        let hash = hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!verify("wrong horse", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse", None).await.unwrap());
    }

    #[test]
    fn the_hash_of_nobody_can_be_read_so_that_it_takes_its_time() {
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn passwords_have_bounds() {
        assert!(check("password", "12345").is_err());
        assert!(check("password", "éèàçùü").is_ok());
        assert!(check("password", &"x".repeat(256)).is_err());
    }
}
