//! Whatever JSON comes: reading it ends, and what is kept of it can be written and read again without a change.
#![no_main]

use kinora_activity::actor::Actor;
use kinora_activity::collection::{Collection, Page};
use kinora_activity::key::PublicKey;
use kinora_activity::note::Note;
use kinora_activity::proof;
use kinora_activity::verb::{Activity, Audience};
use kinora_activity::video::Video;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// A key that nobody here can sign with: of the vector of FEP-8b32.
const KEY: &str = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

fuzz_target!(|bytes: &[u8]| {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else { return };
    objects(&json);
    let _ = (Collection::read(&json).is_ok(), Page::read(&json).is_ok());
    if let Ok(activity) = Activity::read(&json) {
        let _ = activity.object_id();
        if let Some(object) = activity.embedded() {
            objects(object);
        }
    }
    if proof::proof_key_id(&json).is_some() {
        let key = PublicKey::from_multibase(KEY).expect("the key is one");
        let _ = proof::check_proof(&json, &key).is_ok();
    }
});

fn objects(json: &Value) {
    let nobody = Audience::default();
    if let Ok(actor) = Actor::read(json) {
        let once = Actor::read(&actor.write()).expect("an actor that was written is one");
        assert_eq!(Actor::read(&once.write()).expect("and again"), once);
    }
    if let Ok(note) = Note::read(json) {
        let once = Note::read(&note.write(&nobody)).expect("words that were written are some");
        assert_eq!(Note::read(&once.write(&nobody)).expect("and again"), once);
    }
    if let Ok(video) = Video::read(json) {
        let once = Video::read(&video.write(&nobody)).expect("a video that was written is one");
        assert_eq!(Video::read(&once.write(&nobody)).expect("and again"), once);
    }
}
