// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Numbers, bytes and addresses as the texts and paths of NameSys write them.
library Text {
    bytes16 private constant DIGITS = "0123456789abcdef";

    /// Lower-case hexadecimal without prefix.
    function toHex(bytes memory data) internal pure returns (string memory) {
        bytes memory text = new bytes(2 * data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            text[2 * i] = DIGITS[uint8(data[i]) >> 4];
            text[2 * i + 1] = DIGITS[uint8(data[i]) & 15];
        }
        return string(text);
    }

    /// `0x` and 64 lower-case digits.
    function toHex(bytes32 word) internal pure returns (string memory) {
        return string.concat("0x", toHex(abi.encodePacked(word)));
    }

    function toDecimal(uint256 number) internal pure returns (string memory) {
        uint256 length = 1;
        for (uint256 rest = number / 10; rest != 0; rest /= 10) {
            ++length;
        }
        bytes memory text = new bytes(length);
        for (uint256 i = length; i > 0; number /= 10) {
            text[--i] = DIGITS[number % 10];
        }
        return string(text);
    }

    /// EIP-55: a letter is upper case where the hash of the lower-case digits has 8 or more.
    function toChecksummed(address account) internal pure returns (string memory) {
        bytes memory digits = bytes(toHex(abi.encodePacked(account)));
        uint256 hash = uint256(keccak256(digits)) >> 96;
        for (uint256 i = digits.length; i > 0; hash >>= 4) {
            --i;
            if (digits[i] > "9" && hash & 15 >= 8) {
                digits[i] = bytes1(uint8(digits[i]) - 32);
            }
        }
        return string.concat("0x", string(digits));
    }

    /// `eip155:<chain>:<checksummed address>`.
    function caip10(string memory chain, address account) internal pure returns (string memory) {
        return string.concat("eip155:", chain, ":", toChecksummed(account));
    }
}
