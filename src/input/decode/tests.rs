//! What the decoder owes: joined keys, no leaked letters, no dead keyboard.

use super::*;
use proptest::prelude::*;

/// Feeds chunks, each some milliseconds after the one before, and calls `timeout` as the input thread does.
fn keys<B: AsRef<[u8]>>(chunks: &[(B, u64)]) -> Vec<InputEvent> {
    let mut d = Decoder::default();
    let mut out = Vec::new();
    let mut at = Instant::now();
    for (bytes, wait) in chunks {
        let next = at + Duration::from_millis(*wait);
        while let Some(deadline) = d.deadline().filter(|t| *t <= next) {
            out.extend(d.timeout(deadline));
        }
        at = next;
        out.extend(d.feed(bytes.as_ref(), at));
    }
    out.extend(d.timeout(at + Duration::from_secs(5)));
    out
}

fn once(bytes: &[u8]) -> Vec<InputEvent> {
    keys(&[(bytes, 0)])
}

fn key(c: KeyCode) -> InputEvent {
    InputEvent::Key(Key::plain(c))
}

fn char(c: char) -> InputEvent {
    key(KeyCode::Char(c))
}

const ESC: InputEvent = InputEvent::Key(Key::plain(KeyCode::Esc));

#[test]
fn a_cursor_key_split_by_the_link_is_one_key() {
    assert_eq!(keys(&[("\x1b", 0), ("[", 20), ("B", 20)]), [key(KeyCode::Down)]);
    // The Esc is known to begin a key once `[` came: the rest may dawdle.
    assert_eq!(keys(&[("\x1b", 0), ("[", 20), ("B", 140)]), [key(KeyCode::Down)]);
    assert_eq!(keys(&[("\x1b", 0), ("[", 20), ("3", 400), ("~", 900)]), [key(KeyCode::Delete)]);
}

#[test]
fn the_tail_of_a_key_whose_esc_has_acted_does_nothing() {
    assert_eq!(keys(&[("\x1b", 0), ("[", 90), ("B", 90)]), [ESC]);
    assert_eq!(keys(&[("\x1b", 0), ("[B", 100)]), [ESC]);
    assert_eq!(keys(&[("\x1b", 0), ("O", 100), ("S", 100)]), [ESC]);
    // F9 submits in two key maps; its Esc has just left the layer it was meant for.
    assert_eq!(keys(&[("\x1b", 0), ("[20~", 100)]), [ESC]);
    assert_eq!(keys(&[("\x1b", 0), ("[[A", 100)]), [ESC]);
    // The key after it is a key again.
    assert_eq!(keys(&[("\x1b", 0), ("[B", 100), ("j", 5)]), [ESC, char('j')]);
    // What is pasted is never typed, however late.
    assert_eq!(keys(&[("\x1b", 0), ("[200~qq\x1b[201~", 100)]), [ESC, InputEvent::Paste("qq".into())]);
}

#[test]
fn keys_typed_on_purpose_after_esc_are_keys() {
    assert_eq!(keys(&[("\x1b", 0), ("[", 400)]), [ESC, char('[')]);
    assert_eq!(keys(&[("\x1b", 0), ("j", 60)]), [ESC, char('j')]);
    assert_eq!(keys(&[("\x1b", 0), ("\x1b[B", 60)]), [ESC, key(KeyCode::Down)]);
    assert_eq!(once(b"\x1bj"), [ESC, char('j')]);
    assert_eq!(once(b"\x1b\x1b[A"), [ESC, key(KeyCode::Up)]);
    // A sequence that fell silent is given up; the next letter is not its end.
    assert_eq!(keys(&[("\x1b[", 0), ("j", 400)]), [char('j')]);
    assert_eq!(keys(&[("\x1b[", 0), ("3", 1500)]), [char('3')]);
}

#[test]
fn sequences_never_leak_letters() {
    assert_eq!(once(b"\x1b[1;5C"), [key(KeyCode::Right)]);
    assert_eq!(once(b"\x1bOP\x1b[20~\x1b[1;2R\x1b[[B"), [1, 9, 3, 2].map(|n| key(KeyCode::F(n))));
    assert_eq!(once(b"\x1b[Z\x1b[H\x1bOF"), [KeyCode::BackTab, KeyCode::Home, KeyCode::End].map(key));
    for unknown in [
        &b"\x1b[?1;2c"[..],
        b"\x1b]11;rgb:0/0/0\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b[97;5u",
        b"\x1b[27;5;108~",
        b"\x1b[I",
        b"\x1b[<0;10;10M",
        b"\x1b[M xx",
        b"\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20x",
    ] {
        assert_eq!(
            once(&[unknown, &b"j"[..]].concat()),
            [char('j')],
            "{:?}",
            String::from_utf8_lossy(unknown)
        );
    }
    assert_eq!(once("é界".as_bytes()), [char('é'), char('界')]);
    assert_eq!(once("\u{202e}\u{9b}x".as_bytes()), [char('x')]);
    assert_eq!(once(b"\x03\x0c"), [InputEvent::Key(Key::ctrl('c')), InputEvent::Key(Key::ctrl('l'))]);
}

#[test]
fn a_string_that_never_ends_does_not_kill_the_keyboard() {
    // Alt-] or Esc and `]` in one packet looks like the start of a string.
    assert_eq!(keys(&[("\x1b]", 0), ("j", 400)]), [ESC, char(']'), char('j')]);
    assert_eq!(keys(&[("\x1bPx", 0), ("j", 400)]), [char('j')]);
}

#[test]
fn a_paste_is_text_and_never_commands() {
    let out = once(b"\x1b[200~q\r\n.\x1b[31mx\x1b[201~j");
    assert_eq!(out, [InputEvent::Paste("q\n.[31mx".into()), char('j')]);
    let tricky = once("\x1b[200~a\x1b\x1b[201\x1b[20\u{202e}1~b\x1b[201~".as_bytes());
    assert_eq!(tricky, [InputEvent::Paste("a[201[201~b".into())]);
}

#[test]
fn a_paste_beyond_all_bounds_ends_and_a_lost_end_mark_can_be_left() {
    let long = [&b"\x1b[200~"[..], &vec![b'x'; MAX_PASTE + 100], b"\x1b[201~j"].concat();
    let out = once(&long);
    assert_eq!(out.len(), 2);
    assert!(matches!(&out[0], InputEvent::Paste(t) if t.len() == MAX_PASTE));
    assert_eq!(out[1], char('j'));
    let lost = keys(&[("\x1b[200~abc", 0), ("\x03", 3000), ("j", 10)]);
    assert_eq!(lost, [InputEvent::Paste("abc".into()), char('j')]);
    // A Ctrl-C in the pasted text is just dropped.
    assert_eq!(once(b"\x1b[200~a\x03b\x1b[201~"), [InputEvent::Paste("ab".into())]);
}

/// Bytes that are likely to form sequences, so that the deep states are reached.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 0..6),
        2 => "[\\[O0-9;~A-Za-z\\]P]{0,6}".prop_map(String::into_bytes),
        2 => Just(b"\x1b".to_vec()),
        2 => Just(b"\x1b[".to_vec()),
        1 => Just(b"\x1b[200~".to_vec()),
        1 => Just(b"\x1b[201~".to_vec()),
        1 => Just(b"\x1b[M".to_vec()),
        1 => Just(b"\x1b]0;t\x07".to_vec()),
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|p| p.concat())
}

/// Every key that begins with Esc and that somebody's keyboard has.
const SENT: [&str; 16] = [
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[H",
    "\x1b[F",
    "\x1bOA",
    "\x1bOB",
    "\x1bOP",
    "\x1bOS",
    "\x1b[3~",
    "\x1b[5~",
    "\x1b[20~",
    "\x1b[1;5C",
    "\x1b[Z",
    "\x1b[[A",
];

proptest! {
    #[test]
    fn cutting_a_stream_anywhere_changes_nothing(bytes in bytes(), cuts in proptest::collection::vec(0usize..120, 0..8)) {
        let whole = once(&bytes);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let parts: Vec<(&[u8], u64)> = cuts.windows(2).map(|w| (&bytes[w[0]..w[1]], 0)).collect();
        prop_assert_eq!(whole, keys(&parts));
    }

    #[test]
    fn no_bytes_at_any_pace_panic_or_kill_the_keyboard(bytes in bytes(), waits in proptest::collection::vec(0u64..3000, 1..9)) {
        let step = bytes.len() / waits.len() + 1;
        let mut parts: Vec<(Vec<u8>, u64)> =
            bytes.chunks(step).zip(waits).map(|(b, w)| (b.to_vec(), w)).collect();
        // Whatever came before: end a paste that may be open, pause, type.
        parts.push((b"\x03".to_vec(), 3000));
        parts.push((b"j".to_vec(), 3000));
        let out = keys(&parts);
        prop_assert_eq!(out.last(), Some(&char('j')));
    }

    /// However a key is split, it is itself, or Esc and nothing more; it never acts as letters or digits.
    #[test]
    fn a_split_key_never_acts_as_other_keys(which in 0..SENT.len(), waits in proptest::collection::vec(0u64..150, 8)) {
        let sent = SENT[which].as_bytes();
        let parts: Vec<(&[u8], u64)> = sent.chunks(1).zip(waits).collect();
        let out = keys(&parts);
        prop_assert!(out == once(sent) || out == [ESC], "{:?}", out);
    }
}
