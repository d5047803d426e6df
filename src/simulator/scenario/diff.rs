//! Two logs compared, line by line.

/// What to take away (`-`) from `expected` and add (`+`) to get `found`, with what stays between them; nothing when they
/// say the same. How many blanks stand between two words does not matter.
pub(super) fn lines(expected: &[&str], found: &[String]) -> Option<String> {
    let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let before: Vec<String> = expected.iter().map(|line| plain(line)).collect();
    let after: Vec<String> = found.iter().map(|line| plain(line)).collect();
    if before == after {
        return None;
    }
    // How long the longest common subsequence of the rests is.
    let mut common = vec![vec![0usize; after.len() + 1]; before.len() + 1];
    for (i, old) in before.iter().enumerate().rev() {
        for (j, new) in after.iter().enumerate().rev() {
            common[i][j] = if old == new { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < before.len() || j < after.len() {
        let same = i < before.len() && j < after.len() && before[i] == after[j];
        if same {
            text += &format!("  {}\n", found[j]);
            (i, j) = (i + 1, j + 1);
        } else if j == after.len() || i < before.len() && common[i + 1][j] >= common[i][j + 1] {
            text += &format!("- {}\n", expected[i]);
            i += 1;
        } else {
            text += &format!("+ {}\n", found[j]);
            j += 1;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_change_is_shown_between_what_stays() {
        let found = ["a".to_owned(), "b  2".to_owned(), "c".to_owned()];
        assert_eq!(lines(&["a", "b 1", "c"], &found).as_deref(), Some("  a\n- b 1\n+ b  2\n  c\n"));
        assert_eq!(lines(&["a", "b 2", "c"], &found), None, "blanks do not matter");
        assert_eq!(lines(&["a", "c"], &found).as_deref(), Some("  a\n+ b  2\n  c\n"));
    }
}
