//! People elsewhere who quote a video.

use kinora_model::instance::DomainLevel;
use kinora_model::job::{Job, Lane};
use kinora_model::outbound::Outbound;
use kinora_model::video::Privacy;
use kinora_store::Batch;
use serde_json::{Value, json};
use url::Url;

use super::house::House;
use crate::documents::Answer;

const QUOTED: &str = "http://home.test/videos/watch/8a5ee3ad-74f9-4814-a483-204b12168ce1";

fn asked(by: &Url, post: &str) -> String {
    json!({ "id": format!("{by}/quotes/1"), "type": "QuoteRequest", "actor": by, "object": QUOTED, "instrument": post })
        .to_string()
}

async fn job(house: &House) -> Option<Outbound> {
    let queue = &house.stage.room.service.queue;
    let leased = queue.lease(Lane::Federate, "test").await.unwrap()?;
    queue.finish(&leased, Batch::default()).await.unwrap();
    match leased.job {
        Job::Federate { outbound } => Some(outbound),
        _ => None,
    }
}

async fn document(house: &House, url: &str) -> Option<Value> {
    let path = Url::parse(url).unwrap().path().to_owned();
    match house.stage.room.document(&path, "").await.ok()? {
        Answer::Document(document) => Some(serde_json::from_slice(&document.body).unwrap()),
        Answer::Elsewhere(_) => None,
    }
}

#[tokio::test]
async fn whoever_may_see_a_video_may_quote_it() {
    let house = House::new().await;
    let room = &house.stage.room;
    let bob = house.stranger("bob", "masto.test").await.origin.unwrap().uri;
    let post = "http://masto.test/users/bob/1";
    room.receive_activity(&asked(&bob, post), &bob).await.unwrap();
    let sent = house.tell(job(&house).await.unwrap()).await;
    let answer = &sent[0].activity;
    assert_eq!(
        (sent[0].kind(), sent[0].inboxes.as_slice()),
        ("Accept", [format!("{bob}/inbox")].as_slice())
    );
    assert_eq!(
        (&answer["object"]["id"], &answer["object"]["instrument"]),
        (&json!(format!("{bob}/quotes/1")), &json!(post))
    );

    let stamp = answer["result"].as_str().unwrap();
    let told = document(&house, stamp).await.unwrap();
    assert_eq!(told["type"], "QuoteAuthorization");
    assert_eq!(
        (&told["interactingObject"], &told["interactionTarget"]),
        (&json!(post), &json!(QUOTED))
    );
    assert_eq!(
        (&told["attributedTo"], &told["id"]),
        (&json!("http://home.test/accounts/ana"), &json!(stamp))
    );

    house.stage.rule("masto.test", DomainLevel::Block).await;
    assert_eq!(document(&house, stamp).await, None, "a rule takes it back");
    assert_eq!(document(&house, &format!("{QUOTED}/quotes/!!")).await, None);
}

#[tokio::test]
async fn what_is_hidden_is_not_quoted() {
    let mut house = House::new().await;
    house.video.words.privacy = Privacy::Private;
    house.put(&house.video.clone()).await;
    let bob = house.stranger("bob", "masto.test").await.origin.unwrap().uri;
    let post = "http://masto.test/users/bob/1";
    assert!(house.stage.room.receive_activity(&asked(&bob, post), &bob).await.is_err());
    assert_eq!(job(&house).await, None);
}

#[tokio::test]
async fn nobody_asks_for_the_posts_of_others() {
    let house = House::new().await;
    let bob = house.stranger("bob", "masto.test").await.origin.unwrap().uri;
    let post = "http://far.test/users/eve/1";
    assert!(house.stage.room.receive_activity(&asked(&bob, post), &bob).await.is_err());
    assert_eq!(job(&house).await, None);
}
