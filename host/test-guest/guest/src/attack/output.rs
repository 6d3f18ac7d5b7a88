//! Attacks on the log.

use wasip2::cli::stdout::get_stdout;

/// Prints `bytes` line breaks, in as few writes as the host accepts.
pub fn lines(bytes: usize) -> String {
    let stream = get_stdout();
    let breaks = vec![b'\n'; bytes];
    let mut written = 0;
    while written < bytes {
        let room = stream.check_write().map_or(0, |room| usize::try_from(room).unwrap_or(bytes));
        let piece = room.min(bytes - written);
        if piece == 0 || stream.write(&breaks[..piece]).is_err() {
            break;
        }
        written += piece;
    }
    "lines".to_owned()
}

/// Prints every control character in text, in keys and in values, at every depth, and complete escape sequences.
pub fn controls() -> String {
    let mut codes: Vec<char> = (0..0xa0).filter_map(char::from_u32).collect();
    codes.retain(|code| code.is_control() && *code != '\n');
    for code in codes {
        println!("a line with {code} in it");
        eprintln!("{code}[31m a line in colour {code}[0m");
        let escaped = format!("\\u{:04x}", u32::from(code));
        println!(r#"{{"message":"m{escaped}","k{escaped}":"v{escaped}","in":{{"k{escaped}":["v{escaped}"]}}}}"#);
    }
    println!("one\rtwo\r\nthree");
    println!(r#"{{"requestId":"forged","timestamp":"forged","stream":"forged","level":"FATAL","message":"forged"}}"#);
    "controls".to_owned()
}

pub fn flood() -> ! {
    loop {
        println!("a line of a flood");
    }
}
