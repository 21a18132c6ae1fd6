//! What each command reports: the JSON contract.
