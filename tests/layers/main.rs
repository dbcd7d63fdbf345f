//! Modules import downward only: the module graph of each crate is a snapshot, and a cycle fails.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Item, UseTree,
    visit::{self, Visit},
};

/// The crates, lowest first: each may use those before it.
const CRATES: [(&str, &str); 6] = [
    ("argus_tools", "tools/src"),
    ("argus_prompts", "prompts/src"),
    ("argus_agent", "agent/src"),
    ("argus_workflows", "workflows/src"),
    ("argus_cli", "cli/src"),
    ("argus_eval", "tests/eval/src"),
];

/// The top-level modules of a crate, and those that each one names.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_form_no_cycle() {
    let mut shown = String::new();
    let mut cycles = Vec::new();
    // argus-eval stays out: its cases hold how they are scored, and the scores know the kinds of cases.
    for (name, folder) in CRATES.into_iter().filter(|(name, _)| *name != "argus_eval") {
        let graph = graph(&root().join(folder));
        writeln!(shown, "{name}").unwrap();
        for (module, uses) in graph.iter().filter(|(_, uses)| !uses.is_empty()) {
            writeln!(shown, "    {module} -> {}", uses.iter().cloned().collect::<Vec<_>>().join(", ")).unwrap();
        }
        cycles.extend(cycle(&graph).map(|cycle| format!("{name}: {}", cycle.join(" -> "))));
    }
    assert!(cycles.is_empty(), "modules import each other in a circle: {}", cycles.join("; "));
    insta::assert_snapshot!(shown);
}

#[test]
fn crates_use_only_those_below_them() {
    for (at, (name, folder)) in CRATES.iter().enumerate() {
        for file in sources(&root().join(folder)) {
            // A binary uses the library of its own crate.
            let own = usize::from(file.ends_with("main.rs") || file.components().any(|part| part.as_os_str() == "bin"));
            let above: Vec<&str> = CRATES[at + own..].iter().map(|(name, _)| *name).collect();
            for path in paths(&fs_err::read_to_string(&file).unwrap()) {
                assert!(!above.contains(&path[0].as_str()), "{} of {name} uses {}", file.display(), path.join("::"));
            }
        }
    }
}

#[test]
fn a_cycle_is_found() {
    let graph = |edges: &[(&str, &[&str])]| -> Graph {
        let uses = |uses: &[&str]| uses.iter().map(|name| (*name).to_owned()).collect();
        edges.iter().map(|(from, to)| ((*from).to_owned(), uses(to))).collect()
    };
    assert_eq!(cycle(&graph(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    let found = cycle(&graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["d", "b"]), ("d", &[])]));
    assert_eq!(found.unwrap(), ["b", "c", "b"]);
}

#[test]
fn imports_are_found_but_those_of_tests() {
    let code = "use crate::{a::{X, y::Z}, b}; use std::fmt; fn f() { crate::c::g(); json!({ \"k\": crate::d::H }); }
        #[cfg(test)] mod tests { use crate::e::X; } #[cfg(any(test, feature = \"test-util\"))] use crate::f::Y;
        impl crate::g::T for super::h::X {}";
    let found: BTreeSet<String> = paths(code).into_iter().map(|path| path.join("::")).collect();
    let wanted = ["crate::a::X", "crate::a::y::Z", "crate::b", "crate::c::g", "crate::d::H", "crate::g::T"];
    assert!(wanted.iter().all(|path| found.contains(*path)), "{found:?}");
    assert!(found.contains("super::h::X") && !found.contains("crate::e::X") && !found.contains("crate::f::Y"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn graph(folder: &Path) -> Graph {
    let mut graph = Graph::new();
    let is_module =
        |name: &str| folder.join(format!("{name}.rs")).is_file() || folder.join(name).join("mod.rs").is_file();
    // What the root exports comes from the module that it names.
    let exported: BTreeMap<String, String> = paths(&fs_err::read_to_string(folder.join("lib.rs")).unwrap())
        .into_iter()
        .filter(|path| path.len() > 1 && is_module(&path[0]))
        .filter_map(|path| Some((path.last()?.clone(), path[0].clone())))
        .collect();
    for file in sources(folder) {
        let module: Vec<String> = file
            .strip_prefix(folder)
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .filter(|part| part != "mod")
            .collect();
        // The root of the crate is above all modules, a binary outside of them.
        if matches!(module[0].as_str(), "lib" | "main" | "bin") {
            continue;
        }
        let own = module[0].clone();
        for path in paths(&fs_err::read_to_string(&file).unwrap()) {
            let up = path.iter().take_while(|part| *part == "super").count();
            let target = match path[0].as_str() {
                "crate" => path.get(1),
                "super" if up == module.len() => path.get(up),
                _ => None,
            };
            let target = target.and_then(|name| if is_module(name) { Some(name) } else { exported.get(name) });
            graph.entry(own.clone()).or_default().extend(target.filter(|name| **name != own).cloned());
        }
    }
    graph
}

/// The Rust files of a folder, without tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" || name.ends_with("_tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}

/// A way around in a graph, if there is one: the modules in order, the first one again at the end.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(graph: &Graph, module: &str, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(at) = way.iter().position(|name| name == module) {
            return Some(way[at..].iter().cloned().chain([module.to_owned()]).collect());
        }
        if !done.insert(module.to_owned()) {
            return None;
        }
        way.push(module.to_owned());
        let found = graph.get(module).into_iter().flatten().find_map(|next| visit(graph, next, way, done));
        way.pop();
        found
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| visit(graph, module, &mut Vec::new(), &mut done))
}

/// The paths that code outside of tests names, in parts.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Paths::default();
    found.visit_file(&syn::parse_file(code).unwrap());
    found.0
}

#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }
}

impl Paths {
    fn tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.0.push(with(&name.ident)),
            UseTree::Rename(name) => self.0.push(with(&name.ident)),
            UseTree::Glob(_) => self.0.push(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, before)),
        }
    }

    /// Paths in the arguments of a macro: names with `::` between.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.0.extend((!path.is_empty()).then(|| std::mem::take(&mut path)));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
                other => {
                    self.0.extend((!path.is_empty()).then(|| std::mem::take(&mut path)));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.0.extend((!path.is_empty()).then_some(path));
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`, also as one of several conditions.
fn is_for_tests(attribute: &Attribute) -> bool {
    let syn::Meta::List(list) = &attribute.meta else { return false };
    list.path.is_ident("cfg") && list.tokens.clone().into_iter().any(|token| names_test(&token))
}

fn names_test(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(name) => name == "test",
        TokenTree::Group(group) => group.stream().into_iter().any(|token| names_test(&token)),
        _ => false,
    }
}
