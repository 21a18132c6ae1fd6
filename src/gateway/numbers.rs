//! What is counted, as Prometheus reads it.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// `result="…"`.
type Label = [(&'static str, &'static str); 1];
type Counted = Family<Label, Counter<u64, AtomicU64>>;

/// The numbers of a gateway.
pub(super) struct Numbers {
    registry: Registry,
    reads: Counted,
    writes: Counted,
    records: Counter<u64, AtomicU64>,
    seconds: Histogram,
}

impl Numbers {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("namesys_gateway");
        let (reads, writes) = (Counted::default(), Counted::default());
        let records = Counter::default();
        let bounds = [0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];
        let seconds = Histogram::new(bounds);
        registry.register("reads", "Records asked for, by what became of it", reads.clone());
        registry.register("writes", "Bodies posted, by what became of them", writes.clone());
        registry.register("records_stored", "Records that were new or changed", records.clone());
        registry.register(
            "request_seconds",
            "From a request's head to its answer",
            seconds.clone(),
        );
        Self { registry, reads, writes, records, seconds }
    }

    /// A record was asked for.
    pub(super) fn read(&self, result: &'static str) {
        self.reads.get_or_create(&[("result", result)]).inc();
    }

    /// A body was posted.
    pub(super) fn write(&self, result: &'static str, stored: usize) {
        self.writes.get_or_create(&[("result", result)]).inc();
        self.records.inc_by(stored as u64);
    }

    /// A request was answered.
    pub(super) fn took(&self, seconds: f64) {
        self.seconds.observe(seconds);
    }

    /// All of them, in the text form.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
