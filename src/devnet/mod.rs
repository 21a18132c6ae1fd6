//! The embedded network.
