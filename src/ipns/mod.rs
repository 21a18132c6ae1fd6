//! IPNS: records, w3name revisions, publishers.
