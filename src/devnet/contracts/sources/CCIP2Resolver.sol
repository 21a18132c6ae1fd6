// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    IERC165,
    IExtendedResolver,
    IGatewayManager,
    INameWrapper,
    IRegistry,
    OffchainLookup
} from "./Interfaces.sol";
import {CcipRead} from "./CcipRead.sol";
import {DnsName} from "./DnsName.sol";
import {PersonalSign} from "./PersonalSign.sol";
import {RecordType} from "./RecordType.sol";
import {Recordhashes} from "./Recordhashes.sol";
import {Text} from "./Text.sol";

/// A resolver of records that are signed off chain: it says where they are (EIP-3668) and
/// returns only what the owner of the name, or who the owner approved, has signed.
contract CCIP2Resolver is Recordhashes, IExtendedResolver, IERC165 {
    error FeatureNotImplemented(bytes4 selector);

    bytes4 private constant SIGNED_RECORD =
        bytes4(keccak256("signedRecord(address,bytes,bytes,bytes)"));
    bytes4 private constant SIGNED_REDIRECT =
        bytes4(keccak256("signedRedirect(address,bytes,bytes,bytes)"));
    /// How many blocks after the one before the lookup the callback may run.
    uint256 private constant VALID_BLOCKS = 7;

    /// What the chain says about a request.
    struct Query {
        string domain;
        string recordType;
        bytes32 node;
        address owner;
        bytes recordhash;
    }

    /// What a gateway answered.
    struct Signed {
        address signer;
        bytes signature;
        bytes approval;
        bytes result;
    }

    constructor(
        IRegistry registry,
        INameWrapper nameWrapper,
        IGatewayManager manager,
        string memory chain
    ) Recordhashes(registry, nameWrapper, manager, chain) {}

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IExtendedResolver).interfaceId
            || id == SIGNED_RECORD || id == SIGNED_REDIRECT;
    }

    /// ENSIP-10. Always reverts: with OffchainLookup, or with what is wrong with the request.
    function resolve(bytes calldata name, bytes calldata request)
        external
        view
        returns (bytes memory)
    {
        Query memory query = look(name, request);
        uint256 number = block.number - 1;
        string memory path =
            string.concat("/.well-known/", DnsName.path(name), "/", query.recordType);
        revert OffchainLookup(
            address(this),
            gateway.urls(query.recordhash, path),
            abi.encodePacked(uint16(block.timestamp / 1 minutes)),
            this.__callback.selector,
            abi.encode(query.node, number, checksum(query, number, request), name, request)
        );
    }

    /// What EIP-3668 calls back with a gateway's answer: the value, once its signatures stand.
    function __callback(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory)
    {
        (bytes32 node, uint256 number, bytes32 check, bytes memory name, bytes memory request) =
            abi.decode(extraData, (bytes32, uint256, bytes32, bytes, bytes));
        if (number >= block.number || block.number > number + VALID_BLOCKS) {
            revert InvalidRequest("BLOCK_TIMEOUT");
        }
        Query memory query = look(name, request);
        if (query.node != node || checksum(query, number, request) != check) {
            revert InvalidRequest("BAD_CHECKSUM");
        }
        return answer(query, response, request);
    }

    /// The callback of a lookup that another name's resolver asked for.
    function __redirected(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory)
    {
        (address target, bool extended, bytes4 selector, bytes memory inner) =
            abi.decode(extraData, (address, bool, bytes4, bytes));
        return pass(target, extended, CcipRead.callback(selector, response, inner));
    }

    /// Walks from the top-level domain down to what the registry knows and where records are.
    function look(bytes memory name, bytes memory request)
        private
        view
        returns (Query memory query)
    {
        if (!DnsName.wellFormed(name) || name.length < 2) revert InvalidRequest("BAD_NAME");
        uint256[] memory starts = DnsName.offsets(name);
        bytes32 node;
        for (uint256 i = starts.length; i > 0; --i) {
            node = DnsName.child(node, DnsName.labelHash(name, starts[i - 1]));
            bytes memory here = recordhash[node];
            if (ENS.recordExists(node)) {
                query.node = node;
                query.recordhash = here;
            } else if (here.length != 0) {
                query.recordhash = here;
            }
        }
        query.owner = ownerOf(query.node);
        if (query.node == 0 || query.owner == address(0)) revert InvalidRequest("NOT_REGISTERED");
        if (query.recordhash.length == 0) query.recordhash = recordhash[ownerhashKey(query.owner)];
        query.domain = DnsName.dotted(name);
        query.recordType = RecordType.asked(request);
    }

    function checksum(Query memory query, uint256 number, bytes memory request)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                address(this),
                blockhash(number),
                query.owner,
                query.domain,
                query.recordType,
                request
            )
        );
    }

    function answer(Query memory query, bytes calldata response, bytes memory request)
        private
        view
        returns (bytes memory)
    {
        bytes4 selector = bytes4(response);
        if (selector != SIGNED_RECORD && selector != SIGNED_REDIRECT) {
            revert FeatureNotImplemented(selector);
        }
        Signed memory signed;
        (signed.signer, signed.signature, signed.approval, signed.result) =
            abi.decode(response[4:], (address, bytes, bytes, bytes));
        checkApproval(query, signed);
        if (selector == SIGNED_RECORD) {
            if (!isSigned(signed, updateText(query, signed))) {
                revert InvalidRequest("BAD_SIGNED_RECORD");
            }
            return signed.result;
        }
        if (signed.result.length < 2 || !DnsName.wellFormed(signed.result)) {
            revert InvalidRequest("BAD_REDIRECT_REQUEST");
        }
        if (!isSigned(signed, redirectText(query, signed))) {
            revert InvalidRequest("BAD_DAPP_SIGNATURE");
        }
        return redirect(signed.result, request);
    }

    /// Without an approval (SIGN 3) the signer is the owner or approved on chain; with one, who
    /// signed it is.
    function checkApproval(Query memory query, Signed memory signed) private view {
        if (signed.approval.length < 64) {
            if (!mayApprove(query, signed.signer)) revert NotAuthorised("NOT_APPROVED");
        } else {
            string memory text = string.concat(
                "Requesting Signature To Approve ENS Records Signer\n\nOrigin: ",
                query.domain,
                "\nApproved Signer: ",
                Text.caip10(chainID, signed.signer),
                "\nApproved By: ",
                Text.caip10(chainID, query.owner)
            );
            if (!mayApprove(query, PersonalSign.recover(text, signed.approval))) {
                revert NotAuthorised("BAD_APPROVAL");
            }
        }
    }

    function mayApprove(Query memory query, address by) private view returns (bool) {
        return by == query.owner || isApprovedSigner[query.owner][query.node][by];
    }

    function isSigned(Signed memory signed, string memory text) private pure returns (bool) {
        return PersonalSign.recover(text, signed.signature) == signed.signer;
    }

    /// SIGN 4.
    function updateText(Query memory query, Signed memory signed)
        private
        view
        returns (string memory)
    {
        return string.concat(
            "Requesting Signature To Update ENS Record\n\nOrigin: ",
            query.domain,
            "\nRecord Type: ",
            query.recordType,
            extradataAndSigner(signed)
        );
    }

    function redirectText(Query memory query, Signed memory signed)
        private
        view
        returns (string memory)
    {
        return string.concat(
            "Requesting Signature To Install dApp Service\n\nOrigin: ",
            query.domain,
            "\nApp: ",
            DnsName.dotted(signed.result),
            extradataAndSigner(signed)
        );
    }

    function extradataAndSigner(Signed memory signed) private view returns (string memory) {
        return string.concat(
            "\nExtradata: ",
            Text.toHex(keccak256(signed.result)),
            "\nSigned By: ",
            Text.caip10(chainID, signed.signer)
        );
    }

    /// Asks the resolver of another name for the same record.
    function redirect(bytes memory name, bytes memory request) private view returns (bytes memory) {
        bytes32 node = DnsName.node(name, 0);
        address target = ENS.resolver(node);
        if (target.code.length == 0) revert InvalidRequest("BAD_RESOLVER");
        // The node is the first argument of every request.
        assembly ("memory-safe") {
            mstore(add(request, 36), node)
        }
        bool extended = CcipRead.isExtended(target);
        if (extended) request = abi.encodeCall(IExtendedResolver.resolve, (name, request));
        return pass(target, extended, request);
    }

    /// Calls the other resolver; its lookup becomes one of this contract.
    function pass(address target, bool extended, bytes memory request)
        private
        view
        returns (bytes memory)
    {
        CcipRead.Outcome memory out = CcipRead.call(target, request);
        if (out.pending) {
            revert OffchainLookup(
                address(this),
                out.lookup.urls,
                out.lookup.callData,
                this.__redirected.selector,
                abi.encode(target, extended, out.lookup.callbackFunction, out.lookup.extraData)
            );
        }
        bytes memory data = out.data;
        if (!out.done) {
            assembly ("memory-safe") {
                revert(add(data, 32), mload(data))
            }
        }
        return extended ? abi.decode(data, (bytes)) : data;
    }
}
