//! The list of users that moderators see.

use kinora_model::account::Account;
use kinora_model::user::{Role, User};
use kinora_store::Range;
use kinora_store::table::{Row, row_key};

use crate::Service;
use crate::error::Error;

/// How many users are read at a time.
const READ_AT_ONCE: usize = 500;

/// Which users are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the name or the e-mail.
    pub search: Option<String>,
    /// Blocked ones only, or all but them.
    pub blocked: Option<bool>,
    /// Those of one role.
    pub role: Option<Role>,
}

/// A user and their account.
#[derive(Clone, Debug)]
pub struct Found {
    /// The user.
    pub user: User,
    /// Their account.
    pub account: Account,
}

/// By what users are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// When they registered.
    CreatedAt,
    /// The name.
    Name,
    /// The role.
    Role,
    /// When they last logged in.
    LastLogin,
}

/// All users that pass the filter, in order; reads every user of the node.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(
    service: &Service,
    filter: &Filter,
    order: Order,
    descending: bool,
) -> Result<Vec<Found>, Error> {
    let search = filter.search.as_ref().map(|text| text.to_lowercase());
    let mut found = Vec::new();
    let mut range = Range::prefix(&row_key::<User>(&[]));
    loop {
        let page = service.store.list_range::<User>(&range, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { break };
        range = range.after(&row_key::<User>(&last.key()));
        let keys: Vec<_> = page.iter().map(|user| user.account.to_key().to_vec()).collect();
        let accounts = service.store.get_many::<Account>(&keys).await?;
        for (user, account) in page.into_iter().zip(accounts) {
            let Some(account) = account else { continue };
            let named = |text: &String| {
                user.email.contains(text.as_str())
                    || account.name.as_str().contains(text.as_str())
                    || account.display_name.as_str().to_lowercase().contains(text.as_str())
            };
            let wanted = search.as_ref().is_none_or(named)
                && filter.blocked.is_none_or(|blocked| user.blocked.is_some() == blocked)
                && filter.role.is_none_or(|role| user.role == role);
            if wanted {
                found.push(Found { user: user.into_row(), account: account.into_row() });
            }
        }
    }
    match order {
        Order::CreatedAt => {}
        Order::Name => found.sort_by(|a, b| a.account.name.cmp(&b.account.name)),
        Order::Role => found.sort_by_key(|found| found.user.role.number()),
        Order::LastLogin => found.sort_by_key(|found| found.user.last_login_at),
    }
    if descending {
        found.reverse();
    }
    Ok(found)
}
