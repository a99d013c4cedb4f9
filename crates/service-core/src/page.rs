//! Keyset pagination: requests and pages of a list.

/// A page request, by the key of a row at the page's edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageRequest<I> {
    /// The first page.
    First,
    /// The page that follows this row.
    After(I),
    /// The page that precedes this row.
    Before(I),
}

/// One page, in the list's order.
#[derive(Debug)]
pub struct Page<T, I> {
    /// At most as many rows as the limit.
    pub rows: Vec<T>,
    /// The key to request the next page with; `None` on the last page.
    pub after: Option<I>,
    /// The key to request the previous page with; `None` on the first page.
    pub before: Option<I>,
}

impl<T, I> Page<T, I> {
    /// Makes a page of the rows found. The query asks for one row more than `limit`; if it is there, at the far
    /// end, there are more pages.
    pub fn of(mut found: Vec<T>, part: &PageRequest<I>, limit: i64, id: impl Fn(&T) -> I) -> Self {
        let is_cut = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
        let (has_more, has_earlier) = match part {
            PageRequest::First => (is_cut, false),
            PageRequest::After(_) => (is_cut, true),
            PageRequest::Before(_) => (true, is_cut),
        };
        if is_cut {
            let surplus = match part {
                PageRequest::First | PageRequest::After(_) => found.len() - 1,
                PageRequest::Before(_) => 0,
            };
            found.remove(surplus);
        }
        Self {
            after: found.last().filter(|_| has_more).map(&id),
            before: found.first().filter(|_| has_earlier).map(&id),
            rows: found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page_of(found: &[i64], part: PageRequest<i64>) -> (Vec<i64>, Option<i64>, Option<i64>) {
        let page = Page::of(found.to_vec(), &part, 2, |id| *id);
        (page.rows, page.after, page.before)
    }

    #[test]
    fn one_row_too_many_says_that_there_are_more() {
        assert_eq!(
            page_of(&[5, 4], PageRequest::First),
            (vec![5, 4], None, None)
        );
        assert_eq!(
            page_of(&[5, 4, 3], PageRequest::First),
            (vec![5, 4], Some(4), None)
        );
        assert_eq!(
            page_of(&[3], PageRequest::After(4)),
            (vec![3], None, Some(3))
        );
        assert_eq!(
            page_of(&[6, 5, 4], PageRequest::Before(3)),
            (vec![5, 4], Some(4), Some(5))
        );
        assert_eq!(page_of(&[], PageRequest::First), (Vec::new(), None, None));
    }
}
