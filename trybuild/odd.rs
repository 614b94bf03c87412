//! Builds the programs of a folder in one cargo call, then runs each of them.
//!
//! trybuild would call cargo three times for each program, and one program would wait for the other.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The package of the programs. The lock file of the workspace chooses the versions.
const MANIFEST: &str = r#"[package]
name = "odd-code"
version = "0.0.0"
edition = "2024"
publish = false

[workspace]

[dependencies]
es-runtime = { path = "../../../es-runtime", default-features = false, features = ["macros", "testing"] }
serde = { version = "*", features = ["derive"] }
uuid = "*"

[lints.rust]
dead_code = "allow"

[profile.dev]
debug = false
incremental = false
"#;

/// Fails if a program of the folder does not compile, or fails when it runs.
pub(crate) fn works(folder: &str) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = programs(&here.join(folder));
    assert!(!programs.is_empty(), "{folder} has no programs");
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("odd_code");
    write(&project, &here.join("../Cargo.lock"), &programs);
    // The folder of trybuild, which has the macros already.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--offline", "--bins", "--keep-going", "--target-dir"])
        .arg(&target)
        .current_dir(&project)
        .status();
    assert!(built.expect("cargo starts").success(), "not all programs compile");
    let failed: Vec<_> =
        programs.iter().map(|program| name(program)).filter(|name| !runs(&target, name)).collect();
    assert!(failed.is_empty(), "these programs fail: {failed:?}");
}

fn programs(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder)
        .expect("the folder can be read")
        .map(|file| file.expect("it is readable").path());
    let mut programs: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "rs")).collect();
    programs.sort();
    programs
}

fn name(program: &Path) -> String {
    program.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

fn write(project: &Path, lock: &Path, programs: &[PathBuf]) {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../es-runtime");
    let mut manifest = MANIFEST.replace("../../../es-runtime", &runtime.to_string_lossy());
    for program in programs {
        let (name, path) = (name(program), program.to_string_lossy());
        manifest.extend(["\n[[bin]]\nname = \"", &*name, "\"\npath = '", &*path, "'\n"]);
    }
    fs::create_dir_all(project).expect("the folder can be made");
    fs::write(project.join("Cargo.toml"), manifest).expect("it can be written");
    fs::copy(lock, project.join("Cargo.lock")).expect("it can be copied");
}

fn runs(target: &Path, name: &str) -> bool {
    let program = target.join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let output = Command::new(program).output().expect("the program starts");
    if !output.status.success() {
        println!("{name}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    output.status.success()
}
