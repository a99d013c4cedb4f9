//! Bookings over time, drawn as bars; their sums are told to those who do not see them.

use maud::{Markup, html};

use super::super::words;

/// The drawing's own measures; it is stretched to the page's width and a fixed height.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// Made and confirmed in each part of a span, oldest first.
pub(super) fn chart(over_time: &[(i64, i64)], span: &str) -> Markup {
    let most = over_time
        .iter()
        .map(|(made, _)| *made)
        .max()
        .unwrap_or(0)
        .max(1);
    let (made, confirmed) = over_time
        .iter()
        .fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
    let count = u32::try_from(over_time.len().max(1)).unwrap_or(u32::MAX);
    let step = WIDTH / f64::from(count);
    let bar = |index: usize, value: i64| {
        let height = share(value, most) * HEIGHT;
        let x = f64::from(u32::try_from(index).unwrap_or(u32::MAX)) * step;
        (
            format!("{:.1}", x + step * 0.12),
            format!("{:.1}", HEIGHT - height),
            format!("{height:.1}"),
        )
    };
    let width = format!("{:.1}", step * 0.76);
    let label = format!(
        "Bookings over the last {span}: {} made, {} confirmed",
        words::count(made),
        words::count(confirmed)
    );
    html! {
        figure {
            div.keys { span { i.second {} "made" } span { i {} "confirmed" } }
            p.chart-ends { span { (words::count(most)) " at most" } }
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
                @for (index, (made, confirmed)) in over_time.iter().enumerate() {
                    @let (x, y, height) = bar(index, *made);
                    rect.second x=(x) y=(y) width=(width) height=(height) { title { (made) " made, " (confirmed) " confirmed" } }
                    @let (x, y, height) = bar(index, *confirmed);
                    rect.first x=(x) y=(y) width=(width) height=(height) {}
                }
            }
            p.chart-ends {
                span { (if span == "hour" { "an" } else { "a" }) " " (span) " ago" }
                span { "now" }
            }
        }
    }
}

/// A value as a share of the most there is.
fn share(value: i64, most: i64) -> f64 {
    // Counts of bookings are far below what a double has exactly; through thousandths, without a cast.
    let thousandths = value.saturating_mul(1000) / most;
    f64::from(i32::try_from(thousandths).unwrap_or(1000)) / 1000.0
}
