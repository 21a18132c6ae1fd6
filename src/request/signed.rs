//! SIGN 4 payloads.
