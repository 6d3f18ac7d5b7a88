//! Secrets Manager and Parameter Store on loopback, as their API references describe them. They keep each request, so
//! that a test can see when and how it was made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

/// The function's credentials, which no log and no answer may contain.
pub const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDOFTHEFUNCTION"),
    ("AWS_SECRET_ACCESS_KEY", "KeyOfTheFunction"),
    ("AWS_SESSION_TOKEN", "TokenOfTheFunction"),
];

/// The services. Clones share them.
#[derive(Clone)]
pub struct Aws {
    pub address: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    secrets: BTreeMap<String, Value>,
    parameters: BTreeMap<String, String>,
    denied: BTreeSet<String>,
    mood: Mood,
    asked: Vec<Asked>,
}

/// How requests are answered.
#[derive(Clone, Debug, Default)]
pub enum Mood {
    /// As they should be.
    #[default]
    Good,
    /// Never.
    Stalls,
    /// So many of them with this error.
    Fails(usize, &'static str),
    /// With these bytes.
    Raw(String),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub head: String,
    pub body: Value,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Aws {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let aws = Self { address, state: Arc::default() };
        let served = aws.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let aws = served.clone();
                std::thread::spawn(move || aws.connection(&stream));
            }
        });
        aws
    }

    pub fn secret(&self, name: &str, text: &str) {
        self.state().secrets.insert(name.to_owned(), json!({ "Name": name, "SecretString": text }));
    }

    pub fn binary(&self, name: &str, base64: &str) {
        self.state().secrets.insert(name.to_owned(), json!({ "Name": name, "SecretBinary": base64 }));
    }

    pub fn parameter(&self, name: &str, value: &str) {
        self.state().parameters.insert(name.to_owned(), value.to_owned());
    }

    pub fn deny(&self, name: &str) {
        self.state().denied.insert(name.to_owned());
    }

    pub fn set_mood(&self, mood: Mood) {
        self.state().mood = mood;
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn connection(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (head, body) = request(&mut reader)?;
            let mood = {
                let mut state = self.state();
                state.asked.push(Asked { head: head.clone(), body: body.clone() });
                let mood = state.mood.clone();
                if let Mood::Fails(left, _) = &mut state.mood {
                    *left = left.saturating_sub(1);
                }
                mood
            };
            let (status, answer) = match mood {
                Mood::Stalls => {
                    std::thread::sleep(Duration::from_secs(60));
                    return Ok(());
                }
                Mood::Raw(bytes) => return (&*stream).write_all(bytes.as_bytes()),
                Mood::Fails(left, error) if left > 0 => refusal(error, &head),
                Mood::Good | Mood::Fails(..) => self.answer(&head, &body),
            };
            let answer = answer.to_string();
            let length = answer.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n"
            );
            (&*stream).write_all(format!("{head}{answer}").as_bytes())?;
        }
    }

    fn answer(&self, head: &str, body: &Value) -> (u16, Value) {
        let state = self.state();
        if head.contains("secretsmanager.GetSecretValue") {
            let id = body["SecretId"].as_str().unwrap();
            if state.denied.contains(id) {
                return refusal("AccessDeniedException", head);
            }
            return state
                .secrets
                .get(id)
                .map_or_else(|| refusal("ResourceNotFoundException", head), |s| (200, s.clone()));
        }
        assert!(head.contains("AmazonSSM.GetParameters"), "{head}");
        assert_eq!(body["WithDecryption"], true);
        let names: Vec<_> = body["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        if names.len() > 10 || names.iter().collect::<BTreeSet<_>>().len() < names.len() {
            return refusal("ValidationException", head);
        }
        if names.iter().any(|name| state.denied.contains(*name)) {
            return refusal("AccessDeniedException", head);
        }
        let (found, missing): (Vec<&str>, Vec<&str>) =
            names.into_iter().partition(|name| state.parameters.contains_key(*name));
        let found: Vec<_> = found
            .iter()
            .map(|name| json!({ "Name": name, "Type": "SecureString", "Value": state.parameters[*name] }))
            .collect();
        (200, json!({ "Parameters": found, "InvalidParameters": missing }))
    }
}

/// An error whose message repeats the request's head, as AWS does for a wrong signature.
fn refusal(error: &str, head: &str) -> (u16, Value) {
    let status = if error == "InternalServerError" { 500 } else { 400 };
    (status, json!({ "__type": format!("com.amazonaws#{error}"), "message": format!("you sent this: {head}") }))
}

fn request(reader: &mut BufReader<&TcpStream>) -> io::Result<(String, Value)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body)?;
    Ok((head, serde_json::from_slice(&body).unwrap()))
}
