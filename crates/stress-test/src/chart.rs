//! Charts as SVG in the page's CSS colours, so that they follow its light and dark schemes and its print
//! style.

mod latencies;
mod outcomes;
mod rates;
pub(super) mod scale;

pub use latencies::latencies;
pub use outcomes::outcomes;
pub use rates::rates;

use maud::{Markup, html};

use self::scale::Scale;

/// Size in SVG units; the page scales it.
const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 260.0;

/// Positions of the axes.
const LEFT: f64 = 54.0;
const RIGHT: f64 = WIDTH - 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = HEIGHT - 30.0;

/// A chart's frame: grid, labels, and the plot inside.
fn frame(title: &str, x: &Scale, x_unit: &str, y: &Scale, y_unit: &str, inside: &Markup) -> Markup {
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            title { (title) }
            @for (value, label) in y.ticks() {
                @let at = place(y.at(value));
                line.grid x1=(LEFT) x2=(RIGHT) y1=(at) y2=(at) {}
                text.tick x=(LEFT - 6.0) y=(at) dy="0.32em" text-anchor="end" { (label) }
            }
            @for (value, label) in x.ticks() {
                @let at = place(x.at(value));
                line.grid x1=(at) x2=(at) y1=(BOTTOM) y2=(BOTTOM + 4.0) {}
                text.tick x=(at) y=(BOTTOM + 16.0) text-anchor="middle" { (label) }
            }
            line.axis x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
            text.unit x="0" y="12" { (y_unit) }
            text.unit x=(RIGHT) y=(HEIGHT - 1.0) text-anchor="end" { (x_unit) }
            (inside)
        }
    }
}

/// Formats a coordinate: a tenth of a unit is finer than a screen.
fn place(coordinate: f64) -> String {
    format!("{coordinate:.1}")
}

/// The points of a polyline.
fn points(points: impl Iterator<Item = (f64, f64)>) -> String {
    let written = points.map(|(x, y)| format!("{x:.1},{y:.1}"));
    written.collect::<Vec<_>>().join(" ")
}
