//! Maps values to coordinates, and chooses an axis's round values.

/// Approximate number of an axis's values.
const TICKS: f64 = 5.0;

#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    is_logarithmic: bool,
}

impl Scale {
    /// From zero to a round value not below `to`, over these coordinates.
    pub(super) fn linear(to: f64, start: f64, end: f64) -> Self {
        let step = round_step(to);
        Self {
            from: 0.0,
            to: (to / step).ceil().max(1.0) * step,
            start,
            end,
            is_logarithmic: false,
        }
    }

    /// From zero to exactly this value.
    pub(super) fn exactly(to: f64, start: f64, end: f64) -> Self {
        Self {
            from: 0.0,
            to,
            start,
            end,
            is_logarithmic: false,
        }
    }

    /// Powers of ten around these values, which are above zero.
    pub(super) fn logarithmic(least: f64, most: f64, start: f64, end: f64) -> Self {
        let from = least.max(0.001).log10().floor();
        let to = most.max(0.001).log10().ceil().max(from + 1.0);
        Self {
            from,
            to,
            start,
            end,
            is_logarithmic: true,
        }
    }

    /// The coordinate of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.is_logarithmic {
            value.max(0.001).log10()
        } else {
            value
        };
        let share = (value - self.from) / (self.to - self.from).max(f64::MIN_POSITIVE);
        self.start + share * (self.end - self.start)
    }

    /// The axis's values with their labels.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        if self.is_logarithmic {
            let decades = (self.to - self.from).max(1.0);
            let exponents = (0..=12_u8)
                .map(f64::from)
                .take_while(|step| *step <= decades);
            let values = exponents.map(|step| 10_f64.powf(self.from + step));
            return values.map(|value| (value, label(value))).collect();
        }
        let step = round_step(self.to);
        let steps = (0..=20_u8).map(f64::from);
        let values = steps.map(|index| index * step);
        values
            .take_while(|value| *value <= self.to + step / 1000.0)
            .map(|value| (value, label(value)))
            .collect()
    }
}

/// One, two or five times a power of ten, so that about [`TICKS`] of them make the whole.
fn round_step(whole: f64) -> f64 {
    let rough = (whole / TICKS).max(1e-3);
    let power = 10_f64.powf(rough.log10().floor());
    let rounded = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let enough = rounded.into_iter().find(|step| *step >= rough * 0.999);
    enough.unwrap_or(10.0 * power)
}

/// A short notation of a value.
pub(crate) fn label(value: f64) -> String {
    if value >= 1_000_000.0 {
        format!("{}M", trimmed(value / 1_000_000.0, 1))
    } else if value >= 10_000.0 {
        format!("{}k", trimmed(value / 1_000.0, 0))
    } else if value >= 1_000.0 {
        format!("{}k", trimmed(value / 1_000.0, 1))
    } else if value >= 10.0 {
        trimmed(value, 0)
    } else {
        trimmed(value, 2)
    }
}

fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn an_axis_shows_round_values() {
        assert_eq!(
            labels(&Scale::linear(2_360.0, 0.0, 1.0)),
            ["0", "500", "1k", "1.5k", "2k", "2.5k"]
        );
        assert_eq!(
            labels(&Scale::linear(0.9, 0.0, 1.0)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        );
        assert_eq!(
            labels(&Scale::linear(48_000.0, 0.0, 1.0)),
            ["0", "10k", "20k", "30k", "40k", "50k"]
        );
        assert_eq!(
            labels(&Scale::logarithmic(0.4, 180.0, 0.0, 1.0)),
            ["0.1", "1", "10", "100", "1k"]
        );
        assert_eq!(
            labels(&Scale::exactly(9.0, 0.0, 1.0)),
            ["0", "2", "4", "6", "8"]
        );
    }

    #[test]
    fn values_map_to_their_coordinates() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let linear = Scale::linear(1_000.0, 100.0, 0.0);
        assert!(close(linear.at(0.0), 100.0) && close(linear.at(250.0), 75.0));
        let logarithmic = Scale::logarithmic(1.0, 100.0, 0.0, 20.0);
        assert!(close(logarithmic.at(10.0), 10.0) && close(logarithmic.at(100.0), 20.0));
        // An empty chart must not divide by zero.
        assert!(Scale::linear(0.0, 0.0, 1.0).at(0.0).is_finite());
        assert!(Scale::exactly(0.0, 0.0, 1.0).at(0.0).is_finite());
    }
}
