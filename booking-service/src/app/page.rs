//! Pages of lists.

/// Which part of a list, by the id of a row at its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPart<I> {
    /// The newest.
    First,
    /// What was made before this one.
    After(I),
    /// What was made after this one.
    Before(I),
}

/// A page of a list, newest first.
#[derive(Debug)]
pub struct Page<T, I> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next page begins, if there are older ones.
    pub after: Option<I>,
    /// Where the page before ends, if there are newer ones.
    pub before: Option<I>,
}

impl<T, I> Page<T, I> {
    /// The page of what was found: one more than a page has, at its far end, if there are more.
    pub fn of(mut found: Vec<T>, part: &ListPart<I>, limit: i64, id: impl Fn(&T) -> I) -> Self {
        let is_cut = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
        let (has_older, has_newer) = match part {
            ListPart::First => (is_cut, false),
            ListPart::After(_) => (is_cut, true),
            ListPart::Before(_) => (true, is_cut),
        };
        if is_cut {
            let surplus = match part {
                ListPart::First | ListPart::After(_) => found.len() - 1,
                ListPart::Before(_) => 0,
            };
            found.remove(surplus);
        }
        Self {
            after: found.last().filter(|_| has_older).map(&id),
            before: found.first().filter(|_| has_newer).map(&id),
            rows: found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(found: &[i64], part: ListPart<i64>) -> (Vec<i64>, Option<i64>, Option<i64>) {
        let page = Page::of(found.to_vec(), &part, 2, |id| *id);
        (page.rows, page.after, page.before)
    }

    #[test]
    fn one_row_too_many_says_that_there_are_more() {
        assert_eq!(page(&[5, 4], ListPart::First), (vec![5, 4], None, None));
        assert_eq!(
            page(&[5, 4, 3], ListPart::First),
            (vec![5, 4], Some(4), None)
        );
        assert_eq!(page(&[3], ListPart::After(4)), (vec![3], None, Some(3)));
        assert_eq!(
            page(&[6, 5, 4], ListPart::Before(3)),
            (vec![5, 4], Some(4), Some(5))
        );
        assert_eq!(page(&[], ListPart::First), (Vec::new(), None, None));
    }
}
