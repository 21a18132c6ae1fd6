// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";

/// As much of a NameWrapper as clients ask: it owns names in the registry and keeps who owns
/// them here. Two fuses mean something; no expiry, no ERC-1155 transfers.
contract NameWrapper {
    event NameWrapped(bytes32 indexed node, bytes name, address owner, uint32 fuses, uint64 expiry);
    event NameUnwrapped(bytes32 indexed node, address owner);
    event FusesSet(bytes32 indexed node, uint32 fuses);
    event ApprovalForAll(address indexed account, address indexed operator, bool approved);

    error OperationProhibited(bytes32 node);
    error Unauthorised(bytes32 node, address addr);
    error MalformedName(bytes name);

    IRegistry public immutable ens;
    mapping(bytes32 node => bytes) public names;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;
    mapping(bytes32 node => address) private owners;
    mapping(bytes32 node => uint32) private burned;

    uint32 private constant CANNOT_UNWRAP = 1;
    uint32 private constant CANNOT_SET_RESOLVER = 8;

    constructor(IRegistry registry) {
        ens = registry;
    }

    modifier onlyTokenOwner(bytes32 node) {
        if (!canModifyName(node, msg.sender)) revert Unauthorised(node, msg.sender);
        _;
    }

    modifier allowedBy(bytes32 node, uint32 fuse) {
        if (burned[node] & fuse != 0) revert OperationProhibited(node);
        _;
    }

    function ownerOf(uint256 id) public view returns (address) {
        return owners[bytes32(id)];
    }

    function balanceOf(address account, uint256 id) external view returns (uint256) {
        return account != address(0) && ownerOf(id) == account ? 1 : 0;
    }

    function getData(uint256 id) external view returns (address owner, uint32 fuses, uint64 expiry) {
        owner = ownerOf(id);
        fuses = burned[bytes32(id)];
        expiry = owner == address(0) ? 0 : type(uint64).max;
    }

    function isWrapped(bytes32 node) public view returns (bool) {
        return owners[node] != address(0) && ens.owner(node) == address(this);
    }

    function isWrapped(bytes32 parentNode, bytes32 labelhash) external view returns (bool) {
        return isWrapped(DnsName.child(parentNode, labelhash));
    }

    function canModifyName(bytes32 node, address account) public view returns (bool) {
        address owner = owners[node];
        return owner != address(0) && (owner == account || isApprovedForAll[owner][account]);
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    /// Takes a name over. Its registry owner calls, after approving this contract there.
    function wrap(bytes calldata name, address wrappedOwner, address resolver) external {
        if (!DnsName.wellFormed(name)) revert MalformedName(name);
        bytes32 node = DnsName.node(name, 0);
        address owner = ens.owner(node);
        if (owner != msg.sender && !ens.isApprovedForAll(owner, msg.sender)) {
            revert Unauthorised(node, msg.sender);
        }
        ens.setOwner(node, address(this));
        if (resolver != address(0)) ens.setResolver(node, resolver);
        names[node] = name;
        owners[node] = wrappedOwner;
        emit NameWrapped(node, name, wrappedOwner, 0, type(uint64).max);
    }

    /// Burns fuses, which stay burned. What they are before.
    function setFuses(bytes32 node, uint16 ownerControlledFuses)
        external
        onlyTokenOwner(node)
        returns (uint32 before)
    {
        before = burned[node];
        burned[node] = before | ownerControlledFuses;
        emit FusesSet(node, burned[node]);
    }

    /// Gives a name back to the registry, where `controller` owns it then.
    function unwrap(bytes32 parentNode, bytes32 labelhash, address controller)
        external
        allowedBy(DnsName.child(parentNode, labelhash), CANNOT_UNWRAP)
    {
        bytes32 node = DnsName.child(parentNode, labelhash);
        if (!canModifyName(node, msg.sender)) revert Unauthorised(node, msg.sender);
        delete owners[node];
        delete names[node];
        ens.setOwner(node, controller);
        emit NameUnwrapped(node, controller);
    }

    function setResolver(bytes32 node, address resolver)
        external
        onlyTokenOwner(node)
        allowedBy(node, CANNOT_SET_RESOLVER)
    {
        ens.setResolver(node, resolver);
    }

    function setTTL(bytes32 node, uint64 ttl) external onlyTokenOwner(node) {
        ens.setTTL(node, ttl);
    }

    /// A wrapped name under a wrapped name.
    function setSubnodeRecord(
        bytes32 parentNode,
        string calldata label,
        address owner,
        address resolver,
        uint64 ttl,
        uint32,
        uint64
    ) external onlyTokenOwner(parentNode) returns (bytes32 node) {
        if (bytes(label).length == 0 || bytes(label).length > 255) {
            revert MalformedName(bytes(label));
        }
        bytes32 labelhash = keccak256(bytes(label));
        ens.setSubnodeRecord(parentNode, labelhash, address(this), resolver, ttl);
        node = DnsName.child(parentNode, labelhash);
        names[node] =
            bytes.concat(bytes1(uint8(bytes(label).length)), bytes(label), names[parentNode]);
        owners[node] = owner;
        emit NameWrapped(node, names[node], owner, 0, type(uint64).max);
    }
}
