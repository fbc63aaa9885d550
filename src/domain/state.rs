//! The states of an encounter and of a claim, each a table with a reason for every illegal step.
//!
//! Coding state, lease, holds and claim state are separate things: a visit can have a facility claim paid
//! while its professional claim is denied. The hub checks ops against the same tables.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a step is refused, in a sentence a user can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodingState {
    #[default]
    New,
    Coding,
    Coded,
    InReview,
    Returned,
    Final,
}

/// What moves the coding state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodingStep {
    /// The first edit of a coder.
    Start,
    Submit,
    /// Undo of a submit whose claims have not been sent.
    Reopen,
    SendToReview,
    ReturnToCoder,
    Finalize,
}

impl CodingStep {
    pub const ALL: [CodingStep; 6] = [
        CodingStep::Start,
        CodingStep::Submit,
        CodingStep::Reopen,
        CodingStep::SendToReview,
        CodingStep::ReturnToCoder,
        CodingStep::Finalize,
    ];
}

impl CodingState {
    pub const ALL: [CodingState; 6] = [
        CodingState::New,
        CodingState::Coding,
        CodingState::Coded,
        CodingState::InReview,
        CodingState::Returned,
        CodingState::Final,
    ];
    pub fn key(self) -> &'static str {
        match self {
            CodingState::New => "new",
            CodingState::Coding => "coding",
            CodingState::Coded => "coded",
            CodingState::InReview => "in_review",
            CodingState::Returned => "returned",
            CodingState::Final => "final",
        }
    }
    pub fn from_key(key: &str) -> Option<CodingState> {
        CodingState::ALL.into_iter().find(|s| s.key() == key)
    }
    pub fn label(self) -> &'static str {
        match self {
            CodingState::InReview => "in review",
            other => other.key(),
        }
    }
    /// Whether a coder may change codes now.
    pub fn is_open(self) -> bool {
        matches!(self, CodingState::New | CodingState::Coding | CodingState::Returned)
    }
    /// Whether some step, or the undo of a start or a submit, leads from here to `to`; the hub asks this of every
    /// op that writes the state.
    pub fn may_become(self, to: CodingState) -> Result<(), Refusal> {
        let leads = CodingStep::ALL.into_iter().any(|step| self.can(step) == Ok(to));
        let undoes = [CodingStep::Start, CodingStep::Submit].into_iter().any(|step| to.can(step) == Ok(self));
        if self == to || leads || undoes {
            return Ok(());
        }
        Err(Refusal(format!("an encounter that is {} cannot become {}", self.label(), to.label())))
    }
    /// The state after `step`, or why not.
    pub fn can(self, step: CodingStep) -> Result<CodingState, Refusal> {
        use CodingState as S;
        use CodingStep as T;
        let refuse = |why: &str| Err(Refusal(why.to_string()));
        match (self, step) {
            (S::New | S::Coding, T::Start) => Ok(S::Coding),
            (S::Returned, T::Start) => Ok(S::Returned),
            (S::New | S::Coding | S::Returned, T::Submit) => Ok(S::Coded),
            (S::Coded | S::InReview, T::Reopen) => Ok(S::Coding),
            (S::Coded, T::SendToReview) => Ok(S::InReview),
            (S::InReview, T::ReturnToCoder) => Ok(S::Returned),
            (S::Coded | S::InReview, T::Finalize) => Ok(S::Final),
            (S::Coded, T::Start) => refuse("it is already submitted; undo or reopen it first"),
            (S::InReview, T::Start) => refuse("it is in review; the auditor has to return it first"),
            (S::Final, _) => refuse("it is final; a correction needs a corrected claim"),
            (S::Coded | S::InReview, T::Submit) => refuse("it is already submitted"),
            (S::New | S::Coding | S::Returned, T::Reopen) => refuse("it has not been submitted"),
            (_, T::SendToReview) => refuse("only submitted work is reviewed"),
            (_, T::ReturnToCoder) => refuse("only work in review is returned"),
            (_, T::Finalize) => refuse("only submitted work becomes final"),
        }
    }
}

/// The state of one claim: one payer, one form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    #[default]
    Draft,
    Ready,
    Sent,
    /// Refused before adjudication (999, 277CA): correct and send as an original.
    Rejected,
    Accepted,
    Paid,
    PartlyPaid,
    /// Adjudicated and not paid (835): correct (frequency 7), appeal or write off.
    Denied,
    Replaced,
    Voided,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStep {
    MakeReady,
    BackToDraft,
    Send,
    Reject,
    Accept,
    Pay,
    PayPartly,
    Deny,
    Replace,
    Void,
    Close,
}

impl ClaimStep {
    pub const ALL: [ClaimStep; 11] = [
        ClaimStep::MakeReady,
        ClaimStep::BackToDraft,
        ClaimStep::Send,
        ClaimStep::Reject,
        ClaimStep::Accept,
        ClaimStep::Pay,
        ClaimStep::PayPartly,
        ClaimStep::Deny,
        ClaimStep::Replace,
        ClaimStep::Void,
        ClaimStep::Close,
    ];
}

impl ClaimState {
    pub const ALL: [ClaimState; 11] = [
        ClaimState::Draft,
        ClaimState::Ready,
        ClaimState::Sent,
        ClaimState::Rejected,
        ClaimState::Accepted,
        ClaimState::Paid,
        ClaimState::PartlyPaid,
        ClaimState::Denied,
        ClaimState::Replaced,
        ClaimState::Voided,
        ClaimState::Closed,
    ];
    pub fn key(self) -> &'static str {
        match self {
            ClaimState::Draft => "draft",
            ClaimState::Ready => "ready",
            ClaimState::Sent => "sent",
            ClaimState::Rejected => "rejected",
            ClaimState::Accepted => "accepted",
            ClaimState::Paid => "paid",
            ClaimState::PartlyPaid => "partly_paid",
            ClaimState::Denied => "denied",
            ClaimState::Replaced => "replaced",
            ClaimState::Voided => "voided",
            ClaimState::Closed => "closed",
        }
    }
    pub fn from_key(key: &str) -> Option<ClaimState> {
        ClaimState::ALL.into_iter().find(|s| s.key() == key)
    }
    pub fn label(self) -> &'static str {
        match self {
            ClaimState::PartlyPaid => "partly paid",
            other => other.key(),
        }
    }
    /// Whether the payer has adjudicated it, so that it has a claim control number.
    pub fn is_adjudicated(self) -> bool {
        matches!(self, ClaimState::Paid | ClaimState::PartlyPaid | ClaimState::Denied)
    }
    /// Whether some step leads from here to `to`.
    pub fn may_become(self, to: ClaimState) -> Result<(), Refusal> {
        if self == to || ClaimStep::ALL.into_iter().any(|step| self.can(step) == Ok(to)) {
            return Ok(());
        }
        Err(Refusal(format!("a claim that is {} cannot become {}", self.label(), to.label())))
    }
    pub fn can(self, step: ClaimStep) -> Result<ClaimState, Refusal> {
        use ClaimState as S;
        use ClaimStep as T;
        let refuse = |why: &str| Err(Refusal(why.to_string()));
        match (self, step) {
            (S::Draft | S::Rejected, T::MakeReady) => Ok(S::Ready),
            (S::Ready | S::Rejected, T::BackToDraft) => Ok(S::Draft),
            (S::Ready, T::Send) => Ok(S::Sent),
            (S::Sent | S::Accepted, T::Reject) => Ok(S::Rejected),
            (S::Sent, T::Accept) => Ok(S::Accepted),
            (S::Sent | S::Accepted | S::PartlyPaid | S::Denied, T::Pay) => Ok(S::Paid),
            (S::Sent | S::Accepted | S::Denied, T::PayPartly) => Ok(S::PartlyPaid),
            (S::Sent | S::Accepted, T::Deny) => Ok(S::Denied),
            (S::Paid | S::PartlyPaid | S::Denied, T::Replace) => Ok(S::Replaced),
            (S::Accepted | S::Paid | S::PartlyPaid | S::Denied, T::Void) => Ok(S::Voided),
            (S::Draft | S::Ready | S::Rejected | S::Paid | S::PartlyPaid | S::Denied, T::Close) => {
                Ok(S::Closed)
            }
            (S::Replaced | S::Voided | S::Closed, _) => refuse("this claim is finished"),
            (S::Rejected, T::Replace | T::Void) => {
                refuse("the payer never adjudicated it: correct it and send it as an original")
            }
            (S::Draft | S::Ready | S::Sent | S::Accepted, T::Replace) => {
                refuse("a replacement needs the payer's claim number, and the payer has not answered")
            }
            (S::Draft | S::Ready | S::Sent, T::Void) => refuse("there is nothing at the payer to void"),
            (S::Draft | S::Rejected, T::Send) => refuse("only a ready claim is sent"),
            (_, T::Send) => refuse("it has been sent already"),
            (_, T::MakeReady | T::BackToDraft) => refuse("it has been sent already"),
            (S::Sent | S::Accepted, T::Close) => refuse("the payer still owes an answer"),
            (S::Draft | S::Ready, _) => refuse("it has not been sent"),
            (_, T::Reject | T::Accept) => refuse("the payer has answered already"),
            (_, T::Pay | T::PayPartly | T::Deny) => refuse("the payer has answered already"),
        }
    }
}

/// The right to work an encounter, for a time, given by the hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub holder: Option<String>,
    /// Rises with every change of hands; an op of an older fence is refused.
    pub fence: i64,
    pub until: Option<DateTime<Utc>>,
}

impl Lease {
    pub fn held_by(&self, who: &str, now: DateTime<Utc>) -> bool {
        self.holder.as_deref() == Some(who) && self.until.is_some_and(|u| u > now)
    }
    pub fn held_by_other(&self, who: &str, now: DateTime<Utc>) -> Option<&str> {
        let live = self.until.is_some_and(|u| u > now);
        self.holder.as_deref().filter(|h| live && *h != who)
    }
}

/// What a person may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    #[default]
    Coder,
    Trainee,
    Supervisor,
    Biller,
    Admin,
    ReadOnly,
}

impl Role {
    pub const ALL: [Role; 6] =
        [Role::Coder, Role::Trainee, Role::Supervisor, Role::Biller, Role::Admin, Role::ReadOnly];
    pub fn from_label(label: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.label() == label)
    }
    pub fn label(self) -> &'static str {
        match self {
            Role::Coder => "coder",
            Role::Trainee => "trainee",
            Role::Supervisor => "supervisor",
            Role::Biller => "biller",
            Role::Admin => "admin",
            Role::ReadOnly => "read-only",
        }
    }
    /// Most first: what counts where somebody has several.
    pub fn weight(self) -> u8 {
        match self {
            Role::Admin => 5,
            Role::Supervisor => 4,
            Role::Biller => 3,
            Role::Coder => 2,
            Role::Trainee => 1,
            Role::ReadOnly => 0,
        }
    }
    pub fn may_code(self) -> bool {
        matches!(self, Role::Coder | Role::Trainee | Role::Supervisor | Role::Admin)
    }
    pub fn may_submit(self) -> bool {
        matches!(self, Role::Coder | Role::Supervisor | Role::Admin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_step_answers_and_every_refusal_says_why() {
        use CodingStep::*;
        let mut legal = 0;
        for s in CodingState::ALL {
            for t in [Start, Submit, Reopen, SendToReview, ReturnToCoder, Finalize] {
                match s.can(t) {
                    Ok(_) => legal += 1,
                    Err(r) => assert!(r.0.len() > 10, "{s:?} {t:?}"),
                }
            }
            assert_eq!(CodingState::from_key(s.key()), Some(s));
        }
        assert_eq!(legal, 12);
        assert!(CodingState::Final.can(Submit).is_err());
    }

    #[test]
    fn a_rejected_claim_is_never_replaced() {
        assert!(ClaimState::Rejected.can(ClaimStep::Replace).is_err());
        assert_eq!(ClaimState::Rejected.can(ClaimStep::MakeReady), Ok(ClaimState::Ready));
        assert_eq!(ClaimState::Denied.can(ClaimStep::Replace), Ok(ClaimState::Replaced));
        for s in ClaimState::ALL {
            for t in ClaimStep::ALL {
                if let Err(r) = s.can(t) {
                    assert!(r.0.len() > 10, "{s:?} {t:?}");
                }
            }
        }
    }
}
