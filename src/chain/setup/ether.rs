//! Amounts of ether, in words.

use alloy_primitives::{U256, utils::format_ether};

/// Wei in ether, as short as it is exact.
pub fn ether(wei: U256) -> String {
    let text = format_ether(wei);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
