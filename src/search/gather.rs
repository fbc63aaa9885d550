//! Stage one of ranking: which codes are worth a closer look.
//!
//! Owns the sum over postings, group by group, best alternative, best candidate, and the choice
//! of the best few. Works in a table as large as the book has codes, which is cleared by epoch
//! number instead of by writing.
//! Never looks at a phrase: that is `score`.

use super::query::Parsed;
use super::{Filter, Prior, points};
use crate::codes::index::{DOC, Index, POST_ALIAS, POST_NEGATED};
use crate::codes::{Book, class};

const KEEP: usize = 90;
const KEEP_HEADERS: usize = 8;
const KEEP_PLAIN: usize = 24;

/// What stage one knows of a document.
#[derive(Clone, Copy, Default)]
struct Cell {
    epoch: u32,
    word: u16,
    alternative: u16,
    group: u16,
    sum: f32,
    word_best: f32,
    alternative_sum: f32,
    group_best: f32,
}

#[derive(Default)]
pub struct Work {
    cells: Vec<Cell>,
    touched: Vec<u32>,
    epoch: u32,
    /// What a vocabulary word means to the query: first entry in `links`, 0 for nothing.
    pub first: Vec<u32>,
}

/// Stage one: adds up what each group finds, best alternative, best candidate.
pub fn accumulate(
    index: &Index<'_>,
    parsed: &Parsed,
    abandon: &dyn Fn() -> bool,
    work: &mut Work,
) -> Option<()> {
    if work.cells.len() != index.docs() {
        work.cells = vec![Cell::default(); index.docs()];
        work.epoch = 0;
    }
    work.epoch = work.epoch.wrapping_add(1);
    if work.epoch == 0 {
        work.cells.fill(Cell::default());
        work.epoch = 1;
    }
    work.touched.clear();
    let heaviest = parsed.groups.iter().map(|g| g.weight).fold(0.0, f32::max);
    let (mut word_no, mut alternative_no) = (0u16, 0u16);
    for (group_no, group) in parsed.groups.iter().enumerate() {
        if abandon() {
            return None;
        }
        // words nearly every title has only cost time here; stage two counts them
        if group.weight < 0.12 * heaviest {
            continue;
        }
        for alternative in &group.alternatives {
            alternative_no = alternative_no.wrapping_add(1);
            let whole: f32 = alternative.words.iter().map(|w| w.weight).sum::<f32>().max(1e-6);
            for word in &alternative.words {
                word_no = word_no.wrapping_add(1);
                let share = word.weight / whole;
                if alternative.words.len() > 1 && share < 0.05 {
                    continue;
                }
                for c in &word.candidates {
                    let value = share * c.quality * alternative.factor;
                    add(
                        work,
                        index,
                        c.token,
                        Step {
                            value,
                            weight: group.weight,
                            group: group_no as u16 + 1,
                            alternative: alternative_no,
                            word: word_no,
                            negated: group.negated,
                            loose: parsed.loose_negation,
                        },
                    );
                }
            }
        }
    }
    Some(())
}

struct Step {
    value: f32,
    weight: f32,
    group: u16,
    alternative: u16,
    word: u16,
    negated: bool,
    loose: bool,
}

#[inline]
fn add(work: &mut Work, index: &Index<'_>, token: u32, step: Step) {
    for post in index.posts(token).iter() {
        let doc = post & DOC;
        let Some(cell) = work.cells.get_mut(doc as usize) else { continue };
        if cell.epoch != work.epoch {
            *cell = Cell { epoch: work.epoch, ..Cell::default() };
            work.touched.push(doc);
        }
        let mut v = step.value;
        if post & POST_ALIAS != 0 {
            v *= points::ALIAS_STAGE1;
        }
        if (post & POST_NEGATED != 0) != step.negated && !step.loose {
            v *= points::POLARITY;
        }
        if cell.word != step.word {
            cell.word = step.word;
            cell.word_best = 0.0;
            if cell.alternative != step.alternative {
                cell.alternative = step.alternative;
                cell.alternative_sum = 0.0;
                if cell.group != step.group {
                    cell.group = step.group;
                    cell.group_best = 0.0;
                }
            }
        }
        if v > cell.word_best {
            cell.alternative_sum += v - cell.word_best;
            cell.word_best = v;
            if cell.alternative_sum > cell.group_best {
                cell.sum += (cell.alternative_sum - cell.group_best) * step.weight;
                cell.group_best = cell.alternative_sum;
            }
        }
    }
}

/// The best of stage one: codes, headings, and how many answered about as well.
pub fn pick(
    book: &Book,
    index: &Index<'_>,
    filter: &Filter<'_>,
    prior: &Prior,
    parsed: &Parsed,
    work: &Work,
) -> (Vec<u32>, Vec<u32>, usize) {
    let whole: f32 = parsed.groups.iter().map(|g| g.weight).sum::<f32>().max(1e-6);
    let mut kept: Top = Top::new(KEEP.max(filter.query.limit.min(2000)));
    let mut headers: Top = Top::new(KEEP_HEADERS);
    // what would be kept were nothing used here: an exact answer must not fall out at this stage
    let mut plain: Top = Top::new(KEEP_PLAIN);
    let local = !prior.is_shipped();
    let mut best = 0.0f32;
    let mut levels = [0usize; 64];
    for &doc in &work.touched {
        let bits = index.class(doc);
        if !filter.takes_class(bits, index.validity(doc)) {
            continue;
        }
        let Some(cell) = work.cells.get(doc as usize) else { continue };
        let covered = cell.sum / whole;
        let billable = bits & class::BILLABLE != 0;
        let rest = covered + points::of_class(bits, parsed, filter.query.prefer);
        let score = rest + 0.5 * points::PRIOR * prior.of(doc, index.prior(doc));
        let top = if billable { &mut kept } else { &mut headers };
        // the costly part of the filter only for what would be kept
        let wanted = top.would_take(score);
        if (wanted || filter.prefix.is_some() || filter.query.within.is_some())
            && !filter.takes_doc(book, doc)
        {
            continue;
        }
        if billable {
            best = best.max(covered);
            levels[((covered * 60.0) as usize).min(63)] += 1;
        }
        if wanted {
            top.push(score, doc);
        }
        if local && billable {
            let score = rest + 0.5 * points::PRIOR * index.prior(doc);
            if plain.would_take(score) && (wanted || filter.takes_doc(book, doc)) {
                plain.push(score, doc);
            }
        }
    }
    let total = levels[((best * 60.0 * 0.9) as usize).min(63)..].iter().sum();
    let mut docs = kept.docs();
    if local {
        let more: Vec<u32> = plain.docs().into_iter().filter(|d| !docs.contains(d)).collect();
        docs.extend(more);
    }
    (docs, headers.docs(), total)
}

/// The best few of many.
struct Top {
    size: usize,
    list: Vec<(f32, u32)>,
    least: f32,
}

impl Top {
    fn new(size: usize) -> Top {
        Top { size, list: Vec::with_capacity(size * 2), least: f32::MIN }
    }

    fn would_take(&self, score: f32) -> bool {
        score > self.least
    }

    fn push(&mut self, score: f32, doc: u32) {
        self.list.push((score, doc));
        // cut in halves now and then: cheaper than a heap at this size
        if self.list.len() >= self.size * 2 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.list.len() > self.size {
            self.list.select_nth_unstable_by(self.size - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            self.list.truncate(self.size);
            self.least = self.list.iter().map(|x| x.0).fold(f32::MAX, f32::min);
        }
    }

    fn docs(mut self) -> Vec<u32> {
        self.cut();
        self.list.into_iter().map(|x| x.1).collect()
    }
}
