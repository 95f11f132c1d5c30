//! What a command for curl says: its options, without what says nothing of the request.
//!
//! Promises: an option is never taken for a value, nor a value for an option, of those that documentation and browsers
//! write; what no definition can say is told.
//! Never: repeats a value in what it tells.

use super::Notes;
use super::words::plain;
use crate::integrations::Method;

/// Options with a value that say nothing of the request.
const ASIDE: &str = "--user-agent -A --referer -e --output -o --max-time -m --connect-timeout --write-out -w --retry \
    --retry-delay --cookie-jar -c --cacert --capath --limit-rate --dump-header -D";
/// Options with a value that a request of ours cannot have.
const BY_HAND: &str = "--cookie -b --proxy -x --cert -E --key --resolve --connect-to --config -K --range -r --oauth2-bearer \
    --aws-sigv4 --interface --unix-socket --proxy-user -U";

/// Reads the words of a command.
pub(super) fn read(words: Vec<String>, notes: &mut Notes<'_>) -> Result<Command, String> {
    let mut words = words.into_iter().skip_while(|word| word == "$").peekable();
    let program = words.next().unwrap_or_default();
    if !matches!(program.rsplit(['/', '\\']).next(), Some("curl" | "curl.exe")) {
        return Err("the command does not begin with curl".to_owned());
    }
    let mut command = Command::default();
    while let Some(word) = words.next() {
        let (name, joined) = option(&mut command, &word);
        let Some(name) = name else {
            address(&mut command, word, notes);
            continue;
        };
        if is_in(FLAGS, &name) {
            flag(&mut command, &name);
        } else if name.starts_with("--") && !takes_value(&name) {
            // Long options that nobody knows here are mostly flags.
            notes.say(format!("{} is left out", plain(&name, 30)));
        } else {
            let value = joined
                .or_else(|| words.next())
                .ok_or_else(|| format!("{} has no value", plain(&name, 30)))?;
            take(&mut command, &name, value, notes)?;
        }
    }
    Ok(command)
}

/// A flag that says nothing of the request.
const SILENT: &str = "-s";
/// Options without a value.
const FLAGS: &str = "-G --get -I --head -s --silent -S --show-error -L --location -k --insecure -i --include -v --verbose \
    -f --fail --fail-with-body --compressed -g --globoff -N --no-buffer -# --progress-bar --http1.1 \
    --http2 -4 -6 -O -J -n -j -q -0 -1 -2 -3";
/// Options whose value is part of the request.
const TAKEN: &str = "-X --request -H --header -d --data --data-raw --data-binary --data-ascii --data-urlencode --json -u \
    --user -F --form --form-string --url -T --upload-file --url-query";

fn takes_value(name: &str) -> bool {
    [TAKEN, ASIDE, BY_HAND].iter().any(|list| is_in(list, name))
}

fn is_in(list: &str, name: &str) -> bool {
    list.split(' ').any(|one| one == name)
}

/// The option of a word, and a value that is joined to it: `-XPOST`, `-sSLd data`, `--request=POST`.
fn option(command: &mut Command, word: &str) -> (Option<String>, Option<String>) {
    if let Some(long) = word.strip_prefix("--") {
        return match long.split_once('=') {
            Some((name, value)) if takes_value(&format!("--{name}")) => {
                (Some(format!("--{name}")), Some(value.to_owned()))
            }
            _ => (Some(word.to_owned()), None),
        };
    }
    let Some(short) = word.strip_prefix('-').filter(|short| !short.is_empty()) else { return (None, None) };
    let mut names = short.char_indices().map(|(at, sign)| (at, format!("-{sign}")));
    let valued = names.find(|(_, name)| takes_value(name));
    let flags = valued.as_ref().map_or(short, |(at, _)| &short[..*at]);
    flags.chars().for_each(|sign| flag(command, &format!("-{sign}")));
    let Some((at, name)) = valued else { return (Some(SILENT.to_owned()), None) };
    let rest = &short[at + name.len() - 1..];
    (Some(name), Some(rest.to_owned()).filter(|rest| !rest.is_empty()))
}

fn flag(command: &mut Command, name: &str) {
    match name {
        "-G" | "--get" => command.in_query = true,
        "-I" | "--head" => command.is_head = true,
        _ => {}
    }
}

fn address(command: &mut Command, url: String, notes: &mut Notes<'_>) {
    match command.url {
        None => command.url = Some(url),
        Some(_) => notes.say("a second address is left out: one command is one tool"),
    }
}

fn take(command: &mut Command, name: &str, value: String, notes: &mut Notes<'_>) -> Result<(), String> {
    match name {
        "-X" | "--request" => command.method = Some(value),
        "--url" => address(command, value, notes),
        "-H" | "--header" => {
            if let Some((name, value)) = value.split_once(':') {
                command.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        "-u" | "--user" => command.has_user = true,
        "-d" | "--data" | "--data-binary" | "--data-ascii" | "--json" if value.starts_with('@') => {
            return Err(format!("{name} with a file (@) is not brought: write its text into the command"));
        }
        "--json" => {
            command.is_json = true;
            command.data.push(value);
        }
        "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--data-urlencode"
        | "--url-query" => {
            command.in_query |= name == "--url-query";
            command.data.push(value);
        }
        "-F" | "--form" | "--form-string" => {
            return Err("a form (-F) is not brought: only JSON is sent".to_owned());
        }
        "-T" | "--upload-file" => return Err("an upload (-T) is not brought: only JSON is sent".to_owned()),
        name if is_in(BY_HAND, name) => notes.say(format!("{name} is left out: no definition can say it")),
        _ => {}
    }
    Ok(())
}

/// What a command says.
#[derive(Default)]
pub(super) struct Command {
    method: Option<String>,
    pub(super) url: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) data: Vec<String>,
    pub(super) is_json: bool,
    /// `-G`: data goes into the query.
    pub(super) in_query: bool,
    is_head: bool,
    pub(super) has_user: bool,
}

impl Command {
    /// The method that is named, or the one that follows from the rest.
    pub(super) fn method(&self) -> Result<Method, String> {
        let named = self.method.as_deref().map(str::to_ascii_uppercase);
        let sends = !self.data.is_empty() && !self.in_query;
        let by_rest = if self.is_head {
            "HEAD"
        } else if sends {
            "POST"
        } else {
            "GET"
        };
        match named.as_deref().unwrap_or(by_rest) {
            "GET" => Ok(Method::Get),
            "HEAD" => Ok(Method::Head),
            "POST" => Ok(Method::Post),
            "PUT" => Ok(Method::Put),
            "PATCH" => Ok(Method::Patch),
            "DELETE" => Ok(Method::Delete),
            _ => Err("its method is none of GET, HEAD, POST, PUT, PATCH, DELETE".to_owned()),
        }
    }
}
