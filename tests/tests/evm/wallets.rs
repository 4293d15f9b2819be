//! Wallets of all sorts, and what the validator says about their signatures.

use hexmtp_domain::identity::EthereumAddress;
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_tests::anvil::{Anvil, FACTORY, OWNED, WRAPPED, call_data, word, word_of, wrapped};
use serde_json::json;

use super::{DORMANT, ODD, accepts, ask, owner, signed};

/// The wallet that answers huge, but right.
const HUGE_ACCEPTANCE: u64 = 4;
/// How many oddities there are.
const ODDITIES: u64 = 11;

/// R-EVM-009
#[tokio::test]
async fn a_deployed_wallet_decides_for_itself() {
    let chain = Anvil::shared();
    let (mine, other) = (owner(), owner());
    let wallet = chain.deploy(OWNED, &[word_of(&mine.address())]);
    let (hash, signature) = signed(&mine);
    assert!(accepts(&wallet, hash, &signature).await);
    assert!(!accepts(&wallet, [1; 32], &signature).await, "another text");
    assert!(!accepts(&wallet, hash, &signed(&other).1).await, "another owner");
    assert!(!accepts(&wallet, hash, &[]).await, "nothing");
    assert!(
        !accepts(&chain.deploy(OWNED, &[word_of(&other.address())]), hash, &signature).await,
        "another wallet"
    );
    // Much more than a signature, but no more than a chain takes.
    assert!(!accepts(&wallet, hash, &[signature, vec![0; 40_000]].concat()).await);
}

/// R-EVM-010
#[tokio::test]
async fn an_owner_counts_at_the_blocks_at_which_it_was_the_owner() {
    let chain = Anvil::shared();
    let (first, second) = (owner(), owner());
    let wallet = chain.deploy(OWNED, &[word_of(&first.address())]);
    let before = chain.newest_block();
    chain.send(&wallet, &call_data("handOver(address)", &[word_of(&second.address())]));
    let after = chain.newest_block();
    for (owner, block, expected) in
        [(&first, before, true), (&first, after, false), (&second, before, false), (&second, after, true)]
    {
        let (hash, signature) = signed(owner);
        let verdict = ask(&wallet, hash, &signature, block).await.unwrap();
        assert_eq!((verdict.is_valid, verdict.block_number), (expected, block));
    }
    // At the newest block it is the second one, and the block is told.
    let (hash, signature) = signed(&second);
    let verdict = ask(&wallet, hash, &signature, 0).await.unwrap();
    assert!(verdict.is_valid && verdict.block_number >= after);
    // A block that is not there yet decides nothing.
    let missing = ask(&wallet, hash, &signature, after + 1_000_000).await;
    assert!(matches!(missing, Err(ContractWalletError::Unavailable(_))), "{missing:?}");
}

/// R-EVM-011
#[tokio::test]
async fn a_wallet_that_is_not_deployed_yet_signs_with_its_factory() {
    let chain = Anvil::shared();
    let (mine, other) = (owner(), owner());
    let factory = chain.deploy(FACTORY, &[]);
    let arguments = [word_of(&mine.address()), word(7)];
    let wallet = chain.ask(&factory, &call_data("addressOf(address,bytes32)", &arguments));
    let deploy = call_data("deploy(address,bytes32)", &arguments);
    let (hash, signature) = signed(&mine);
    let good = wrapped(&factory, &deploy, &signature);
    assert!(accepts(&wallet, hash, &good).await);
    for (bad, case) in [
        (signature.clone(), "without the factory"),
        (wrapped(&factory, &deploy, &signed(&other).1), "another owner's signature"),
        (
            wrapped(&factory, &call_data("deploy(address,bytes32)", &[arguments[0], word(8)]), &signature),
            "elsewhere",
        ),
        (wrapped(&factory, &call_data("nothing()", &[]), &signature), "a factory that fails"),
        (wrapped(&mine.address(), &deploy, &signature), "a factory that is none"),
        (wrapped(&wallet, &deploy, &signature), "the wallet as its own factory"),
    ] {
        assert!(!accepts(&wallet, hash, &bad).await, "{case}");
    }
    assert!(!accepts(&wallet, [1; 32], &good).await, "another text");
    // To ask has not deployed it.
    assert_eq!(chain.call("eth_getCode", &json!([wallet.to_string(), "latest"])), "0x");
    // Once it is deployed, it decides; the factory has no say any more.
    chain.send(&factory, &deploy);
    assert!(accepts(&wallet, hash, &good).await && accepts(&wallet, hash, &signature).await);
    chain.send(&wallet, &call_data("handOver(address)", &[word_of(&other.address())]));
    assert!(!accepts(&wallet, hash, &good).await && !accepts(&wallet, hash, &signature).await);
}

/// R-EVM-011
#[tokio::test]
async fn a_deployed_wallet_may_need_preparation() {
    let chain = Anvil::shared();
    let mine = owner();
    let wallet = chain.deploy(DORMANT, &[word_of(&mine.address())]);
    let (hash, signature) = signed(&mine);
    let wake = call_data("wake()", &[]);
    assert!(!accepts(&wallet, hash, &signature).await);
    assert!(accepts(&wallet, hash, &wrapped(&wallet, &wake, &signature)).await);
    assert!(!accepts(&wallet, hash, &wrapped(&wallet, &wake, &signed(&owner()).1)).await);
    assert!(!accepts(&wallet, hash, &signature).await, "it sleeps again");
}

/// R-EVM-012
#[tokio::test]
async fn odd_wallets_are_refused_whatever_they_do() {
    let chain = Anvil::shared();
    let mine = owner();
    let (hash, signature) = signed(&mine);
    for oddity in 0..ODDITIES {
        let wallet = chain.deploy(ODD, &[word(oddity)]);
        let expected = oddity == HUGE_ACCEPTANCE;
        assert_eq!(accepts(&wallet, hash, &signature).await, expected, "oddity {oddity}");
        let prepared = wrapped(&wallet, b"prepare", &signature);
        assert_eq!(accepts(&wallet, hash, &prepared).await, expected, "oddity {oddity}, prepared");
        // As the factory of an account that has no code.
        let nobody = owner().address();
        assert!(!accepts(&nobody, hash, &prepared).await, "oddity {oddity} as factory");
    }
}

/// R-EVM-013
#[tokio::test]
async fn an_account_without_code_signs_by_its_key() {
    let mine = owner();
    let (hash, signature) = signed(&mine);
    assert!(accepts(&mine.address(), hash, &signature).await);
    assert!(!accepts(&mine.address(), [1; 32], &signature).await, "another text");
    assert!(!accepts(&mine.address(), hash, &signed(&owner()).1).await, "another key");
    let mut other_v = signature.clone();
    other_v[64] -= 27;
    for (bad, case) in [
        (other_v, "v of 0 or 1"),
        (signature[..64].to_vec(), "64 bytes"),
        ([signature.as_slice(), &[0]].concat(), "66 bytes"),
        (Vec::new(), "nothing"),
        (vec![0; 65], "zeros"),
        (vec![0xff; 65], "ones"),
        (wrapped(&mine.address(), &[], &signature), "wrapped"),
    ] {
        assert!(!accepts(&mine.address(), hash, &bad).await, "{case}");
    }
    // What is no signature is nobody's, and not that of the address zero.
    let zero = EthereumAddress::parse(&format!("0x{}", "00".repeat(20))).unwrap();
    let mut nobodys = vec![0; 65];
    nobodys[64] = 27;
    for bad in [nobodys, vec![0xff; 65], vec![0; 65]] {
        assert!(!accepts(&zero, hash, &bad).await);
    }
}

/// R-EVM-012
#[tokio::test]
async fn what_is_wrapped_badly_is_refused() {
    let chain = Anvil::shared();
    let mine = owner();
    let wallet = chain.deploy(OWNED, &[word_of(&mine.address())]);
    let (hash, signature) = signed(&mine);
    let good = wrapped(&wallet, b"", &signature);
    assert!(accepts(&wallet, hash, &good).await);
    let end = WRAPPED.repeat(16);
    // The parts: factory, offset of the preparation, offset of the signature, preparation, signature, end.
    let with = |place: usize, word: [u8; 32]| {
        let mut changed = good.clone();
        changed[32 * place..32 * (place + 1)].copy_from_slice(&word);
        changed
    };
    let inside = u64::try_from(good.len()).unwrap() - 32;
    let mut cases = vec![
        end.clone(),
        [vec![0; 64], end.clone()].concat(),
        [vec![0xff; 96], end.clone()].concat(),
        [vec![0xff; 1_000], end].concat(),
        with(0, [0xff; 32]),
        good[32..].to_vec(),
    ];
    for place in [1, 2] {
        cases.push(with(place, [0xff; 32]));
        cases.push(with(place, word(inside - 31)));
        cases.push(with(place, word(inside)));
        cases.push(with(place, word(u64::MAX)));
    }
    for length in [word(inside), [0xff; 32], word(inside - 160 + 1)] {
        cases.push(with(4, length));
    }
    for bad in cases {
        assert!(!accepts(&wallet, hash, &bad).await, "{}", hex::encode(&bad));
    }
}
