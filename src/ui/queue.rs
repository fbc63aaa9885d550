//! The list of work: a table with its list tabs, or the narrow pane beside an open encounter.

use super::paint::{Painter, cols};
use crate::app::layout::Area;
use crate::app::{App, Screen};
use crate::domain::{ClaimState, WorkItem, WorkView};
use crate::theme::Role;

/// Glyph, word and style of a row's status; never colour alone.
fn status(item: &WorkItem) -> (String, Role) {
    if item.holds > 0 {
        return (format!("hold: {}", item.hold), Role::Hold);
    }
    match (item.claim, item.state.is_open()) {
        (Some(ClaimState::Rejected), _) => (format!("rejected {}", item.response), Role::Denied),
        (Some(ClaimState::Denied), _) => (format!("denied {}", item.response), Role::Denied),
        (Some(ClaimState::Paid), _) => ("paid".into(), Role::Paid),
        (Some(s), false) => (format!("{} · claim {}", item.state.label(), s.label()), Role::Muted),
        (_, true) if item.diagnoses > 0 => ("coding".into(), Role::Changed),
        (_, true) => ("new".into(), Role::New),
        (None, false) => (item.state.label().into(), Role::Muted),
    }
}

pub fn view_title(view: WorkView) -> &'static str {
    match view {
        WorkView::Mine => "mine",
        WorkView::Office => "office",
        WorkView::Emergency => "emergency",
        WorkView::Inpatient => "inpatient",
        WorkView::Surgery => "surgery",
        WorkView::Held => "on hold",
        WorkView::Coded => "coded",
        WorkView::Rejected => "rejected",
        WorkView::Denied => "denied",
        WorkView::All => "all",
    }
}

fn title(app: &App) -> (String, String) {
    let q = &app.queue;
    let left = match q.filter.is_empty() && q.filter_line.is_none() {
        true => format!("Queue · {}", view_title(q.view)),
        false => format!("Queue · {} · {}", view_title(q.view), q.filter),
    };
    let new = if q.arrived > 0 { format!("{} new · ", q.arrived) } else { String::new() };
    let right = if q.loaded { format!("{new}{}", q.total) } else { "reading".into() };
    (left, right)
}

/// The first row on the screen: moved only when the cursor would leave it, and then by one row.
fn top(app: &App, height: u64) -> u64 {
    let q = &app.queue;
    let max = q.total.saturating_sub(height);
    let mut top = q.top.get().min(max);
    if q.cursor < top {
        top = q.cursor;
    } else if q.cursor >= top + height {
        top = q.cursor + 1 - height;
    }
    q.top.set(top);
    top
}

pub fn screen(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let wide = area.w >= 120;
    let table = if wide { Area { w: area.w - 44, ..area } } else { area };
    let (left, right) = title(app);
    p.title(table, &left, &right, true);
    lists(app, Area { y: area.y + 1, h: 1, ..table }, p);
    if let Some(line) = &app.queue.filter_line {
        p.put(table.x + 1, table.y, 20, "▌filter > ", Role::Input);
        p.put(table.x + 11, table.y, table.w - 12, &format!("{} ", line.text), Role::Input);
        p.cursor = Some((table.x + 11 + cols(&line.text[..line.cursor]), table.y));
    }
    let more = account_width(app, 7, 14) - 7;
    columns(Area { y: area.y + 2, h: 1, ..table }, more, p);
    let rows = Area { y: area.y + 3, h: area.h.saturating_sub(3), ..table };
    let first = top(app, u64::from(rows.h));
    for i in 0..rows.h {
        let place = first + u64::from(i);
        if place >= app.queue.total {
            break;
        }
        match app.queue.row(place) {
            Some(item) => {
                row(app, item, place == app.queue.cursor, more, Area { y: rows.y + i, h: 1, ..rows }, p);
            }
            None => {
                p.put(rows.x + 2, rows.y + i, rows.w, "…", Role::Muted);
            }
        }
    }
    if app.queue.loaded && app.queue.total == 0 {
        let text = match app.queue.filter.is_empty() {
            true => "Nothing in this list. > and < show the other lists.",
            false => "No account or name begins with that. Esc shows all rows.",
        };
        p.put(rows.x + 2, rows.y, rows.w, text, Role::Muted);
    }
    if wide {
        let side = Area { x: area.x + table.w, w: 44, ..area };
        p.bar(Area { w: 1, ..side });
        preview(app, Area { x: side.x + 1, w: side.w - 1, ..side }, p);
    }
}

/// `mine 42  office 40  ED 15 ...`
fn lists(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    let mut x = area.x + 1;
    for view in WorkView::ALL {
        let n = app.queue.counts.iter().find(|(v, _)| *v == view).map(|(_, n)| *n);
        let here = view == app.queue.view;
        let count = n.map(|n| format!(" {n}")).unwrap_or_default();
        let name = if here {
            format!("[{}{count}]", view_title(view))
        } else {
            format!("{}{count}", view_title(view))
        };
        if x + cols(&name) > area.x + area.w {
            break;
        }
        x += p.put(x, area.y, area.w, &name, if here { Role::Selected } else { Role::Muted }) + 2;
    }
}

/// Columns of the account numbers that are loaded: a number is only told from the next by its end.
fn account_width(app: &App, least: u16, most: u16) -> u16 {
    app.queue.items.iter().map(|i| cols(&i.account)).max().unwrap_or(0).clamp(least, most)
}

/// The end of an account number that is longer than its column.
fn account(text: &str, w: u16) -> String {
    let n = text.chars().count();
    match n > usize::from(w) {
        true => format!("…{}", text.chars().skip(n + 1 - usize::from(w)).collect::<String>()),
        false => text.to_string(),
    }
}

/// `more`: columns that long account numbers take beyond seven.
fn columns(area: Area, more: u16, p: &mut Painter<'_, '_>) {
    p.put(area.x + 2, area.y, 7, "account", Role::Muted);
    let area = Area { x: area.x + more, w: area.w.saturating_sub(more), ..area };
    p.put(area.x + 10, area.y, 16, "patient", Role::Muted);
    p.put(area.x + 27, area.y, 6, "kind", Role::Muted);
    p.put(area.x + 34, area.y, 6, "date", Role::Muted);
    p.put(area.x + 43, area.y, 5, "age", Role::Muted);
    if area.w >= 76 {
        p.put(area.x + 50, area.y, 8, "       $", Role::Muted);
        p.put(area.x + 60, area.y, area.w.saturating_sub(60), "status", Role::Muted);
    }
}

fn row(app: &App, item: &WorkItem, here: bool, more: u16, whole: Area, p: &mut Painter<'_, '_>) {
    let area = Area { x: whole.x + more, w: whole.w.saturating_sub(more), ..whole };
    let (x, y) = (area.x, area.y);
    let held = item.holder.as_deref().filter(|h| *h != app.me.login);
    p.put(whole.x, y, 2, if here { "▸" } else { " " }, Role::Key);
    p.put(whole.x + 2, y, 7 + more, &account(&item.account, 7 + more), Role::Code);
    p.put(x + 10, y, 16, item.name.reveal(), Role::Text);
    p.put(x + 27, y, 6, item.kind.label(), Role::Text);
    p.put(x + 34, y, 6, &item.through.format("%m-%d").to_string(), Role::Text);
    let age = format!("{:>3} d", item.age_days(app.today));
    p.put(x + 42, y, 6, &age, Role::Muted);
    let (words, role) = match held {
        Some(holder) => (format!("with {holder}"), Role::Muted),
        None => status(item),
    };
    if area.w >= 76 {
        p.put(x + 49, y, 9, &format!("{:>9}", item.dollars.dollars()), Role::Money);
        let room = area.w.saturating_sub(60);
        let used = p.put(x + 60, y, room, &words, role);
        if room > used + 14 && used < 20 {
            p.put(x + 82, y, area.w.saturating_sub(82), &item.payer, Role::Muted);
        }
    } else {
        p.put(x + 49, y, area.w.saturating_sub(49), &words, role);
    }
    if here {
        p.highlight(whole, y, Role::Cursor);
    }
}

/// What is known of the row without opening the chart: why it is here, what is in the way.
fn preview(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    p.title(area, "Why here", "", false);
    let Some(item) = app.queue.current() else { return };
    let mut y = area.y + 1;
    let x = area.x + 1;
    let w = area.w.saturating_sub(2);
    y += p.words(x, y, w, 3, &item.why, Role::Text);
    let (words, role) = status(item);
    p.put(x, y, w, &words, role);
    y += 2;
    let facts = [
        ("payer", item.payer.clone()),
        ("documents", item.documents.to_string()),
        ("codes", format!("{} diagnoses, {} lines", item.diagnoses, item.lines)),
        (
            "file by",
            item.file_by.map(|d| format!("{d}, {} d left", (d - app.today).num_days())).unwrap_or_default(),
        ),
        ("assigned", item.assigned.clone().unwrap_or_default()),
    ];
    for (name, value) in facts.iter().filter(|(_, v)| !v.is_empty()) {
        p.put(x, y, 10, name, Role::Muted);
        p.put(x + 11, y, w.saturating_sub(11), value, Role::Text);
        y += 1;
    }
}

/// The narrow list beside an open encounter.
pub fn pane(app: &App, area: Area, p: &mut Painter<'_, '_>) {
    if area.is_empty() || app.screen() == Screen::Queue {
        return;
    }
    let (left, right) = title(app);
    p.title(area, &left, &right, false);
    let why = 5.min(area.h / 4);
    let rows = Area { y: area.y + 1, h: area.h.saturating_sub(1 + why), ..area };
    let first = top(app, u64::from(rows.h));
    let more = account_width(app, 6, 8) - 6;
    for i in 0..rows.h {
        let Some(item) = app.queue.row(first + u64::from(i)) else { break };
        let here = app.open.as_ref().is_some_and(|o| o.chart.id() == item.id);
        let y = rows.y + i;
        p.put(area.x, y, 1, if here { "▸" } else { " " }, Role::Key);
        let number = account(&item.account, 6 + more);
        p.put(area.x + 1, y, 6 + more, &number, if here { Role::Code } else { Role::Text });
        let (mark, role) = match status(item) {
            (_, Role::Hold) => ("hold", Role::Hold),
            (_, Role::Denied) => ("!", Role::Denied),
            (_, Role::Changed) => ("…", Role::Changed),
            _ => ("", Role::Muted),
        };
        let age = format!("{} d", item.age_days(app.today));
        let kind = if mark.is_empty() { item.kind.label() } else { mark };
        let tail = format!("{kind} {age:>4}");
        let name_w = area.w.saturating_sub(8 + more + cols(&tail) + 1);
        p.put(area.x + 7 + more, y, name_w, item.name.reveal(), if here { Role::Text } else { Role::Muted });
        p.right(area, y, &tail, role);
    }
    let foot = Area { y: area.y + area.h - why, h: why, ..area };
    p.title(foot, "Why here", "", false);
    if let Some(open) = &app.open {
        p.words(
            area.x + 1,
            foot.y + 1,
            area.w.saturating_sub(1),
            why.saturating_sub(1),
            &open.chart.header().why,
            Role::Muted,
        );
    }
}
