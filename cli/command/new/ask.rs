//! Asks at the terminal for what the command line does not say.

use std::io::{self, BufRead, IsTerminal as _};

use anyhow::{Result, bail};

use super::name::Name;
use super::template::Template;
use crate::output;

/// Whether somebody can answer: stdin and stderr are terminals.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for the template.
pub(super) fn template(answers: &mut impl BufRead) -> Result<&'static Template> {
    output::note("What do you write it in?");
    for (number, template) in Template::all().iter().enumerate() {
        output::note(format_args!("  {:>2}  {:<12}{}", number + 1, template.name, template.title()));
    }
    until(answers, "a number or a name", |answer| {
        let by_number = answer.parse::<usize>().ok().and_then(|number| Template::all().get(number.checked_sub(1)?));
        by_number.or_else(|| Template::named(answer)).ok_or_else(|| format!("{answer} is not in the list"))
    })
}

/// Asks for the name of the project.
pub(super) fn name(answers: &mut impl BufRead) -> Result<Name> {
    until(answers, "the project's name", |answer| answer.parse())
}

/// The first answer that fits.
fn until<T>(answers: &mut impl BufRead, what: &str, fit: impl Fn(&str) -> Result<T, String>) -> Result<T> {
    loop {
        output::note(format_args!("Give {what}:"));
        let mut answer = String::new();
        if answers.read_line(&mut answer)? == 0 {
            bail!("no answer; nothing was created");
        }
        match fit(answer.trim()) {
            Ok(fitting) => return Ok(fitting),
            Err(problem) => output::note(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_repeated_until_the_answer_fits() {
        assert_eq!(template(&mut "0\n99\ncobol\nts\n".as_bytes()).unwrap().name, "javascript");
        assert_eq!(template(&mut "1\n".as_bytes()).unwrap().name, Template::all()[0].name);
        assert_eq!(template(&mut " FastAPI \n".as_bytes()).unwrap().name, "fastapi");
        assert_eq!(name(&mut "Hello\nhello\n".as_bytes()).unwrap().as_str(), "hello");
        assert!(name(&mut "Hello\n".as_bytes()).unwrap_err().to_string().contains("no answer"));
    }
}
