//! Mentions: handles within the words of people here, `@ana` and `@ana@elsewhere.example`.

use std::collections::HashSet;

use kinora_model::account::Account;
use kinora_model::host::{HOST_LEN_MAX, Host};
use kinora_model::name::REMOTE_NAME_LEN_MAX;
use kinora_store::tables::NameHolder;

use crate::error::Error;
use crate::{Service, names};

/// The most people that one text mentions; more are words like others.
pub const MENTIONS_MAX: usize = 20;

/// A handle within a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mention {
    /// The part before the second `@`, in lower case.
    pub name: String,
    /// The server, if one is named.
    pub host: Option<Host>,
}

/// Where a handle stands in a text: its first byte and the one after its last.
struct Place {
    from: usize,
    to: usize,
    mention: Mention,
}

/// The handles in a text, each once, at most [`MENTIONS_MAX`].
#[must_use]
pub fn in_text(text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for place in places(text) {
        if !found.contains(&place.mention) {
            found.push(place.mention);
        }
    }
    found
}

/// At most [`MENTIONS_MAX`], in order.
fn places(text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('@')) {
        let at = from.saturating_add(at);
        let start = at.saturating_add(1);
        from = start;
        // An e-mail address, a path or the second half of a handle is no mention.
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || "@/_.-=&".contains(c)) {
            continue;
        }
        let name = word(text.get(start..).unwrap_or(""), "_.-", REMOTE_NAME_LEN_MAX);
        if name.is_empty() {
            continue;
        }
        let mut to = start.saturating_add(name.len());
        let behind = text.get(to..).and_then(|rest| rest.strip_prefix('@'));
        let host = behind.map(|rest| word(rest, ".-:", HOST_LEN_MAX));
        let parsed = host.and_then(Host::parse);
        if let (Some(host), Some(_)) = (host, &parsed) {
            to = to.saturating_add(1).saturating_add(host.len());
        }
        from = to;
        places.push(Place {
            from: at,
            to,
            mention: Mention { name: name.to_lowercase(), host: parsed },
        });
        if places.len() == MENTIONS_MAX {
            break;
        }
    }
    places
}

/// The letters, digits and `others` that a text begins with, without what ends a sentence.
fn word<'a>(text: &'a str, others: &str, bytes_max: usize) -> &'a str {
    let fits = |c: char| c.is_alphanumeric() || others.contains(c);
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or("");
    let word = word.trim_end_matches(['.', '-', ':']);
    if word.len() > bytes_max { "" } else { word }
}

/// Names of accounts here, of which a text may speak.
#[derive(Clone, Debug, Default)]
pub struct Known {
    names: HashSet<String>,
    host: Option<Host>,
}

/// Which of the names in some texts are of accounts here: asked once for a whole page.
///
/// # Errors
/// [`Error::Store`].
pub async fn known<'a>(
    service: &Service,
    texts: impl Iterator<Item = &'a str>,
) -> Result<Known, Error> {
    let host = service.config.host.clone();
    let ours = |mention: &Mention| mention.host.is_none() || mention.host == host;
    let named: HashSet<String> =
        texts.flat_map(in_text).filter(ours).map(|mention| mention.name).collect();
    if named.is_empty() {
        return Ok(Known { names: named, host });
    }
    let keys: Vec<_> = named.iter().map(|name| name.as_bytes().to_vec()).collect();
    let rows = service.store.get_many::<NameHolder>(&keys).await?;
    let held = rows.into_iter().flatten().filter(|row| row.handle.is_some());
    Ok(Known { names: held.map(|row| row.name.to_string()).collect(), host })
}

/// HTML as [`crate::markdown::html`] writes it, with links to pages of this node where it speaks of people of other
/// servers, or of known ones here; not within links and code.
#[must_use]
pub fn linked(html: &str, known: &Known) -> String {
    let mut linked = String::with_capacity(html.len());
    let mut within = 0_usize;
    for part in html.split_inclusive('>') {
        let (text, tag) = part.split_at(part.find('<').unwrap_or(part.len()));
        if within == 0 {
            link_text(text, known, &mut linked);
        } else {
            linked.push_str(text);
        }
        linked.push_str(tag);
        if ["<a ", "<code", "<pre"].iter().any(|begin| tag.starts_with(begin)) {
            within = within.saturating_add(1);
        } else if matches!(tag, "</a>" | "</code>" | "</pre>") {
            within = within.saturating_sub(1);
        }
    }
    linked
}

fn link_text(text: &str, known: &Known, linked: &mut String) {
    let mut done = 0;
    for Place { from, to, mention } in places(text) {
        let page = match mention.host.filter(|host| known.host.as_ref() != Some(host)) {
            Some(host) => format!("/a/{}@{host}", mention.name),
            None if known.names.contains(&mention.name) => format!("/a/{}", mention.name),
            None => continue,
        };
        let (Some(before), Some(handle)) = (text.get(done..from), text.get(from..to)) else {
            break;
        };
        // Neither part can hold what means something in HTML: names and hosts are letters, digits and few signs.
        let parts = [before, "<a href=\"", &page, "\" class=\"mention\">", handle, "</a>"];
        linked.extend(parts);
        done = to;
    }
    linked.push_str(text.get(done..).unwrap_or(""));
}

/// The accounts that a text mentions, here and elsewhere, as far as they are known; each once.
///
/// # Errors
/// [`Error::Store`].
pub async fn resolve(service: &Service, text: &str) -> Result<Vec<Account>, Error> {
    let mut accounts: Vec<Account> = Vec::new();
    for mention in in_text(text) {
        let elsewhere = mention.host.filter(|host| service.config.host.as_ref() != Some(host));
        let found = match elsewhere {
            Some(host) => names::remote_account(service, &mention.name, &host).await,
            None => names::account(service, &mention.name).await,
        };
        match found {
            Ok(account) => {
                if !accounts.iter().any(|known| known.id == account.id) {
                    accounts.push(account.into_row());
                }
            }
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn mention(name: &str, host: &str) -> Mention {
        Mention { name: name.to_owned(), host: Host::parse(host) }
    }

    #[test]
    fn handles_are_found_among_words() {
        let text = "@Ana, hi (@bob_b@b.example). Not me@c.example nor https://d.example/@eve; @x@y.example:3000!";
        let found = in_text(text);
        assert_eq!(
            found,
            [mention("ana", ""), mention("bob_b", "b.example"), mention("x", "y.example:3000")]
        );
        assert!(in_text("@ @@ @. a@b").is_empty());
        assert_eq!(in_text("@ana @ana @ana").len(), 1);
        let many: String = (0..100).map(|number| format!("@a{number} ")).collect();
        assert_eq!(in_text(&many).len(), MENTIONS_MAX);
    }

    #[test]
    fn handles_that_lead_somewhere_become_links() {
        let known =
            Known { names: HashSet::from(["ana".to_owned()]), host: Host::parse("here.example") };
        let text = "@ana, @nobody, `@ana`, [@ana](https://x.example) <@ana> @bo_b@b.example @ana@here.example";
        let html = linked(&crate::markdown::html(text), &known);
        let links: Vec<_> = html.match_indices("class=\"mention\"").collect();
        assert_eq!(links.len(), 4, "{html}");
        assert!(
            html.contains(
                "<a href=\"/a/ana\" class=\"mention\">@ana</a>, @nobody, <code>@ana</code>"
            ),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"/a/bo_b@b.example\" class=\"mention\">@bo_b@b.example</a>"),
            "{html}"
        );
        assert!(
            html.contains("<a href=\"/a/ana\" class=\"mention\">@ana@here.example</a>"),
            "{html}"
        );
    }
}
