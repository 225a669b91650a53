//! The directory: who is behind a handle, where to ask, what runs here.

use bytes::Bytes;
use kinora_activity::nodeinfo::{self, Told, Usage};
use kinora_activity::webfinger::{
    Handle, Jrd, host_meta_json, host_meta_xml, page_link, self_link, template_link,
};
use kinora_model::host::Host;
use kinora_model::name::Name;
use kinora_service::config::Registration;
use kinora_service::names;
use kinora_service::statistics::Statistics;
use url::Url;

use crate::Federation;
use crate::address::Ours;
use crate::error::Error;

/// The longest resource that is looked up, in bytes.
const RESOURCE_BYTES_MAX: usize = 1_024;

/// What people do elsewhere and finish here (FEP-3b86): the name of the activity, and what it is about.
const INTENTS: [(&str, &str); 5] = [
    ("Object", "{object}"),
    ("Follow", "{object}"),
    ("Like", "{object}"),
    ("Announce", "{object}"),
    ("Create", "{inReplyTo}"),
];

impl Federation {
    /// What is known of a handle or an id of ours (RFC 7033), JSON.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is none of ours; [`Error::Store`].
    pub async fn webfinger(&self, resource: &str) -> Result<Bytes, Error> {
        let nothing = || Error::NotFound("Resource");
        if !self.config.enabled || resource.len() > RESOURCE_BYTES_MAX {
            return Err(nothing());
        }
        let ours = match Url::parse(resource) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => self.addresses.read(&url),
            _ => self.named(resource).await?,
        };
        let ours = ours.ok_or_else(nothing)?;
        let (name, page) = match &ours {
            Ours::Instance => ("peertube".to_owned(), "/about".to_owned()),
            Ours::Account(name) => {
                names::account(&self.service, name.as_str()).await?;
                (name.to_string(), format!("/a/{name}"))
            }
            Ours::Channel(name) => {
                names::channel(&self.service, name.as_str()).await?;
                (name.to_string(), format!("/c/{name}"))
            }
            Ours::Video(_) | Ours::Comment(..) => return Err(nothing()),
        };
        let id = self.addresses.of(&ours);
        let page = self.addresses.url(&page);
        let mut links = vec![self_link(&id), page_link(&page)];
        let here = self.addresses.origin();
        let interact = |what: &str| format!("{here}/authorize_interaction?uri={what}");
        links.push(template_link(kinora_activity::webfinger::SUBSCRIBE, interact("{uri}")));
        if matches!(ours, Ours::Account(_)) {
            for (intent, what) in INTENTS {
                let rel = format!("https://w3id.org/fep/3b86/{intent}");
                let template = format!("{}&intent={}", interact(what), intent.to_lowercase());
                links.push(template_link(&rel, template));
            }
        }
        let handle = Handle { name, host: self.addresses.host().to_string() };
        let jrd = Jrd {
            subject: Some(handle.acct()),
            aliases: vec![id.to_string(), page.to_string()],
            links,
        };
        Ok(Bytes::from(jrd.write().to_string()))
    }

    /// What a handle of ours names: accounts and channels share their names; the server has two.
    async fn named(&self, resource: &str) -> Result<Option<Ours>, Error> {
        use kinora_model::channel::Handle as Holder;
        let Some(handle) = Handle::parse(resource) else { return Ok(None) };
        let host = Host::parse(&handle.host);
        if host.as_ref() != Some(self.addresses.host()) {
            return Ok(None);
        }
        let name = handle.name.to_lowercase();
        let hosts = [self.addresses.host().as_str(), self.addresses.host().domain()];
        if name == "peertube" || hosts.contains(&name.as_str()) {
            return Ok(Some(Ours::Instance));
        }
        let Ok(name) = Name::parse(&name) else { return Ok(None) };
        let holder = names::holder(&self.service, name.as_str()).await?;
        Ok(match holder.and_then(|holder| holder.handle) {
            Some(Holder::Account(_)) => Some(Ours::Account(name)),
            Some(Holder::Channel(_)) => Some(Ours::Channel(name)),
            None => None,
        })
    }

    fn webfinger_template(&self) -> String {
        format!("{}/.well-known/webfinger?resource={{uri}}", self.addresses.origin())
    }

    /// Where to ask who is behind a handle (RFC 6415), XML.
    #[must_use]
    pub fn host_meta(&self) -> Bytes {
        Bytes::from(host_meta_xml(&self.webfinger_template()))
    }

    /// The same, JSON.
    #[must_use]
    pub fn host_meta_json(&self) -> Bytes {
        Bytes::from(host_meta_json(&self.webfinger_template()).to_string())
    }

    /// Where to ask what runs here, JSON.
    #[must_use]
    pub fn nodeinfo_index(&self) -> Bytes {
        let place = |version: &str| self.addresses.url(&format!("/nodeinfo/{version}"));
        let actor = self.addresses.of(&Ours::Instance);
        Bytes::from(nodeinfo::index(place, &actor).to_string())
    }

    /// What runs here and how many use it, JSON; `None` for versions other than 2.0 and 2.1.
    #[must_use]
    pub fn nodeinfo(&self, version: &str, statistics: &Statistics) -> Option<Bytes> {
        let known = ["2.0", "2.1"].contains(&version);
        let instance = &self.service.config.instance;
        let [_, _, month] = statistics.active_users;
        let told = Told {
            node_name: &instance.name,
            description: &instance.short_description,
            version: env!("CARGO_PKG_VERSION"),
            open_registrations: self.service.config.accounts.registration != Registration::Closed,
            usage: Usage {
                users: statistics.users,
                // At least as many: nobody counts further back.
                active_half_year: month,
                active_month: month,
                posts: statistics.videos,
                comments: statistics.comments,
            },
        };
        known.then(|| Bytes::from(nodeinfo::write(version, &told).to_string()))
    }
}
