//! Users: made, changed, blocked, removed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use kinora_model::channel::CHANNELS_MAX;
use kinora_model::text::Title;
use kinora_store::tables::channels_by_account;

use super::*;
use crate::stage::Stage;
use crate::{Viewer, channels, sessions};

const PASSWORD: &str = "correct horse";

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

async fn made(service: &Service, text: &str, role: Role) -> Viewer {
    let hash = passwords::hash(PASSWORD).await.unwrap();
    let email = format!("{text}@example.org");
    let new = NewUser { role, ..NewUser::named(service, name(text), email, hash) };
    let created = create(service, &new).await.unwrap();
    Viewer { user: created.user, account: created.account, role }
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let first = ensure_administrator(service, None).await.unwrap().unwrap();
    assert_eq!(first.name, "root");
    let password = first.password.unwrap();
    assert_eq!(password.len(), 20);
    let tokens = sessions::log_in(service, "root", &password).await.unwrap();
    let viewer = sessions::viewer(service, &tokens.access).await.unwrap();
    assert_eq!(viewer.role, Role::Administrator);
    let channels = channels::of_account(service, viewer.account).await.unwrap();
    assert_eq!(channels[0].name.as_str(), "root_channel");
    assert!(ensure_administrator(service, None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_given_administrators_password_is_not_repeated() {
    let stage = Stage::new().await;
    let given = Some(PASSWORD.to_owned());
    let first = ensure_administrator(&stage.service, given).await.unwrap().unwrap();
    assert_eq!(first.password, None);
    assert!(sessions::log_in(&stage.service, "root", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn names_and_addresses_belong_to_one() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    let again = |new: NewUser| async move { create(service, &new).await };
    let named =
        |text, email: &str| NewUser::named(service, name(text), email.to_owned(), String::new());
    assert!(matches!(again(named("ana", "b@b.org")).await, Err(Error::Taken("The username"))));
    assert!(matches!(again(named("bob", "ana@example.org")).await, Err(Error::Taken(_))));
    // A channel's name is a handle as well.
    assert!(matches!(again(named("ana_channel", "c@c.org")).await, Err(Error::Taken(_))));
    let own = NewUser { channel: Some(name("bob")), ..named("bob", "b@b.org") };
    assert!(matches!(again(own).await, Err(Error::Invalid { .. })));
    let taken = NewUser { channel: Some(name("ana")), ..named("bob", "b@b.org") };
    assert!(matches!(again(taken).await, Err(Error::Taken("The channel name"))));
    assert_eq!(service.store.count(&channels_by_account(ana.account)).await.unwrap(), 1);
    assert!(names::holder(service, "bob").await.unwrap().is_none(), "nothing half done stays");
}

#[tokio::test]
async fn the_first_channel_gets_a_free_name() {
    let stage = Stage::new().await;
    let service = &stage.service;
    made(service, "ana_channel", Role::User).await;
    let ana = made(service, "ana", Role::User).await;
    let channels = channels::of_account(service, ana.account).await.unwrap();
    assert_eq!(channels[0].name.as_str(), "ana_channel1");
    let long = "x".repeat(50);
    let long = made(service, &long, Role::User).await;
    let channels = channels::of_account(service, long.account).await.unwrap();
    assert!(channels[0].name.as_str().ends_with("x_channel"));
}

#[tokio::test]
async fn of_two_who_want_a_name_at_once_one_gets_it() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let new = |email: &str| NewUser::named(service, name("ana"), email.to_owned(), String::new());
    let (one, other) = (new("a@a.org"), new("b@b.org"));
    let (a, b) = tokio::join!(create(service, &one), create(service, &other));
    assert_eq!([a.is_ok(), b.is_ok()].iter().filter(|won| **won).count(), 1);
}

#[test]
fn addresses_are_checked_and_folded() {
    assert_eq!(email(" Ana@Example.ORG ").unwrap(), "ana@example.org");
    for wrong in ["", "ana", "@b.org", "ana@", "a b@c.org", "a@b@c", "a\n@b.org", "<a>@b.org"] {
        assert!(email(wrong).is_err(), "{wrong:?}");
    }
    assert!(email(&format!("{}@b.org", "a".repeat(300))).is_err());
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    let here = sessions::log_in(service, "ana", PASSWORD).await.unwrap();
    let there = sessions::log_in(service, "ana", PASSWORD).await.unwrap();
    let keep = sessions::id_of(service, &here.access).await.unwrap();
    let mut change =
        MyChange { password: Some("battery staple".to_owned()), ..MyChange::default() };
    assert!(matches!(update_me(service, &ana, &change, keep).await, Err(Error::Invalid { .. })));
    change.current_password = Some("wrong".to_owned());
    assert!(matches!(update_me(service, &ana, &change, keep).await, Err(Error::WrongPassword)));
    change.current_password = Some(PASSWORD.to_owned());
    update_me(service, &ana, &change, keep).await.unwrap();
    assert!(sessions::viewer(service, &here.access).await.is_ok());
    assert!(sessions::viewer(service, &there.access).await.is_err());
    assert!(sessions::log_in(service, "ana", PASSWORD).await.is_err());
    assert!(sessions::log_in(service, "ana", "battery staple").await.is_ok());
}

#[tokio::test]
async fn people_change_what_they_say_of_themselves() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    let change = MyChange {
        display_name: Some(DisplayName::parse("Ana 🎬").unwrap()),
        description: Some(kinora_model::text::About::parse("hi").unwrap()),
        sensitive: Some(SensitivePolicy::Hide),
        language: Some(Some("fr".to_owned())),
        theme: Some("dark".to_owned()),
        ..MyChange::default()
    };
    update_me(service, &ana, &change, None).await.unwrap();
    let account = names::account(service, "ana").await.unwrap();
    assert_eq!(account.display_name.as_str(), "Ana 🎬");
    let user = get(service, ana.user).await.unwrap().unwrap();
    assert_eq!((user.sensitive, user.theme.as_str()), (SensitivePolicy::Hide, "dark"));
    let wrong = MyChange { theme: Some("x".to_owned()), ..MyChange::default() };
    assert!(update_me(service, &ana, &wrong, None).await.is_err());
    let events = stage.events().await;
    assert_eq!(events.last(), Some(&Event::AccountUpdated { account: ana.account }));
}

#[tokio::test]
async fn a_changed_address_logs_in_and_frees_the_old_one() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    made(service, "bob", Role::User).await;
    let change = |email: &str| MyChange {
        email: Some(email.to_owned()),
        current_password: Some(PASSWORD.to_owned()),
        ..MyChange::default()
    };
    let taken = update_me(service, &ana, &change("bob@example.org"), None).await;
    assert!(matches!(taken, Err(Error::Taken(_))));
    update_me(service, &ana, &change("new@example.org"), None).await.unwrap();
    assert!(sessions::log_in(service, "new@example.org", PASSWORD).await.is_ok());
    assert!(by_login(service, "ana@example.org").await.unwrap().is_none());
}

#[tokio::test]
async fn rights_decide_who_may_change_whom() {
    let stage = Stage::new().await;
    let service = &stage.service;
    ensure_administrator(service, Some(PASSWORD.to_owned())).await.unwrap();
    let root = by_login(service, "root").await.unwrap().unwrap();
    let root = Viewer { user: root.id, account: root.account, role: root.role };
    let admin = made(service, "admin", Role::Administrator).await;
    let moderator = made(service, "moderator", Role::Moderator).await;
    let user = made(service, "user", Role::User).await;
    let promote = Change { role: Some(Role::Administrator), ..Change::default() };
    let quota = Change { quota_bytes: Some(Some(5)), ..Change::default() };
    let allowed = [
        (&admin, user.user, &quota),
        (&moderator, user.user, &quota),
        (&root, admin.user, &quota),
        (&admin, moderator.user, &quota),
    ];
    for (who, whom, change) in allowed {
        update(service, who, whom, change).await.unwrap();
    }
    let refused = [
        (&user, admin.user, &quota),
        (&user, user.user, &promote),
        (&moderator, admin.user, &quota),
        (&moderator, user.user, &promote),
        (&admin, root.user, &quota),
    ];
    for (who, whom, change) in refused {
        assert!(matches!(update(service, who, whom, change).await, Err(Error::Forbidden(_))));
    }
    assert!(block(service, &admin, root.user, "").await.is_err());
    assert!(delete(service, &admin, root.user).await.is_err());
    assert!(delete_me(service, &root).await.is_err());
    let down = Change { role: Some(Role::User), ..Change::default() };
    assert!(update(service, &root, root.user, &down).await.is_err());
}

#[tokio::test]
async fn blocked_people_are_out_at_once_and_told_so() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let admin = made(service, "admin", Role::Administrator).await;
    let ana = made(service, "ana", Role::User).await;
    let tokens = sessions::log_in(service, "ana", PASSWORD).await.unwrap();
    block(service, &admin, ana.user, "spam").await.unwrap();
    assert!(sessions::viewer(service, &tokens.access).await.is_err());
    assert!(sessions::refresh(service, &tokens.refresh).await.is_err());
    let refused = sessions::log_in(service, "ana", PASSWORD).await;
    assert!(matches!(refused, Err(Error::Blocked(reason)) if reason == "spam"));
    unblock(service, &admin, ana.user).await.unwrap();
    assert!(sessions::log_in(service, "ana", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn whoever_leaves_takes_all_they_published_and_their_name_stays_held() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    let channel = channels::of_account(service, ana.account).await.unwrap()[0].id;
    let tokens = sessions::log_in(service, "ana", PASSWORD).await.unwrap();
    let video = stage
        .video("a film", |video| {
            video.words.title = Title::parse("hers").unwrap();
            (video.channel, video.account) = (channel, ana.account);
        })
        .await;
    delete_me(service, &ana).await.unwrap();
    assert!(stage.read(video.id).await.is_none());
    assert!(channels::of_account(service, ana.account).await.unwrap().is_empty());
    assert!(sessions::viewer(service, &tokens.access).await.is_err());
    assert!(matches!(names::account(service, "ana").await, Err(Error::NotFound(_))));
    let new = NewUser::named(service, name("ana"), "x@y.org".to_owned(), String::new());
    assert!(matches!(create(service, &new).await, Err(Error::Taken(_))));
    let events = stage.events().await;
    assert!(events.contains(&Event::VideoDeleted { video: video.id }));
    assert_eq!(events.last(), Some(&Event::AccountDeleted { account: ana.account }));
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_channels() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let ana = made(service, "ana", Role::User).await;
    let own = channels::create(service, &ana, &channel("ana")).await;
    assert!(matches!(own, Err(Error::Taken(_))), "an account's name is no channel's");
    for number in 1..CHANNELS_MAX {
        let new = channel(&format!("c{number}"));
        channels::create(service, &ana, &new).await.unwrap();
    }
    let beyond = channels::create(service, &ana, &channel("beyond")).await;
    assert!(matches!(beyond, Err(Error::Refused(_))));
    assert!(names::holder(service, "beyond").await.unwrap().is_none());
}

fn channel(text: &str) -> channels::NewChannel {
    channels::NewChannel {
        name: name(text),
        display_name: DisplayName::parse(text).unwrap(),
        description: None,
        support: None,
    }
}

#[tokio::test]
async fn users_are_listed_and_filtered() {
    let stage = Stage::new().await;
    let service = &stage.service;
    let admin = made(service, "zoe", Role::Administrator).await;
    let ana = made(service, "ana", Role::User).await;
    block(service, &admin, ana.user, "").await.unwrap();
    let found = |filter: Filter, order| async move {
        let list = list(service, &filter, order, false).await.unwrap();
        list.into_iter().map(|found| found.account.name.to_string()).collect::<Vec<_>>()
    };
    let all = found(Filter::default(), Order::Name).await;
    assert_eq!(all, ["ana", "owner", "stranger", "zoe"]);
    let blocked = Filter { blocked: Some(true), ..Filter::default() };
    assert_eq!(found(blocked, Order::CreatedAt).await, ["ana"]);
    let role = Filter { role: Some(Role::Administrator), ..Filter::default() };
    assert_eq!(found(role, Order::CreatedAt).await, ["zoe"]);
    let search = Filter { search: Some("EXAMPLE".to_owned()), ..Filter::default() };
    assert_eq!(found(search, Order::Role).await, ["zoe", "ana"]);
}
