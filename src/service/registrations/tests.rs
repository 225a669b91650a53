//! Joining: open, by approval, closed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use super::*;
use crate::config::{Accounts, Config};
use crate::stage::Stage;
use crate::{channels, sessions};

const PASSWORD: &str = "correct horse";

async fn stage(registration: Policy) -> Stage {
    let accounts = Accounts { registration, ..Accounts::default() };
    Stage::with(Config { accounts, ..Config::default() }).await
}

fn ana() -> Application {
    Application {
        username: Name::parse("ana").unwrap(),
        email: "ana@example.org".to_owned(),
        password: PASSWORD.to_owned(),
        display_name: Some(DisplayName::parse("Ana").unwrap()),
        channel: Some(Name::parse("films").unwrap()),
        channel_display_name: Some(DisplayName::parse("Films of Ana").unwrap()),
    }
}

fn reason(text: &str) -> Reason {
    Reason::parse(text).unwrap()
}

#[tokio::test]
async fn where_registration_is_open_people_join_at_once() {
    let stage = stage(Policy::Open).await;
    let created = register(&stage.service, &ana()).await.unwrap();
    let tokens = sessions::log_in(&stage.service, "ana", PASSWORD).await.unwrap();
    let viewer = sessions::viewer(&stage.service, &tokens.access).await.unwrap();
    assert_eq!(viewer.account, created.account);
    let channels = channels::of_account(&stage.service, created.account).await.unwrap();
    assert_eq!(channels[0].name.as_str(), "films");
    assert_eq!(channels[0].display_name.as_str(), "Films of Ana");
    let again = request(&stage.service, &ana(), &reason("please")).await;
    assert!(matches!(again, Err(Error::RegistrationClosed)));
}

#[tokio::test]
async fn where_it_is_closed_nobody_joins() {
    let stage = stage(Policy::Closed).await;
    assert!(matches!(register(&stage.service, &ana()).await, Err(Error::RegistrationClosed)));
    let asked = request(&stage.service, &ana(), &reason("please")).await;
    assert!(matches!(asked, Err(Error::RegistrationClosed)));
}

#[tokio::test]
async fn a_request_waits_and_once_accepted_lets_in() {
    let stage = stage(Policy::Approval).await;
    let service = &stage.service;
    assert!(matches!(register(service, &ana()).await, Err(Error::RegistrationClosed)));
    let asked = request(service, &ana(), &reason("I make films")).await.unwrap();
    for login in ["ana", "ana@example.org", "ANA"] {
        let waits = sessions::log_in(service, login, PASSWORD).await;
        assert!(matches!(waits, Err(Error::AwaitsApproval)), "{login}");
    }
    let created = accept(service, asked.id, &reason("welcome")).await.unwrap();
    assert!(sessions::log_in(service, "ana", PASSWORD).await.is_ok());
    assert!(sessions::log_in(service, "ana@example.org", PASSWORD).await.is_ok());
    let channels = channels::of_account(service, created.account).await.unwrap();
    assert_eq!(channels[0].name.as_str(), "films");
    let kept = &list(service).await.unwrap()[0];
    assert_eq!(kept.answer, Answer::Accepted { user: created.user, response: reason("welcome") });
    assert_eq!(kept.password, "", "the password is not kept twice");
    assert!(matches!(accept(service, asked.id, &reason("welcome")).await, Err(Error::Refused(_))));
}

#[tokio::test]
async fn a_request_without_a_channel_gets_the_usual_one() {
    let stage = stage(Policy::Approval).await;
    let plain = Application { channel: None, ..ana() };
    let asked = request(&stage.service, &plain, &reason("please")).await.unwrap();
    let created = accept(&stage.service, asked.id, &reason("ok")).await.unwrap();
    let channels = channels::of_account(&stage.service, created.account).await.unwrap();
    assert_eq!(channels[0].name.as_str(), "ana_channel");
}

#[tokio::test]
async fn a_waiting_request_holds_its_names_and_a_rejected_one_frees_them() {
    let stage = stage(Policy::Approval).await;
    let service = &stage.service;
    let asked = request(service, &ana(), &reason("please")).await.unwrap();
    let same_name = Application { email: "b@b.org".to_owned(), channel: None, ..ana() };
    let same_email = Application { username: Name::parse("bob").unwrap(), channel: None, ..ana() };
    let same_channel =
        Application { username: Name::parse("bob").unwrap(), email: "b@b.org".to_owned(), ..ana() };
    for other in [&same_name, &same_email, &same_channel] {
        let taken = request(service, other, &reason("please")).await;
        assert!(matches!(taken, Err(Error::Taken(_))), "{taken:?}");
    }
    reject(service, asked.id, &reason("no")).await.unwrap();
    let refused = sessions::log_in(service, "ana", PASSWORD).await;
    assert!(matches!(refused, Err(Error::Rejected)));
    request(service, &same_channel, &reason("please")).await.unwrap();
    let again = Application { channel: None, ..ana() };
    request(service, &again, &reason("please again")).await.unwrap();
    // What is told is about the newest request.
    let waits = sessions::log_in(service, "ana", PASSWORD).await;
    assert!(matches!(waits, Err(Error::AwaitsApproval)));
}

#[tokio::test]
async fn a_removed_request_frees_its_names() {
    let stage = stage(Policy::Approval).await;
    let service = &stage.service;
    let asked = request(service, &ana(), &reason("please")).await.unwrap();
    delete(service, asked.id).await.unwrap();
    assert!(list(service).await.unwrap().is_empty());
    request(service, &ana(), &reason("please")).await.unwrap();
    assert!(matches!(delete(service, asked.id).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn of_two_answers_at_once_one_counts() {
    let stage = stage(Policy::Approval).await;
    let service = &stage.service;
    let asked = request(service, &ana(), &reason("please")).await.unwrap();
    let (yes, no) = (reason("yes"), reason("no"));
    let (accepted, rejected) =
        tokio::join!(accept(service, asked.id, &yes), reject(service, asked.id, &no));
    assert!(accepted.is_ok() != rejected.is_ok());
}
