//! IPFS: UnixFS packing and reading, CAR files, uploads.

pub mod upload;
