//! The packages of a workspace, and the module tree of each of their targets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use proc_macro2::TokenStream;

use crate::scan::{Scanned, scan};

pub(crate) struct Package {
    /// Directory, relative to the workspace's root.
    pub(crate) path: String,
    pub(crate) manifest: String,
    pub(crate) targets: Vec<Target>,
}

/// A crate as cargo compiles it: its modules by path; `[]` is the root.
pub(crate) struct Target {
    pub(crate) modules: BTreeMap<Vec<String>, Module>,
}

pub(crate) struct Module {
    /// Relative to the workspace's root.
    pub(crate) file: String,
    pub(crate) content: Scanned,
}

pub(crate) fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let mut packages = Vec::new();
    let mut directories: Vec<_> = entries(&root.join("crates"))?;
    directories.extend(entries(root)?);
    for directory in directories {
        let manifest = directory.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let mut targets = Vec::new();
        for file in target_roots(&directory)? {
            let mut target = Target {
                modules: BTreeMap::new(),
            };
            target.add(root, &file, Vec::new())?;
            targets.push(target);
        }
        packages.push(Package {
            path: relative(root, &directory),
            manifest: fs::read_to_string(manifest)?,
            targets,
        });
    }
    Ok(packages)
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path()));
    Ok(entries.collect::<Result<_, _>>()?)
}

/// `lib.rs` and `main.rs` anywhere, and the files in `tests`, `benches` and `src/bin`.
fn target_roots(package: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut roots = Vec::new();
    let mut directories = vec![package.to_owned()];
    while let Some(directory) = directories.pop() {
        let has_targets = ["tests", "benches", "src/bin"]
            .iter()
            .any(|name| directory == package.join(name));
        for entry in entries(&directory)? {
            if entry.is_dir() {
                directories.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs")
                && (has_targets || entry.ends_with("lib.rs") || entry.ends_with("main.rs"))
            {
                roots.push(entry);
            }
        }
    }
    Ok(roots)
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string()
}

impl Target {
    fn add(&mut self, root: &Path, file: &Path, name: Vec<String>) -> anyhow::Result<()> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
        let directory = file.parent().context("a file is in a directory")?;
        let children = match file.file_stem() {
            Some(stem) if !name.is_empty() && stem != "mod" => directory.join(stem),
            _ => directory.to_owned(),
        };
        self.add_module(root, file, (directory, &children), name, scan(tokens))
    }

    fn add_module(
        &mut self,
        root: &Path,
        file: &Path,
        (directory, children): (&Path, &Path),
        name: Vec<String>,
        mut content: Scanned,
    ) -> anyhow::Result<()> {
        for child in &content.files {
            let places = [
                child.path.as_ref().map(|path| directory.join(path)),
                Some(children.join(format!("{}.rs", child.name))),
                Some(children.join(&child.name).join("mod.rs")),
            ];
            // Neither file exists: the module is behind a `cfg`, or no module.
            if let Some(place) = places.into_iter().flatten().find(|place| place.is_file()) {
                self.add(root, &place, below(&name, &child.name))?;
            }
        }
        for (child, inline) in std::mem::take(&mut content.inline) {
            let children = children.join(&child);
            self.add_module(
                root,
                file,
                (directory, &children),
                below(&name, &child),
                inline,
            )?;
        }
        let file = relative(root, file);
        self.modules.insert(name, Module { file, content });
        Ok(())
    }
}

/// The path of a module's child.
pub(crate) fn below(module: &[String], child: &str) -> Vec<String> {
    let mut name = module.to_vec();
    name.push(child.to_owned());
    name
}
