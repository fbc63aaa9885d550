//! What a DRG pays, from the site's own rates: full amount and the transfer policy.
//!
//! Owns the operating and capital amount of a weight and the per diem of a transfer (42 CFR 412.4(f)): twice the per
//! diem for the first day and once for each further one, up to the full amount; special-pay DRGs get half the full
//! amount and half of that. Says what it leaves out. Never guesses a rate. Integer cents, pure.

use super::case::DischargeStatus;
use super::weights::Weight;
use crate::domain::Cents;

/// The hospital's rates of a fiscal year; ten-thousandths where no money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteRates {
    /// Labour-related and other part of the operating standardized amount.
    pub labor: Cents,
    pub nonlabor: Cents,
    pub wage_index: u32,
    /// Capital federal rate and geographic adjustment factor.
    pub capital: Cents,
    pub capital_factor: u32,
}

/// Which transfer rule a stay falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// To another acute-care or critical-access hospital.
    Acute,
    /// To post-acute care from a DRG on the list.
    PostAcute,
    /// The same, from a special-pay DRG.
    Special,
}

/// A stay shorter than the mean by enough that a transfer is paid by the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortTransfer {
    pub rule: Transfer,
    pub days: u32,
    /// Geometric mean length of stay, tenths of a day.
    pub gmlos: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub operating: Cents,
    pub capital: Cents,
    /// Operating and capital.
    pub full: Cents,
    /// What the stay pays: the full amount, or the per diem of a transfer.
    pub paid: Cents,
    pub per_diem: Option<Cents>,
    pub transfer: Option<ShortTransfer>,
}

/// What the amount does not contain; shown with it.
pub const LEFT_OUT: &str =
    "without outlier, teaching, disproportionate-share, new-technology and quality amounts";

/// Neonates, died or transferred: the DRG itself is the transfer's payment.
const NEONATE_TRANSFERRED: u16 = 789;

fn to_acute(status: DischargeStatus) -> bool {
    matches!(status.0, 2 | 66 | 82 | 94)
}

/// Skilled nursing, excluded hospitals and units, home health, hospice; and each with a planned readmission.
fn to_post_acute(status: DischargeStatus) -> bool {
    matches!(status.0, 3 | 5 | 6 | 50 | 51 | 62 | 63 | 65 | 83 | 85 | 86 | 90 | 91 | 93)
}

/// Whether the transfer policy cuts the payment of a stay of `days` days.
pub fn transfer(weight: &Weight, status: DischargeStatus, days: u32) -> Option<ShortTransfer> {
    let rule = if to_acute(status) && weight.drg != NEONATE_TRANSFERRED {
        Transfer::Acute
    } else if to_post_acute(status) && weight.special_pay {
        Transfer::Special
    } else if to_post_acute(status) && weight.post_acute {
        Transfer::PostAcute
    } else {
        return None;
    };
    let gmlos = weight.gmlos?;
    let days = days.max(1);
    // The first day counts twice: a stay of one day less than the mean is paid in full.
    ((days + 1) * 10 < gmlos).then_some(ShortTransfer { rule, days, gmlos })
}

/// Rounds half up.
fn ratio(amount: i128, by: i128, of: i128) -> i128 {
    (amount * by * 2 + of) / (of * 2)
}

/// The payment of a stay; `None` for a DRG without a weight.
pub fn payment(rates: &SiteRates, weight: &Weight, status: DischargeStatus, days: u32) -> Option<Payment> {
    if weight.weight == 0 {
        return None;
    }
    let by = |cents: i128, index: u32| ratio(cents, index.into(), 10_000);
    let adjusted = by(rates.labor.0.into(), rates.wage_index) + i128::from(rates.nonlabor.0);
    let operating = by(adjusted, weight.weight);
    let capital = by(by(rates.capital.0.into(), rates.capital_factor), weight.weight);
    let full = operating + capital;
    let transfer = transfer(weight, status, days);
    let per_diem = |gmlos: u32, days: u32| ratio(full, 10 * i128::from(days), gmlos.into());
    let paid = match transfer {
        None => full,
        Some(t) => {
            let by_day = per_diem(t.gmlos, t.days + 1);
            let amount = if t.rule == Transfer::Special { (full + by_day + 1) / 2 } else { by_day };
            amount.min(full)
        }
    };
    let cents = |n: i128| i64::try_from(n).ok().map(Cents);
    Some(Payment {
        operating: cents(operating)?,
        capital: cents(capital)?,
        full: cents(full)?,
        paid: cents(paid)?,
        per_diem: transfer.and_then(|t| cents(per_diem(t.gmlos, 1))),
        transfer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: SiteRates = SiteRates {
        labor: Cents(450_000),
        nonlabor: Cents(220_000),
        wage_index: 11_000,
        capital: Cents(51_000),
        capital_factor: 10_674,
    };

    fn weight(special_pay: bool) -> Weight {
        Weight { drg: 480, weight: 30_000, gmlos: Some(60), amlos: Some(70), post_acute: true, special_pay }
    }

    fn paid(w: &Weight, status: u8, days: u32) -> Payment {
        payment(&RATES, w, DischargeStatus(status), days).unwrap()
    }

    #[test]
    fn the_full_amount_is_rate_times_weight() {
        let p = paid(&weight(false), 1, 2);
        // (4,500.00 x 1.1 + 2,200.00) x 3; 510.00 x 1.0674 = 544.37, x 3
        assert_eq!((p.operating, p.capital), (Cents(2_145_000), Cents(163_311)));
        assert_eq!((p.full, p.paid, p.per_diem), (Cents(2_308_311), Cents(2_308_311), None));
    }

    #[test]
    fn a_transfer_is_paid_by_the_day_up_to_the_full_amount() {
        let w = weight(false);
        let p = paid(&w, 6, 2);
        assert_eq!(p.transfer.map(|t| t.rule), Some(Transfer::PostAcute));
        assert_eq!(p.per_diem, Some(Cents(384_719)));
        assert_eq!(p.paid, Cents(1_154_156), "three days' worth for two days");
        assert_eq!(paid(&w, 2, 1).transfer.map(|t| t.rule), Some(Transfer::Acute));
        // One day less than the mean is paid in full already.
        assert_eq!(paid(&w, 6, 5).transfer, None);
        assert_eq!(paid(&w, 6, 4).transfer.map(|t| t.days), Some(4));
        assert_eq!(paid(&w, 6, 0).transfer.map(|t| t.days), Some(1), "a stay of the same day is one day");
    }

    #[test]
    fn special_pay_gets_half_at_once() {
        let p = paid(&weight(true), 3, 1);
        assert_eq!(p.transfer.map(|t| t.rule), Some(Transfer::Special));
        // half of 23,083.11 and half of two days of 3,847.19
        assert_eq!(p.paid, Cents(1_538_874));
    }

    #[test]
    fn no_policy_where_it_does_not_apply() {
        let mut w = weight(false);
        assert_eq!(transfer(&w, DischargeStatus(1), 1), None);
        assert_eq!(transfer(&w, DischargeStatus(20), 1), None);
        w.post_acute = false;
        assert_eq!(transfer(&w, DischargeStatus(6), 1), None, "the DRG is not on the list");
        w.drg = 789;
        assert_eq!(transfer(&w, DischargeStatus(2), 1), None);
        w.weight = 0;
        assert_eq!(payment(&RATES, &w, DischargeStatus(1), 1), None);
    }
}
