//! Lists in pages. A page begins behind the name that the one before ended with, so that what is
//! added or removed in between moves nothing.

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// How many at most; none for all.
    pub size: Option<usize>,
    /// Only what stands behind this name.
    pub after: String,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// What the next part begins behind; none if this is the last.
    pub next: Option<String>,
}

impl Page {
    /// The part of a list, sorted by name.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, name: impl Fn(&T) -> &str) -> Paged<T> {
        items.retain(|it| name(it) > self.after.as_str());
        items.sort_by(|a, b| name(a).cmp(name(b)));
        let mut next = None;
        if let Some(size) = self.size
            && items.len() > size
        {
            items.truncate(size);
            next = items.last().map(|it| name(it).to_owned());
        }
        Paged { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_all_of_a_list_once_also_when_it_changes_in_between() {
        let name = |it: &&'static str| -> &'static str { it };
        let page = |size, after: &str| Page {
            size: Some(size),
            after: after.to_owned(),
        };
        let first = page(2, "").cut(vec!["c", "a", "d", "b"], |it| name(it));
        assert_eq!(
            (first.items, first.next.as_deref()),
            (vec!["a", "b"], Some("b"))
        );
        // b is gone, and aa has come: who reads on misses neither c nor d.
        let second = page(2, "b").cut(vec!["d", "c", "aa", "a"], |it| name(it));
        assert_eq!((second.items, second.next), (vec!["c", "d"], None));
        let all = Page::default().cut(vec!["b", "a"], |it| name(it));
        assert_eq!((all.items, all.next), (vec!["a", "b"], None));
    }
}
