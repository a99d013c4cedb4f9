//! Log files of the child processes: appended to, rotated at start, quoted in errors.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// A larger log is rotated at the next start. Enough for days of local work, small enough to open in an editor.
pub const ROTATED_OVER_BYTES: u64 = 10 * 1024 * 1024;

/// How much of a log's end is read to quote its last lines.
const QUOTED_BYTES: u64 = 64 * 1024;

pub fn append(log: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(log)
}

/// Renames a log larger than `limit` bytes to `*.log.1`, replacing the previous one. A missing log is no error.
pub fn rotate(log: &Path, limit: u64) -> io::Result<()> {
    match std::fs::metadata(log) {
        Ok(metadata) if metadata.len() > limit => {
            let mut aside = log.as_os_str().to_owned();
            aside.push(".1");
            std::fs::rename(log, aside)
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The last `count` lines of a log, each indented, or a note if there are none.
pub fn last_lines(log: &Path, count: usize) -> String {
    let text = match read_end(log) {
        Ok(text) => text,
        Err(error) => return format!("  (no log at {}: {error})", log.display()),
    };
    let lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return format!("  ({} is empty)", log.display());
    }
    let last: Vec<String> = lines
        .iter()
        .skip(lines.len().saturating_sub(count))
        .map(|line| format!("  {line}"))
        .collect();
    last.join("\n")
}

fn read_end(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(QUOTED_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(QUOTED_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::temporary_directory::TemporaryDirectory;

    #[test]
    fn the_last_lines_are_quoted() {
        let scratch = TemporaryDirectory::new("logs").unwrap();
        let log = scratch.path().join("a.log");
        assert!(last_lines(&log, 2).contains("no log at"));
        std::fs::write(&log, "").unwrap();
        assert!(last_lines(&log, 2).contains("is empty"));
        std::fs::write(&log, "one\ntwo\nthree\n").unwrap();
        assert_eq!(last_lines(&log, 2), "  two\n  three");
        assert_eq!(last_lines(&log, 9), "  one\n  two\n  three");
    }

    #[test]
    fn only_a_large_log_is_set_aside() {
        let scratch = TemporaryDirectory::new("logs").unwrap();
        let log = scratch.path().join("a.log");
        let aside = scratch.path().join("a.log.1");
        rotate(&log, 4).unwrap();
        std::fs::write(&log, "1234").unwrap();
        rotate(&log, 4).unwrap();
        assert!(!aside.exists());
        std::fs::write(&log, "12345").unwrap();
        rotate(&log, 4).unwrap();
        assert!(!log.exists());
        assert_eq!(std::fs::read_to_string(&aside).unwrap(), "12345");
    }
}
