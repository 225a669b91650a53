//! Trying again when someone else was faster.

use std::future::Future;

use crate::error::Error;

/// How often a use case reads its rows and tries to land its batch.
pub const ATTEMPTS_MAX: u32 = 16;

/// Runs `work` again as long as another commit changed what it had read, at most [`ATTEMPTS_MAX`] times. `work` must
/// read all rows anew each time.
///
/// # Errors
/// Those of `work`; a conflict only after the last try.
pub async fn attempt<T, W, F>(mut work: W) -> Result<T, Error>
where
    W: FnMut() -> F,
    F: Future<Output = Result<T, Error>>,
{
    for _ in 1..ATTEMPTS_MAX {
        match work().await {
            Err(Error::Store(kinora_store::Error::Conflict)) => tokio::task::yield_now().await,
            end => return end,
        }
    }
    work().await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn conflicts_are_tried_again_and_other_errors_are_not() {
        let tries = Cell::new(0);
        let conflict_twice = || async {
            tries.set(tries.get() + 1);
            if tries.get() < 3 {
                Err(kinora_store::Error::Conflict.into())
            } else {
                Ok(tries.get())
            }
        };
        assert_eq!(attempt(conflict_twice).await.unwrap(), 3);

        tries.set(0);
        let refuse = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(Error::NotFound("Video"))
        };
        assert!(matches!(attempt(refuse).await, Err(Error::NotFound("Video"))));
        assert_eq!(tries.get(), 1);
    }

    #[tokio::test]
    async fn an_endless_conflict_ends() {
        let tries = Cell::new(0);
        let conflict = || async {
            tries.set(tries.get() + 1);
            Err::<(), Error>(kinora_store::Error::Conflict.into())
        };
        assert!(attempt(conflict).await.is_err());
        assert_eq!(tries.get(), ATTEMPTS_MAX);
    }
}
