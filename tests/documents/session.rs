//! The sessions of a Markdown document.

/// A fenced block of commands and answers.
pub struct Block {
    pub commands: Vec<Command>,
}

/// A command, and its answer if the document shows one.
pub struct Command {
    /// Line number, from 1.
    pub line: usize,
    pub text: String,
    pub answer: Option<String>,
}

/// The blocks of language `console`, indented ones included.
pub fn blocks(document: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<(usize, &str)>)> = None;
    for (at, line) in document.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match &mut open {
            Some((_, lines)) if line.trim() == "```" => {
                blocks.push(Block {
                    commands: commands(lines),
                });
                open = None;
            }
            Some((of_block, lines)) => lines.push((at + 1, line.get(*of_block..).unwrap_or(""))),
            None if line.trim() == "```console" => open = Some((indent, Vec::new())),
            None => {}
        }
    }
    blocks
}

fn commands(lines: &[(usize, &str)]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut is_typed = false;
    for &(line, text) in lines {
        if let Some(typed) = text.strip_prefix("$ ") {
            commands.push(Command {
                line,
                text: typed.to_owned(),
                answer: None,
            });
            is_typed = goes_on(typed);
        } else if let Some(command) = commands.last_mut() {
            let to = match is_typed {
                true => &mut command.text,
                false => command.answer.get_or_insert_default(),
            };
            to.push('\n');
            to.push_str(text);
            is_typed = is_typed && goes_on(&command.text);
        }
    }
    commands
}

/// Whether a shell would read another line: after a backslash, or within quotes.
fn goes_on(typed: &str) -> bool {
    let is_quoted = typed.matches('\'').count() % 2 == 1;
    is_quoted || typed.ends_with('\\')
}

#[test]
fn a_command_continues_within_quotes_and_after_a_backslash() {
    let document = "x\n```console\n$ a \\\n    -d '{\n  1}'\n{\"b\":\n 1}\n$ c\n```\n";
    let [block] = &blocks(document)[..] else {
        panic!("one block");
    };
    let found: Vec<_> = block
        .commands
        .iter()
        .map(|command| (command.line, &command.text[..], command.answer.as_deref()))
        .collect();
    let first = (3, "a \\\n    -d '{\n  1}'", Some("\n{\"b\":\n 1}"));
    assert_eq!(found, [first, (8, "c", None)]);
}
