//! The headline numbers, for people and as one line of JSON.

use benches::baselines::Baseline;
use benches::numbers::{print_result, ratio};
use benches::rounds::Results;
use loadgen::console::line;

use crate::part::Part;
use crate::setup::Setup;

/// Prints the headline numbers; `null` if not measured.
pub async fn print(setup: &mut Setup, results: &Results<Part>) -> anyhow::Result<()> {
    let row_lock = results.row_lock();
    let tickets = results.best_rate(Part::TicketOption);
    let hot = setup.confirmations(Part::HotEvent, 64, |run| run.per_s);
    let confirmed_p99_ms = setup.confirmations(Part::HotEvent, 64, |run| run.p99_ms);
    let event_8 = setup.confirmations(Part::Event, 8, |run| run.per_s);
    let purchase_8 = results.rate(&results.part(Part::TicketOption, 8));

    let alone = |part| results.latency_ms(&results.part(part, 1), 0.5);
    let cpu_ms = |part, clients| results.cpu_ms(&results.part(part, clients));
    let insert = |clients| results.baseline(Baseline::Insert, clients);
    let insert_ms = results.latency_ms(&insert(1), 0.5);
    let insert_8 = results.rate(&insert(8));
    let (event, purchase) = (alone(Part::Event), alone(Part::TicketOption));
    let confirmed = setup.confirmations(Part::Event, 1, |run| run.p50_ms);
    if let (Some(answered), Some(confirmed)) = (event, confirmed) {
        line(format_args!(
            "\none event ticket alone: answered in {answered:.2} ms, confirmed in {confirmed:.2} ms (p50)"
        ))?;
    }
    print_result(&[
        ("hot_event_per_s", hot, 0),
        ("confirmed_p99_ms", confirmed_p99_ms, 0),
        ("ticket_option_per_s", tickets, 0),
        ("rowlock_64", row_lock, 0),
        ("ratio_hot_event", ratio(hot, row_lock), 2),
        ("ratio_ticket_option", ratio(tickets, row_lock), 2),
        ("event_alone_p50_ms", event, 2),
        ("event_inserts_alone", ratio(event, insert_ms), 1),
        ("event_inserts_8", ratio(insert_8, event_8), 1),
        ("event_cpu_ms_1", cpu_ms(Part::Event, 1), 2),
        ("event_cpu_ms_8", cpu_ms(Part::Event, 8), 2),
        ("purchase_alone_p50_ms", purchase, 2),
        ("purchase_inserts_alone", ratio(purchase, insert_ms), 1),
        ("purchase_inserts_8", ratio(insert_8, purchase_8), 1),
        ("purchase_cpu_ms_1", cpu_ms(Part::TicketOption, 1), 2),
        ("purchase_cpu_ms_8", cpu_ms(Part::TicketOption, 8), 2),
    ])
}
