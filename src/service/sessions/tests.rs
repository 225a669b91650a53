//! Logging in, staying, leaving.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use kinora_model::name::Name;
use kinora_store::tables::sessions_by_user;

use super::*;
use crate::stage::Stage;
use crate::users::{Created, NewUser};

const PASSWORD: &str = "correct horse";

async fn ana(stage: &Stage) -> Created {
    let service = &stage.service;
    let hash = passwords::hash(PASSWORD).await.unwrap();
    let name = Name::parse("ana").unwrap();
    let new = NewUser::named(service, name, "ana@example.org".to_owned(), hash);
    users::create(service, &new).await.unwrap()
}

#[tokio::test]
async fn people_log_in_by_name_or_address_whatever_the_case() {
    let stage = Stage::new().await;
    let created = ana(&stage).await;
    for login in ["ana", "ANA", " ana@Example.org "] {
        let tokens = log_in(&stage.service, login, PASSWORD).await.unwrap();
        let viewer = viewer(&stage.service, &tokens.access).await.unwrap();
        assert_eq!((viewer.user, viewer.account), (created.user, created.account));
    }
    let user = users::get(&stage.service, created.user).await.unwrap().unwrap();
    assert_eq!(user.last_login_at, Some(stage.service.now()));
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_are_told_alike() {
    let stage = Stage::new().await;
    ana(&stage).await;
    for (login, password) in [("ana", "wrong"), ("nobody", PASSWORD), ("ana", ""), ("", "")] {
        let refused = log_in(&stage.service, login, password).await;
        assert!(matches!(refused, Err(Error::WrongPassword)), "{login} {refused:?}");
    }
}

#[tokio::test]
async fn only_hashes_of_tokens_are_kept() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let tokens = log_in(&stage.service, "ana", PASSWORD).await.unwrap();
    let everything = kinora_store::Range { from: vec![0], to: vec![255; 8], reverse: false };
    for (key, value) in stage.service.store.kv().scan(&everything, 10_000).await.unwrap() {
        for token in [&tokens.access, &tokens.refresh] {
            let bytes = token.as_bytes();
            assert!(!key.windows(bytes.len()).any(|part| part == bytes));
            assert!(!value.windows(bytes.len()).any(|part| part == bytes));
        }
    }
    assert!(!format!("{tokens:?}").contains(&tokens.access));
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let service = &stage.service;
    let tokens = log_in(service, "ana", PASSWORD).await.unwrap();
    stage.clock.advance(tokens.access_for - Duration::from_secs(1));
    assert!(viewer(service, &tokens.access).await.is_ok());
    stage.clock.advance(Duration::from_secs(1));
    assert!(matches!(viewer(service, &tokens.access).await, Err(Error::InvalidToken)));
    assert!(refresh(service, &tokens.refresh).await.is_ok());
}

#[tokio::test]
async fn refreshing_rotates_both_tokens() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let service = &stage.service;
    let old = log_in(service, "ana", PASSWORD).await.unwrap();
    let new = refresh(service, &old.refresh).await.unwrap();
    assert!(viewer(service, &new.access).await.is_ok());
    assert!(matches!(viewer(service, &old.access).await, Err(Error::InvalidToken)));
    assert!(matches!(refresh(service, &old.refresh).await, Err(Error::InvalidToken)));
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let service = &stage.service;
    let old = log_in(service, "ana", PASSWORD).await.unwrap();
    let (a, b) = tokio::join!(refresh(service, &old.refresh), refresh(service, &old.refresh));
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|won| **won).count(), 1);
}

#[tokio::test]
async fn a_revoked_session_is_gone_at_once_and_others_stay() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let service = &stage.service;
    let one = log_in(service, "ana", PASSWORD).await.unwrap();
    let other = log_in(service, "ana", PASSWORD).await.unwrap();
    revoke(service, &one.access).await.unwrap();
    revoke(service, &one.access).await.unwrap();
    assert!(viewer(service, &one.access).await.is_err());
    assert!(refresh(service, &one.refresh).await.is_err());
    assert!(viewer(service, &other.access).await.is_ok());
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_sessions() {
    let stage = Stage::new().await;
    let created = ana(&stage).await;
    let service = &stage.service;
    let hash = users::get(service, created.user).await.unwrap().unwrap().password.clone();
    let first = begin(service, created.user, &hash).await.unwrap();
    for _ in 0..SESSIONS_MAX {
        begin(service, created.user, &hash).await.unwrap();
    }
    let kept = service.store.count(&sessions_by_user(created.user)).await.unwrap();
    assert_eq!(kept, SESSIONS_MAX);
    assert!(viewer(service, &first.access).await.is_err());
}

#[tokio::test]
async fn ended_sessions_are_collected() {
    let stage = Stage::new().await;
    ana(&stage).await;
    let service = &stage.service;
    let tokens = log_in(service, "ana", PASSWORD).await.unwrap();
    assert_eq!(collect_ended(service).await.unwrap(), 0);
    stage.clock.advance(tokens.refresh_for);
    log_in(service, "ana", PASSWORD).await.unwrap();
    assert_eq!(collect_ended(service).await.unwrap(), 1);
    assert_eq!(collect_ended(service).await.unwrap(), 0);
}

#[tokio::test]
async fn the_client_is_made_once() {
    let stage = Stage::new().await;
    let (a, b) = tokio::join!(client(&stage.service), client(&stage.service));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!(a, b);
    assert_eq!((a.id.len(), a.secret.len()), (32, 32));
    assert!(is_client(&stage.service, &a.id, &a.secret).await.unwrap());
    assert!(!is_client(&stage.service, &a.id, "guess").await.unwrap());
}
