//! Which chains are known, and by which endpoints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use reqwest::Url;
use serde_json::Value;
use thiserror::Error;

use crate::endpoint;

/// What the names of environment variables begin with that name endpoints; the chain's number follows.
const VARIABLE: &str = "CHAIN_RPC_";

/// Why a list of chains is not taken. It never says what a URL was: that may hold a key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChainListError {
    /// The file cannot be read.
    #[error("the list of chains in {} cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The text is not JSON of the form `{"1": "https://…", "eip155:10": ["https://…", "https://…"]}`.
    #[error("the list of chains is not a JSON object with a URL, or an array of URLs, for each chain")]
    Json,
    /// The name is not that of a chain: a number, or `eip155:` and a number.
    #[error("`{0}` is not the number of a chain")]
    ChainId(String),
    /// An entry is not of the form `10=https://…`.
    #[error("an endpoint of a chain is given as <chain id>=<url>")]
    Entry,
    /// An endpoint is no URL of the kind `http` or `https`.
    #[error("an endpoint of chain {0} is not an http or https URL")]
    Url(u64),
}

impl ChainListError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "verifier.chain_file",
            Self::Json => "verifier.chain_json",
            Self::ChainId(_) => "verifier.chain_id",
            Self::Entry => "verifier.chain_entry",
            Self::Url(_) => "verifier.chain_url",
        }
    }
}

/// The endpoints of chains, by the chains' numbers (EIP-155). Of those of one chain the first is preferred.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ChainList(BTreeMap<u64, Vec<Url>>);

impl ChainList {
    /// Adds an endpoint behind those that the chain has.
    ///
    /// # Errors
    /// [`ChainListError::Url`].
    pub fn add(&mut self, chain_id: u64, url: &str) -> Result<(), ChainListError> {
        let failed = || ChainListError::Url(chain_id);
        let url = Url::parse(url.trim()).map_err(|_| failed())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(failed());
        }
        self.0.entry(chain_id).or_default().push(url);
        Ok(())
    }

    /// The list in a JSON text: an object whose keys name chains, as number or as `eip155:` and number, and whose
    /// values are URLs or arrays of URLs.
    ///
    /// # Errors
    /// [`ChainListError`].
    pub fn from_json(text: &str) -> Result<Self, ChainListError> {
        let parsed: Value = serde_json::from_str(text).map_err(|_| ChainListError::Json)?;
        let mut list = Self::default();
        for (name, endpoints) in parsed.as_object().ok_or(ChainListError::Json)? {
            let chain_id = chain_id(name.strip_prefix("eip155:").unwrap_or(name), name)?;
            let endpoints = match endpoints {
                Value::Array(urls) if !urls.is_empty() => urls.as_slice(),
                one => std::slice::from_ref(one),
            };
            for url in endpoints {
                list.add(chain_id, url.as_str().ok_or(ChainListError::Json)?)?;
            }
        }
        Ok(list)
    }

    /// The list in a file, in the form of [`Self::from_json`].
    ///
    /// # Errors
    /// [`ChainListError`].
    pub fn read(path: &Path) -> Result<Self, ChainListError> {
        let failed = |source| ChainListError::File { path: path.to_owned(), source };
        Self::from_json(&fs::read_to_string(path).map_err(failed)?)
    }

    /// The list in environment variables: `CHAIN_RPC_<number>` has the URLs of the chain's endpoints, with commas
    /// between them. Other variables are passed over.
    ///
    /// # Errors
    /// [`ChainListError`].
    pub fn from_variables(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ChainListError> {
        let mut list = Self::default();
        for (name, urls) in variables {
            let Some(number) = name.strip_prefix(VARIABLE) else { continue };
            let chain_id = chain_id(number, &name)?;
            for url in urls.split(',').filter(|url| !url.trim().is_empty()) {
                list.add(chain_id, url)?;
            }
        }
        Ok(list)
    }

    /// The list in entries such as `10=https://…`, as they are given on a command line.
    ///
    /// # Errors
    /// [`ChainListError`].
    pub fn from_entries(entries: &[String]) -> Result<Self, ChainListError> {
        let mut list = Self::default();
        for entry in entries.iter().filter(|entry| !entry.is_empty()) {
            // What has no equals sign may be a URL.
            let (number, url) = entry.split_once('=').ok_or(ChainListError::Entry)?;
            let chain_id = chain_id(number.trim(), number).map_err(|_| ChainListError::Entry)?;
            list.add(chain_id, url)?;
        }
        Ok(list)
    }

    /// For the chains of the other list, its endpoints instead of those of this one.
    pub fn replace_by(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether no chain is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers of the chains, in ascending order.
    pub fn chain_ids(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &[Url])> {
        self.0.iter().map(|(id, urls)| (*id, urls.as_slice()))
    }
}

/// The number, which has digits only. `name` is what to complain about.
fn chain_id(number: &str, name: &str) -> Result<u64, ChainListError> {
    let are_digits = number.bytes().all(|digit| digit.is_ascii_digit());
    let parsed = are_digits.then(|| number.parse().ok()).flatten();
    parsed.ok_or_else(|| ChainListError::ChainId(name.to_owned()))
}

/// Scheme and host of each endpoint.
impl fmt::Debug for ChainList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |urls: &[Url]| urls.iter().map(endpoint::name).collect::<Vec<_>>();
        f.debug_map().entries(self.iter().map(|(id, urls)| (id, names(urls)))).finish()
    }
}
