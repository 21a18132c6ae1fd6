//! Wallets: who signs SIGN 1 to 3.
