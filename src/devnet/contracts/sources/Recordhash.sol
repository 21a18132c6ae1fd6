// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// The forms in which a recordhash is kept.
library Recordhash {
    /// A web address, to which a path is appended.
    function isWeb(bytes memory recordhash) internal pure returns (bool) {
        return recordhash.length >= 8 && bytes8(recordhash) == "https://";
    }

    /// With the prefix that the short form, 32 bytes of an ed25519 key, leaves out; anything
    /// else as it is.
    function full(bytes memory recordhash) internal pure returns (bytes memory) {
        if (recordhash.length != 32 || isWeb(recordhash)) return recordhash;
        return bytes.concat(hex"e5010172002408011220", recordhash);
    }
}
