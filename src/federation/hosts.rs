//! Other servers: which of them this node talks with.

use kinora_model::host::Host;
use kinora_model::instance::{DomainLevel, DomainRule};
use kinora_service::Service;

use crate::error::Error;

/// The most labels of a domain that rules are looked up for.
const LABELS_MAX: usize = 32;

/// True if the rules of this node forbid all talk with a host: the longest rule that fits counts.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn is_blocked(service: &Service, host: &Host) -> Result<bool, Error> {
    let keys: Vec<_> = above(host.domain()).map(|domain| domain.as_bytes().to_vec()).collect();
    let rules = service.store.get_many::<DomainRule>(&keys).await?;
    Ok(rules.into_iter().flatten().next().is_some_and(|rule| rule.level == DomainLevel::Block))
}

/// A domain and those above it, the longest first.
fn above(domain: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(domain);
    let next = move || {
        let longest = rest?;
        rest = longest.split_once('.').map(|(_, above)| above);
        Some(longest)
    };
    std::iter::from_fn(next).take(LABELS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_looked_for_from_the_longest_domain_up() {
        let all: Vec<_> = above("a.b.example").collect();
        assert_eq!(all, ["a.b.example", "b.example", "example"]);
    }
}
