//! The HTTP client every network block shares.
