//! What a benchmark brings: its servers and their load.

use loadgen::load::Plan;
use loadgen::stats::Report;
use test_stack::service_stack::ServiceStack;

use super::case::Part;

/// The servers under load, and the check of their data afterwards.
pub trait Setup<P: Part>: Sized {
    /// Starts the services on the stacks, one for each version.
    fn start(stacks: Vec<ServiceStack>) -> impl Future<Output = anyhow::Result<Self>>;

    /// The stacks by version. The baselines use the first one's PostgreSQL.
    fn stacks(&mut self) -> &mut [ServiceStack];

    /// Size of an answer, which the bare handler answers with.
    fn body_bytes(&self) -> usize;

    /// Runs the load of a case once, and adds its answers up for [`Self::prove`].
    fn run(
        &mut self,
        part: P,
        version: usize,
        plan: Plan,
    ) -> impl Future<Output = anyhow::Result<Report>>;

    /// Fails unless the stored data agrees with the answers.
    fn prove(&mut self) -> impl Future<Output = anyhow::Result<()>>;

    fn stop(self) -> impl Future<Output = anyhow::Result<()>>;
}
