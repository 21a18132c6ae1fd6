// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165, IExtendedResolver, OffchainLookup} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";

/// Calls to contracts that may answer with an OffchainLookup, for contracts that pass it on.
library CcipRead {
    /// A lookup as its contract reverted with it.
    struct Lookup {
        string[] urls;
        bytes callData;
        bytes4 callbackFunction;
        bytes extraData;
    }

    /// What a call came to: a value, a lookup, or an error.
    struct Outcome {
        bool done;
        bool pending;
        bytes data;
        Lookup lookup;
    }

    /// Calls `target`. `data` is what it returned or reverted with; a lookup counts only when
    /// its sender is the target (EIP-3668).
    function call(address target, bytes memory request) internal view returns (Outcome memory out) {
        (out.done, out.data) = target.staticcall(request);
        if (out.done || out.data.length < 4) return out;
        if (bytes4(out.data) != OffchainLookup.selector) return out;
        address sender;
        (sender, out.lookup) = parse(DnsName.slice(out.data, 4, out.data.length - 4));
        out.pending = sender == target;
    }

    /// The calldata of a lookup's callback.
    function callback(bytes4 selector, bytes memory response, bytes memory extraData)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(selector, response, extraData);
    }

    /// Whether `resolver` has ENSIP-10's resolve(bytes,bytes). Any failure is a no (EIP-165).
    function isExtended(address resolver) internal view returns (bool) {
        (bool ok, bytes memory answer) = resolver.staticcall{gas: 30000}(
            abi.encodeCall(IERC165.supportsInterface, (type(IExtendedResolver).interfaceId))
        );
        return ok && answer.length == 32 && uint256(bytes32(answer)) == 1;
    }

    function parse(bytes memory arguments) private pure returns (address sender, Lookup memory it) {
        (sender, it.urls, it.callData, it.callbackFunction, it.extraData) =
            abi.decode(arguments, (address, string[], bytes, bytes4, bytes));
    }
}
