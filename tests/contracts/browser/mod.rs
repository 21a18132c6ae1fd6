//! The wallet's page in a real browser.

pub mod chromium;
pub mod running;
pub mod wallet;
