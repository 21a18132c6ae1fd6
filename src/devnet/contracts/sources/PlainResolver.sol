// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165, INameWrapper, IRegistry} from "./Interfaces.sol";
import {DnsName} from "./DnsName.sol";

/// A resolver that keeps every record of every name on chain (EIP-137, 181, 205, 619, 634, 1577,
/// 2304; ENSIP-6, 8).
contract PlainResolver is IERC165 {
    struct PublicKey {
        bytes32 x;
        bytes32 y;
    }

    event AddrChanged(bytes32 indexed node, address a);
    event AddressChanged(bytes32 indexed node, uint256 coinType, bytes newAddress);
    event TextChanged(bytes32 indexed node, string indexed indexedKey, string key, string value);
    event ContenthashChanged(bytes32 indexed node, bytes hash);
    event PubkeyChanged(bytes32 indexed node, bytes32 x, bytes32 y);
    event NameChanged(bytes32 indexed node, string name);
    event ABIChanged(bytes32 indexed node, uint256 indexed contentType);
    event InterfaceChanged(bytes32 indexed node, bytes4 indexed interfaceID, address implementer);
    event DNSRecordChanged(bytes32 indexed node, bytes name, uint16 resource, bytes record);
    event DNSRecordDeleted(bytes32 indexed node, bytes name, uint16 resource);
    event DNSZonehashChanged(bytes32 indexed node, bytes lastzonehash, bytes zonehash);
    event VersionChanged(bytes32 indexed node, uint64 newVersion);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    error NotAuthorised(bytes32 node, address sender);
    error InvalidContentType(uint256 contentType);
    error MalformedRecords();
    error WrongNode(bytes32 node);

    uint256 private constant COIN_TYPE_ETH = 60;

    IRegistry public immutable ens;
    INameWrapper public immutable nameWrapper;
    mapping(bytes32 node => uint64) public recordVersions;
    mapping(address owner => mapping(address operator => bool)) public isApprovedForAll;

    // By a key of node and version: a new version has no records.
    mapping(bytes32 => mapping(uint256 => bytes)) private addresses;
    mapping(bytes32 => mapping(string => string)) private texts;
    mapping(bytes32 => bytes) private contenthashes;
    mapping(bytes32 => PublicKey) private pubkeys;
    mapping(bytes32 => string) private namesOf;
    mapping(bytes32 => mapping(uint256 => bytes)) private abis;
    mapping(bytes32 => mapping(bytes4 => address)) private interfaces;
    mapping(bytes32 => bytes) private zonehashes;
    mapping(bytes32 => mapping(bytes32 => mapping(uint16 => bytes))) private dnsRecords;
    mapping(bytes32 => mapping(bytes32 => uint256)) private dnsCounts;

    constructor(IRegistry registry, INameWrapper wrapper) {
        ens = registry;
        nameWrapper = wrapper;
    }

    modifier authorised(bytes32 node) {
        if (!isAuthorised(node, msg.sender)) revert NotAuthorised(node, msg.sender);
        _;
    }

    function isAuthorised(bytes32 node, address account) public view returns (bool) {
        address holder = ens.owner(node);
        if (holder == address(nameWrapper)) {
            holder = nameWrapper.ownerOf(uint256(node));
            if (nameWrapper.isApprovedForAll(holder, account)) return true;
        }
        return holder == account || isApprovedForAll[holder][account];
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        return id == type(IERC165).interfaceId || id == 0x3b3b57de || id == 0xf1cb7e06
            || id == 0x59d1d43c || id == 0xbc1c58d1 || id == 0xc8690233 || id == 0x691f3431
            || id == 0x2203ab56 || id == 0x124a319c || id == 0x5c98042b || id == 0xa8fa5682
            || id == 0xac9650d8;
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function clearRecords(bytes32 node) external authorised(node) {
        emit VersionChanged(node, ++recordVersions[node]);
    }

    function addr(bytes32 node) public view returns (address payable) {
        bytes memory stored = addr(node, COIN_TYPE_ETH);
        return stored.length < 20 ? payable(0) : payable(address(bytes20(stored)));
    }

    function addr(bytes32 node, uint256 coinType) public view returns (bytes memory) {
        return addresses[key(node)][coinType];
    }

    function setAddr(bytes32 node, address a) external {
        setAddr(node, COIN_TYPE_ETH, abi.encodePacked(a));
    }

    function setAddr(bytes32 node, uint256 coinType, bytes memory a) public authorised(node) {
        addresses[key(node)][coinType] = a;
        emit AddressChanged(node, coinType, a);
        if (coinType == COIN_TYPE_ETH) emit AddrChanged(node, addr(node));
    }

    function text(bytes32 node, string calldata name_) external view returns (string memory) {
        return texts[key(node)][name_];
    }

    function setText(bytes32 node, string calldata name_, string calldata value)
        external
        authorised(node)
    {
        texts[key(node)][name_] = value;
        emit TextChanged(node, name_, name_, value);
    }

    function contenthash(bytes32 node) external view returns (bytes memory) {
        return contenthashes[key(node)];
    }

    function setContenthash(bytes32 node, bytes calldata hash) external authorised(node) {
        contenthashes[key(node)] = hash;
        emit ContenthashChanged(node, hash);
    }

    function pubkey(bytes32 node) external view returns (bytes32 x, bytes32 y) {
        PublicKey storage stored = pubkeys[key(node)];
        return (stored.x, stored.y);
    }

    function setPubkey(bytes32 node, bytes32 x, bytes32 y) external authorised(node) {
        pubkeys[key(node)] = PublicKey(x, y);
        emit PubkeyChanged(node, x, y);
    }

    function name(bytes32 node) external view returns (string memory) {
        return namesOf[key(node)];
    }

    function setName(bytes32 node, string calldata newName) external authorised(node) {
        namesOf[key(node)] = newName;
        emit NameChanged(node, newName);
    }

    /// The first that is set of the content types asked for, a bit each (EIP-205).
    function ABI(bytes32 node, uint256 contentTypes) external view returns (uint256, bytes memory) {
        mapping(uint256 => bytes) storage stored = abis[key(node)];
        for (uint256 bit = 1; bit != 0 && bit <= contentTypes; bit <<= 1) {
            if (bit & contentTypes != 0 && stored[bit].length != 0) return (bit, stored[bit]);
        }
        return (0, "");
    }

    function setABI(bytes32 node, uint256 contentType, bytes calldata data)
        external
        authorised(node)
    {
        if (contentType == 0 || contentType & (contentType - 1) != 0) {
            revert InvalidContentType(contentType);
        }
        abis[key(node)][contentType] = data;
        emit ABIChanged(node, contentType);
    }

    /// What is set, else the name's own address where that contract says it has the interface.
    function interfaceImplementer(bytes32 node, bytes4 id) external view returns (address) {
        address implementer = interfaces[key(node)][id];
        if (implementer != address(0)) return implementer;
        address a = addr(node);
        return has(a, type(IERC165).interfaceId) && has(a, id) ? a : address(0);
    }

    function setInterface(bytes32 node, bytes4 id, address implementer) external authorised(node) {
        interfaces[key(node)][id] = implementer;
        emit InterfaceChanged(node, id, implementer);
    }

    function zonehash(bytes32 node) external view returns (bytes memory) {
        return zonehashes[key(node)];
    }

    function setZonehash(bytes32 node, bytes calldata hash) external authorised(node) {
        bytes memory last = zonehashes[key(node)];
        zonehashes[key(node)] = hash;
        emit DNSZonehashChanged(node, last, hash);
    }

    /// The RRset of a DNS name (keccak256 of its wire form) and type, in wire form.
    function dnsRecord(bytes32 node, bytes32 nameHash, uint16 resource)
        external
        view
        returns (bytes memory)
    {
        return dnsRecords[key(node)][nameHash][resource];
    }

    function hasDNSRecords(bytes32 node, bytes32 nameHash) external view returns (bool) {
        return dnsCounts[key(node)][nameHash] != 0;
    }

    /// Resource records in wire form, those of one name and type beside each other; a set of
    /// records without data is deleted.
    function setDNSRecords(bytes32 node, bytes calldata data) external authorised(node) {
        uint256 start = 0;
        while (start < data.length) {
            (uint256 nameEnd, uint256 end) = record(data, start);
            bytes calldata owner = data[start:nameEnd];
            uint16 resource = uint16(bytes2(data[nameEnd:nameEnd + 2]));
            bool empty = end == nameEnd + 10;
            uint256 next = end;
            while (next < data.length) {
                (uint256 otherName, uint256 otherEnd) = record(data, next);
                if (keccak256(data[next:otherName + 2]) != keccak256(data[start:nameEnd + 2])) {
                    break;
                }
                empty = empty && otherEnd == otherName + 10;
                next = otherEnd;
            }
            setRecords(node, owner, resource, empty ? data[start:start] : data[start:next]);
            start = next;
        }
    }

    function setRecords(bytes32 node, bytes calldata owner, uint16 resource, bytes calldata set)
        private
    {
        bytes32 hash = keccak256(owner);
        bytes storage stored = dnsRecords[key(node)][hash][resource];
        if (stored.length == 0 && set.length != 0) ++dnsCounts[key(node)][hash];
        if (stored.length != 0 && set.length == 0) --dnsCounts[key(node)][hash];
        dnsRecords[key(node)][hash][resource] = set;
        if (set.length == 0) emit DNSRecordDeleted(node, owner, resource);
        else emit DNSRecordChanged(node, owner, resource, set);
    }

    /// Where the owner name of the resource record at `start` ends, and the record itself.
    function record(bytes calldata data, uint256 start)
        private
        pure
        returns (uint256 nameEnd, uint256 end)
    {
        nameEnd = start;
        while (nameEnd < data.length && data[nameEnd] != 0) {
            nameEnd += uint8(data[nameEnd]) + 1;
        }
        ++nameEnd;
        // Type, class, TTL, and the length of the data.
        if (nameEnd + 10 > data.length) revert MalformedRecords();
        end = nameEnd + 10 + uint16(bytes2(data[nameEnd + 8:nameEnd + 10]));
        if (end > data.length) revert MalformedRecords();
    }

    function multicall(bytes[] calldata data) public returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i = 0; i < data.length; ++i) {
            (bool done, bytes memory result) = address(this).delegatecall(data[i]);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }

    /// All of one name, so that a name's owner knows what is signed.
    function multicallWithNodeCheck(bytes32 node, bytes[] calldata data)
        external
        returns (bytes[] memory)
    {
        for (uint256 i = 0; i < data.length; ++i) {
            bytes32 other = bytes32(data[i][4:36]);
            if (other != node) revert WrongNode(other);
        }
        return multicall(data);
    }

    function key(bytes32 node) private view returns (bytes32) {
        return keccak256(abi.encode(node, recordVersions[node]));
    }

    function has(address account, bytes4 id) private view returns (bool) {
        (bool ok, bytes memory answer) =
            account.staticcall(abi.encodeCall(IERC165.supportsInterface, (id)));
        return ok && answer.length == 32 && uint256(bytes32(answer)) == 1;
    }
}
