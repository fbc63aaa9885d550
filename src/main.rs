//! Parses arguments, calls, maps the error to an exit code.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A closed pipe (`codesk search x | head`) ends the program quietly, as every other tool does.
    let args = codesk::cli::Cli::parse();
    match codesk::cli::run(args) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(e) => {
            if !e.is_broken_pipe() {
                eprintln!("codesk: {e}");
                if let Some(hint) = e.hint() {
                    eprintln!("  {hint}");
                }
            }
            ExitCode::from(e.code())
        }
    }
}
