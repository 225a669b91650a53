#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "tests"
)]

use kinora_model::clock::Timestamp;
use kinora_model::host::Host;
use kinora_model::text::{Tag, Title};
use kinora_model::video::{Privacy, RemoteVideo, Source, VideoState, VideoWords};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn video(number: u64) -> Video {
    let title = Title::parse(&format!("Title {}", number * 7 % 13)).unwrap();
    let mut words = VideoWords::titled(title);
    words.privacy = Privacy::ALL[(number % 5 % 4) as usize];
    words.category = (!number.is_multiple_of(3)).then_some((number % 3) as u8);
    words.sensitive = number.is_multiple_of(4);
    words.language = number.is_multiple_of(2).then(|| "fr".to_owned());
    words.tags = (0..number % 3).map(|tag| Tag::parse(&format!("tag{tag}")).unwrap()).collect();
    let at = Timestamp::from_ms((number * 37 % 100) as i64);
    Video {
        id: Id::from_raw(number),
        uuid: Uuid::from_u128(number.into()),
        channel: Id::from_raw(number % 6),
        account: Id::from_raw(number % 2),
        words,
        state: if number % 7 == 1 { VideoState::Processing } else { VideoState::Published },
        failure: None,
        source: Source { filename: String::new(), bytes: 1, kept: false },
        footage: None,
        thumbnail: None,
        thumbnail_chosen: false,
        candidates: Vec::new(),
        storyboard: None,
        created_at: at,
        updated_at: at,
        published_at: Some(at),
        remote: host(number).map(|host| elsewhere(number, host)),
    }
}

fn hosts() -> Vec<Host> {
    ["a.example", "b.example"].into_iter().filter_map(Host::parse).collect()
}

fn host(number: u64) -> Option<Host> {
    hosts().get((number % 11 % 3) as usize).cloned()
}

fn elsewhere(number: u64, host: Host) -> RemoteVideo {
    RemoteVideo {
        uri: format!("https://{host}/{number}").parse().unwrap(),
        host,
        url: None,
        embed: None,
        thumbnails: Vec::new(),
        hls: None,
        files: Vec::new(),
        captions: Vec::new(),
        trackers: Vec::new(),
        comments: None,
        shares: None,
        likes: None,
        dislikes: None,
        live: false,
        fetched_at: Timestamp::from_ms(0),
        manifest: None,
    }
}

fn counts(number: u64) -> Counts {
    Counts { views: number * 31 % 17, likes: number % 5, ..Counts::default() }
}

/// What the index is to answer, the long way.
fn naively(videos: &[u64], query: &Query) -> (u64, Vec<Id<Video>>) {
    let filter = &query.filter;
    let mut matching: Vec<_> = videos
        .iter()
        .map(|number| (video(*number), counts(*number)))
        .filter(|(it, _)| {
            let tags: Vec<_> = it.words.tags.iter().map(Tag::to_string).collect();
            (filter.privacies.is_empty() || filter.privacies.contains(&it.words.privacy))
                && (filter.states.is_empty() || filter.states.contains(&it.state))
                && filter.sensitive.is_none_or(|wanted| wanted == it.words.sensitive)
                && (filter.categories.is_empty()
                    || it.words.category.is_some_and(|c| filter.categories.contains(&c)))
                && (filter.languages.is_empty() || filter.languages.contains(&it.words.language))
                && (filter.tags_one_of.is_empty()
                    || filter.tags_one_of.iter().any(|tag| tags.contains(tag)))
                && filter.tags_all_of.iter().all(|tag| tags.contains(tag))
                && (filter.channels.is_empty() || filter.channels.contains(&it.channel))
                && filter.local.is_none_or(|local| local == it.is_local())
                && filter
                    .host
                    .as_ref()
                    .is_none_or(|host| it.remote.as_ref().is_some_and(|it| it.host == *host))
                && !it.remote.as_ref().is_some_and(|it| filter.except_hosts.contains(&it.host))
                && filter.account.is_none_or(|account| account == it.account)
                && filter.search.as_ref().is_none_or(|word| {
                    it.words.title.as_str().to_lowercase().contains(&word.to_lowercase())
                })
        })
        .collect();
    matching.sort_by(|(one, one_counts), (other, other_counts)| {
        let by = match query.order {
            Order::Name => one.words.title.as_str().cmp(other.words.title.as_str()),
            Order::Views => one_counts.views.cmp(&other_counts.views),
            _ => one.published_at.cmp(&other.published_at),
        };
        let by = by.then(one.id.cmp(&other.id));
        if query.descending { by.reverse() } else { by }
    });
    let page = matching.iter().skip(query.start).take(query.count).map(|(it, _)| it.id).collect();
    (matching.len() as u64, page)
}

fn queries() -> impl Strategy<Value = Query> {
    let filter = (
        proptest::sample::subsequence(Privacy::ALL.to_vec(), 0..3),
        prop::option::of(any::<bool>()),
        proptest::sample::subsequence(vec![0_u8, 1, 2], 0..2),
        proptest::sample::subsequence(vec![None, Some("fr".to_owned())], 0..2),
        proptest::sample::subsequence(vec!["tag0".to_owned(), "tag1".to_owned()], 0..2),
        proptest::sample::subsequence(vec!["tag0".to_owned(), "tag1".to_owned()], 0..3),
        prop::option::of(0_u64..3),
        prop::option::of("(title|1|2)"),
        prop::option::of(any::<bool>()),
        proptest::sample::subsequence(hosts(), 0..2),
    );
    let order = prop::sample::select(vec![Order::Published, Order::Name, Order::Views]);
    (filter, order, any::<bool>(), 0_usize..20, 0_usize..30).prop_map(
        |(filter, order, descending, start, count)| {
            let (
                privacies,
                sensitive,
                categories,
                languages,
                tags_one_of,
                tags_all_of,
                account,
                search,
                local,
                except_hosts,
            ) = filter;
            let host = (start == 3).then(|| hosts()[0].clone());
            let filter = Filter {
                privacies,
                sensitive,
                categories,
                languages,
                tags_one_of,
                tags_all_of,
                account: account.map(Id::from_raw),
                search,
                local,
                host,
                except_hosts,
                ..Filter::default()
            };
            Query { filter, order, descending, start, count }
        },
    )
}

proptest! {
    #[test]
    fn every_filter_and_order_answers_as_the_long_way_does(
        loaded in prop::collection::vec(1_u64..60, 0..60),
        put in prop::collection::vec(1_u64..60, 0..30),
        removed in prop::collection::vec(1_u64..60, 0..30),
        query in queries(),
    ) {
        let mut index = Index::default();
        let mut known = std::collections::BTreeSet::new();
        for number in loaded {
            if known.insert(number) {
                index.load(&video(number), counts(number));
            }
        }
        index.sort();
        for number in put {
            // Changed first, then changed back: the old places must be gone.
            let mut other = video(number + 100);
            other.id = Id::from_raw(number);
            index.put(&other, Counts::default());
            index.put(&video(number), counts(number));
            known.insert(number);
        }
        for number in removed {
            index.remove(Id::from_raw(number));
            known.remove(&number);
        }
        let known: Vec<_> = known.into_iter().collect();
        prop_assert_eq!(index.find(&query), naively(&known, &query));
        prop_assert_eq!(index.count(&query.filter), naively(&known, &query).0);
    }
}

#[test]
fn long_lists_are_walked_and_short_ones_sorted_to_the_same_effect() {
    let mut index = Index::default();
    let all: Vec<u64> = (1..2_000).collect();
    all.iter().for_each(|number| index.load(&video(*number), counts(*number)));
    index.sort();
    for order in [Order::Published, Order::Name, Order::Views] {
        for descending in [true, false] {
            let query = Query { order, descending, start: 37, count: 50, ..Query::default() };
            assert_eq!(index.find(&query), naively(&all, &query), "{order:?}");
        }
    }
}
