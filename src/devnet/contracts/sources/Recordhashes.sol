// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGatewayManager, INameWrapper, IRegistry} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";
import {Recordhash} from "./Recordhash.sol";
import {Text} from "./Text.sol";

/// What the CCIP2 resolver keeps, and who may change it.
abstract contract Recordhashes {
    error PlsFundDevs();
    error NotAuthorised(string value);
    error InvalidRequest(string value);

    event RecordhashChanged(address indexed owner, bytes32 indexed node, bytes recordhash);
    event OwnerhashChanged(address indexed owner, bytes recordhash);
    event ApprovedSigner(
        address indexed owner, bytes32 indexed node, address indexed signer, bool approved
    );

    IRegistry public immutable ENS;
    INameWrapper public immutable wrapper;

    address public owner;
    IGatewayManager public gateway;
    /// The chain id as it stands in the signed texts.
    string public chainID;
    uint256 public ownerhashFees;
    /// By node; an ownerhash by bytes32(uint160(owner)).
    mapping(bytes32 node => bytes) public recordhash;
    /// By the owner who approved: signers of records, and managers.
    mapping(address owner => mapping(bytes32 node => mapping(address signer => bool))) public
        isApprovedSigner;

    constructor(
        IRegistry registry,
        INameWrapper nameWrapper,
        IGatewayManager manager,
        string memory chain
    ) {
        owner = msg.sender;
        ENS = registry;
        wrapper = nameWrapper;
        gateway = manager;
        chainID = chain;
    }

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotAuthorised("ONLY_OWNER");
        _;
    }

    /// The owner of the name, or a manager whom the owner approved.
    modifier onlyManagerOf(bytes32 node) {
        address holder = ownerOf(node);
        if (msg.sender != holder && !isApprovedSigner[holder][node][msg.sender]) {
            revert NotAuthorised("NOT_APPROVED");
        }
        _;
    }

    /// The registry's owner, or the wrapper's where the wrapper owns the name there.
    function ownerOf(bytes32 node) internal view returns (address holder) {
        holder = ENS.owner(node);
        if (holder == address(wrapper)) holder = wrapper.ownerOf(uint256(node));
    }

    function ownerhashKey(address holder) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(holder)));
    }

    /// What is set for a node, else its owner's ownerhash; the short form in full.
    function getRecordhash(bytes32 node) external view returns (bytes memory hash) {
        hash = recordhash[node];
        if (hash.length == 0) hash = recordhash[ownerhashKey(ownerOf(node))];
        return Recordhash.full(hash);
    }

    /// Whether a registry owner is a contract that wraps names.
    function isWrapper(address holder) external view returns (bool) {
        return holder == address(wrapper);
    }

    function setRecordhash(bytes32 node, bytes calldata hash) external onlyManagerOf(node) {
        change(node, hash);
    }

    /// The 32 bytes of an ed25519 key.
    function setShortRecordhash(bytes32 node, bytes32 hash) external onlyManagerOf(node) {
        change(node, abi.encodePacked(hash));
    }

    function setSubRecordhash(bytes32 node, string calldata subdomain, bytes calldata hash)
        external
        onlyManagerOf(node)
    {
        change(under(node, subdomain), hash);
    }

    /// `subdomains` as in the name, leftmost first: a.b under nick.eth is ["a", "b"].
    function setDeepSubRecordhash(bytes32 node, string[] calldata subdomains, bytes calldata hash)
        external
        onlyManagerOf(node)
    {
        if (subdomains.length == 0) revert InvalidRequest("NO_SUBDOMAIN");
        bytes32 sub = node;
        for (uint256 i = subdomains.length; i > 0; --i) {
            sub = under(sub, subdomains[i - 1]);
        }
        change(sub, hash);
    }

    function setOwnerhash(bytes calldata hash) external payable {
        changeOwnerhash(hash);
    }

    function setShortOwnerhash(bytes32 hash) external payable {
        changeOwnerhash(abi.encodePacked(hash));
    }

    /// Of the caller's names: it counts only while the caller owns the node.
    function approve(bytes32 node, address signer, bool approved) public {
        isApprovedSigner[msg.sender][node][signer] = approved;
        emit ApprovedSigner(msg.sender, node, signer, approved);
    }

    function multiApprove(
        bytes32[] calldata nodes,
        address[] calldata signers,
        bool[] calldata approved
    ) external {
        if (nodes.length != signers.length || nodes.length != approved.length) {
            revert InvalidRequest("BAD_LENGTH");
        }
        for (uint256 i = 0; i < nodes.length; ++i) {
            approve(nodes[i], signers[i], approved[i]);
        }
    }

    function updateChainID() external {
        chainID = Text.toDecimal(block.chainid);
    }

    function updateGateway(IGatewayManager manager) external onlyOwner {
        gateway = manager;
    }

    function updateOwnerhashFees(uint256 fees) external onlyOwner {
        ownerhashFees = fees;
    }

    function transferOwnership(address to) external onlyOwner {
        owner = to;
    }

    function withdraw() external onlyOwner {
        (bool sent,) = owner.call{value: address(this).balance}("");
        if (!sent) revert InvalidRequest("NOT_SENT");
    }

    function under(bytes32 node, string calldata label) private pure returns (bytes32) {
        if (bytes(label).length == 0) revert InvalidRequest("EMPTY_LABEL");
        return DnsName.child(node, keccak256(bytes(label)));
    }

    function change(bytes32 node, bytes memory hash) private {
        recordhash[node] = hash;
        emit RecordhashChanged(msg.sender, node, hash);
    }

    function changeOwnerhash(bytes memory hash) private {
        if (msg.value < ownerhashFees) revert PlsFundDevs();
        recordhash[ownerhashKey(msg.sender)] = hash;
        emit OwnerhashChanged(msg.sender, hash);
    }
}
