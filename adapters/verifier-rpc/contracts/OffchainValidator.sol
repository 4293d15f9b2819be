// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Says whether an account stands by a signature, without being deployed: it is the code of an `eth_call` that has no
/// `to`. The constructor judges, and where a constructor leaves the code of a contract it leaves its verdict, one
/// byte: 1 for valid, 0 for not. Nothing that a signature holds makes it fail.
///
/// The order is that of ERC-6492: a wrapped signature is unwrapped, and the account deployed as it asks if it has no
/// code yet; an account with code is asked by ERC-1271; an account without any has to have signed by its own key.
///
/// No call gets more than half of the gas that is left, so that an account that burns it cannot spoil the verdict.
contract OffchainValidator {
    /// What ends a wrapped signature (ERC-6492).
    bytes32 private constant WRAPPED = 0x6492649264926492649264926492649264926492649264926492649264926492;
    /// The answer that accepts, which is also the selector of the question (ERC-1271).
    bytes4 private constant ACCEPTED = 0x1626ba7e;

    constructor(address account, bytes32 digest, bytes memory signature) {
        bool valid = judge(account, digest, signature);
        assembly ("memory-safe") {
            mstore8(0, valid)
            return(0, 1)
        }
    }

    function judge(address account, bytes32 digest, bytes memory signature) private returns (bool) {
        if (!isWrapped(signature)) {
            return account.code.length == 0
                ? signedByKey(account, digest, signature)
                : accepts(account, digest, signature);
        }
        (bool complete, address factory, bytes memory preparation, bytes memory inner) = unwrap(signature);
        if (!complete) {
            return false;
        }
        // An account that is deployed is asked as it is; only if it refuses, the preparation may help it.
        if (account.code.length != 0 && accepts(account, digest, inner)) {
            return true;
        }
        return prepare(factory, preparation) && account.code.length != 0 && accepts(account, digest, inner);
    }

    function isWrapped(bytes memory signature) private pure returns (bool) {
        if (signature.length < 32) {
            return false;
        }
        bytes32 end;
        assembly ("memory-safe") {
            // The length takes the first 32 bytes, so this reads the last 32 of the contents.
            end := mload(add(signature, mload(signature)))
        }
        return end == WRAPPED;
    }

    /// `abi.decode(…, (address, bytes, bytes))` of all but the end, which tells instead of reverting. The parts are not
    /// copied: in the encoding they lie as they do in memory, with their length before them.
    function unwrap(bytes memory signature)
        private
        pure
        returns (bool complete, address factory, bytes memory preparation, bytes memory inner)
    {
        uint256 length = signature.length - 32;
        if (length < 96) {
            return (false, factory, preparation, inner);
        }
        (uint256 first, uint256 second, uint256 third) = (word(signature, 0), word(signature, 32), word(signature, 64));
        if (first >> 160 != 0 || !holds(signature, length, second) || !holds(signature, length, third)) {
            return (false, factory, preparation, inner);
        }
        factory = address(uint160(first));
        assembly ("memory-safe") {
            preparation := add(add(signature, 32), second)
            inner := add(add(signature, 32), third)
        }
        return (true, factory, preparation, inner);
    }

    /// Whether bytes with their length before them lie at the offset, within the first `length` bytes.
    function holds(bytes memory encoded, uint256 length, uint256 offset) private pure returns (bool) {
        return offset <= length - 32 && word(encoded, offset) <= length - 32 - offset;
    }

    function word(bytes memory encoded, uint256 offset) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(add(encoded, 32), offset))
        }
    }

    /// What the factory answers is not read, however long it is.
    function prepare(address factory, bytes memory preparation) private returns (bool done) {
        assembly ("memory-safe") {
            done := call(div(gas(), 2), factory, 0, add(preparation, 32), mload(preparation), 0, 0)
        }
    }

    /// The account's own verdict, of which the first word is read, however long it is.
    function accepts(address account, bytes32 digest, bytes memory signature) private view returns (bool) {
        bytes memory question = abi.encodeWithSelector(ACCEPTED, digest, signature);
        bytes32 answer;
        assembly ("memory-safe") {
            let success := staticcall(div(gas(), 2), account, add(question, 32), mload(question), 0, 32)
            if and(success, gt(returndatasize(), 31)) { answer := mload(0) }
        }
        return answer == bytes32(ACCEPTED);
    }

    function signedByKey(address account, bytes32 digest, bytes memory signature) private pure returns (bool) {
        if (signature.length != 65) {
            return false;
        }
        (bytes32 r, bytes32 s) = (bytes32(word(signature, 0)), bytes32(word(signature, 32)));
        // Any v but 27 and 28 finds nobody, and so do r and s that are no signature; nobody is the address zero.
        address signer = ecrecover(digest, uint8(signature[64]), r, s);
        return signer != address(0) && signer == account;
    }
}
