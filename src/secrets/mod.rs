//! Secrets by reference: definitions name them (`secret.SHOP_TOKEN`), the environment or a directory holds
//! them. Beside them, what systems give and renew: [`Kept`] on the disk, and [`Slot`], a token in memory; and what else only
//! the operator gives: leave to start a program that a definition names.
//!
//! Promises: a secret's value never prints; one that is missing is a fault that says where to put it.
//! Never: reads a secret out of a definition, or writes one anywhere but what a system renewed.

mod kept;
mod slot;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fmt, fs};

use centralita_core::base::{Fault, Owner};
pub use kept::{Hold, Kept};
pub use secrecy::{ExposeSecret, SecretString};
pub use slot::{Fetched, Slot, Token};

/// The environment's prefix, looked at first, so that a secret can be given to the gateway alone.
const PREFIX: &str = "CENTRALITA_SECRET_";

/// The name of a secret, as written: capital letters, digits and `_`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(String);

impl SecretName {
    /// Reads a reference as definitions write it: `secret.NAME`.
    #[must_use]
    pub fn reference(text: &str) -> Option<SecretName> {
        let name = text.trim().strip_prefix("secret.")?;
        let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        (plain && name.starts_with(|c: char| c.is_ascii_uppercase())).then(|| SecretName(name.to_owned()))
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where secrets are found.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// One file per secret, named like it: how container platforms mount them.
    directory: Option<PathBuf>,
    /// Given by the program itself; they come first.
    given: BTreeMap<SecretName, SecretString>,
    /// Programs that integrations may start: like a secret, something only the operator gives.
    programs: BTreeSet<String>,
    /// What systems renew; none where nothing was said of a folder.
    kept: Option<Kept>,
    /// Tokens in use, by what they are for: all agents of a process share them.
    slots: Arc<Mutex<BTreeMap<String, Arc<Slot>>>>,
}

impl Secrets {
    /// From the environment only.
    #[must_use]
    pub fn from_env() -> Secrets {
        Secrets::default()
    }

    /// From a directory too, after the environment.
    ///
    /// # Errors
    /// There is no such directory: a mount that failed would else look like secrets that nobody wrote.
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Result<Secrets, Fault> {
        let directory = directory.into();
        if let Err(error) = fs::read_dir(&directory) {
            let what = format!("the folder of secrets {} cannot be read: {error}", directory.display());
            return Err(Fault::new(Owner::Admin, what, "make it, with one file per secret, named like it"));
        }
        self.directory = Some(directory);
        Ok(self)
    }

    /// With leave for integrations to start these programs.
    #[must_use]
    pub fn with_programs(mut self, programs: impl IntoIterator<Item = String>) -> Secrets {
        self.programs.extend(programs);
        self
    }

    /// Leave to start a program, by the very text that was permitted.
    ///
    /// # Errors
    /// The operator did not give it.
    pub fn permits(&self, integration: &str, program: &str) -> Result<(), Fault> {
        if self.programs.contains(program) {
            return Ok(());
        }
        let what = format!(
            "the integration `{integration}` starts the program `{program}`, which is not permitted here"
        );
        let remedy = format!(
            "if it may run as the gateway's user, permit it: --mcp-command {program}, or CENTRALITA_MCP_COMMANDS={program}"
        );
        Err(Fault::new(Owner::Admin, what, remedy))
    }

    /// With a folder for what systems renew.
    #[must_use]
    pub fn with_kept(mut self, folder: impl Into<PathBuf>) -> Secrets {
        self.kept = Some(Kept::new(folder));
        self
    }

    /// What systems renew.
    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// Where the token for this lies, the same for all clones.
    #[must_use]
    pub fn slot(&self, of: &str) -> Arc<Slot> {
        // A map of shared slots is whole even if a holder panicked.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(of.to_owned()).or_default())
    }

    /// With a secret the program made itself, as the demo does.
    #[must_use]
    pub fn with(mut self, name: SecretName, value: SecretString) -> Secrets {
        self.given.insert(name, value);
        self
    }

    /// `CENTRALITA_SECRET_NAME`, then `NAME`, then the file `NAME` without its last line end.
    ///
    /// # Errors
    /// It is missing or empty, or cannot be read.
    pub fn get(&self, name: &SecretName) -> Result<SecretString, Fault> {
        self.find(name)?.ok_or_else(|| self.missing(name))
    }

    /// As [`Secrets::get`], for what may be missing; `None` is nothing else.
    ///
    /// # Errors
    /// It is there and empty, or cannot be read.
    pub fn find(&self, name: &SecretName) -> Result<Option<SecretString>, Fault> {
        if let Some(given) = self.given.get(name) {
            return Ok(Some(given.clone()));
        }
        let variables = [format!("{PREFIX}{name}"), name.to_string()];
        let set = variables.into_iter().find_map(|variable| Some((env::var_os(&variable)?, variable)));
        let (place, text) = match set {
            Some((value, variable)) => (format!("the variable {variable}"), text_of(name, &variable, value)?),
            None => match self.in_file(name)? {
                Some((file, text)) => (format!("the file {}", file.display()), text),
                None => return Ok(None),
            },
        };
        full(name, &text, &place).map(Some)
    }

    /// `None` where there is no such file.
    fn in_file(&self, name: &SecretName) -> Result<Option<(PathBuf, String)>, Fault> {
        let Some(file) = self.directory.as_ref().map(|directory| directory.join(&name.0)) else {
            return Ok(None);
        };
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some((file, text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let what = format!("the secret `{name}` cannot be read from {}: {error}", file.display());
                Err(Fault::new(Owner::Admin, what, "make it a text file that this user may read"))
            }
        }
    }

    fn missing(&self, name: &SecretName) -> Fault {
        let file = match &self.directory {
            Some(folder) => folder.join(&name.0).display().to_string(),
            None => format!("{name} of a folder that `--secrets` names"),
        };
        let remedy =
            format!("set the environment variable {PREFIX}{name} (or {name}), or write the file {file}");
        Fault::new(Owner::Admin, format!("the secret `{name}` is missing"), remedy)
    }
}

/// A secret without its last line end. An empty one hides those that come after its place, so the place is named.
fn full(name: &SecretName, text: &str, place: &str) -> Result<SecretString, Fault> {
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        let what = format!("the secret `{name}` is empty: {place} holds nothing");
        return Err(Fault::new(Owner::Admin, what, format!("put the secret there, or take {place} away")));
    }
    Ok(text.to_owned().into())
}

/// The value of an environment variable.
fn text_of(name: &SecretName, variable: &str, value: OsString) -> Result<String, Fault> {
    value.into_string().map_err(|_| {
        let what = format!("the secret `{name}` cannot be read from the variable {variable}: it is no text");
        Fault::new(Owner::Admin, what, "set it to the secret's text, in UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> SecretName {
        SecretName::reference(text).expect("a reference to a secret")
    }

    #[test]
    fn only_a_plain_name_is_a_reference() {
        for good in ["secret.SHOP_TOKEN", " secret.A1 "] {
            assert!(SecretName::reference(good).is_some(), "{good}");
        }
        for bad in
            ["SHOP_TOKEN", "secret.", "secret.shop", "secret._A", "secret.1A", "secret.A/../B", "secret.A B"]
        {
            assert!(SecretName::reference(bad).is_none(), "{bad}");
        }
    }

    /// A directory of secrets, for one test.
    fn directory() -> PathBuf {
        let directory = env::temp_dir().join(format!("centralita-secrets-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&directory).expect("a temporary folder can be made");
        directory
    }

    #[test]
    fn a_missing_secret_says_where_to_put_it() {
        let directory = directory();
        let secrets = Secrets::from_env().with_directory(&directory).expect("the folder is there");
        let fault = secrets.get(&name("secret.NOBODY_SETS_THIS")).unwrap_err();
        let file = directory.join("NOBODY_SETS_THIS").display().to_string();
        for place in ["CENTRALITA_SECRET_NOBODY_SETS_THIS", &file] {
            assert!(fault.remedy.contains(place), "{fault}");
        }
        assert!(fault.what.ends_with("is missing"), "{fault}");
        let fault = Secrets::from_env().get(&name("secret.NOBODY_SETS_THIS")).unwrap_err();
        assert!(
            fault.remedy.ends_with("the file NOBODY_SETS_THIS of a folder that `--secrets` names"),
            "{fault}"
        );
        fs::write(directory.join("EMPTY"), "\n").expect("a temporary folder can be written");
        let fault = secrets.get(&name("secret.EMPTY")).unwrap_err();
        let file = directory.join("EMPTY").display().to_string();
        assert!(fault.what.ends_with(&format!("is empty: the file {file} holds nothing")), "{fault}");
        fs::remove_dir_all(directory).expect("it was made by this test");
    }

    #[test]
    fn what_may_be_missing_is_found_missing_only_where_there_is_nothing() {
        let directory = directory();
        let secrets = Secrets::from_env().with_directory(&directory).expect("the folder is there");
        let find = |text: &str| secrets.find(&name(text)).map(|found| found.is_some()).map_err(|f| f.what);
        assert_eq!(find("secret.NOBODY_SETS_THIS"), Ok(false));
        fs::write(directory.join("A_SECRET"), "x\n").expect("a temporary folder can be written");
        assert_eq!(find("secret.A_SECRET"), Ok(true));
        fs::write(directory.join("EMPTY"), "").expect("a temporary folder can be written");
        assert!(find("secret.EMPTY").is_err_and(|what| what.contains("`EMPTY` is empty")));
        fs::create_dir(directory.join("A_FOLDER")).expect("a temporary folder can be made");
        assert!(find("secret.A_FOLDER").is_err());
        fs::remove_dir_all(&directory).expect("it was made by this test");
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_named_and_not_taken_for_a_missing_one() {
        use std::os::unix::ffi::OsStringExt as _;
        let value = OsString::from_vec(b"sk-\xff".to_vec());
        let fault = text_of(&name("secret.A"), "CENTRALITA_SECRET_A", value).unwrap_err();
        assert!(fault.what.contains("variable CENTRALITA_SECRET_A"), "{fault}");
        assert!(!fault.to_string().contains("sk-"), "{fault}");
    }

    #[test]
    fn a_directory_that_is_not_there_and_a_file_that_cannot_be_read_are_named() {
        let directory = directory();
        let secrets = Secrets::from_env().with_directory(&directory).expect("the folder is there");
        fs::create_dir(directory.join("A_FOLDER")).expect("a temporary folder can be made");
        let fault = secrets.get(&name("secret.A_FOLDER")).unwrap_err();
        assert!(fault.what.contains(&directory.join("A_FOLDER").display().to_string()), "{fault}");
        fs::remove_dir_all(&directory).expect("it was made by this test");
        let fault = Secrets::from_env().with_directory(&directory).unwrap_err();
        assert!(fault.what.contains(&directory.display().to_string()), "{fault}");
    }

    #[test]
    fn a_secret_is_read_and_never_printed() {
        let directory = directory();
        fs::write(directory.join("ONLY_IN_A_FILE"), "from-file\n")
            .expect("a temporary folder can be written");
        let secrets = Secrets::from_env()
            .with_directory(&directory)
            .expect("the folder is there")
            .with(name("secret.GIVEN"), "from-program".to_owned().into());
        for (reference, want) in [("secret.ONLY_IN_A_FILE", "from-file"), ("secret.GIVEN", "from-program")] {
            let value = secrets.get(&name(reference)).expect("the secret is set");
            assert_eq!(value.expose_secret(), want);
            assert!(!format!("{value:?} {secrets:?}").contains(want));
        }
        fs::remove_dir_all(directory).expect("it was made by this test");
    }
}
