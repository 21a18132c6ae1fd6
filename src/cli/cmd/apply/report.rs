//! The report of `apply`, as its parts read.

use std::io::{self, Write};

use namesys::report::ApplyReport;

use crate::cli::output::{Human, shown};

impl Human for ApplyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { plan, sign, publish, database, setup } = self;
        let parts = [
            sign.as_ref().map(|part| part as &dyn Human),
            publish.as_ref().map(|part| part as &dyn Human),
            database.as_ref().map(|part| part as &dyn Human),
            setup.as_ref().map(|part| part as &dyn Human),
        ];
        if !plan.to_do {
            return writeln!(out, "nothing to do");
        }
        if publish.is_none() {
            for loss in &plan.lost {
                writeln!(out, "lost       {}", shown(&loss.to_string()))?;
            }
        }
        parts.into_iter().flatten().try_for_each(|part| part.human(out))
    }
}
