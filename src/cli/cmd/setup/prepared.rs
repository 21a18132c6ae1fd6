//! What a setup will do.

use namesys::chain::setup::{Cost, Plan, Sender, SetupRequest, Standing};
use namesys::report::ReplacedReport;

/// Everything that is decided before anything is sent.
pub struct Prepared {
    pub request: SetupRequest,
    pub standing: Standing,
    pub plan: Plan,
    /// Of each transaction; none where the nodes cannot tell.
    pub costs: Vec<Cost>,
    /// Records that are no longer read afterwards.
    pub replaces: Vec<ReplacedReport>,
    pub sender: Sender,
}
