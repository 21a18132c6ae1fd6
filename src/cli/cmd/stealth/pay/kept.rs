//! The payment under way, and its file.

use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy_primitives::Address;
use namesys::chain::setup::SetupTransaction;
use namesys::stealth::{
    Asset, PendingPayment, PendingPayments, Stage, StealthFiles, announce, pay_ether, transfer,
};

use crate::cli::error::CliError;

/// Which transaction of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The announcement; of ether with the payment.
    Announcement,
    /// The transfer of a token.
    Transfer,
}

/// A transaction of a payment.
pub fn transaction(payment: &PendingPayment, part: Part) -> SetupTransaction {
    let (to, amount) = (payment.to(), payment.amount);
    match (part, payment.asset()) {
        (Part::Announcement, Asset::Ether) => pay_ether(&to, amount),
        (Part::Announcement, asset) => announce(&to, asset, amount),
        (Part::Transfer, asset) => transfer(asset.contract(), to.address, amount),
    }
}

/// A payment, whose every step is on the disk before it is taken.
pub struct Kept<'a> {
    files: StealthFiles<'a>,
    state: Mutex<(PendingPayments, PendingPayment)>,
}

impl<'a> Kept<'a> {
    pub fn new(files: StealthFiles<'a>, all: PendingPayments, payment: PendingPayment) -> Self {
        Self { files, state: Mutex::new((all, payment)) }
    }

    fn lock(&self) -> MutexGuard<'_, (PendingPayments, PendingPayment)> {
        // Whoever panicked left whole values behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn payment(&self) -> PendingPayment {
        self.lock().1.clone()
    }

    pub fn stage(&self, part: Part) -> Stage {
        let payment = &self.lock().1;
        match part {
            Part::Announcement => payment.announcement,
            Part::Transfer => payment.transfer,
        }
    }

    /// Its transactions, in order.
    pub fn parts(&self) -> Vec<Part> {
        match self.payment().asset() {
            Asset::Ether => vec![Part::Announcement],
            Asset::Token(_) => vec![Part::Announcement, Part::Transfer],
        }
    }

    /// What is not mined, in order.
    pub fn missing(&self) -> Vec<Part> {
        self.parts().into_iter().filter(|part| self.stage(*part) != Stage::Mined).collect()
    }

    /// Who pays, from now on.
    pub fn paid_by(&self, from: Address) {
        self.lock().1.from = Some(from);
    }

    /// Takes a step, and keeps it.
    pub fn put(&self, part: Part, stage: Stage) -> Result<(), CliError> {
        let (all, payment) = &mut *self.lock();
        match part {
            Part::Announcement => payment.announcement = stage,
            Part::Transfer => payment.transfer = stage,
        }
        all.put(payment);
        Ok(self.files.keep_payments(all)?)
    }
}
