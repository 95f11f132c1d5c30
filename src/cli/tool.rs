//! `centralita tool`: `test` (in a file of its own), and `import`: a draft of an integration, from an OpenAPI document or a
//! command for curl.
//!
//! Promises: the draft on stdout, or in a new file; on stderr what was not brought, what is to be done by hand, and how
//! much came of it. Nothing is written over.
//! Never: calls the API that it drafts; prints a secret.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::time::Instant;
use url::Url;

use super::tool_test::{TestArgs, test};
use super::{Done, Verdict, render};
use crate::catalog::import::{self, DOCUMENT_BYTES_MAX, Imported, Wanted};
use crate::core::base::{Fault, Owner};
use crate::egress::{Egress, Reach};

/// Large documents come slowly; somebody watches.
const FETCH: Duration = Duration::from_secs(30);
/// The longest command for curl, in bytes.
const COMMAND_BYTES_MAX: usize = 1 << 20;
/// What stands for the standard input.
const STDIN: &str = "-";

/// What to do with tools.
#[derive(Debug, Args)]
pub(super) struct ToolArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Drafts an integration: YAML to read, to change and to check
    Import {
        #[command(subcommand)]
        from: Source,
    },
    /// Tries a tool out: the request, the answer, what the model and the caller would get of it
    Test(Box<TestArgs>),
}

#[derive(Debug, Subcommand)]
enum Source {
    /// From an OpenAPI document: Swagger 2.0, OpenAPI 3.0 or 3.1, JSON or YAML
    #[command(after_help = "What cannot be brought is named on stderr, with its place and the reason; \
                            docs/import.md says what can be.")]
    Openapi {
        /// A file, `-` for the standard input, or an address
        #[arg(value_name = "FILE|URL")]
        document: String,
        /// Only these operations: by operationId, by the tool's name, or as "GET /orders"
        #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
        only: Vec<String>,
        #[command(flatten)]
        draft: DraftArgs,
    },
    /// From one command for curl, as documentation has it and browsers copy it
    #[command(
        after_help = "What looks like a secret becomes a reference or is left out, and is never printed. A command \
                            with one is better given on the standard input (`-`), where no list of processes shows it."
    )]
    Curl {
        /// The whole command in single quotes, or `-` for the standard input
        #[arg(value_name = "COMMAND")]
        command: String,
        #[command(flatten)]
        draft: DraftArgs,
    },
}

/// What becomes of it.
#[derive(Debug, Args)]
struct DraftArgs {
    /// The integration's id; unwritten, that of the file, or one made of the title or the host
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// A new file, like integrations/shop.yaml, in place of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The document and the system may be inside our own network, over http:
    #[arg(long)]
    allow_private: bool,
}

pub(super) async fn run(args: &ToolArgs) -> Done {
    match &args.what {
        What::Import { from } => import(from).await,
        What::Test(args) => test(args).await,
    }
}

async fn import(from: &Source) -> Done {
    match from {
        Source::Openapi { document, only, draft } => {
            let id = draft.id()?;
            let address = Url::parse(document).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            let text = match &address {
                Some(url) => fetched(url, draft.allow_private).await?,
                None => read(document, DOCUMENT_BYTES_MAX)?,
            };
            let origin = address.as_ref().map_or_else(|| document.clone(), without_secrets);
            let id = id.as_deref();
            let wanted = Wanted {
                id,
                only,
                origin: &origin,
                address: address.as_ref(),
                allow_private: draft.allow_private,
            };
            draft.give(import::openapi(&text, &wanted)?)
        }
        Source::Curl { command, draft } => {
            let id = draft.id()?;
            let text = if command == STDIN { read(STDIN, COMMAND_BYTES_MAX)? } else { command.clone() };
            let wanted = Wanted {
                id: id.as_deref(),
                only: &[],
                origin: "a command for curl",
                address: None,
                allow_private: draft.allow_private,
            };
            draft.give(import::curl(&text, &wanted)?)
        }
    }
}

impl DraftArgs {
    /// The id that is asked for, or that of the file; a file that is there already is told before anything is read.
    fn id(&self) -> Result<Option<String>, Fault> {
        let Some(out) = &self.out else { return Ok(self.id.clone()) };
        if out.symlink_metadata().is_ok() {
            return Err(taken(out));
        }
        Ok(self.id.clone().or_else(|| Some(out.file_stem()?.to_string_lossy().into_owned())))
    }

    fn give(&self, imported: Imported) -> Done {
        let Imported { yaml, brought, of, notes, by_hand, .. } = imported;
        notes.iter().for_each(|note| render::aside(&note.to_string()));
        let count = format!("{brought} of {of} operations brought");
        if brought == 0 {
            render::aside(&count);
            return Ok(Verdict::Bad);
        }
        match &self.out {
            None => render::text(&yaml),
            Some(out) => write(out, &yaml)?,
        }
        by_hand.iter().for_each(|line| render::aside(line));
        let place = self.out.as_ref().map_or_else(String::new, |out| format!(" to {}", out.display()));
        render::aside(&format!("{count}{place}; look at each `review`, then run `centralita check`"));
        Ok(Verdict::Good)
    }
}

/// An address as it may stand in a file: a query may hold a key.
fn without_secrets(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

async fn fetched(url: &Url, allow_private: bool) -> Result<String, Fault> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let reach = if allow_private { Reach::PrivateAt(host.clone()) } else { Reach::Public };
    let answer = Egress::new(reach)?.fetch(url.clone(), DOCUMENT_BYTES_MAX, Instant::now() + FETCH).await;
    let answer = answer.map_err(|fault| match fault.owner {
        Owner::Admin => Fault::new(Owner::Admin, fault.what, "if this is meant, add --allow-private"),
        Owner::Caller | Owner::Provider | Owner::Gateway => fault,
    })?;
    if !(200..300).contains(&answer.status) {
        let what = format!("{host} answered with status {}", answer.status);
        let remedy = "open the address in a browser and give the one it ends at; redirects are not followed";
        return Err(Fault::new(Owner::Provider, what, remedy));
    }
    text(answer.body, &host)
}

/// What a file or the standard input holds.
fn read(name: &str, most: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let limit = most as u64 + 1;
    let read = match name {
        STDIN => io::stdin().lock().take(limit).read_to_end(&mut bytes),
        name => File::open(name).and_then(|file| file.take(limit).read_to_end(&mut bytes)),
    };
    read.map_err(|error| {
        let remedy = "name a file, `-` for the standard input, or an address with https://";
        Fault::new(Owner::Admin, format!("{name} cannot be read: {error}"), remedy)
    })?;
    if bytes.len() > most {
        let what = format!("{name} is larger than {most} bytes");
        return Err(Fault::new(Owner::Admin, what, "give a smaller one"));
    }
    text(bytes, name)
}

fn text(bytes: Vec<u8>, name: &str) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|error| {
        let what =
            format!("{name} is not written in UTF-8, from byte {} on", error.utf8_error().valid_up_to());
        Fault::new(Owner::Admin, what, "save it again as UTF-8")
    })
}

fn write(out: &Path, yaml: &str) -> Result<(), Fault> {
    let mut file = File::create_new(out).map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists { taken(out) } else { unwritten(out, &error) }
    })?;
    file.write_all(yaml.as_bytes()).map_err(|error| {
        // Half a draft is none; that it could not be taken away changes nothing of what is told.
        let _ = fs::remove_file(out);
        unwritten(out, &error)
    })
}

fn taken(out: &Path) -> Fault {
    let what = format!("{} is there already", out.display());
    Fault::new(Owner::Admin, what, "nothing is written over: name another file, or take this one away")
}

fn unwritten(out: &Path, error: &io::Error) -> Fault {
    let what = format!("{} cannot be written: {error}", out.display());
    Fault::new(Owner::Admin, what, "name a file in a folder that is there and can be written")
}
