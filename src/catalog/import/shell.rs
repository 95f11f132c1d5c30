//! A command line as a shell splits it.
//!
//! Browsers copy their requests with `$'...'`, which the crate `shlex` does not know; so the words are found here.
//!
//! Promises: quotes, escapes and continued lines mean what they mean to a POSIX shell, and `$'...'` what it means to bash.
//! Never: expands a variable, a name or a command; repeats a word in what it tells.

use std::iter::Peekable;
use std::str::Chars;

/// Words that end a command.
const ENDS: &[&str] = &["|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1"];

/// The words of the first command; what follows it is left off.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut signs = line.chars().peekable();
    while let Some((word, is_bare)) = word(&mut signs)? {
        if is_bare && ENDS.contains(&word.as_str()) {
            break;
        }
        let ends = is_bare && word.ends_with(';');
        words.push(if ends { word.trim_end_matches(';').to_owned() } else { word });
        if ends {
            break;
        }
    }
    Ok(words)
}

/// The next word, and whether nothing of it was quoted.
fn word(signs: &mut Peekable<Chars<'_>>) -> Result<Option<(String, bool)>, String> {
    let (mut word, mut is_bare, mut begun) = (String::new(), true, false);
    while let Some(sign) = signs.next() {
        match sign {
            sign if sign.is_whitespace() && begun => break,
            sign if sign.is_whitespace() => continue,
            '\\' => match signs.next() {
                // A line that goes on; one from Windows has a sign more.
                Some('\n') => continue,
                Some('\r') => {
                    signs.next_if_eq(&'\n');
                    continue;
                }
                escaped => word.extend(escaped),
            },
            '\'' => single(signs, &mut word)?,
            '"' => double(signs, &mut word)?,
            '$' if signs.next_if_eq(&'\'').is_some() => ansi(signs, &mut word)?,
            sign => {
                word.push(sign);
                begun = true;
                continue;
            }
        }
        (is_bare, begun) = (false, true);
    }
    Ok(begun.then_some((word, is_bare)))
}

fn single(signs: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), String> {
    loop {
        match signs.next().ok_or("a single quote is opened and never closed")? {
            '\'' => return Ok(()),
            sign => word.push(sign),
        }
    }
}

fn double(signs: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), String> {
    let unclosed = "a double quote is opened and never closed";
    loop {
        match signs.next().ok_or(unclosed)? {
            '"' => return Ok(()),
            '\\' => match signs.next().ok_or(unclosed)? {
                '\n' => {}
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            sign => word.push(sign),
        }
    }
}

/// `$'...'` of bash.
fn ansi(signs: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), String> {
    let unclosed = "a `$'` is opened and never closed";
    loop {
        let sign = signs.next().ok_or(unclosed)?;
        if sign == '\'' {
            return Ok(());
        }
        if sign != '\\' {
            word.push(sign);
            continue;
        }
        match signs.next().ok_or(unclosed)? {
            'n' => word.push('\n'),
            't' => word.push('\t'),
            'r' => word.push('\r'),
            'x' => word.extend(coded(signs, 2)),
            'u' => word.extend(unit(signs)),
            'U' => word.extend(coded(signs, 8)),
            other => word.push(other),
        }
    }
}

/// A sign by its number, in so many hexadecimal digits at most.
fn coded(signs: &mut Peekable<Chars<'_>>, most: usize) -> Option<char> {
    char::from_u32(number(signs, most)?)
}

/// `\uD83D\uDE00` are two halves of one sign.
fn unit(signs: &mut Peekable<Chars<'_>>) -> Option<char> {
    let first = number(signs, 4)?;
    if !(0xd800..0xdc00).contains(&first) {
        return char::from_u32(first);
    }
    signs.next_if_eq(&'\\')?;
    signs.next_if_eq(&'u')?;
    let second = number(signs, 4)?;
    let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x10000 + ((first - 0xd800) << 10) + low)
}

fn number(signs: &mut Peekable<Chars<'_>>, most: usize) -> Option<u32> {
    let mut digits = String::new();
    while digits.len() < most {
        let Some(digit) = signs.next_if(char::is_ascii_hexdigit) else { break };
        digits.push(digit);
    }
    u32::from_str_radix(&digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_a_shell_takes_them_for() {
        for (line, want) in [
            (r#"curl -d '{"a": "b c"}' x"#, vec!["curl", "-d", r#"{"a": "b c"}"#, "x"]),
            ("curl \\\n  -X POST \\\r\n x", vec!["curl", "-X", "POST", "x"]),
            (r#"a"b 'c' \" \x"'d e'\ f ''"#, vec![r#"ab 'c' " \xd e f"#, ""]),
            (r"$'a\n\'b\x41\u00e9\uD83D\uDE00'", vec!["a\n'bAé😀"]),
            ("curl x?a=1&b=2 | jq .", vec!["curl", "x?a=1&b=2"]),
            ("curl x; rm y", vec!["curl", "x"]),
            ("curl '|' \";\"", vec!["curl", "|", ";"]),
            ("  ", vec![]),
        ] {
            assert_eq!(words(line), Ok(want.into_iter().map(str::to_owned).collect()), "{line}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_and_nothing_of_it_is() {
        for line in ["'hunter2", "\"hunter2", "$'hunter2", "\"hunter2\\"] {
            let told = words(line).expect_err("it is refused");
            assert!(told.contains("never closed") && !told.contains("hunter"), "{told}");
        }
    }
}
