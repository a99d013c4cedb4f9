//! Random draws.

/// A random element.
pub(crate) fn any<T>(things: &[T]) -> Option<&T> {
    if things.is_empty() {
        return None;
    }
    things.get(rand::random_range(0..things.len()))
}
