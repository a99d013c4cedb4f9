//! Logs and metrics.

use std::sync::OnceLock;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, LogSettings};

/// Latency buckets in seconds: dense where the targets lie (1 to 100 ms).
const LATENCY_BUCKETS_SECONDS: [f64; 16] = [
    0.000_25, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
    30.0,
];

/// Starts logging to standard output.
///
/// # Errors
/// When `log.filter` is malformed or logging was started before.
pub fn start_logs(settings: &LogSettings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)
        .with_context(|| format!("log.filter {:?} is not a filter", settings.filter))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter);
    let started = match settings.format {
        LogFormat::Json => subscriber
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
        LogFormat::Pretty => subscriber.with_target(false).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logs can't be started: {error}"))
}

/// The process's metrics, rendered on demand. All services of a process share one recorder.
///
/// # Errors
/// When another recorder is installed.
pub fn metrics_handle() -> anyhow::Result<PrometheusHandle> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    let install = || {
        PrometheusBuilder::new()
            .set_buckets_for_metric(
                Matcher::Suffix("_seconds".to_owned()),
                &LATENCY_BUCKETS_SECONDS,
            )
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| error.to_string())
    };
    HANDLE
        .get_or_init(install)
        .clone()
        .map_err(|error| anyhow::anyhow!("metrics can't be started: {error}"))
}
