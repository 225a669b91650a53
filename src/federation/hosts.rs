//! Other servers: how many of them this node hears of at once.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kinora_model::clock::Timestamp;
use kinora_model::host::Host;

/// Hosts of one registered domain that are asked for the first time within [`STRANGERS_EVERY`]; one who owns a domain
/// makes as many hosts below it as they like.
pub(crate) const STRANGERS_MAX: usize = 10;

/// The span in which new hosts of one domain are counted.
pub(crate) const STRANGERS_EVERY: Duration = Duration::from_secs(60);

/// Domains whose hosts are counted.
const DOMAINS_MAX: usize = 4096;

/// Labels under which many countries register.
const SHARED_LABELS: [&str; 9] = ["ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"];

/// The hosts of a domain that were asked for lately.
type Lately = (Timestamp, HashSet<Host>);

/// Counts how many hosts of each domain are asked for.
#[derive(Debug, Default)]
pub(crate) struct Strangers(Mutex<HashMap<String, Lately>>);

impl Strangers {
    /// True if a host may be asked: it is one of the first of its domain lately.
    pub(crate) fn may_ask(&self, host: &Host, now: Timestamp) -> bool {
        let mut domains = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |since: Timestamp| now.since(since) >= STRANGERS_EVERY;
        if domains.len() >= DOMAINS_MAX {
            domains.retain(|_, (since, _)| !is_old(*since));
        }
        if domains.len() >= DOMAINS_MAX {
            return false;
        }
        let (since, hosts) = domains
            .entry(registered(host.domain()).to_owned())
            .or_insert_with(|| (now, HashSet::new()));
        if is_old(*since) {
            (*since, *hosts) = (now, HashSet::new());
        }
        if hosts.contains(host) {
            return true;
        }
        hosts.len() < STRANGERS_MAX && hosts.insert(host.clone())
    }
}

/// The part of a domain that somebody registered, as well as that can be told without a list.
fn registered(domain: &str) -> &str {
    let mut ends = domain.rmatch_indices('.').map(|(at, _)| at.saturating_add(1));
    let (first, second, third) = (ends.next(), ends.next(), ends.next());
    let Some(first) = first else { return domain };
    let label = domain.get(second.unwrap_or(0)..first.saturating_sub(1)).unwrap_or_default();
    let shared = SHARED_LABELS.contains(&label) && domain.len().saturating_sub(first) == 2;
    let begin = if shared { third.or(second.map(|_| 0)) } else { second };
    domain.get(begin.unwrap_or(0)..).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_registered_domain_is_what_stands_before_the_shared_labels() {
        for (domain, wanted) in [
            ("a.b.example.org", "example.org"),
            ("example.org", "example.org"),
            ("localhost", "localhost"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("a.co.uk.org", "uk.org"),
        ] {
            assert_eq!(registered(domain), wanted, "{domain}");
        }
    }

    #[test]
    fn new_hosts_of_one_domain_are_few_a_minute() {
        let strangers = Strangers::default();
        let start = Timestamp::from_ms(0);
        let asked = |number: u32, now| {
            let host = Host::parse(&format!("h{number}.evil.example")).unwrap();
            strangers.may_ask(&host, now)
        };
        let allowed = (0..1000).filter(|number| asked(*number, start)).count();
        assert_eq!(allowed, STRANGERS_MAX);
        assert!(asked(0, start), "a host that is known by now is no stranger");
        assert!(strangers.may_ask(&Host::parse("good.example").unwrap(), start));
        assert!(asked(999, start.after(STRANGERS_EVERY)));
    }
}
