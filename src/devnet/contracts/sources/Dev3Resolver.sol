// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165, IExtendedResolver, IRegistry, OffchainLookup} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";
import {PersonalSign} from "./PersonalSign.sol";
import {RecordType} from "./RecordType.sol";
import {Text} from "./Text.sol";

/// A resolver of records that are signed off chain and served by the web server of a name, or of
/// a name above it: the Dev3 dialect.
contract Dev3Resolver is IExtendedResolver, IERC165 {
    error InvalidRequest(string value);
    error InvalidSignature(string value);
    error NotOwner(bytes32 node, address sender);

    bytes4 private constant SIGNED_RECORD =
        bytes4(keccak256("signedRecord(address,bytes,bytes,bytes)"));
    bytes4 private constant PUBKEY = bytes4(keccak256("pubkey(bytes32)"));
    bytes4 private constant DNS_HASH = bytes4(keccak256("dnsRecord(bytes32,bytes32,uint16)"));
    /// How many blocks after the one before the lookup the callback may run.
    uint256 private constant VALID_BLOCKS = 4;

    /// Where the records of a name and of all below it are.
    struct Space {
        bool core;
        string gateway;
        string fallbackGateway;
    }

    /// What a gateway answered.
    struct Signed {
        address signer;
        bytes signature;
        bytes approval;
        bytes result;
    }

    IRegistry private immutable ENS;
    address private immutable admin;
    /// What stands before a gateway's host; `https://`, but on a chain for tests.
    string private scheme;
    /// The chain id as it stands in the signed texts.
    string public chainID;

    mapping(bytes32 node => Space) public dev3Space;
    mapping(bytes32 node => mapping(address signer => bool)) public isApprovedSigner;

    constructor(IRegistry registry, string memory gatewayScheme, string memory chain) {
        ENS = registry;
        admin = msg.sender;
        scheme = gatewayScheme;
        chainID = chain;
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == type(IExtendedResolver).interfaceId;
    }

    /// Core names are the administrator's; all others their owner's.
    function setSpace(bytes32 node, bool core, string calldata gateway, string calldata fallback_)
        external
    {
        authorise(node, core || dev3Space[node].core);
        dev3Space[node] = Space(core, gateway, fallback_);
    }

    function approve(bytes32 node, address signer, bool approved) external {
        authorise(node, dev3Space[node].core);
        isApprovedSigner[node][signer] = approved;
    }

    function authorise(bytes32 node, bool core) private view {
        if (msg.sender != (core ? admin : ENS.owner(node))) revert NotOwner(node, msg.sender);
    }

    /// ENSIP-10. Always reverts: with OffchainLookup, or with what is wrong with the request.
    function resolve(bytes calldata name, bytes calldata request)
        external
        view
        returns (bytes memory)
    {
        if (!DnsName.wellFormed(name) || name.length < 2) revert InvalidRequest("BAD_NAME");
        uint256[] memory starts = DnsName.offsets(name);
        bytes32 node = spaceOf(name, starts);
        if (node == 0) revert InvalidRequest("INVALID_DOMAIN");
        string memory recordType = asked(request);
        string memory path =
            string.concat("/.well-known/", DnsName.path(name), "/", recordType, ".json?{data}");
        (string memory gateway, string memory second) = gateways(node, name, starts, path);
        string[] memory urls = new string[](2);
        urls[0] = string.concat(scheme, gateway, path);
        urls[1] = second;
        uint256 number = block.number - 1;
        revert OffchainLookup(
            address(this),
            urls,
            abi.encodePacked(uint16(block.timestamp / 1 minutes)),
            this.__callback.selector,
            abi.encode(number, checksum(number, node, gateway, recordType), node, gateway, recordType)
        );
    }

    /// What EIP-3668 calls back with a gateway's answer: the value, once its signatures stand.
    function __callback(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory)
    {
        (
            uint256 number,
            bytes32 check,
            bytes32 node,
            string memory gateway,
            string memory recordType
        ) = abi.decode(extraData, (uint256, bytes32, bytes32, string, string));
        if (number >= block.number || block.number > number + VALID_BLOCKS) {
            revert InvalidRequest("CALLBACK_TIMEOUT");
        }
        if (checksum(number, node, gateway, recordType) != check) {
            revert InvalidRequest("CHECKSUM_FAILED");
        }
        if (bytes4(response) != SIGNED_RECORD) revert InvalidRequest("BAD_RECORD_PREFIX");
        Signed memory signed;
        (signed.signer, signed.signature, signed.approval, signed.result) =
            abi.decode(response[4:], (address, bytes, bytes, bytes));
        string memory head = string.concat(
            "\n\nGateway: https://",
            gateway,
            "\nResolver: ",
            Text.caip10(chainID, address(this))
        );
        checkApproval(node, head, signed);
        checkRecord(recordType, head, signed);
        return signed.result;
    }

    /// The longest name at or above `name`, below the top level, that has a gateway.
    function spaceOf(bytes memory name, uint256[] memory starts) private view returns (bytes32) {
        for (uint256 i = 0; i + 1 < starts.length; ++i) {
            bytes32 node = DnsName.node(name, starts[i]);
            if (bytes(dev3Space[node].gateway).length != 0) return node;
        }
        return 0;
    }

    /// The gateway, and the second address. Names below a core name are GitHub accounts.
    function gateways(
        bytes32 node,
        bytes memory name,
        uint256[] memory starts,
        string memory path
    ) private view returns (string memory gateway, string memory second) {
        Space memory space = dev3Space[node];
        if (space.core && starts.length > 2) {
            uint256 start = starts[starts.length - 3];
            string memory id = string(DnsName.slice(name, start + 1, uint8(name[start])));
            gateway = string.concat(id, ".github.io");
            second = string.concat(
                "https://raw.githubusercontent.com/", id, "/", gateway, "/main", path
            );
        } else {
            gateway = space.gateway;
            bool none = bytes(space.fallbackGateway).length == 0;
            second = string.concat(scheme, none ? gateway : space.fallbackGateway, path, "=retry");
        }
    }

    /// As elsewhere, but for two kinds of record.
    function asked(bytes memory request) private pure returns (string memory) {
        string memory common = RecordType.asked(request);
        bytes4 selector = bytes4(request);
        if (selector == PUBKEY) return "publickey";
        if (selector != DNS_HASH) return common;
        (, bytes32 name, uint16 resource) = abi.decode(
            DnsName.slice(request, 4, request.length - 4), (bytes32, bytes32, uint16)
        );
        return string.concat("dns/", Text.toHex(name), "/", Text.toDecimal(resource));
    }

    function checksum(
        uint256 number,
        bytes32 node,
        string memory gateway,
        string memory recordType
    ) private view returns (bytes32) {
        return keccak256(abi.encode(address(this), blockhash(number), node, gateway, recordType));
    }

    function checkApproval(bytes32 node, string memory head, Signed memory signed) private view {
        if (signed.approval.length >= 64) {
            string memory text = string.concat(
                "Requesting Signature To Approve ENS Records Signer",
                head,
                "\nApproved Signer: ",
                Text.caip10(chainID, signed.signer)
            );
            if (!isApprovedSigner[node][PersonalSign.recover(text, signed.approval)]) {
                revert InvalidSignature("BAD_APPROVAL_SIG");
            }
        } else if (dev3Space[node].core) {
            revert InvalidRequest("BAD_CORE_APPROVER");
        } else if (!isApprovedSigner[node][signed.signer]) {
            revert InvalidRequest("BAD_SIGNER");
        }
    }

    function checkRecord(string memory recordType, string memory head, Signed memory signed)
        private
        view
    {
        string memory text = string.concat(
            "Requesting Signature To Update ENS Record",
            head,
            "\nRecord Type: ",
            recordType,
            "\nExtradata: ",
            Text.toHex(keccak256(signed.result)),
            "\nSigned By: ",
            Text.caip10(chainID, signed.signer)
        );
        if (PersonalSign.recover(text, signed.signature) != signed.signer) {
            revert InvalidRequest("BAD_SIGNED_RECORD");
        }
    }
}
