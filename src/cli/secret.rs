//! Reading a password: from a terminal without echo, from a file, or the first line of a pipe. Never an argument.

use super::CliError;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;

/// Asks, and asks again for a new one, so that a slip of the finger does not lock somebody out.
pub fn new_password(prompt: &str, file: Option<&Path>) -> Result<String, CliError> {
    let first = password(prompt, file)?;
    if file.is_none() && std::io::stdin().is_terminal() && password("once more: ", None)? != first {
        return Err(CliError::Usage("the two were not the same; nothing is changed".into()));
    }
    if first.chars().count() < 12 {
        return Err(CliError::Usage("a password has at least 12 characters".into()));
    }
    Ok(first)
}

pub fn password(prompt: &str, file: Option<&Path>) -> Result<String, CliError> {
    if let Some(path) = file {
        return crate::config::read_private(path)?
            .filter(|p| !p.is_empty())
            .ok_or_else(|| CliError::Usage(format!("{} holds no password", path.display())));
    }
    let stdin = std::io::stdin();
    let mut line = String::new();
    if stdin.is_terminal() {
        eprint!("{prompt}");
        std::io::stderr().flush()?;
        let before = rustix::termios::tcgetattr(&stdin).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(rustix::termios::LocalModes::ECHO);
        let set = |t: &rustix::termios::Termios| {
            rustix::termios::tcsetattr(&stdin, rustix::termios::OptionalActions::Flush, t)
        };
        set(&silent).map_err(std::io::Error::from)?;
        let read = stdin.lock().read_line(&mut line);
        let _ = set(&before);
        eprintln!();
        read?;
    } else {
        stdin.lock().read_line(&mut line)?;
    }
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(CliError::Usage("no password was given".into()));
    }
    Ok(line.to_string())
}
