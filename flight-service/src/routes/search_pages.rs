//! Whole answers to searches, kept as they were sent.
//!
//! An answer is found by the query just as the client wrote it, before anything of it is parsed, and sent
//! again only while it would be made again: each time the counts of all flights that it was made from
//! are compared with the live ones.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use metrics::{Counter, counter};
use moka::sync::Cache;
use service_http::etag::EtagBody;

use crate::app::search::Searcher;
use crate::app::search::cache_validators::CacheValidators;

/// Longer queries are not kept: nobody writes them twice.
const QUERY_LIMIT_BYTES: usize = 512;

/// The answers.
pub struct SearchPages {
    pages: Cache<Arc<str>, Arc<SearchPage>>,
    hits: Counter,
    misses: Counter,
}

struct SearchPage {
    body: EtagBody,
    validators: CacheValidators,
}

impl SearchPages {
    /// No answers yet, and never more than so many bytes of them.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let weigh = |query: &Arc<str>, page: &Arc<SearchPage>| {
            let heap = query.len() + page.body.size() + page.validators.size();
            u32::try_from(heap + size_of::<SearchPage>()).unwrap_or(u32::MAX)
        };
        Self {
            pages: Cache::builder().weigher(weigh).max_capacity(bytes).build(),
            hits: counter!("flight_search_cache_hits_total", "cache" => "page"),
            misses: counter!("flight_search_cache_misses_total", "cache" => "page"),
        }
    }

    /// The answer to a request, if it was answered before and nothing has changed since.
    pub(super) fn find(&self, searcher: &Searcher, request: &HttpRequest) -> Option<HttpResponse> {
        let page = self.pages.get(request.query_string());
        let fresh = page.filter(|page| searcher.is_fresh(&page.validators));
        match fresh {
            Some(page) => {
                self.hits.increment(1);
                Some(page.body.answer(request))
            }
            None => {
                self.misses.increment(1);
                None
            }
        }
    }

    /// Keeps an answer.
    pub(super) fn keep(&self, request: &HttpRequest, body: EtagBody, validators: CacheValidators) {
        let query = request.query_string();
        if query.len() <= QUERY_LIMIT_BYTES {
            let page = SearchPage { body, validators };
            self.pages.insert(query.into(), Arc::new(page));
        }
    }
}
