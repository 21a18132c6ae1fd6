// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Text} from "./Text.sol";

/// EIP-191 signatures of texts (version byte 0x45).
library PersonalSign {
    error InvalidSignature(string value);

    /// Half the group order of secp256k1, rounded down: the largest `s` that is low.
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// Who signed `text`: signatures of 64 (EIP-2098), 65 or 96 bytes (of whose `v` only the last
    /// byte counts), `s` low, `v` 27 or 28. Reverts for anything else.
    function recover(string memory text, bytes memory signature)
        internal
        pure
        returns (address by)
    {
        bytes32 r;
        uint256 s;
        uint256 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := mload(add(signature, 96))
        }
        if (signature.length == 64) {
            v = 27 + (s >> 255);
            s &= type(uint256).max >> 1;
        } else if (signature.length == 65) {
            v >>= 248;
        } else if (signature.length == 96) {
            v &= 0xff;
        } else {
            revert InvalidSignature("BAD_SIG_LENGTH");
        }
        if (s > HALF_ORDER) revert InvalidSignature("INVALID_S_VALUE");
        bytes32 digest = keccak256(
            bytes.concat(
                "\x19Ethereum Signed Message:\n",
                bytes(Text.toDecimal(bytes(text).length)),
                bytes(text)
            )
        );
        if (v == 27 || v == 28) by = ecrecover(digest, uint8(v), r, bytes32(s));
        if (by == address(0)) revert InvalidSignature("ZERO_ADDR");
    }
}
