//! Signatures of contract wallets: the server asks the chains (PROTOCOL.md 1.5).

use hexmtp_domain::identity::ContractWalletSignature;
use hexmtp_ports::contract_wallet::{ContractVerdict, ContractWalletError, ContractWalletVerifier};
use hexmtp_ports::port;
use hexmtp_proto::xmtp::identity::api::v1::verify_smart_contract_wallet_signatures_response::ValidationResponse;
use hexmtp_proto::xmtp::identity::api::v1::{
    VerifySmartContractWalletSignatureRequestSignature as Asked, VerifySmartContractWalletSignaturesRequest,
    VerifySmartContractWalletSignaturesResponse,
};

use crate::method::Method;
use crate::network::GrpcNetwork;

/// The most characters of a server's text that are kept.
const REASON_LENGTH: usize = 200;

#[port]
impl ContractWalletVerifier for GrpcNetwork {
    async fn verify(
        &self,
        hash: [u8; 32],
        signature: &ContractWalletSignature,
    ) -> Result<ContractVerdict, ContractWalletError> {
        // Servers refuse such a call whole; nobody has to be asked about it.
        signature
            .account()
            .map_err(|_| ContractWalletError::Malformed("the account id names no account of an EVM chain"))?;
        let asked = Asked {
            account_id: signature.account_id.clone(),
            block_number: (signature.block_number != 0).then_some(signature.block_number),
            signature: signature.signature.clone(),
            hash: hash.to_vec(),
        };
        let request = VerifySmartContractWalletSignaturesRequest { signatures: vec![asked] };
        let method = Method::VerifySmartContractWalletSignatures;
        let answer: VerifySmartContractWalletSignaturesResponse = self.caller.ask(method, &request).await?;
        let Ok([response]) = <[ValidationResponse; 1]>::try_from(answer.responses) else {
            return Err(ContractWalletError::Unavailable("one question has not one answer".into()));
        };
        verdict(signature, response)
    }
}

/// Servers put all reasons why a chain was not asked into a text beside "not valid", which would be a lie to keep
/// (FEATURES.md ID-27).
fn verdict(
    signature: &ContractWalletSignature,
    response: ValidationResponse,
) -> Result<ContractVerdict, ContractWalletError> {
    let ValidationResponse { is_valid, block_number, error } = response;
    if let Some(reason) = error.filter(|reason| !reason.is_empty() && !is_valid) {
        let reason: String = reason.chars().filter(|it| !it.is_control()).take(REASON_LENGTH).collect();
        return Err(ContractWalletError::Unavailable(reason.into()));
    }
    Ok(ContractVerdict { is_valid, block_number: block_number.unwrap_or(signature.block_number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(is_valid: bool, block_number: Option<u64>, error: Option<&str>) -> ValidationResponse {
        ValidationResponse { is_valid, block_number, error: error.map(str::to_owned) }
    }

    fn of(response: ValidationResponse) -> Result<ContractVerdict, ContractWalletError> {
        let account_id = format!("eip155:1:0x{}", "ab".repeat(20));
        verdict(&ContractWalletSignature { account_id, block_number: 7, signature: vec![1] }, response)
    }

    /// R-EVM-017
    #[test]
    fn a_reason_is_no_verdict() {
        for (is_valid, block, expected) in [(true, Some(9), 9), (false, Some(9), 9), (true, None, 7)] {
            let verdict = of(answer(is_valid, block, Some(""))).unwrap();
            assert_eq!(verdict, ContractVerdict { is_valid, block_number: expected });
        }
        let failed = of(answer(false, None, Some("the chain\nis down"))).unwrap_err();
        assert_eq!(failed.code(), "contract_wallet.unavailable");
        assert!(failed.retry().is_worth_it());
    }
}
