//! All checks of one workspace.

use std::path::Path;

use crate::{circles, layers, manifests, references, workspace};

/// All findings in the workspace at this path, one line each.
pub(crate) fn findings(root: &Path) -> anyhow::Result<Vec<String>> {
    let packages = workspace::packages(root)?;
    let mut findings = Vec::new();
    for package in &packages {
        findings.extend(manifests::forbidden(package));
        for target in &package.targets {
            let references = references::of(target);
            findings.extend(layers::forbidden(target, &references));
            findings.extend(circles::found(&references));
        }
    }
    findings.sort();
    findings.dedup();
    Ok(findings)
}
