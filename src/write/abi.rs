//! The errors as Solidity has them. Several share a name and differ in their arguments: each set
//! stands in a module of its own.

#![allow(missing_docs)]

/// A selector says where the metadata is (ENSIP-Y).
pub mod by_selector {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByIPNS(address sender, bytes callData, bytes4 metadata);
        error StorageHandledByDatabase(address sender, bytes callData, bytes4 metadata);
        error StorageHandledByL2(address sender, bytes callData, bytes4 metadata);
    }
}

/// The metadata comes along (updated EIP-5559, ENSIP-19).
pub mod inline {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByIPNS(address sender, bytes callData, bytes metadata);
        error StorageHandledByDatabase(address sender, bytes callData, bytes metadata);
        error StorageHandledByL2(address sender, bytes callData, bytes metadata);
        error StorageHandledBySolana(address sender, bytes callData, bytes metadata);
    }
}

/// Draft 6 of EIP-5559, whose proof no text defines.
pub mod proof {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByL2(address sender, address target, uint256 chainId, bytes32 proof);
    }
}

/// The same without the sender.
pub mod short_proof {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByL2(address target, uint256 chainId, bytes32 proof);
    }
}

/// Earlier forms that are in use nowhere.
pub mod early {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByL2(address target, uint256 chainId);
        error StorageHandledByDatabase(string url);
    }
}

/// The first EIP-5559, on another chain.
pub mod legacy {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageHandledByL2(uint256 chainId, address target);
    }
}

/// The first EIP-5559, in a database: the setter's arguments one by one.
pub mod parameters {
    alloy::sol! {
        #![sol(all_derives = true)]
        struct Domain { string name; string version; uint64 chainId; address verifyingContract; }
        #[derive(serde::Serialize)]
        struct Parameter { string name; string value; }
        #[derive(serde::Serialize)]
        struct Message {
            bytes4 functionSelector;
            address sender;
            Parameter[] parameters;
            uint256 expirationTimestamp;
        }
        error StorageHandledByOffChainDatabase(Domain sender, string url, Message data);
    }
}

/// Its later form: the calldata as it is.
pub mod call_data {
    alloy::sol! {
        #![sol(all_derives = true)]
        struct Domain { string name; string version; uint64 chainId; address verifyingContract; }
        #[derive(serde::Serialize)]
        struct Message { bytes callData; address sender; uint256 expirationTimestamp; }
        error StorageHandledByOffChainDatabase(Domain sender, string url, Message data);
    }
}

/// ERC-7700.
pub mod routed {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageRoutedToDatabase(string url);
        error StorageRoutedToL1(address target);
        error StorageRoutedToL2(address target, uint256 chainId);
        error StorageRoutedToSolana(bytes32 programId, bytes32 account);
    }
}

/// ERC-7700, as its own example has the arguments.
pub mod routed_swapped {
    alloy::sol! {
        #![sol(all_derives = true)]
        error StorageRoutedToL2(uint256 chainId, address target);
    }
}

/// ERC-7884 and ENSIP-20.
pub mod operation {
    alloy::sol! {
        #![sol(all_derives = true)]
        struct Domain { string name; string version; uint64 chainId; address verifyingContract; }
        #[derive(serde::Serialize)]
        struct Message { bytes data; address sender; uint256 expirationTimestamp; }
        error OperationHandledOnchain(uint256 chainId, address target);
        error OperationHandledOffchain(Domain domain, string url, Message data);
        error FunctionNotSupported();
        function getOperationHandler(bytes data) view;
    }
}

/// How the Universal Resolver hands on the error of a resolver.
pub mod universal {
    alloy::sol! {
        error ResolverError(bytes errorData);
    }
}

/// Where metadata is asked, by node or by name.
pub mod metadata {
    alloy::sol! {
        function metadata(bytes name) view returns (bytes);
        interface ByNode {
            function metadata(bytes32 node) view returns (bytes);
        }
    }
}
