// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IBatchGateway, IExtendedResolver, IRegistry, OffchainLookup} from "./Interfaces.sol";
import {CcipRead} from "./CcipRead.sol";
import {DnsName} from "./DnsName.sol";
import {Text} from "./Text.sol";

/// One entry point for every name: finds the resolver (ENSIP-10), calls it, batches the lookups
/// it asks for (ENSIP-21), and finds primary names (ENSIP-19).
contract UniversalResolver {
    error ResolverNotFound(bytes name);
    error ResolverNotContract(bytes name, address resolver);
    error ReverseAddressMismatch(string primary, bytes primaryAddress);
    error UnsupportedResolverProfile(bytes4 selector);
    error ResolverError(bytes errorData);
    error EmptyAddress();
    error DNSDecodingFailed(bytes dns);
    error DNSEncodingFailed(string ens);
    error InvalidBatchGatewayResponse();

    struct ResolverInfo {
        bytes name;
        uint256 offset;
        bytes32 node;
        address resolver;
        bool extended;
    }

    /// One call of a request, and how far it has come.
    struct Call {
        bytes data;
        bytes4 selector;
        bool failed;
        bool pending;
        CcipRead.Lookup lookup;
    }

    /// A request under way.
    struct State {
        address resolver;
        bool extended;
        bool multi;
        string[] gateways;
        Call[] calls;
    }

    /// A reverse lookup under way.
    struct Reverse {
        bytes account;
        uint256 coinType;
        string[] gateways;
        string primary;
        address reverseResolver;
    }

    bytes4 private constant MULTICALL = bytes4(keccak256("multicall(bytes[])"));
    bytes4 private constant ADDR = bytes4(keccak256("addr(bytes32)"));
    bytes4 private constant ADDR_COIN = bytes4(keccak256("addr(bytes32,uint256)"));
    bytes4 private constant NAME = bytes4(keccak256("name(bytes32)"));
    uint256 private constant COIN_TYPE_ETH = 60;
    uint256 private constant COIN_TYPE_DEFAULT = 0x80000000;

    IRegistry public immutable registry;

    constructor(IRegistry ens) {
        registry = ens;
    }

    function batchGateways() public pure returns (string[] memory gateways) {
        gateways = new string[](1);
        gateways[0] = "x-batch-gateway:true";
    }

    /// The resolver of the name or its closest ancestor that has one, that ancestor's offset in
    /// the name, and the node of the whole name.
    function findResolver(bytes memory name) public view returns (address, bytes32, uint256) {
        if (!DnsName.wellFormed(name)) revert DNSDecodingFailed(name);
        bytes32 node = DnsName.node(name, 0);
        for (uint256 start = 0; name[start] != 0; start += uint8(name[start]) + 1) {
            address resolver = registry.resolver(DnsName.node(name, start));
            if (resolver != address(0)) return (resolver, node, start);
        }
        return (address(0), node, name.length - 1);
    }

    function requireResolver(bytes memory name) public view returns (ResolverInfo memory info) {
        info.name = name;
        (info.resolver, info.node, info.offset) = findResolver(name);
        if (info.resolver == address(0)) revert ResolverNotFound(name);
        if (info.resolver.code.length == 0) revert ResolverNotContract(name, info.resolver);
        info.extended = CcipRead.isExtended(info.resolver);
        if (info.offset != 0 && !info.extended) revert ResolverNotFound(name);
    }

    function resolve(bytes calldata name, bytes calldata data)
        external
        view
        returns (bytes memory, address)
    {
        return resolveWithGateways(name, data, batchGateways());
    }

    function resolveWithGateways(bytes calldata name, bytes calldata data, string[] memory gateways)
        public
        view
        returns (bytes memory, address)
    {
        ResolverInfo memory info = requireResolver(name);
        State memory state;
        state.resolver = info.resolver;
        state.extended = info.extended;
        state.gateways = gateways;
        bytes[] memory requests;
        if (data.length >= 4 && bytes4(data) == MULTICALL) {
            state.multi = true;
            requests = abi.decode(data[4:], (bytes[]));
        } else {
            requests = new bytes[](1);
            requests[0] = data;
        }
        state.calls = new Call[](requests.length);
        for (uint256 i = 0; i < requests.length; ++i) {
            Call memory call = state.calls[i];
            bytes memory request = requests[i];
            call.selector = bytes4(request);
            if (info.extended) request = abi.encodeCall(IExtendedResolver.resolve, (name, request));
            run(call, state, request);
        }
        return finish(state);
    }

    /// The callback of a batch of lookups.
    function resolveCallback(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (bytes memory, address)
    {
        State memory state = abi.decode(extraData, (State));
        (bool[] memory failures, bytes[] memory responses) =
            abi.decode(response, (bool[], bytes[]));
        uint256 next = 0;
        for (uint256 i = 0; i < state.calls.length; ++i) {
            Call memory call = state.calls[i];
            if (!call.pending) continue;
            if (next >= failures.length || next >= responses.length) {
                revert InvalidBatchGatewayResponse();
            }
            if (failures[next]) {
                (call.pending, call.failed, call.data) = (false, true, responses[next]);
            } else {
                CcipRead.Lookup memory lookup = call.lookup;
                run(
                    call,
                    state,
                    CcipRead.callback(lookup.callbackFunction, responses[next], lookup.extraData)
                );
            }
            ++next;
        }
        if (next != failures.length || next != responses.length) {
            revert InvalidBatchGatewayResponse();
        }
        return finish(state);
    }

    function run(Call memory call, State memory state, bytes memory request) private view {
        CcipRead.Outcome memory out = CcipRead.call(state.resolver, request);
        call.pending = out.pending;
        call.failed = !out.done && !out.pending;
        call.lookup = out.lookup;
        call.data = out.pending ? bytes("") : out.data;
        if (out.done && state.extended) call.data = abi.decode(out.data, (bytes));
    }

    /// The result, or the lookups that are still to be made.
    function finish(State memory state) private view returns (bytes memory, address) {
        uint256 pending = 0;
        for (uint256 i = 0; i < state.calls.length; ++i) {
            if (state.calls[i].pending) ++pending;
        }
        if (pending != 0) ask(state, pending);
        if (!state.multi) return (single(state.calls[0]), state.resolver);
        bytes[] memory results = new bytes[](state.calls.length);
        for (uint256 i = 0; i < results.length; ++i) {
            results[i] = state.calls[i].data;
        }
        return (abi.encode(results), state.resolver);
    }

    function ask(State memory state, uint256 pending) private view {
        IBatchGateway.Request[] memory requests = new IBatchGateway.Request[](pending);
        uint256 next = 0;
        for (uint256 i = 0; i < state.calls.length; ++i) {
            CcipRead.Lookup memory lookup = state.calls[i].lookup;
            if (!state.calls[i].pending) continue;
            requests[next++] =
                IBatchGateway.Request(state.resolver, lookup.urls, lookup.callData);
        }
        revert OffchainLookup(
            address(this),
            state.gateways,
            abi.encodeCall(IBatchGateway.query, (requests)),
            this.resolveCallback.selector,
            abi.encode(state)
        );
    }

    function single(Call memory call) private pure returns (bytes memory data) {
        data = call.data;
        if (call.failed) {
            // What a gateway failed with is told as it is, what a resolver failed with as its.
            if (bytes4(data) == IBatchGateway.HttpError.selector) bubble(data);
            if (data.length == 0) revert UnsupportedResolverProfile(call.selector);
            revert ResolverError(data);
        }
        if (data.length == 0) revert UnsupportedResolverProfile(call.selector);
    }

    function reverse(bytes calldata lookupAddress, uint256 coinType)
        external
        view
        returns (string memory, address, address)
    {
        return reverseWithGateways(lookupAddress, coinType, batchGateways());
    }

    function reverseWithGateways(
        bytes calldata lookupAddress,
        uint256 coinType,
        string[] memory gateways
    ) public view returns (string memory, address, address) {
        if (lookupAddress.length == 0) revert EmptyAddress();
        Reverse memory state;
        (state.account, state.coinType, state.gateways) = (lookupAddress, coinType, gateways);
        bytes memory name = DnsName.encode(reverseName(lookupAddress, coinType));
        bytes memory call = abi.encodeWithSelector(NAME, DnsName.node(name, 0));
        return step(state, abi.encodeCall(this.resolveWithGateways, (name, call, gateways)));
    }

    /// The callback of a reverse lookup's lookups.
    function reverseCallback(bytes calldata response, bytes calldata extraData)
        external
        view
        returns (string memory, address, address)
    {
        (Reverse memory state, bytes4 selector, bytes memory inner) =
            abi.decode(extraData, (Reverse, bytes4, bytes));
        return step(state, CcipRead.callback(selector, response, inner));
    }

    /// Either half of a reverse lookup: first the name, then its address.
    function step(Reverse memory state, bytes memory request)
        private
        view
        returns (string memory, address, address)
    {
        CcipRead.Outcome memory out = CcipRead.call(address(this), request);
        if (out.pending) {
            revert OffchainLookup(
                address(this),
                out.lookup.urls,
                out.lookup.callData,
                this.reverseCallback.selector,
                abi.encode(state, out.lookup.callbackFunction, out.lookup.extraData)
            );
        }
        if (!out.done) bubble(out.data);
        (bytes memory data, address resolver) = abi.decode(out.data, (bytes, address));
        if (bytes(state.primary).length == 0) return forward(state, data, resolver);
        bytes memory account =
            state.coinType == COIN_TYPE_ETH ? packed(data) : abi.decode(data, (bytes));
        if (keccak256(account) != keccak256(state.account)) {
            revert ReverseAddressMismatch(state.primary, account);
        }
        return (state.primary, resolver, state.reverseResolver);
    }

    function forward(Reverse memory state, bytes memory data, address reverseResolver)
        private
        view
        returns (string memory, address, address)
    {
        state.primary = abi.decode(data, (string));
        state.reverseResolver = reverseResolver;
        if (bytes(state.primary).length == 0) return ("", address(0), reverseResolver);
        bytes memory name = DnsName.encode(state.primary);
        if (name.length == 0) revert DNSEncodingFailed(state.primary);
        bytes32 node = DnsName.node(name, 0);
        bytes memory call = state.coinType == COIN_TYPE_ETH
            ? abi.encodeWithSelector(ADDR, node)
            : abi.encodeWithSelector(ADDR_COIN, node, state.coinType);
        return step(
            state, abi.encodeCall(this.resolveWithGateways, (name, call, state.gateways))
        );
    }

    function packed(bytes memory data) private pure returns (bytes memory) {
        return abi.encodePacked(abi.decode(data, (address)));
    }

    function reverseName(bytes memory account, uint256 coinType)
        private
        pure
        returns (string memory)
    {
        string memory digits = Text.toHex(account);
        if (coinType == COIN_TYPE_ETH) return string.concat(digits, ".addr.reverse");
        if (coinType == COIN_TYPE_DEFAULT) return string.concat(digits, ".default.reverse");
        return string.concat(digits, ".", hexNumber(coinType), ".reverse");
    }

    /// Without leading zeros.
    function hexNumber(uint256 number) private pure returns (string memory) {
        bytes memory digits = bytes(Text.toHex(abi.encodePacked(number)));
        uint256 zeros = 0;
        while (zeros < digits.length - 1 && digits[zeros] == "0") {
            ++zeros;
        }
        return string(DnsName.slice(digits, zeros, digits.length - zeros));
    }

    function bubble(bytes memory data) private pure {
        assembly ("memory-safe") {
            revert(add(data, 32), mload(data))
        }
    }
}
