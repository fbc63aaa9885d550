//! Edit distance: insert, delete, replace and swap of neighbours, each one step.
//!
//! Owns the check behind the deletion neighbourhoods and the same for a word still being typed.
//! Pure; any thread.

const LONGEST: usize = 32;

/// Optimal string alignment distance of `a` and `b` when it is at most `limit`.
pub fn distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    walk(a, b, limit, false)
}

/// The least distance of `a` and any beginning of `b`, when it is at most `limit`.
pub fn prefix_distance(a: &str, b: &str, limit: usize) -> Option<usize> {
    walk(a, b, limit, true)
}

fn walk(a: &str, b: &str, limit: usize, prefix: bool) -> Option<usize> {
    let mut left = ['\0'; LONGEST];
    let mut n = 0;
    for c in a.chars() {
        *left.get_mut(n)? = c;
        n += 1;
    }
    let a = &left[..n];
    let m = b.chars().count();
    if !prefix && n.abs_diff(m) > limit || n > m + limit {
        return None;
    }
    // rows go along b, so that a beginning of b is an early stop
    let mut before = [0usize; LONGEST + 1];
    let mut last = [0usize; LONGEST + 1];
    for (i, v) in last.iter_mut().enumerate().take(n + 1) {
        *v = i;
    }
    let mut best = prefix.then_some(n);
    let mut b_last = '\0';
    for (j, cb) in b.chars().enumerate() {
        let mut row = [0usize; LONGEST + 1];
        row[0] = j + 1;
        let mut least = row[0];
        for i in 1..=n {
            let same = usize::from(a[i - 1] != cb);
            let mut d = (last[i] + 1).min(row[i - 1] + 1).min(last[i - 1] + same);
            if i > 1 && j > 0 && a[i - 1] == b_last && a[i - 2] == cb {
                d = d.min(before[i - 2] + 1);
            }
            row[i] = d;
            least = least.min(d);
        }
        if prefix {
            best = best.map(|x| x.min(row[n]));
        }
        if least > limit {
            return best.filter(|d| *d <= limit);
        }
        (before, last, b_last) = (last, row, cb);
        if prefix && j >= n + limit {
            break;
        }
    }
    Some(if prefix { best.unwrap_or(n) } else { last[n] }).filter(|d| *d <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(distance("pnuemonia", "pneumonia", 2), Some(1));
        assert_eq!(distance("hypertenison", "hypertension", 2), Some(1));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(prefix_distance("pnuemo", "pneumonia", 1), Some(1));
        assert_eq!(prefix_distance("xxxxxx", "pneumonia", 1), None);
        assert_eq!(distance(&"x".repeat(99), "x", 2), None);
    }
}
