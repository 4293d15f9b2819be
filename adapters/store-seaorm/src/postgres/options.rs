//! What a PostgreSQL store is opened with.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;
use sqlx::postgres::PgConnectOptions;

use crate::options::OpenProblem;

/// The length of a data key in bytes.
const KEY_LENGTH: usize = 32;

/// How a PostgreSQL store is opened: PostgreSQL 13 or newer, reached directly or through a pooler that leaves sessions
/// together.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(crate) server: PgConnectOptions,
    pub(crate) installation: String,
    pub(crate) schema: Option<String>,
    pub(crate) data_key: Secret,
    pub(crate) readers: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) statement_timeout: Duration,
}

/// Neither password nor key.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("host", &self.server.get_host())
            .field("port", &self.server.get_port())
            .field("database", &self.server.get_database())
            .field("schema", &self.schema)
            .field("installation", &self.installation)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// A database on a server.
    ///
    /// - `url`: as libpq has it, `postgres://user:password@host:port/database?parameters`. What it leaves out comes
    ///   from the environment variables and the password file of libpq. Among the parameters are `sslmode` (`disable`,
    ///   `prefer`, `require`, `verify-ca`, `verify-full`) and `sslrootcert`, the path of the certificate of the
    ///   authority that has signed the server's. Only the two `verify` modes know whom they talk to.
    /// - `installation`: a label of the caller's, by which this client is found again; many may share a database.
    /// - `data_key`: 32 random bytes, under which the contents of messages and all keys are sealed, so that who owns
    ///   the database cannot read them. It belongs into a [`SecretStore`](hexmtp_ports::secret_store::SecretStore).
    ///
    /// # Errors
    /// [`StoreError::Backend`] with an [`OpenProblem`](crate::OpenProblem) as its source.
    pub fn new(url: &str, installation: impl Into<String>, data_key: Secret) -> Result<Self, StoreError> {
        Self::check_key(&data_key)?;
        // The driver's own message may repeat the URL with its password.
        let malformed = || StoreError::Backend(Box::new(OpenProblem::MalformedUrl));
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(malformed());
        }
        let server = PgConnectOptions::from_str(url).map_err(|_| malformed())?;
        let server = match server.get_application_name() {
            Some(_) => server,
            None => server.application_name("hexmtp"),
        };
        Ok(Self {
            server,
            installation: installation.into(),
            schema: None,
            data_key,
            readers: 4,
            acquire_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(60),
        })
    }

    /// Whether a data key has the right length.
    pub(super) fn check_key(key: &Secret) -> Result<(), StoreError> {
        if key.len() == KEY_LENGTH {
            return Ok(());
        }
        Err(StoreError::Backend(Box::new(OpenProblem::KeyLength(key.len()))))
    }

    /// The schema for the tables, made if it is not there; the default is the first one of the user's search path.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// At most so many connections read at the same time; the default is 4, the least is 1. A store has two more: one
    /// that writes, and one on which the server tells of commits of others while somebody waits for them.
    #[must_use]
    pub fn readers(mut self, connections: u32) -> Self {
        self.readers = connections.max(1);
        self
    }

    /// How long a call waits for a connection, also for a server that is not there at the moment; the default is
    /// thirty seconds.
    #[must_use]
    pub const fn acquire_timeout(mut self, time: Duration) -> Self {
        self.acquire_timeout = time;
        self
    }

    /// How long the server works on a statement before it gives up; the default is a minute. Zero is for ever.
    #[must_use]
    pub const fn statement_timeout(mut self, time: Duration) -> Self {
        self.statement_timeout = time;
        self
    }

    /// The name that the server shows to its operators; the default is what the URL says, else `hexmtp`.
    #[must_use]
    pub fn application_name(mut self, name: &str) -> Self {
        self.server = self.server.application_name(name);
        self
    }

    /// The certificate, in PEM, of the authority that has signed the server's; in place of `sslrootcert` in the URL.
    #[must_use]
    pub fn root_certificate(mut self, pem: &[u8]) -> Self {
        self.server = self.server.ssl_root_cert_from_pem(pem.to_vec());
        self
    }
}
