//! The `#[port]` attribute of `hexmtp-ports`.
//!
//! Futures of ports must be `Send` natively, so that a multi-threaded runtime may move them, and cannot
//! be `Send` in a browser, where values of the JavaScript engine stay on their thread. The attribute puts
//! the right form of `async_trait` on a trait or on an `impl` of it, so that nobody else has to know.

use proc_macro::TokenStream;

/// Marks an asynchronous port trait, or an implementation of one.
#[proc_macro_attribute]
pub fn port(_attributes: TokenStream, item: TokenStream) -> TokenStream {
    let attributes = "\
        #[cfg_attr(target_arch = \"wasm32\", ::hexmtp_ports::bounds::async_trait(?Send))]\
        #[cfg_attr(not(target_arch = \"wasm32\"), ::hexmtp_ports::bounds::async_trait)]";
    let mut output: TokenStream = match attributes.parse() {
        Ok(tokens) => tokens,
        Err(error) => return format!("compile_error!(\"{error}\");").parse().unwrap_or_default(),
    };
    output.extend(item);
    output
}
