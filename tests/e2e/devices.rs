//! Providers by name.

use crate::support::{json, run};

#[test]
fn a_device_that_is_not_there_is_an_error_with_its_reason() {
    if std::path::Path::new("/dev/nvidia0").exists() {
        eprintln!("skipped: this machine has an NVIDIA GPU");
        return;
    }
    let said = run(&["tool", "detect", "sample:coffee", "--device", "cuda", "-q"]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("no NVIDIA GPU") && said.err.contains("hint: use --device auto"), "{}", said.err);
}

/// OpenVINO comes as a library of its own, for x86-64 Linux.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn openvino_gives_the_same_boxes_as_the_cpu() {
    for name in ["coffee", "astronaut", "cat"] {
        let image = format!("sample:{name}");
        let cpu = json(&["tool", "detect", &image, "--json", "-q", "--device", "cpu"]);
        let openvino = json(&["tool", "detect", &image, "--json", "-q", "--device", "openvino"]);
        assert_eq!((&cpu["provider"], &openvino["provider"]), (&"cpu".into(), &"openvino".into()));
        let (cpu, openvino) = (&cpu["output"]["objects"], &openvino["output"]["objects"]);
        assert_eq!(cpu.as_array().unwrap().len(), openvino.as_array().unwrap().len(), "{name}");
        for (a, b) in cpu.as_array().unwrap().iter().zip(openvino.as_array().unwrap()) {
            assert_eq!(a["label"], b["label"]);
            for (x, y) in a["box"].as_array().unwrap().iter().zip(b["box"].as_array().unwrap()) {
                assert!((x.as_f64().unwrap() - y.as_f64().unwrap()).abs() < 1.0, "{name}: {a} {b}");
            }
        }
    }
}
