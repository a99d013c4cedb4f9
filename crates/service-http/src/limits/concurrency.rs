//! Load shedding: requests above the limit are answered 503 before any work is done for them, instead of
//! queueing.
//!
//! A request holds its permit from the arrival of its whole body until its answer is made. So a client that
//! sends or reads slowly, as event streams do for hours, blocks nobody.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;
use crate::paths::HEALTH_PATHS;

/// The concurrency limit, shared by all workers of a service.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit(Arc<Semaphore>);

/// A request's permit, returned when dropped.
#[derive(Debug)]
pub struct ConcurrencyPermit {
    _permit: Option<OwnedSemaphorePermit>,
}

impl ConcurrencyLimit {
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// A permit for a request to this path.
    ///
    /// # Errors
    /// 503 if none is free.
    pub fn acquire(&self, path: &str) -> Result<ConcurrencyPermit, Problem> {
        // Exempt, so that monitoring learns that the service is busy, not gone.
        if HEALTH_PATHS.contains(&path) {
            return Ok(ConcurrencyPermit { _permit: None });
        }
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(permit) => Ok(ConcurrencyPermit {
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
        let first = concurrency.acquire("/a").unwrap();
        let _second = concurrency.acquire("/b").unwrap();
        assert_eq!(concurrency.acquire("/c").unwrap_err().code(), "overloaded");
        assert!(concurrency.acquire("/health").is_ok());
        assert!(concurrency.acquire("/metrics").is_ok());
        drop(first);
        assert!(concurrency.acquire("/c").is_ok());
    }
}
