//! The documents are true: the README's code is that of the example, and the tests make the tables and outputs anew.
//!
//! `UPDATE_EXPECT=1 cargo test -p es-tests --test readme` writes the made parts.

#[path = "../examples/hello/account.rs"]
mod account;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const README: &str = "README.md";
const ACCOUNT: &str = "examples/hello/account.rs";
const LOCK: &str = "examples/events.lock";

#[test]
fn the_account_is_that_of_the_example() {
    let (readme, account) = (read(README), read(ACCOUNT));
    let (domain, _) = account.split_once("#[cfg(test)]").expect("the tests come last");
    assert!(readme.contains(domain), "README.md shows another account than {ACCOUNT}");
    let lines = domain.lines().filter(|line| !line.is_empty() && !line.starts_with("use ")).count();
    assert!(lines <= 30, "the account has {lines} lines; the README promises at most 30");
    assert!(
        readme.contains(&format!("is {lines} lines")),
        "the account has {lines} lines; say so in README.md"
    );
}

#[test]
fn the_tests_are_those_of_the_example() {
    let account = read(ACCOUNT);
    let tests = account.find("#[cfg(test)]").map(|at| &account[at..]);
    assert!(
        tests.is_some_and(|tests| read("es-runtime/docs/guide/testing.md").contains(tests.trim_end())),
        "the guide shows other tests than {ACCOUNT}"
    );
}

#[test]
fn the_view_through_sqlx_is_that_of_the_example() {
    let database = read("examples/sqlx_view/database.rs");
    let (_, view) = database.split_once("\nimpl View for ").expect("the example implements the trait");
    let (view, _) = view.split_once("\n}\n").expect("the block ends");
    let guide = read("es-runtime/docs/guide/projections.md");
    assert!(guide.contains(view), "the guide shows another `View` than the example `sqlx_view`");
}

#[test]
fn generated_parts_of_the_documents_are_up_to_date() {
    let (architecture, changing) = ("ARCHITECTURE.md", "es-runtime/docs/guide/changing_events.md");
    for (document, name, made) in [
        (architecture, "event", fenced("rust,ignore", &made_of_deposited())),
        (architecture, "lines", lines_of_each()),
        (changing, "lock", fenced("text", read(LOCK).trim_end())),
        (changing, "report", fenced("text", &report())),
    ] {
        let text = read(document);
        let new = replaced(&text, name, &made);
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(root().join(document), new).expect("the document can be written");
        } else if text != new {
            let differs = text.lines().zip(new.lines()).find(|(old, new)| old != new);
            let (old, new) = differs.unwrap_or_default();
            panic!(
                "{document} is out of date; run `UPDATE_EXPECT=1 cargo test -p es-tests --test readme`\n\
                 - {old}\n+ {new}"
            );
        }
    }
}

#[test]
fn the_readme_has_at_most_200_lines() {
    let lines = read(README).lines().count();
    assert!(lines <= 200, "README.md has {lines} lines; the guide has room");
}

#[test]
fn every_kind_of_error_has_a_row_with_its_remedy() {
    let kinds = read("es-runtime/src/error/kind.rs");
    let variants = kinds.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(','));
    let errors = read("es-runtime/docs/guide/errors.md");
    let missing: Vec<_> = variants
        .filter(|name| name.chars().all(char::is_alphabetic) && !errors.contains(&format!("| `{name}` | ")))
        .collect();
    assert!(missing.is_empty(), "the guide has no row for {missing:?}");
}

#[test]
fn every_feature_is_in_the_table() {
    let manifest = read("es-runtime/Cargo.toml");
    let features = manifest.split("\n[features]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let names = features.expect("there are features").lines().filter_map(|line| line.split_once(" = "));
    let (default, names): (Vec<_>, Vec<_>) = names.partition(|(name, _)| *name == "default");
    let readme = read(README);
    for (name, _) in names {
        let row = if default[0].1.contains(&format!("\"{name}\"")) { "yes" } else { "no" };
        assert!(
            readme
                .lines()
                .any(|line| line.contains(&format!("`{name}`")) && line.contains(&format!(" | {row} | "))),
            "README.md has no row for the feature `{name}`"
        );
    }
}

#[test]
fn the_rust_version_is_that_of_the_manifest() {
    let manifest = read("Cargo.toml");
    let version = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next());
    let version = version.expect("the manifest has one");
    assert!(
        read(README).contains(&format!("Rust {version} or newer")),
        "README.md names another Rust version"
    );
}

#[test]
fn the_modules_are_in_the_order_of_the_architecture() {
    let lib = read("es-runtime/src/lib.rs");
    let words = |line: &str| line.trim_start_matches("pub ").strip_prefix("mod ").map(str::to_owned);
    let declared: Vec<_> = lib.lines().filter_map(words).map(|name| name.replace(';', "")).collect();
    let table = read("ARCHITECTURE.md");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let described: Vec<_> =
        rows.map(|(name, _)| name.to_owned()).filter(|name| declared.contains(name)).collect();
    assert_eq!(described, declared, "ARCHITECTURE.md and es-runtime/src/lib.rs differ");
}

#[test]
fn every_link_leads_somewhere() {
    let mut documents: Vec<PathBuf> = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    for folder in ["adr", "guide"] {
        let pages = fs::read_dir(root().join("es-runtime/docs").join(folder)).expect("there are pages");
        documents.extend(pages.map(|entry| entry.expect("it can be listed").path()));
    }
    for document in documents {
        let text = fs::read_to_string(&document).expect("it can be read");
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let defined = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
        for target in inline.chain(defined.map(|(_, target)| target)) {
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let path = document.with_file_name(target);
                assert!(path.exists(), "{} links to `{target}`, which is not there", document.display());
            }
        }
    }
}

/// The README is the first page of the generated documents too, where its own paths lead nowhere.
#[test]
fn every_link_of_the_readme_leads_somewhere_in_the_generated_documents_too() {
    let (lib, readme) = (read("es-runtime/src/lib.rs"), read(README));
    for (name, target) in readme.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")) {
        let is_defined = lib.contains(&format!("[{name}]: "));
        assert!(is_defined, "es-runtime/src/lib.rs does not define the link [{name}], to `{target}`");
    }
}

/// Returns the report of the lock on an account whose `amount` was recorded with another type.
fn report() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&folder).expect("the folder can be made");
    let deposited = "Account.Deposited 1\n    amount: ";
    let lock = read(LOCK).replace(&format!("{deposited}i64"), &format!("{deposited}u64"));
    fs::write(folder.join("events.lock"), lock).expect("the lock can be written");
    es_runtime::schema::lock::check(&folder.to_string_lossy(), module_path!())
        .expect_err("the shape differs")
        .trim_end()
        .to_owned()
}

/// Returns the whole expansion for the event `Deposited`.
fn made_of_deposited() -> String {
    let mut code = String::new();
    let items = items(&read("es-macros/src/tests/expansion/mutator.rs"));
    let records = |item: &Item| {
        item.head == "impl Account {" && item.lines.iter().any(|line| line.contains("[`Deposited`]"))
    };
    for item in items.iter().filter(|item| construct(&item.head) == "Deposited" || records(item)) {
        let _ = writeln!(code, "{}\n", item.lines.join("\n"));
    }
    code.truncate(code.trim_end().len());
    code
}

/// Returns the constructs of the account's expansion with the number of their lines.
fn lines_of_each() -> String {
    const CONSTRUCTS: &[(&str, &str)] = &[
        ("AccountState", "the fields as written, with the derives that storing needs"),
        ("Account", "the root, and how the runtime sees it: `Aggregate`, `State`, `Deref`, `Debug`"),
        ("AccountAttribute", "the enum of attributes, and how each is set, stored and read"),
        ("Opened", "as `Deposited` above, but it creates"),
        ("Deposited", "as above, without the command"),
        ("Withdrawn", "likewise"),
        (
            "AccountEvent",
            "the enum of events, and how they are told apart when they are applied, stored and read",
        ),
        (
            "impl Account",
            "the commands: one for each event method, `set_owner`, `discard`, `trigger`, `create_from`",
        ),
        ("submit!", "what the registry lists, and, in tests, what `events.lock` records"),
        ("const _", "the block that keeps all impls apart from your names"),
    ];
    let files =
        ["aggregate.rs", "mutator.rs"].map(|name| read(&format!("es-macros/src/tests/expansion/{name}")));
    let items: Vec<_> = files.iter().flat_map(|file| items(file)).collect();
    let mut table = "| made for the account | lines | |\n|---|---|---|\n".to_owned();
    let mut total = 0;
    for (name, what) in CONSTRUCTS {
        let ours = items.iter().filter(|item| construct(&item.head) == *name);
        let lines: usize = ours.map(|item| item.lines.len()).sum();
        total += lines;
        let _ = writeln!(table, "| `{name}` | {lines} | {what} |");
    }
    let _ = write!(table, "| | **{total}** | |");
    let all: usize =
        files.iter().map(|file| file.lines().filter(|line| !line.trim().is_empty()).count()).sum();
    let known: BTreeSet<_> = CONSTRUCTS.iter().map(|(name, _)| *name).collect();
    let missing: Vec<_> =
        items.iter().filter(|item| !known.contains(construct(&item.head))).map(|item| &item.head).collect();
    assert_eq!(total, all, "no row of the table counts {missing:?}");
    table
}

/// Returns the row of the table in which an item is counted.
fn construct(head: &str) -> &'static str {
    let words: Vec<_> = head.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let named = |name: &&str| words.contains(name);
    match ["Opened", "Deposited", "Withdrawn", "AccountAttribute", "AccountEvent"].into_iter().find(named) {
        Some(name) => name,
        None if head == "impl Account {" => "impl Account",
        None if head.contains("Mutator for") => "AccountEvent",
        None if head.contains("struct AccountState") => "AccountState",
        None if head.contains("submit!") => "submit!",
        None if head.contains("Account") => "Account",
        None => "const _",
    }
}

/// An item of an expansion: its first line that is no attribute, and all its lines, without their indentation.
struct Item {
    head: String,
    lines: Vec<String>,
}

/// Returns the items of an expansion as the snapshots format it, also those inside `const _`.
fn items(expansion: &str) -> Vec<Item> {
    let (mut items, mut open) = (Vec::new(), Vec::<String>::new());
    let mut margin = 0;
    for line in expansion.lines().filter(|line| !line.trim().is_empty()) {
        // An item begins behind its attributes, if it has any.
        let begins = open.iter().all(|line| line.starts_with('#'));
        let around = ["const _: () = {", "};"].contains(&line) && begins;
        if around {
            margin = if line.ends_with('{') { 4 } else { 0 };
        }
        let text = if around { line } else { line.get(margin..).unwrap_or(line) };
        open.push(text.to_owned());
        let outermost = !text.starts_with([' ', '#', '/', ')']);
        if around || (outermost && (text.starts_with('}') || text.ends_with(';') || text.ends_with("{}"))) {
            let head = open.iter().find(|line| !line.starts_with([' ', '#', '/', ')'])).cloned();
            items.push(Item { head: head.unwrap_or_default(), lines: std::mem::take(&mut open) });
        }
    }
    assert!(open.is_empty(), "the expansion ends inside an item: {open:?}");
    items
}

fn fenced(language: &str, text: &str) -> String {
    format!("```{language}\n{text}\n```")
}

/// Returns the text with another part between `<!-- name -->` and `<!-- /name -->`.
fn replaced(text: &str, name: &str, part: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("\n<!-- /{name} -->"));
    let from = text.find(&start).expect("the part begins") + start.len();
    let to = from - 1 + text[from - 1..].find(&end).expect("the part ends");
    format!("{}{part}{}", &text[..from], &text[to..])
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
