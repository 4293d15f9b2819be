//! Where a profile is.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::arguments::GlobalOptions;
use crate::error::CliError;

/// The folder of a profile, which may not be there yet.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    name: String,
    path: PathBuf,
}

impl Folder {
    /// The folder that the options name.
    pub(crate) fn of(options: &GlobalOptions) -> Result<Self, CliError> {
        let home = match &options.home {
            Some(home) => home.clone(),
            None => data_folder(SYSTEM, &|name| std::env::var_os(name), std::env::home_dir()).ok_or_else(
                || CliError::Usage("this user has no home folder; --home is needed".to_owned()),
            )?,
        };
        Self::within(&home, &options.profile)
    }

    fn within(home: &Path, name: &str) -> Result<Self, CliError> {
        let fits = (1..=64).contains(&name.len()) && !name.starts_with('.');
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !fits || !name.bytes().all(plain) {
            let rule =
                "a profile's name has 1 to 64 letters, digits, dots, - and _, and does not begin with a dot";
            return Err(CliError::Usage(rule.to_owned()));
        }
        let home = std::path::absolute(home).map_err(CliError::file("the home folder cannot be found"))?;
        Ok(Self { name: name.to_owned(), path: home.join(name) })
    }

    /// The profile's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What is known about the profile.
    pub(crate) fn record(&self) -> PathBuf {
        self.path.join("profile.json")
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("messages.db")
    }

    /// The secrets, when they are kept in files.
    pub(crate) fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// Makes the folder, which only its owner can enter, and keeps other processes from making an account in it
    /// until the returned file is dropped.
    pub(crate) fn create_and_lock(&self) -> Result<File, CliError> {
        let failed = || CliError::file(format!("{} cannot be made", self.path.display()));
        if let Some(home) = self.path.parent() {
            std::fs::create_dir_all(home).map_err(failed())?;
        }
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            result => result.map_err(failed())?,
        }
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.join("init.lock"))
            .map_err(failed())?;
        lock.lock().map_err(failed())?;
        Ok(lock)
    }
}

/// How systems name the folder for programs' data.
#[derive(Clone, Copy)]
#[cfg_attr(not(test), allow(dead_code, reason = "a build knows one system"))]
enum System {
    Apple,
    Windows,
    Other,
}

const SYSTEM: System = if cfg!(target_vendor = "apple") {
    System::Apple
} else if cfg!(windows) {
    System::Windows
} else {
    System::Other
};

/// The folder for the data of this program. On Unix: the XDG Base Directory Specification.
fn data_folder(
    system: System,
    variable: &dyn Fn(&str) -> Option<OsString>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    let named = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = home.filter(|home| home.is_absolute());
    let data = match system {
        System::Apple => home.map(|home| home.join("Library/Application Support")),
        System::Windows => named("LOCALAPPDATA").or_else(|| home.map(|home| home.join("AppData/Local"))),
        System::Other => named("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share"))),
    };
    data.map(|data| data.join("hexmtp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_folder_is_where_the_system_keeps_data() {
        let home = || Some(PathBuf::from("/home/alice"));
        let none = |_: &str| None;
        let xdg = |name: &str| (name == "XDG_DATA_HOME").then(|| OsString::from("/data"));
        let relative = |_: &str| Some(OsString::from("data"));
        let of = |system, variable: &dyn Fn(&str) -> Option<OsString>, home| {
            data_folder(system, variable, home).map(|path| path.display().to_string())
        };
        assert_eq!(of(System::Other, &none, home()).unwrap(), "/home/alice/.local/share/hexmtp");
        assert_eq!(of(System::Other, &xdg, home()).unwrap(), "/data/hexmtp");
        assert_eq!(of(System::Other, &xdg, None).unwrap(), "/data/hexmtp");
        assert_eq!(of(System::Other, &relative, home()).unwrap(), "/home/alice/.local/share/hexmtp");
        assert_eq!(
            of(System::Apple, &xdg, home()).unwrap(),
            "/home/alice/Library/Application Support/hexmtp"
        );
        assert_eq!(of(System::Windows, &none, home()).unwrap(), "/home/alice/AppData/Local/hexmtp");
        for system in [System::Apple, System::Windows, System::Other] {
            assert_eq!(of(system, &none, None), None);
            assert_eq!(of(system, &none, Some(PathBuf::from("relative"))), None);
        }
    }

    #[test]
    fn a_profile_stays_within_the_home_folder() {
        let home = Path::new("/home/alice/hexmtp");
        for name in ["default", "Bob", "a.b-c_9", &"x".repeat(64)] {
            assert_eq!(Folder::within(home, name).unwrap().path(), home.join(name));
        }
        for name in ["", ".", "..", ".hidden", "a/b", "a\\b", "/", "ä", "a b", &"x".repeat(65)] {
            assert!(matches!(Folder::within(home, name), Err(CliError::Usage(_))), "{name:?}");
        }
    }
}
