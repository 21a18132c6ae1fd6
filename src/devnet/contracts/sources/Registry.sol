// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./Interfaces.sol";

/// An ENS registry (EIP-137) for the devnet. The root node belongs to whoever deploys it.
contract Registry is IRegistry {
    struct Entry {
        address owner;
        address resolver;
        uint64 ttl;
    }

    error NotOwner(bytes32 node, address sender);

    mapping(bytes32 node => Entry) private entries;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;

    constructor() {
        entries[0].owner = msg.sender;
    }

    modifier onlyOwnerOf(bytes32 node) {
        address holder = entries[node].owner;
        if (msg.sender != holder && !isApprovedForAll[holder][msg.sender]) {
            revert NotOwner(node, msg.sender);
        }
        _;
    }

    /// A name given to the registry itself counts as nobody's.
    function owner(bytes32 node) external view returns (address) {
        address holder = entries[node].owner;
        return holder == address(this) ? address(0) : holder;
    }

    function resolver(bytes32 node) external view returns (address) {
        return entries[node].resolver;
    }

    function ttl(bytes32 node) external view returns (uint64) {
        return entries[node].ttl;
    }

    function recordExists(bytes32 node) external view returns (bool) {
        return entries[node].owner != address(0);
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function setOwner(bytes32 node, address to) external onlyOwnerOf(node) {
        give(node, to);
    }

    function setResolver(bytes32 node, address to) external onlyOwnerOf(node) {
        point(node, to);
    }

    function setTTL(bytes32 node, uint64 seconds_) external onlyOwnerOf(node) {
        live(node, seconds_);
    }

    function setRecord(bytes32 node, address to, address resolver_, uint64 ttl_)
        external
        onlyOwnerOf(node)
    {
        give(node, to);
        point(node, resolver_);
        live(node, ttl_);
    }

    function setSubnodeOwner(bytes32 node, bytes32 label, address to)
        external
        onlyOwnerOf(node)
        returns (bytes32)
    {
        return hand(node, label, to);
    }

    function setSubnodeRecord(
        bytes32 node,
        bytes32 label,
        address to,
        address resolver_,
        uint64 ttl_
    ) external onlyOwnerOf(node) {
        bytes32 sub = hand(node, label, to);
        point(sub, resolver_);
        live(sub, ttl_);
    }

    function give(bytes32 node, address to) private {
        entries[node].owner = to;
        emit Transfer(node, to);
    }

    function hand(bytes32 node, bytes32 label, address to) private returns (bytes32 sub) {
        sub = keccak256(abi.encodePacked(node, label));
        entries[sub].owner = to;
        emit NewOwner(node, label, to);
    }

    function point(bytes32 node, address to) private {
        if (entries[node].resolver == to) return;
        entries[node].resolver = to;
        emit NewResolver(node, to);
    }

    function live(bytes32 node, uint64 seconds_) private {
        if (entries[node].ttl == seconds_) return;
        entries[node].ttl = seconds_;
        emit NewTTL(node, seconds_);
    }
}
