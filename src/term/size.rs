//! How large the terminal is.
//!
//! Owns the question and what is believed of the answer: some serial lines and containers say 0x0, and a made-up
//! size of 65535x65535 would ask for gigabytes of cells. Asks the kernel, never the terminal. Any thread.

const UNKNOWN: (u16, u16) = (80, 24);
const MOST: (u16, u16) = (1000, 500);

/// Columns and rows; 80x24 where the terminal does not say.
pub fn size() -> (u16, u16) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(s) => believed(s.ws_col, s.ws_row),
        Err(_) => UNKNOWN,
    }
}

fn believed(columns: u16, rows: u16) -> (u16, u16) {
    match (columns, rows) {
        (0, _) | (_, 0) => UNKNOWN,
        (w, h) => (w.min(MOST.0), h.min(MOST.1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_not_believed() {
        assert_eq!(believed(120, 40), (120, 40));
        assert_eq!(believed(0, 40), (80, 24));
        assert_eq!(believed(u16::MAX, u16::MAX), MOST);
    }
}
