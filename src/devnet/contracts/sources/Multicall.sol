// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Several calls in one, each with ether of its own (Multicall3's `aggregate3Value`).
contract Multicall {
    struct Call3Value {
        address target;
        bool allowFailure;
        uint256 value;
        bytes callData;
    }

    struct Result {
        bool success;
        bytes returnData;
    }

    function aggregate3Value(Call3Value[] calldata calls)
        external
        payable
        returns (Result[] memory results)
    {
        uint256 sum;
        results = new Result[](calls.length);
        for (uint256 i; i < calls.length; i++) {
            Call3Value calldata one = calls[i];
            sum += one.value;
            (bool success, bytes memory data) = one.target.call{value: one.value}(one.callData);
            require(success || one.allowFailure, "Multicall3: call failed");
            results[i] = Result(success, data);
        }
        require(msg.value == sum, "Multicall3: value mismatch");
    }
}
