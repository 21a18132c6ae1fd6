// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC165, IExtendedResolver, OffchainLookup} from "./Interfaces.sol";

/// A domain of EIP-712, as the errors have it.
struct Domain {
    string name;
    string version;
    uint64 chainId;
    address verifyingContract;
}

/// A message by its calldata.
struct CallMessage {
    bytes callData;
    address sender;
    uint256 expirationTimestamp;
}

/// An argument by its name.
struct Parameter {
    string name;
    string value;
}

/// A message by its arguments.
struct ParameterMessage {
    bytes4 functionSelector;
    address sender;
    Parameter[] parameters;
    uint256 expirationTimestamp;
}

interface EnsipY {
    error StorageHandledByIPNS(address sender, bytes callData, bytes4 metadata);
    error StorageHandledByDatabase(address sender, bytes callData, bytes4 metadata);
    error StorageHandledByL2(address sender, bytes callData, bytes4 metadata);
}

interface Eip5559 {
    error StorageHandledByIPNS(address sender, bytes callData, bytes metadata);
    error StorageHandledByDatabase(address sender, bytes callData, bytes metadata);
    error StorageHandledByL2(address sender, bytes callData, bytes metadata);
    error StorageHandledBySolana(address sender, bytes callData, bytes metadata);
}

interface Legacy {
    error StorageHandledByL2(uint256 chainId, address target);
    error StorageHandledByOffChainDatabase(Domain sender, string url, CallMessage data);
}

interface LegacyParameters {
    error StorageHandledByOffChainDatabase(Domain sender, string url, ParameterMessage data);
}

interface Erc7700 {
    error StorageRoutedToDatabase(string url);
    error StorageRoutedToL1(address target);
    error StorageRoutedToL2(address target, uint256 chainId);
    error StorageRoutedToSolana(bytes32 programId, bytes32 account);
}

interface Erc7884 {
    error OperationHandledOnchain(uint256 chainId, address target);
    error OperationHandledOffchain(Domain domain, string url, CallMessage data);
    error FunctionNotSupported();
}

/// A resolver that keeps nothing: each setter reverts with the error of the form that was chosen,
/// and each read is a lookup at one gateway. Whoever calls may choose: it is for trials alone.
contract WriteResolver is IExtendedResolver, IERC165 {
    /// As the Universal Resolver wraps it.
    error ResolverError(bytes errorData);

    enum Form {
        Refused,
        YIpns,
        YDatabase,
        YL2,
        Ipns,
        Database,
        L2,
        Solana,
        LegacyL2,
        LegacyCallData,
        LegacyParameters,
        RoutedDatabase,
        RoutedL1,
        RoutedL2,
        RoutedSolana,
        Onchain,
        Offchain,
        Unsupported,
        OtherArguments
    }

    bytes4 private constant SIGNED_RECORD = 0x2b45eb2b;
    bytes4 private constant SET_TEXT = 0x10f13a8c;
    bytes4 private constant MULTICALL = 0xac9650d8;
    bytes4 private constant OPERATION_ROUTER = 0xa0b7b54e;

    Form private form;
    bool private wrapped;
    string private gateway;
    bytes private storageMetadata;
    address private target;
    uint256 private targetChain;
    bool private hidden;

    function choose(
        Form chosen,
        bool wraps,
        string calldata url,
        bytes calldata metadata_,
        address contract_,
        uint256 chain
    ) external {
        (form, wrapped, gateway) = (chosen, wraps, url);
        (storageMetadata, target, targetChain) = (metadata_, contract_, chain);
    }

    /// Setters are answered within resolve() alone, where this contract calls itself.
    function hide(bool hides) external {
        hidden = hides;
    }

    function supportsInterface(bytes4 id) external view returns (bool) {
        bool routes = !hidden && (form == Form.Offchain || form == Form.Onchain);
        return id == type(IERC165).interfaceId || id == type(IExtendedResolver).interfaceId
            || (routes && id == OPERATION_ROUTER);
    }

    /// ENSIP-Y: the metadata as it is, whatever the name.
    function metadata(bytes calldata) external view {
        bytes memory data = storageMetadata;
        assembly ("memory-safe") {
            return(add(data, 32), mload(data))
        }
    }

    /// ERC-7884.
    function getOperationHandler(bytes calldata call) external view {
        defer(call);
    }

    function resolve(bytes calldata, bytes calldata request) external view returns (bytes memory) {
        if (hidden && (bytes4(request) == SET_TEXT || bytes4(request) == MULTICALL)) {
            (, bytes memory said) = address(this).staticcall(request);
            assembly ("memory-safe") {
                revert(add(said, 32), mload(said))
            }
        }
        string[] memory urls = new string[](1);
        urls[0] = string.concat(gateway, "/{sender}/{data}.json");
        revert OffchainLookup(address(this), urls, request, this.answered.selector, request);
    }

    /// What a gateway answers: the result, or a signed record whose result it is.
    function answered(bytes calldata response, bytes calldata) external pure returns (bytes memory) {
        if (response.length < 4 || bytes4(response[:4]) != SIGNED_RECORD) return response;
        (,,, bytes memory result) = abi.decode(response[4:], (address, bytes, bytes, bytes));
        return result;
    }

    /// Every setter.
    fallback(bytes calldata input) external returns (bytes memory) {
        require(!hidden || msg.sender == address(this), "not yours");
        defer(input);
    }

    function defer(bytes calldata input) private view {
        bytes memory data = error_(input);
        if (wrapped) data = abi.encodeWithSelector(ResolverError.selector, data);
        assembly ("memory-safe") {
            revert(add(data, 32), mload(data))
        }
    }

    function error_(bytes calldata input) private view returns (bytes memory) {
        bytes memory arguments = input[4:];
        bytes memory along = storageMetadata;
        bytes4 own = this.metadata.selector;
        address by = msg.sender;
        if (form == Form.YIpns) return abi.encodeWithSelector(EnsipY.StorageHandledByIPNS.selector, by, arguments, own);
        if (form == Form.YDatabase) return abi.encodeWithSelector(EnsipY.StorageHandledByDatabase.selector, by, arguments, own);
        if (form == Form.YL2) return abi.encodeWithSelector(EnsipY.StorageHandledByL2.selector, by, arguments, own);
        if (form == Form.Ipns) return abi.encodeWithSelector(Eip5559.StorageHandledByIPNS.selector, by, arguments, along);
        if (form == Form.Database) return abi.encodeWithSelector(Eip5559.StorageHandledByDatabase.selector, by, arguments, along);
        if (form == Form.L2) return abi.encodeWithSelector(Eip5559.StorageHandledByL2.selector, by, arguments, along);
        if (form == Form.Solana) return abi.encodeWithSelector(Eip5559.StorageHandledBySolana.selector, by, arguments, along);
        if (form == Form.OtherArguments) {
            arguments[31] ^= 0x01;
            return abi.encodeWithSelector(Eip5559.StorageHandledByDatabase.selector, by, arguments, along);
        }
        return other(input);
    }

    function other(bytes calldata input) private view returns (bytes memory) {
        if (form == Form.LegacyL2) return abi.encodeWithSelector(Legacy.StorageHandledByL2.selector, targetChain, target);
        if (form == Form.RoutedDatabase) return abi.encodeWithSelector(Erc7700.StorageRoutedToDatabase.selector, gateway);
        if (form == Form.RoutedL1) return abi.encodeWithSelector(Erc7700.StorageRoutedToL1.selector, target);
        if (form == Form.RoutedL2) return abi.encodeWithSelector(Erc7700.StorageRoutedToL2.selector, target, targetChain);
        if (form == Form.RoutedSolana) return abi.encodeWithSelector(Erc7700.StorageRoutedToSolana.selector, bytes32(uint256(1)), bytes32(uint256(2)));
        if (form == Form.Onchain) return abi.encodeWithSelector(Erc7884.OperationHandledOnchain.selector, targetChain, target);
        if (form == Form.Unsupported) return abi.encodeWithSelector(Erc7884.FunctionNotSupported.selector);
        if (form == Form.Refused) return abi.encodeWithSignature("Error(string)", "not yours");
        return message(input);
    }

    function message(bytes calldata input) private view returns (bytes memory) {
        Domain memory domain = Domain("WriteResolver", "1", uint64(block.chainid), address(this));
        string memory url = string.concat(gateway, "/{sender}/{data}.json");
        // The chain, where a message names none: how long it counts.
        uint256 expires = block.timestamp + (targetChain == 0 ? 1 days : targetChain);
        CallMessage memory whole = CallMessage(input, msg.sender, expires);
        if (form == Form.Offchain) {
            return abi.encodeWithSelector(Erc7884.OperationHandledOffchain.selector, domain, url, whole);
        }
        if (form == Form.LegacyCallData) {
            return abi.encodeWithSelector(Legacy.StorageHandledByOffChainDatabase.selector, domain, url, whole);
        }
        // Of setText alone.
        (, string memory key, string memory value) = abi.decode(input[4:], (bytes32, string, string));
        Parameter[] memory parameters = new Parameter[](3);
        parameters[0] = Parameter("node", hexOf(bytes32(input[4:36])));
        parameters[1] = Parameter("key", key);
        parameters[2] = Parameter("value", value);
        ParameterMessage memory parts = ParameterMessage(bytes4(input[:4]), msg.sender, parameters, expires);
        return abi.encodeWithSelector(LegacyParameters.StorageHandledByOffChainDatabase.selector, domain, url, parts);
    }

    function hexOf(bytes32 word) private pure returns (string memory) {
        bytes memory digits = "0123456789abcdef";
        bytes memory text = new bytes(66);
        (text[0], text[1]) = ("0", "x");
        for (uint256 i = 0; i < 32; i++) {
            text[2 + 2 * i] = digits[uint8(word[i]) >> 4];
            text[3 + 2 * i] = digits[uint8(word[i]) & 15];
        }
        return string(text);
    }
}
