//! One measurement of a case: its load, and what it cost.

use std::time::Duration;

use anyhow::Context as _;
use loadgen::stats::Report;
use test_stack::background_load::BackgroundLoad;
use test_stack::cores::{Cores, CpuUse, Share};

use super::case::{Case, Part, Subject};
use super::setup::Setup;
use crate::baselines::Baselines;
use crate::commits::{WriteAheadLog, Written};

/// Commits are counted at few clients, where each booking pays for its own; and the log is short.
const COUNTED_CLIENTS: u16 = 8;

/// What one round of a case measured.
pub(super) struct Measured {
    pub(super) report: Report,
    /// CPU time by process group.
    pub(super) cpu: CpuUse,
    /// Cores busy with other programs.
    pub(super) others_cores: f64,
    /// `None` if it was not counted.
    pub(super) written: Option<Written>,
}

/// A version's processes and write-ahead log.
struct Observed {
    shares: Vec<(&'static str, Share)>,
    log: WriteAheadLog,
}

pub(super) struct Measurer<'a, S> {
    setup: &'a mut S,
    baselines: Baselines,
    /// By version.
    observed: Vec<Observed>,
}

impl<'a, S> Measurer<'a, S> {
    /// Starts the baselines.
    pub(super) async fn start<P: Part>(setup: &'a mut S) -> anyhow::Result<Self>
    where
        S: Setup<P>,
    {
        let body_bytes = setup.body_bytes();
        let first = setup.stacks().first_mut().context("no stack")?;
        let baselines = Baselines::start(first, body_bytes).await?;
        let mut observed = Vec::new();
        for stack in setup.stacks() {
            observed.push(Observed {
                shares: stack.shares()?,
                log: WriteAheadLog::open(&stack.server_url()).await?,
            });
        }
        Ok(Self {
            setup,
            baselines,
            observed,
        })
    }

    /// Names of the process groups, the same for each version.
    pub(super) fn shares(&self) -> anyhow::Result<Vec<&'static str>> {
        let observed = self.observed.first().context("no stack")?;
        Ok(observed.shares.iter().map(|(name, _)| *name).collect())
    }

    /// Runs the load of a case.
    pub(super) async fn load<P: Part>(
        &mut self,
        case: &Case<P>,
        measured: Duration,
    ) -> anyhow::Result<Report>
    where
        S: Setup<P>,
    {
        let plan = case.plan(measured);
        match case.subject {
            Subject::Baseline(baseline) => self.baselines.run(baseline, plan).await,
            Subject::Part(part) => self.setup.run(part, case.version, plan).await,
        }
    }

    pub(super) async fn measure<P: Part>(
        &mut self,
        case: &Case<P>,
        measured: Duration,
    ) -> anyhow::Result<Measured>
    where
        S: Setup<P>,
    {
        let observed = self.observed.get(case.version).context("no such version")?;
        let from = observed.log.position().await?;
        let shares = observed.shares.clone();
        let (others, cores) = (BackgroundLoad::now()?, Cores::now(&shares)?);
        let report = self.load(case, measured).await?;
        let (cpu, others_cores) = (cores.since()?, others.cores_since()?);
        let is_counted =
            matches!(case.subject, Subject::Part(_)) && case.clients <= COUNTED_CLIENTS;
        let mut written = None;
        if is_counted && let Some(observed) = self.observed.get(case.version) {
            let to = observed.log.position().await?;
            written = Some(observed.log.written(&from, &to).await?);
        }
        Ok(Measured {
            report,
            cpu,
            others_cores,
            written,
        })
    }

    pub(super) async fn analyze<P: Part>(&mut self) -> anyhow::Result<()>
    where
        S: Setup<P>,
    {
        for stack in self.setup.stacks() {
            stack.analyze().await?;
        }
        Ok(())
    }

    /// Fails unless the stored data agrees with the answers.
    pub(super) async fn prove<P: Part>(&mut self) -> anyhow::Result<()>
    where
        S: Setup<P>,
    {
        self.baselines.prove().await?;
        self.setup.prove().await
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.baselines.stop().await
    }
}
