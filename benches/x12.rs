//! Writing and checking 837 files: 10,000 claims out, 50 MB in.
//!
//! `cargo bench --bench x12`. The peer is the speed of copying the same bytes; memory is the process's peak.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a bench fails by panicking

use codesk::claims::bill::Bill;
use codesk::domain::Phi;
use codesk::x12::{Checker, Envelope, Issue, parse, scan, write_837};
use std::io::Read;
use std::time::Instant;

const CLAIM: &str = include_str!("x12_claim.edi");

/// The claim again and again, with accounts of their own; nothing is held in memory.
struct Many {
    n: usize,
    of: usize,
    pending: Vec<u8>,
    at: usize,
}

impl Read for Many {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.pending.len() {
            if self.n == self.of {
                return Ok(0);
            }
            self.n += 1;
            let (number, one) = (format!("{:09}", self.n), CLAIM.replace('\n', ""));
            self.pending =
                one.replace("000000101", &number).replace("PCN1001", &format!("P{number}")).into_bytes();
            self.at = 0;
        }
        let n = (self.pending.len() - self.at).min(out.len());
        out[..n].copy_from_slice(&self.pending[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn main() {
    let mut base: Vec<Bill> = Vec::new();
    parse(CLAIM.as_bytes(), |b| base.push(b.expect("the claim is read"))).expect("the file is read");
    let bills: Vec<Bill> = (0..10_000)
        .map(|i| {
            let mut b = base[0].clone();
            b.account = format!("P{i:06}");
            b.subscriber.party.id = Phi::new(format!("W{i:09}"));
            b
        })
        .collect();
    let start = Instant::now();
    let mut text = Vec::new();
    write_837(&mut text, &Envelope::empty(), bills[0].form, &bills).expect("memory takes it");
    let took = start.elapsed().as_secs_f64();
    println!("write   10,000 claims, {:.1} MB: {took:.3} s", text.len() as f64 / 1e6);
    drop(bills);

    // Interchanges of one claim each, until 50 MB.
    let one = CLAIM.replace('\n', "").len();
    let of = 50_000_000 / one;
    let start = Instant::now();
    let copied =
        std::io::copy(&mut Many { n: 0, of, pending: Vec::new(), at: 0 }, &mut std::io::sink()).unwrap();
    let made = start.elapsed().as_secs_f64();
    let mut found = 0u64;
    let start = Instant::now();
    let many = Many { n: 0, of, pending: Vec::new(), at: 0 };
    scan(many, &mut Checker::new(None, |_: Issue| found += 1)).expect("the file is read");
    let took = start.elapsed().as_secs_f64();
    let mb = copied as f64 / 1e6;
    println!(
        "check   {mb:.0} MB of one-claim interchanges: {took:.2} s, {:.0} MB/s ({made:.2} s to make it, {found} findings)",
        mb / took
    );

    let start = Instant::now();
    let mut found = 0u64;
    let big: Vec<u8> = text.repeat(1);
    scan(big.as_slice(), &mut Checker::new(None, |_: Issue| found += 1)).expect("the file is read");
    let took = start.elapsed().as_secs_f64();
    let mb = big.len() as f64 / 1e6;
    println!(
        "check   {mb:.0} MB in one transaction of 10,000 claims: {took:.2} s, {:.0} MB/s ({found} findings)",
        mb / took
    );
    println!("memory  peak {} MB", peak_kib() / 1024);
}
