//! Lists come in pages: which one is asked for, and how it is answered.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// How many items a page has unless asked otherwise.
pub const COUNT_DEFAULT: usize = 15;

/// The most items of a page.
pub const COUNT_MAX: usize = 100;

/// The page of a list that is asked for (`start`, `count`, `sort` of the query).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many items come before it.
    pub start: usize,
    /// The most items it may have: 0 to [`COUNT_MAX`].
    pub count: usize,
    /// The order as asked for, not checked.
    pub sort: Option<String>,
}

/// An order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By which field.
    pub field: &'static str,
    /// True for the largest first.
    pub descending: bool,
}

impl Page {
    /// Reads the page from a query.
    ///
    /// # Errors
    /// 400 if a number is none or out of bounds.
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self { start: 0, count: COUNT_DEFAULT, sort: None };
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (key, value) in pairs {
            match key.as_str() {
                "start" => page.start = number("start", &value, usize::MAX)?,
                "count" => page.count = number("count", &value, COUNT_MAX)?,
                "sort" if !value.is_empty() => page.sort = Some(value),
                _ => {}
            }
        }
        Ok(page)
    }

    /// The order asked for, one of `fields`; the first of them, `-` before it, if none is asked for.
    ///
    /// # Errors
    /// 400 if the list cannot be sorted so.
    pub fn order(&self, fields: &'static [&'static str]) -> Result<Sort, Problem> {
        let Some(sort) = &self.sort else {
            let field = fields.first().copied().unwrap_or_default();
            return Ok(Sort { field, descending: true });
        };
        let (name, descending) = match sort.strip_prefix('-') {
            Some(name) => (name, true),
            None => (sort.as_str(), false),
        };
        let known = fields.iter().find(|field| **field == name);
        let known = known.ok_or_else(|| Problem::invalid("sort", "Invalid sort"))?;
        Ok(Sort { field: known, descending })
    }

    /// This page of a list that is in memory.
    #[must_use]
    pub fn cut<T>(&self, all: Vec<T>) -> List<T> {
        let total = all.len();
        List { total, data: all.into_iter().skip(self.start).take(self.count).collect() }
    }
}

fn number(field: &'static str, value: &str, max: usize) -> Result<usize, Problem> {
    let number = value.parse::<usize>().ok().filter(|number| *number <= max);
    number.ok_or_else(|| Problem::invalid(field, format!("Should be a number from 0 to {max}")))
}

impl FromRequest for Page {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::parse(request.query_string()))
    }
}

/// A page of a list, as all lists are answered.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct List<T> {
    /// How many items the whole list has.
    pub total: usize,
    /// The items of the page.
    pub data: Vec<T>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_page_is_fifteen_items_unless_asked_otherwise() {
        let page = Page::parse("").unwrap();
        assert_eq!((page.start, page.count), (0, 15));
        let page = Page::parse("start=3&count=100&sort=-name").unwrap();
        assert_eq!((page.start, page.count), (3, 100));
        let sort = page.order(&["createdAt", "name"]).unwrap();
        assert_eq!(sort, Sort { field: "name", descending: true });
    }

    #[test]
    fn pages_out_of_bounds_are_refused() {
        for query in ["count=101", "count=-1", "start=x"] {
            assert_eq!(Page::parse(query).unwrap_err().status(), 400, "{query}");
        }
        let page = Page::parse("sort=password").unwrap();
        assert!(page.order(&["name"]).is_err());
    }
}
