// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

bytes4 constant ACCEPTED = 0x1626ba7e;

/// Whether the digest was signed by the owner's key.
function signedBy(address owner, bytes32 digest, bytes calldata signature) pure returns (bool) {
    if (signature.length != 65) {
        return false;
    }
    address signer = ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    return signer != address(0) && signer == owner;
}

/// A wallet that stands by what its owner's key signs. It is for tests: anybody may give it to another owner.
contract OwnedWallet {
    address public owner;

    constructor(address first) {
        owner = first;
    }

    function handOver(address next) external {
        owner = next;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return signedBy(owner, digest, signature) ? ACCEPTED : bytes4(0xffffffff);
    }
}

/// Deploys owned wallets to addresses that are known before.
contract WalletFactory {
    function deploy(address owner, bytes32 salt) external returns (address) {
        return address(new OwnedWallet{salt: salt}(owner));
    }

    function addressOf(address owner, bytes32 salt) external view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(OwnedWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"ff", this, salt, code)))));
    }
}

/// A deployed wallet that has to be prepared before it knows its owner's signatures.
contract DormantWallet {
    address private immutable owner;
    bool private awake;

    constructor(address first) {
        owner = first;
    }

    function wake() external {
        awake = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        return awake && signedBy(owner, digest, signature) ? ACCEPTED : bytes4(0xffffffff);
    }
}

/// Answers as no wallet should, whatever it is asked, and whether it is asked as a wallet or as a factory.
contract OddWallet {
    enum Oddity {
        Garbage,
        ShortAnswer,
        DirtyAnswer,
        HugeGarbage,
        HugeAcceptance,
        Nothing,
        BurnsGas,
        Reverts,
        RevertsWithAcceptance,
        Invalid,
        Writes
    }

    Oddity private immutable oddity;
    uint256 private written;

    constructor(Oddity chosen) {
        oddity = chosen;
    }

    fallback() external {
        Oddity it = oddity;
        if (it == Oddity.Garbage) answer(0xabababababababababababababababababababababababababababababababab, 32);
        if (it == Oddity.ShortAnswer) answer(bytes32(ACCEPTED), 4);
        if (it == Oddity.DirtyAnswer) answer(bytes32(ACCEPTED) | bytes32(uint256(1)), 32);
        if (it == Oddity.HugeGarbage) answer(bytes32(uint256(1)), 1_000_000);
        if (it == Oddity.HugeAcceptance) answer(bytes32(ACCEPTED), 1_000_000);
        if (it == Oddity.Nothing) return;
        if (it == Oddity.Reverts) revert("the wallet is not amused");
        if (it == Oddity.RevertsWithAcceptance) {
            bytes32 accepted = bytes32(ACCEPTED);
            assembly ("memory-safe") {
                mstore(0, accepted)
                revert(0, 32)
            }
        }
        if (it == Oddity.Invalid) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (it == Oddity.Writes) {
            written += 1;
            answer(bytes32(ACCEPTED), 32);
        }
        while (true) {
            written;
        }
    }

    function answer(bytes32 first, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(0, first)
            return(0, length)
        }
    }
}
