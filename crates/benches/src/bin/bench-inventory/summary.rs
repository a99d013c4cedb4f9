//! The ratios, for people and as one line of JSON.

use benches::baselines::Baseline;
use benches::numbers::{print_result, ratio};
use benches::rounds::Results;
use loadgen::console::line;

use crate::part::Part;
use crate::setup::Setup;

/// Prints the ratios, and the results that are compared over time as one line of JSON; `null` if not measured.
pub async fn print(_: &mut Setup, results: &Results<Part>) -> anyhow::Result<()> {
    let rate = |part, clients| results.rate(&results.part(part, clients));
    let row_lock = results.row_lock();
    let bare = results.rate(&results.baseline(Baseline::Bare, 64));
    // The slower of the two kinds of refusal.
    let refusals = [Part::SoldOutDecrement, Part::SoldOutHold].map(|part| rate(part, 64));
    let sold_out = match refusals {
        [Some(decrement), Some(hold)] => Some(decrement.min(hold)),
        _ => None,
    };
    let committer = rate(Part::Committer, 1024);
    let http = results.headline(Part::Http);
    let ratio_committer = ratio(committer, row_lock);
    let ratio_http = ratio(http.map(|http| http.per_s), row_lock);
    let ratio_sold_out = ratio(sold_out, bare);

    line("")?;
    let http_title = http.map_or_else(String::new, |http| {
        let limit = if http.is_within { "within" } else { "beyond" };
        format!("HTTP holds, {} clients, p99 {limit} 60 ms", http.clients)
    });
    let ratios = [
        (
            "committer, one pool, 1024 clients".to_owned(),
            ratio_committer,
            "SELECT FOR UPDATE at 64",
        ),
        (http_title, ratio_http, "SELECT FOR UPDATE at 64"),
        (
            "HTTP, sold out".to_owned(),
            ratio_sold_out,
            "the bare handler",
        ),
    ];
    for (title, ratio, baseline) in ratios {
        if let Some(ratio) = ratio {
            line(format_args!("{title:<42} {ratio:>6.2} times {baseline}"))?;
        }
    }
    print_result(&[
        (
            "rowlock_16",
            results.rate(&results.baseline(Baseline::RowLock, 16)),
            0,
        ),
        ("rowlock_64", row_lock, 0),
        ("committer_hot", committer, 0),
        ("committer_spread", rate(Part::CommitterSpread, 1024), 0),
        ("http_hot_64", rate(Part::Http, 64), 0),
        ("http_hot_256", rate(Part::Http, 256), 0),
        ("http_hot_p99_ms", http.map(|http| http.p99_ms), 2),
        ("sold_out_rps", sold_out, 0),
        ("bare_actix_rps", bare, 0),
        ("ratio_committer", ratio_committer, 2),
        ("ratio_http", ratio_http, 2),
        ("ratio_sold_out", ratio_sold_out, 3),
    ])
}
