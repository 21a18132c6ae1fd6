//! The workspace: what is wanted and what is signed, on disk.
