// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165, IExtendedResolver, OffchainLookup} from "./Interfaces.sol";
import {CcipRead} from "./CcipRead.sol";
import {DnsName} from "./DnsName.sol";

interface IUniversalResolver {
    function resolve(bytes calldata name, bytes calldata data)
        external
        view
        returns (bytes memory, address);
}

/// A resolver that has another name's records for every name it resolves. It asks the Universal
/// Resolver for them, so that what it sends clients to is a batch they answer themselves
/// (ENSIP-21).
contract AliasResolver is IExtendedResolver, IERC165 {
    IUniversalResolver private immutable universal;
    bytes private other;

    /// `name` is the other name in DNS wire form.
    constructor(IUniversalResolver universalResolver, bytes memory name) {
        universal = universalResolver;
        other = name;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IExtendedResolver).interfaceId;
    }

    function resolve(bytes calldata, bytes calldata request) external view returns (bytes memory) {
        bytes memory name = other;
        bytes memory asked = request;
        bytes32 node = DnsName.node(name, 0);
        // The node is the first argument of every request.
        assembly ("memory-safe") {
            mstore(add(asked, 36), node)
        }
        return pass(abi.encodeCall(IUniversalResolver.resolve, (name, asked)));
    }

    /// The callback of the batch.
    function __passed(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory)
    {
        (bytes4 selector, bytes memory inner) = abi.decode(extraData, (bytes4, bytes));
        return pass(CcipRead.callback(selector, response, inner));
    }

    /// Calls the Universal Resolver; its lookup becomes one of this contract.
    function pass(bytes memory request) private view returns (bytes memory result) {
        CcipRead.Outcome memory out = CcipRead.call(address(universal), request);
        bytes memory data = out.data;
        if (out.pending) {
            revert OffchainLookup(
                address(this),
                out.lookup.urls,
                out.lookup.callData,
                this.__passed.selector,
                abi.encode(out.lookup.callbackFunction, out.lookup.extraData)
            );
        }
        if (!out.done) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
        (result,) = abi.decode(data, (bytes, address));
    }
}
