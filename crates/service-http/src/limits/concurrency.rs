//! Requests that are answered at once. More would wait for each other: they are told to come back instead,
//! before anything is done for them.
//!
//! A request has its permit from when its body is there until its answer is made. So neither a client that
//! sends slowly nor one that reads slowly, as those of event streams do for hours, keeps others out.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;
use crate::paths::HEALTH_PATHS;

/// ConcurrencyLimit of requests, of all workers of a service.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit(Arc<Semaphore>);

/// A request's permit; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

impl ConcurrencyLimit {
    /// So many.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// A permit for a request to this path.
    ///
    /// # Errors
    /// 503 when there is none.
    pub fn take(&self, path: &str) -> Result<Place, Problem> {
        // Those who watch have to learn that the service is busy, not gone.
        if HEALTH_PATHS.contains(&path) {
            return Ok(Place { _permit: None });
        }
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(permit) => Ok(Place {
                _permit: Some(permit),
            }),
            Err(_) => {
                metrics::counter!("http_requests_shed_total").increment(1);
                let problem = Problem::unavailable("too much is asked now; ask again soon");
                Err(problem.with_code("overloaded"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_place_is_told_to_come_back() {
        let concurrency = ConcurrencyLimit::new(2);
        let first = concurrency.take("/a").unwrap();
        let _second = concurrency.take("/b").unwrap();
        assert_eq!(concurrency.take("/c").unwrap_err().code(), "overloaded");
        assert!(concurrency.take("/health").is_ok());
        assert!(concurrency.take("/metrics").is_ok());
        drop(first);
        assert!(concurrency.take("/c").is_ok());
    }
}
