//! What may come from other servers and go to them: rules for domains, and what follows from a change of them.

mod domains;
mod rules;

pub use domains::{DOMAIN_LEN_MAX, Domains, RULES_MAX, parse_domain};
pub use rules::{Changed, Reason, list, remove, set};
