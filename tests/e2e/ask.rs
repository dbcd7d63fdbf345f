//! The main job, with the real local LLM.

use std::{
    io::Read,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::{argus, json, llm_turn, run};

#[test]
fn counts_and_names_what_is_in_the_photo() {
    let _turn = llm_turn();
    let outcome = json(&["ask", "How many cups are there, and is there a spoon?", "sample:coffee", "--json", "-q"]);
    assert_eq!(outcome["stop"], "answered", "{outcome:#}");
    let answer = outcome["answer"].as_str().unwrap().to_lowercase();
    assert!(answer.contains("1 cup") || answer.contains("one cup"), "{answer}");
    assert!(answer.contains("spoon") && !answer.contains("no spoon"), "{answer}");
    assert_eq!(outcome["grounded"], true);
    assert!(outcome["usage"]["prompt_tokens"].as_u64().unwrap() > 100);
}

#[test]
fn an_edit_makes_a_picture() {
    let _turn = llm_turn();
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let outcome = json(&["ask", "Crop the cup.", "sample:coffee", "--json", "-q", "--out", folder]);
    let made: Vec<_> = outcome["images"].as_array().unwrap().iter().filter(|image| image["op"] == "crop").collect();
    assert!(!made.is_empty(), "{outcome:#}");
    let picture = image::open(made[0]["path"].as_str().unwrap()).unwrap();
    assert!((150..400).contains(&picture.width()), "{}", picture.width());
}

#[test]
fn the_step_limit_has_its_own_exit_code() {
    let _turn = llm_turn();
    let said = run(&["ask", "Read the text.", "sample:page", "-q", "--no-cards", "--max-steps", "0"]);
    assert_eq!(said.code, 3, "{} {}", said.out, said.err);
}

/// Killed without a chance to clean up, Argus must not leave the server behind.
#[test]
#[cfg(target_os = "linux")]
fn a_killed_argus_leaves_no_server() {
    let _turn = llm_turn();
    let mut child = argus(&["ask", "Describe the picture in ten long sentences.", "sample:coffee", "--no-cards"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let server = wait_for(Duration::from_mins(1), || server_of(child.id())).expect("the server did not start");
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = wait_for(Duration::from_secs(5), || (!alive(server)).then_some(()));
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert!(gone.is_some(), "llama-server {server} lives on: {err}");
}

/// Ctrl-C ends the run at once, with its own exit code and without leftovers.
#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_stops_at_once() {
    let _turn = llm_turn();
    let mut child = argus(&["ask", "Describe the picture in ten long sentences.", "sample:coffee", "--no-cards", "-q"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = wait_for(Duration::from_mins(1), || server_of(child.id())).expect("the server did not start");
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let ended = wait_for(Duration::from_secs(5), || child.try_wait().unwrap());
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
    assert!(wait_for(Duration::from_secs(5), || (!alive(server)).then_some(())).is_some(), "llama-server lives on");
}

#[cfg(target_os = "linux")]
fn wait_for<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

/// The llama-server among the children of a process.
#[cfg(target_os = "linux")]
fn server_of(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).find(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit(") ").next().unwrap_or_default().to_owned();
        let is_child = after_name.split(' ').nth(1).and_then(|ppid| ppid.parse::<u32>().ok()) == Some(parent);
        is_child
            && std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().contains("--slot-save-path")
            && stat.contains("(llama-server")
    })
}

#[cfg(target_os = "linux")]
fn alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}
