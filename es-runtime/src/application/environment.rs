//! Applications configured by environment variables.

use std::env;
use std::ffi::OsString;

use super::Builder;
use crate::error::{Error, ErrorKind};
use crate::id::Name;
use crate::mapper::Mapper;
use crate::recorder::Tables;

impl Builder {
    /// Reads the environment variables of the application `name`. Each is first looked up as `<NAME>_<VARIABLE>`, then
    /// as `<VARIABLE>`:
    ///
    /// | variable | meaning | if it is not set |
    /// |---|---|---|
    /// | `PERSISTENCE` | the URI of the store | an error |
    /// | `TABLE_PREFIX` | the prefix of the table names; empty for none | the name |
    /// | `CIPHER_KEY` | the key that encrypts, in base64, as `openssl rand -base64 32` makes one; `none` for no encryption | nothing is encrypted |
    /// | `CIPHER_KEYS_OLD` | the keys that only decrypt, in base64, with commas between them | none |
    /// | `CIPHER_DATA_KEYS` | a switch; on: each aggregate has [a key of its own](Mapper::with_data_keys), and can be forgotten | off |
    /// | `CIPHER_CLEAR_DATA` | a switch; on: data stored before there was a key are read, too | off: such data are refused |
    /// | `COMPRESSOR` | `zlib` or `zstd` | nothing is compressed |
    /// | `SNAPSHOT_EVERY` | the number of events of an aggregate from one snapshot to the next | no snapshots are taken |
    ///
    /// A switch is on with `y`, `yes`, `t`, `true`, `on` or `1`. It is off with `n`, `no`, `f`, `false`, `off` or `0`.
    /// Small letters and capitals count alike. If a variable names a part that is not compiled in, the builder reports
    /// an error.
    ///
    /// A store that [`Application::open`](crate::Application::open) made has tables without a prefix. To open that
    /// store by the environment, set `TABLE_PREFIX` to the empty text: without the variable, the name is the prefix.
    ///
    /// The name consists of small letters, digits and `_`, and begins with a letter; it may be empty. So two names
    /// never share their variables.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`], naming the variable but never its value, which may be a key set there by mistake.
    /// [`open`](Self::open) later reports a file that cannot be opened.
    pub fn from_env(name: &str) -> Result<Self, Error> {
        Self::from_variables(name, |variable| env::var_os(variable))
    }

    /// Reads variables as [`from_env`](Self::from_env) does, but from `lookup`.
    ///
    /// ```
    /// use es_runtime::application::Builder;
    ///
    /// let variables = |name: &str| (name == "BANK_PERSISTENCE").then(|| "memory:".into());
    /// assert!(Builder::from_variables("bank", variables).is_ok());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_variables(name: &str, lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        check_name(name)?;
        let variables = Variables { name, lookup };
        let uri = variables.get("PERSISTENCE")?.filter(|set| !set.value.is_empty());
        let uri = uri.ok_or_else(|| {
            let own = variables.own("PERSISTENCE").unwrap_or_default();
            let own = if own.is_empty() { own } else { format!("`{own}` or ") };
            config(format!(
                "no store is configured: set {own}`PERSISTENCE` to a URI such as `sqlite:bank.db` or `memory:`"
            ))
        })?;
        let mut builder = Self::at_variable(uri.variable, uri.value).mapper(variables.mapper()?);
        if !name.is_empty() {
            builder = builder.name(Name::new(name.to_owned())?);
        }
        let set = variables.get("TABLE_PREFIX")?;
        let prefix = set.as_ref().map_or(name, |set| &set.value);
        if !prefix.is_empty() {
            let tables = Tables::with_prefix(prefix);
            builder = builder.tables(tables.map_err(|error| match &set {
                Some(set) => set.wrong(PREFIX),
                None => error,
            })?);
        }
        if let Some(every) = variables.get("SNAPSHOT_EVERY")?.filter(|set| !set.value.is_empty()) {
            let events =
                every.value.parse().map_err(|_| every.wrong("write a number of events, such as 100"))?;
            builder = builder.snapshot_every_aggregate(events);
        }
        Ok(builder)
    }
}

/// The remedy for a wrong prefix; the name of the longest table leaves room for 49 letters.
const PREFIX: &str = "write letters, digits and underscores, no digit first, at most 49 of them";

/// The words for a switch that is on.
const ON: &str = "y yes t true on 1";
const OFF: &str = "n no f false off 0";

/// Refuses a name that would share its variables or tables with another name.
fn check_name(name: &str) -> Result<(), Error> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let begins = |letter: char| letter.is_ascii_lowercase();
    if name.is_empty() || name.starts_with(begins) && name.chars().all(is_plain) {
        return Ok(());
    }
    let plain = |letter: char| if is_plain(letter) { letter } else { '_' };
    let other: String = name.to_ascii_lowercase().chars().map(plain).collect();
    let other = other.trim_start_matches(|letter| !begins(letter));
    let remedy = if other.is_empty() { String::new() } else { format!("; take `{other}`") };
    Err(config(format!(
        "{name:?} cannot be the name of an application: a name consists of small letters, digits and `_`, beginning \
         with a letter{remedy}"
    )))
}

/// A variable that is set.
struct Set {
    variable: String,
    value: String,
}

impl Set {
    /// Reports a wrong value, but does not show it: it may be a secret that was set here by mistake.
    fn wrong(&self, remedy: &str) -> Error {
        config(format!(
            "the environment variable `{}` has a value that it cannot have; {remedy}",
            self.variable
        ))
    }

    /// Adds the name of the variable to the error of the code that reads its value.
    #[cfg(feature = "aes")]
    fn about(&self, error: Error) -> Error {
        error.about(&format!("the environment variable `{}`", self.variable))
    }
}

struct Variables<'a, F> {
    name: &'a str,
    lookup: F,
}

impl<F: Fn(&str) -> Option<OsString>> Variables<'_, F> {
    /// Returns the name of the variable for this application alone.
    fn own(&self, variable: &str) -> Option<String> {
        (!self.name.is_empty()).then(|| format!("{}_{variable}", self.name.to_ascii_uppercase()))
    }

    fn get(&self, variable: &str) -> Result<Option<Set>, Error> {
        let mut names = self.own(variable).into_iter().chain([variable.to_owned()]);
        let found = names.find_map(|name| (self.lookup)(&name).map(|value| (name, value)));
        let Some((variable, value)) = found else { return Ok(None) };
        // The value is left out: it may be a key.
        let value = value
            .into_string()
            .map_err(|_| config(format!("the environment variable `{variable}` is no text in UTF-8")))?;
        Ok(Some(Set { variable, value: value.trim().to_owned() }))
    }

    fn mapper(&self) -> Result<Mapper, Error> {
        let mapper = Mapper::new();
        let mapper = match self.get("COMPRESSOR")? {
            Some(set) => compressing(mapper, &set)?,
            None => mapper,
        };
        let (key, old) = (self.get("CIPHER_KEY")?, self.get("CIPHER_KEYS_OLD")?);
        if let Some(empty) = key.as_ref().filter(|set| set.value.is_empty()) {
            return Err(config(format!(
                "the environment variable `{}` is set, but empty; write a key, or `none` to store in clear",
                empty.variable
            )));
        }
        let (data_keys, clear) = (self.switch("CIPHER_DATA_KEYS")?, self.switch("CIPHER_CLEAR_DATA")?);
        let old = old.filter(|set| !set.value.is_empty());
        let key = key.filter(|set| set.value != "none");
        match (key, old.as_ref().or(data_keys.as_ref()).or(clear.as_ref())) {
            (Some(key), _) => {
                let mapper = encrypting(mapper, &key, old.as_ref(), data_keys.is_some())?;
                Ok(if clear.is_some() { mapper.allowing_clear_data() } else { mapper })
            }
            (None, Some(other)) => Err(config(format!(
                "`{}` is set, but not the key to write with: set `CIPHER_KEY`, too",
                other.variable
            ))),
            (None, None) => Ok(mapper),
        }
    }

    /// Returns the variable if it is a switch that is on.
    fn switch(&self, variable: &str) -> Result<Option<Set>, Error> {
        let Some(set) = self.get(variable)? else { return Ok(None) };
        let is = |words: &str| words.split(' ').any(|word| word.eq_ignore_ascii_case(&set.value));
        match (is(ON), is(OFF)) {
            (true, _) => Ok(Some(set)),
            (_, true) => Ok(None),
            _ => Err(set.wrong(&format!("write one of `{ON}`, or one of `{OFF}`"))),
        }
    }
}

fn compressing(mapper: Mapper, set: &Set) -> Result<Mapper, Error> {
    match set.value.as_str() {
        "" => Ok(mapper),
        #[cfg(feature = "zlib")]
        "zlib" => Ok(mapper.with_compressor(crate::mapper::compressor::Zlib::default())),
        #[cfg(feature = "zstd")]
        "zstd" => Ok(mapper.with_compressor(crate::mapper::compressor::Zstd::default())),
        #[cfg(not(feature = "zlib"))]
        "zlib" => Err(set.wrong("this build lacks it: turn on the feature `zlib` of es-runtime")),
        #[cfg(not(feature = "zstd"))]
        "zstd" => Err(set.wrong("this build lacks it: turn on the feature `zstd` of es-runtime")),
        _ => Err(set.wrong("write `zlib` or `zstd`")),
    }
}

#[cfg(feature = "aes")]
fn encrypting(mapper: Mapper, key: &Set, old: Option<&Set>, data_keys: bool) -> Result<Mapper, Error> {
    use crate::mapper::cipher::{AesGcm, Key};
    let mut cipher = AesGcm::new(&Key::from_base64(&key.value).map_err(|error| key.about(error))?);
    if let Some(old) = old {
        for text in old.value.split(',').filter(|text| !text.trim().is_empty()) {
            cipher = cipher.with_old_key(&Key::from_base64(text).map_err(|error| old.about(error))?);
        }
    }
    Ok(if data_keys { mapper.with_data_keys(cipher) } else { mapper.with_cipher(cipher) })
}

#[cfg(not(feature = "aes"))]
fn encrypting(_: Mapper, key: &Set, _: Option<&Set>, _: bool) -> Result<Mapper, Error> {
    Err(config(format!(
        "the environment variable `{}` is set, but this build cannot encrypt: turn on the feature `aes` of es-runtime",
        key.variable
    )))
}

fn config(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder(name: &str, variables: &[(&str, &str)]) -> Result<Builder, Error> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Builder::from_variables(name, |name| find(name).map(|(_, value)| OsString::from(value)))
    }

    fn fails(name: &str, variables: &[(&str, &str)], parts: &[&str]) {
        let error = match builder(name, variables) {
            Ok(builder) => panic!("{builder:?}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Config);
        for part in parts {
            assert!(error.to_string().contains(part), "{part}: {error}");
        }
        assert!(!error.to_string().contains("c2VjcmV0"), "{error}");
    }

    #[test]
    fn a_store_has_to_be_named() {
        fails("bank", &[], &["set `BANK_PERSISTENCE` or `PERSISTENCE`"]);
        fails("", &[], &["set `PERSISTENCE`"]);
        fails("bank", &[("BANK_PERSISTENCE", "")], &["no store is configured"]);
    }

    #[test]
    fn tables_bear_the_name_unless_another_prefix_is_set() {
        let shown = |variables: &[(&str, &str)]| {
            let mut all = vec![("PERSISTENCE", "memory:")];
            all.extend(variables);
            format!("{:?}", builder("bank", &all).unwrap())
        };
        assert!(shown(&[]).contains("bank_stored_events"));
        assert!(shown(&[("TABLE_PREFIX", "shop")]).contains("shop_stored_events"));
        assert!(shown(&[("TABLE_PREFIX", "")]).contains("\"stored_events\""));
        fails(
            "bank",
            &[("PERSISTENCE", "memory:"), ("TABLE_PREFIX", "a b")],
            &["the environment variable `TABLE_PREFIX` has a value", "at most 49"],
        );
        let longest = "a".repeat(49);
        assert!(shown(&[("TABLE_PREFIX", &longest)]).contains(&longest));
        let over = "a".repeat(50);
        fails(
            "bank",
            &[("PERSISTENCE", "memory:"), ("TABLE_PREFIX", &over)],
            &["`TABLE_PREFIX`", "at most 49"],
        );
    }

    #[test]
    fn wrong_values_name_their_variable() {
        let with = |name, value| [("PERSISTENCE", "memory:"), (name, value)];
        fails(
            "bank",
            &with("BANK_SNAPSHOT_EVERY", "often"),
            &["`BANK_SNAPSHOT_EVERY` has a value", "such as 100"],
        );
        fails("bank", &with("COMPRESSOR", "rar"), &["`COMPRESSOR` has a value", "`zlib` or `zstd`"]);
        fails("bank", &with("CIPHER_KEY", "c2VjcmV0"), &["`CIPHER_KEY`"]);
        fails("bank", &with("BANK_CIPHER_KEYS_OLD", "c2VjcmV0"), &["`BANK_CIPHER_KEYS_OLD`", "`CIPHER_KEY`"]);
    }

    #[test]
    fn an_empty_key_is_not_taken_for_none() {
        let variables = [("PERSISTENCE", "memory:"), ("BANK_CIPHER_KEY", " "), ("CIPHER_KEY", "c2VjcmV0")];
        fails("bank", &variables, &["`BANK_CIPHER_KEY` is set, but empty; write a key, or `none`"]);
        let shown = |own| {
            format!("{:?}", builder("bank", &[("PERSISTENCE", "memory:"), ("BANK_CIPHER_KEY", own)]).unwrap())
        };
        assert!(shown("none").contains("cipher: None"), "{}", shown("none"));
    }

    #[cfg(feature = "aes")]
    #[test]
    fn a_wrong_key_names_its_variable_once_and_says_how_one_is_made() {
        let key = crate::mapper::cipher::Key::generate(256).unwrap().to_base64();
        for wrong in ["c2VjcmV0", "no base64"] {
            for variables in
                [vec![("CIPHER_KEY", wrong)], vec![("CIPHER_KEY", &key), ("CIPHER_KEYS_OLD", wrong)]]
            {
                let named = format!("the environment variable `{}`: a key ", variables.last().unwrap().0);
                let all: Vec<_> = variables.into_iter().chain([("PERSISTENCE", "memory:")]).collect();
                fails("bank", &all, &[&named, "; make one with `openssl rand -base64 32`"]);
                assert_eq!(builder("bank", &all).unwrap_err().to_string().matches("CIPHER_KEY").count(), 1);
            }
        }
    }

    #[cfg(not(all(feature = "aes", feature = "zlib", feature = "zstd")))]
    #[test]
    fn what_is_not_compiled_in_is_an_error() {
        let with = |name, value| [("PERSISTENCE", "memory:"), (name, value)];
        #[cfg(not(feature = "zlib"))]
        fails("bank", &with("COMPRESSOR", "zlib"), &["turn on the feature"]);
        #[cfg(not(feature = "aes"))]
        fails("bank", &with("CIPHER_KEY", "c2VjcmV0"), &["turn on the feature `aes`"]);
    }

    #[cfg(feature = "aes")]
    #[test]
    fn data_keys_and_clear_data_are_switches() {
        let key = crate::mapper::cipher::Key::generate(256).unwrap().to_base64();
        let shown = |variables: &[(&str, &str)]| {
            let mut all = vec![("PERSISTENCE", "memory:"), ("CIPHER_KEY", &*key)];
            all.extend(variables);
            format!("{:?}", builder("", &all).unwrap())
        };
        assert!(shown(&[("CIPHER_DATA_KEYS", "yes")]).contains("has_data_keys: true"));
        assert!(shown(&[("CIPHER_DATA_KEYS", "no")]).contains("has_data_keys: false"));
        assert!(shown(&[("CIPHER_CLEAR_DATA", "yes")]).contains("allows_clear: true"));
        assert!(shown(&[("CIPHER_CLEAR_DATA", "off")]).contains("allows_clear: false"));
        fails(
            "",
            &[("PERSISTENCE", "memory:"), ("CIPHER_DATA_KEYS", "yes")],
            &["`CIPHER_DATA_KEYS`", "`CIPHER_KEY`"],
        );
        fails(
            "",
            &[("PERSISTENCE", "memory:"), ("CIPHER_CLEAR_DATA", "yes")],
            &["`CIPHER_CLEAR_DATA`", "`CIPHER_KEY`"],
        );
    }

    #[cfg(all(feature = "aes", feature = "zlib"))]
    #[test]
    fn a_key_and_a_compressor_are_used() {
        let key = crate::mapper::cipher::Key::generate(256).unwrap().to_base64();
        let variables = [("PERSISTENCE", "memory:"), ("CIPHER_KEY", &key), ("COMPRESSOR", "zlib")];
        let shown = format!("{:?}", builder("", &variables).unwrap());
        assert!(shown.contains("AesGcm") && shown.contains("Zlib"), "{shown}");
        assert!(!shown.contains(&*key), "{shown}");
    }
}
