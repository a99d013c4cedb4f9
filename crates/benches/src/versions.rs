//! The versions of the services that are measured in one run, each on a stack of its own.

use std::path::PathBuf;

use test_stack::service_stack::ServiceStack;

#[derive(Clone, Debug, clap::Args)]
pub struct VersionArguments {
    /// Directory of the services' binaries [default: beside this program]. Given several times, all these
    /// versions are measured in turn in the same run, and compared with the first
    #[arg(long, value_name = "DIRECTORY")]
    bin_dir: Vec<PathBuf>,
}

impl VersionArguments {
    /// Opens a stack for each version, without services.
    pub async fn open_stacks(&self, purpose: &str) -> anyhow::Result<Vec<ServiceStack>> {
        if self.bin_dir.is_empty() {
            return Ok(vec![ServiceStack::open(purpose).await?]);
        }
        let mut stacks = Vec::with_capacity(self.bin_dir.len());
        for directory in &self.bin_dir {
            let directory = directory.canonicalize()?;
            let stack = ServiceStack::open(purpose).await?;
            stacks.push(stack.with_binaries(&directory));
        }
        Ok(stacks)
    }
}
