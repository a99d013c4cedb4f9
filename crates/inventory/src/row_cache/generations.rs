//! A bounded map that forgets what has not been used for longest, roughly (generational cache).

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// Two maps. Values go into the young one; when it is half of the limit, it becomes the old one, and what is in the
/// old one then is forgotten. A value that is used is taken out and put into the young one again.
pub(super) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// The rows of a value.
    weigh: fn(&V) -> usize,
    /// The rows in the young map.
    weight: usize,
    limit: usize,
}

impl<K: Eq + Hash, V> Generations<K, V> {
    /// At most `limit` rows, or one value.
    pub(super) fn new(limit: usize, weigh: fn(&V) -> usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            weigh,
            weight: 0,
            limit,
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.remove(key) {
            self.weight -= (self.weigh)(&value);
            return Some(value);
        }
        self.old.remove(key)
    }

    /// Puts a value that is not there.
    pub(super) fn put(&mut self, key: K, value: V) {
        let weight = (self.weigh)(&value);
        if self.weight + weight > self.limit / 2 {
            self.old = mem::take(&mut self.young);
            self.weight = 0;
        }
        self.weight += weight;
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_forgotten_in_time() {
        let mut numbers = Generations::new(100, |_| 1);
        numbers.put(0, 0);
        for number in 1..1000 {
            numbers.put(number, number);
            let used = numbers.take(&0);
            assert_eq!(used, Some(0), "{number}");
            numbers.put(0, 0);
            assert!(numbers.young.len() + numbers.old.len() <= 100);
            assert!(numbers.get(&(number - 40).max(0)).is_some(), "{number}");
        }
        assert_eq!(numbers.get(&1), None);
    }

    #[test]
    fn heavy_values_count_for_as_many_rows() {
        let mut texts = Generations::new(10, String::len);
        texts.put("a", "12345".to_owned());
        texts.put("b", "123".to_owned());
        assert!(texts.get(&"a").is_some());
        texts.put("c", "12345".to_owned());
        assert!(texts.get(&"a").is_none());
        assert!(texts.get(&"b").is_some());
        assert_eq!(texts.take(&"c").as_deref(), Some("12345"));
        assert_eq!(texts.weight, 0);
    }
}
