//! Which database a URL names.

use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::NodeError;

/// The place of a node's data.
#[derive(Debug)]
pub(super) enum DatabaseUrl {
    /// SQLite in memory; gone when the node stops.
    Memory,
    /// SQLite in a file.
    File(PathBuf),
    /// A PostgreSQL database.
    Postgres(Box<PgConnectOptions>),
}

impl FromStr for DatabaseUrl {
    type Err = NodeError;

    fn from_str(url: &str) -> Result<Self, NodeError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The driver's own message may repeat the URL with its password.
            let options = PgConnectOptions::from_str(url)
                .map_err(|_| NodeError::DatabaseUrl("the PostgreSQL URL is malformed"))?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let rest = url.strip_prefix("sqlite:").ok_or(NodeError::DatabaseUrl("unknown kind of database"))?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        match path {
            ":memory:" => Ok(Self::Memory),
            "" => Err(NodeError::DatabaseUrl("the path of the file is missing")),
            _ if path.contains('?') => Err(NodeError::DatabaseUrl("a file takes no parameters")),
            _ => Ok(Self::File(path.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_three_kinds_of_database_are_told_apart() {
        for url in ["sqlite::memory:", "sqlite://:memory:"] {
            assert!(matches!(url.parse(), Ok(DatabaseUrl::Memory)), "{url}");
        }
        for (url, path) in [
            ("sqlite:///var/lib/node.db", Path::new("/var/lib/node.db")),
            ("sqlite://node.db", Path::new("node.db")),
            ("sqlite:a/b.db", Path::new("a/b.db")),
        ] {
            assert!(matches!(url.parse(), Ok(DatabaseUrl::File(found)) if found.as_path() == path), "{url}");
        }
        let Ok(DatabaseUrl::Postgres(options)) = "postgres://me:secret@db:5433/node".parse() else {
            panic!("the PostgreSQL URL is read")
        };
        assert_eq!((options.get_host(), options.get_port()), ("db", 5433));
    }

    #[test]
    fn other_urls_are_refused_without_repeating_them() {
        for url in
            ["", "mysql://me:secret@db/x", "sqlite:", "sqlite://", "sqlite://secret?mode=ro", "/secret"]
        {
            let error = url.parse::<DatabaseUrl>().unwrap_err();
            assert!(matches!(error, NodeError::DatabaseUrl(_)), "{url}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{url}");
        }
        let error = "postgres://me:secret@db:no-port/node".parse::<DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
