// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Names in DNS wire form (RFC 1035), labels of up to 255 bytes as ENSIP-10 has them.
library DnsName {
    /// Whether labels follow each other up to one zero byte, the last.
    function wellFormed(bytes memory name) internal pure returns (bool) {
        uint256 start = 0;
        while (start < name.length) {
            uint256 length = uint8(name[start]);
            if (length == 0) return start + 1 == name.length;
            start += length + 1;
        }
        return false;
    }

    /// Where each label starts (its length byte), the leftmost first. Of a well-formed name.
    function offsets(bytes memory name) internal pure returns (uint256[] memory list) {
        uint256 count = 0;
        for (uint256 start = 0; name[start] != 0; start += uint8(name[start]) + 1) {
            ++count;
        }
        list = new uint256[](count);
        uint256 next = 0;
        for (uint256 start = 0; name[start] != 0; start += uint8(name[start]) + 1) {
            list[next++] = start;
        }
    }

    /// keccak256 of the label at `start`.
    function labelHash(bytes memory name, uint256 start) internal pure returns (bytes32 hash) {
        uint256 length = uint8(name[start]);
        assembly ("memory-safe") {
            hash := keccak256(add(add(name, 33), start), length)
        }
    }

    /// The namehash (EIP-137) of the part that starts at `start`.
    function node(bytes memory name, uint256 start) internal pure returns (bytes32) {
        uint256 length = uint8(name[start]);
        if (length == 0) return bytes32(0);
        return child(node(name, start + length + 1), labelHash(name, start));
    }

    /// The node of a label under `parent`.
    function child(bytes32 parent, bytes32 label) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(parent, label));
    }

    /// `sub.nick.eth`.
    function dotted(bytes memory name) internal pure returns (string memory) {
        return join(name, ".", false);
    }

    /// `eth/nick/sub`.
    function path(bytes memory name) internal pure returns (string memory) {
        return join(name, "/", true);
    }

    function join(bytes memory name, string memory separator, bool reversed)
        private
        pure
        returns (string memory text)
    {
        uint256[] memory starts = offsets(name);
        for (uint256 i = 0; i < starts.length; ++i) {
            uint256 start = starts[i];
            string memory label = string(slice(name, start + 1, uint8(name[start])));
            if (i == 0) text = label;
            else if (reversed) text = string.concat(label, separator, text);
            else text = string.concat(text, separator, label);
        }
    }

    /// The wire form of a dotted name; empty when a label is empty or longer than 255 bytes.
    function encode(string memory name) internal pure returns (bytes memory wire) {
        bytes memory text = bytes(name);
        uint256 start = 0;
        for (uint256 end = 0; end <= text.length; ++end) {
            if (end < text.length && text[end] != ".") continue;
            if (end == start || end - start > 255) return "";
            wire = bytes.concat(wire, bytes1(uint8(end - start)), slice(text, start, end - start));
            start = end + 1;
        }
        wire = bytes.concat(wire, hex"00");
    }

    /// `length` bytes of `data` from `start`; the caller sees to the bounds.
    function slice(bytes memory data, uint256 start, uint256 length)
        internal
        pure
        returns (bytes memory part)
    {
        part = new bytes(length);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(data, 32), start), length)
        }
    }
}
