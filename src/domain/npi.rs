//! National Provider Identifier check digit (45 CFR 162.406; CMS, "Requirements for NPI").

/// Whether `text` is ten digits beginning with 1 or 2 whose Luhn sum over `80840` + NPI ends in 0.
pub fn npi_is_valid(text: &str) -> bool {
    let b = text.as_bytes();
    if b.len() != 10 || !b.iter().all(u8::is_ascii_digit) || !matches!(b[0], b'1' | b'2') {
        return false;
    }
    // 24 is the Luhn sum of the constant prefix 80840 at these places.
    let sum: u32 = b.iter().rev().enumerate().fold(24, |sum, (i, c)| {
        let d = u32::from(c - b'0');
        sum + match i % 2 {
            0 => d,
            _ if d > 4 => d * 2 - 9,
            _ => d * 2,
        }
    });
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_valid_and_its_neighbours_are_not() {
        assert!(npi_is_valid("1234567893"));
        assert!(npi_is_valid("1881018208"));
        for bad in ["1234567890", "3234567893", "123456789", "12345678933", "12345a7893", ""] {
            assert!(!npi_is_valid(bad), "{bad}");
        }
    }
}
