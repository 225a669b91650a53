//! Rules for domains, as every path asks them: in memory, the longest that fits counts.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use kinora_model::host::Host;
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_store::Store;

use crate::error::Error;

/// The most rules that are kept.
pub const RULES_MAX: usize = 100_000;

/// The longest domain in bytes (RFC 1035, 2.3.4).
pub const DOMAIN_LEN_MAX: usize = 253;

/// Labels under which everybody gets a domain in many countries (`co.uk`): a rule for such would hit strangers.
const SHARED_LABELS: [&str; 10] =
    ["ac", "co", "com", "edu", "gob", "gov", "ne", "net", "or", "org"];

/// The rules for domains, kept in memory beside their rows.
#[derive(Debug, Default)]
pub struct Domains {
    rules: RwLock<Arc<HashMap<String, DomainRule>>>,
    ours: Option<Host>,
}

impl Domains {
    /// No rules, for a node that lives at `ours`: no rule is ever about that host itself.
    #[must_use]
    pub fn new(ours: Option<Host>) -> Self {
        Self { rules: RwLock::default(), ours }
    }

    /// Reads the rules from their rows, at most [`RULES_MAX`].
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn load(&self, store: &Store) -> Result<(), Error> {
        let rows = store.list::<DomainRule>(&[], RULES_MAX).await?;
        let rules = rows.into_iter().map(|row| (row.domain.clone(), row.into_row())).collect();
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        Ok(())
    }

    /// The rules as they are now, by domain.
    #[must_use]
    pub fn all(&self) -> Arc<HashMap<String, DomainRule>> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is allowed for a server; everything, if no rule fits.
    #[must_use]
    pub fn level(&self, host: &Host) -> DomainLevel {
        let rules = self.all();
        if rules.is_empty() || self.ours.as_ref() == Some(host) {
            return DomainLevel::Allow;
        }
        let mut rest = host.domain();
        loop {
            if let Some(rule) = rules.get(rest) {
                return rule.level;
            }
            match rest.split_once('.') {
                Some((_, wider)) => rest = wider,
                None => return DomainLevel::Allow,
            }
        }
    }

    /// True if nothing comes from a server nor goes to it.
    #[must_use]
    pub fn blocks(&self, host: &Host) -> bool {
        self.level(host) == DomainLevel::Block
    }

    /// True if videos of a server are shown to nobody.
    #[must_use]
    pub fn hides_videos(&self, host: &Host) -> bool {
        self.level(host) >= DomainLevel::RejectMedia
    }

    pub(super) fn put(&self, rule: DomainRule) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut rules).insert(rule.domain.clone(), rule);
    }

    pub(super) fn take(&self, domain: &str) {
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut rules).remove(domain);
    }
}

/// Reads the domain of a rule, as people type it: `Example.org`, `*.example.org`, `bücher.example`; a port is passed over.
/// `None` for what is no domain, and for those under which everybody gets one (`com`, `co.uk`).
#[must_use]
pub fn parse_domain(text: &str) -> Option<String> {
    let text = text.trim();
    let host = Host::parse(text.strip_prefix("*.").unwrap_or(text))?;
    let domain = host.domain();
    if domain.len() > DOMAIN_LEN_MAX || domain.contains('*') {
        return None;
    }
    let mut labels = domain.rsplit('.');
    let shared = match (labels.next(), labels.next(), labels.next()) {
        (Some(top), None, _) => !domain.starts_with('[') && top != "localhost",
        (Some(top), Some(second), None) => top.len() == 2 && SHARED_LABELS.contains(&second),
        _ => false,
    };
    (!shared).then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use kinora_model::clock::Timestamp;

    fn rules(rules: &[(&str, DomainLevel)]) -> Domains {
        let domains = Domains::new(Host::parse("ours.example:3000"));
        for (domain, level) in rules {
            let (domain, updated_at) =
                ((*domain).to_owned(), Timestamp::parse("2026-01-01").unwrap());
            domains.put(DomainRule { domain, level: *level, reason: None, updated_at });
        }
        domains
    }

    #[test]
    fn the_longest_rule_that_fits_counts() {
        let domains = rules(&[
            ("bad.example", DomainLevel::Block),
            ("good.bad.example", DomainLevel::Allow),
            ("xn--bcher-kva.example", DomainLevel::Silence),
        ]);
        let level = |host: &str| domains.level(&Host::parse(host).unwrap());
        assert_eq!(level("bad.example"), DomainLevel::Block);
        assert_eq!(level("a.b.BAD.example:8443"), DomainLevel::Block);
        assert_eq!(level("good.bad.example"), DomainLevel::Allow);
        assert_eq!(level("very.good.bad.example"), DomainLevel::Allow);
        assert_eq!(level("notbad.example"), DomainLevel::Allow);
        assert_eq!(level("Bücher.example"), DomainLevel::Silence);
    }

    #[test]
    fn no_rule_is_about_our_own_host() {
        let domains = rules(&[("ours.example", DomainLevel::Block)]);
        assert!(!domains.blocks(&Host::parse("ours.example:3000").unwrap()));
        assert!(domains.blocks(&Host::parse("ours.example").unwrap()));
    }

    #[test]
    fn rules_are_for_domains_that_belong_to_somebody() {
        assert_eq!(parse_domain("*.Bücher.example:80").unwrap(), "xn--bcher-kva.example");
        assert_eq!(parse_domain(" a.co.uk ").unwrap(), "a.co.uk");
        assert_eq!(parse_domain("com.example").unwrap(), "com.example");
        assert_eq!(parse_domain("127.0.0.1").unwrap(), "127.0.0.1");
        assert_eq!(parse_domain("[::1]").unwrap(), "[::1]");
        assert_eq!(parse_domain("localhost").unwrap(), "localhost");
        for bad in ["", "com", "co.uk", "*.com", "*", "*.*.example", "a b", "https://a.example"] {
            assert_eq!(parse_domain(bad), None, "{bad}");
        }
    }
}
