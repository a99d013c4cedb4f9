//! Bar charts over time; screen readers get the sums.

use maud::{Markup, html};

use crate::model::dashboard::Revenue;
use crate::pages::formatting;

/// In user units; the drawing is stretched to the page's width and a fixed height.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// Bookings made and confirmed per part, oldest first.
pub(super) fn bookings(over_time: &[(i64, i64)], span: &str) -> Markup {
    let sum = |of: fn(&(i64, i64)) -> i64| formatting::count(over_time.iter().map(of).sum());
    let label = format!(
        "Bookings over the last {span}: {} made, {} confirmed",
        sum(|(made, _)| *made),
        sum(|(_, confirmed)| *confirmed)
    );
    let keys = html! { div.keys { span { i.second {} "made" } span { i {} "confirmed" } } };
    let tell = |(made, confirmed): (i64, i64)| format!("{made} made, {confirmed} confirmed");
    chart(over_time, span, &label, &keys, formatting::count, tell)
}

pub(super) fn revenue(revenue: &Revenue, span: &str) -> Markup {
    let money = |minor: i64| formatting::whole(minor, revenue.currency);
    let total = money(revenue.total());
    let label = format!("Sold over the last {span}: {total}");
    let over_time: Vec<(i64, i64)> = revenue.over_time.iter().map(|minor| (0, *minor)).collect();
    let tell = |(_, minor)| money(minor);
    chart(&over_time, span, &label, &html! {}, money, tell)
}

/// Two bars per part, the second in front of the first.
fn chart(
    over_time: &[(i64, i64)],
    span: &str,
    label: &str,
    keys: &Markup,
    scale: impl Fn(i64) -> String,
    tell: impl Fn((i64, i64)) -> String,
) -> Markup {
    let most = over_time.iter().map(|(back, front)| *back.max(front));
    let most = most.max().unwrap_or(0).max(1);
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
    html! {
        figure {
            (keys)
            p.chart-ends { span { (scale(most)) " at most" } }
            svg.chart viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(label) {
                @for (index, part) in over_time.iter().enumerate() {
                    @for (class, value) in [("second", part.0), ("first", part.1)] {
                        @if value > 0 {
                            @let (x, y, height) = bar(index, value);
                            rect class=(class) x=(x) y=(y) width=(width) height=(height) { title { (tell(*part)) } }
                        }
                    }
                }
            }
            p.chart-ends {
                span { (if span == "hour" { "an" } else { "a" }) " " (span) " ago" }
                span { "now" }
            }
        }
    }
}

/// `value / most`.
fn share(value: i64, most: i64) -> f64 {
    // Through thousandths, to avoid a lossy cast.
    let thousandths = value.saturating_mul(1000) / most;
    f64::from(i32::try_from(thousandths).unwrap_or(1000)) / 1000.0
}
