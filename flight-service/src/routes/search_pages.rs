//! A cache of whole search answers, as sent.
//!
//! Its key is the raw query string, before anything is parsed. A cached answer is sent only while it is still
//! exact: each time the counts of all flights that it depends on are compared with the live ones.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};
use metrics::{Counter, counter};
use moka::sync::Cache;
use service_http::etag::EtagBody;

use crate::app::search::Searcher;
use crate::app::search::cache_validators::CacheValidators;

/// Longer queries are not cached: nobody sends them twice.
const QUERY_LIMIT_BYTES: usize = 512;

/// The cache of answers.
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
    /// An empty cache with an upper limit in bytes.
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

    /// The cached answer to a request, if it is still exact.
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

    /// Caches an answer.
    pub(super) fn keep(&self, request: &HttpRequest, body: EtagBody, validators: CacheValidators) {
        let query = request.query_string();
        if query.len() <= QUERY_LIMIT_BYTES {
            let page = SearchPage { body, validators };
            self.pages.insert(query.into(), Arc::new(page));
        }
    }
}
