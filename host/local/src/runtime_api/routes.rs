//! The routes of the Runtime API and their responses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Frame, Incoming};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::MAX_REPLY;
use super::extensions::Extensions;
use super::invocations::{Delivery, Invocations};
use crate::{Function, FunctionReply, InvocationError, ReplyStream};

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
const EXTENSION_NAME: &str = "lambda-extension-name";
const EXTENSION_ID: &str = "lambda-extension-identifier";

/// The state that all connections of a Runtime API share.
pub(super) struct Shared {
    pub(super) function: Function,
    pub(super) invocations: Invocations,
    pub(super) extensions: Extensions,
    pub(super) init_errors: InitErrors,
    pub(super) connections: watch::Sender<usize>,
}

/// The first initialisation error that a runtime has reported.
pub(super) struct InitErrors(watch::Sender<Option<InvocationError>>);

impl Shared {
    pub(super) fn new(function: Function) -> Self {
        Self {
            function,
            invocations: Invocations::new(),
            extensions: Extensions::new(),
            init_errors: InitErrors(watch::Sender::new(None)),
            connections: watch::Sender::new(0),
        }
    }
}

impl InitErrors {
    fn report(&self, error: InvocationError) {
        self.0.send_if_modified(|first| first.is_none() && first.replace(error).is_none());
    }

    pub(super) async fn wait(&self) -> InvocationError {
        let mut errors = self.0.subscribe();
        match errors.wait_for(Option::is_some).await.ok().and_then(|error| error.clone()) {
            Some(error) => error,
            // Unreachable, because the sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

/// Answers a request of a runtime or of an extension.
pub(super) async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let path: Vec<&str> = head.uri.path().split('/').skip(1).collect();
    match (&head.method, path.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(shared).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            if head.headers.get(RESPONSE_MODE).is_some_and(|mode| mode == "streaming") {
                stream(shared, id, &head.headers, body).await
            } else {
                response(shared, id, body).await
            }
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            let error = read_error(&head.headers, body, InvocationError::function).await;
            accepted(shared.invocations.answer(id, Err(error)))
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => init_error(shared, &head.headers, body).await,
        (&Method::GET, ["2018-06-01", "runtime", "restore", "next"]) => with_json(StatusCode::OK, &json!({})),
        (&Method::POST, ["2018-06-01", "runtime", "restore", "error"]) => {
            shared.init_errors.report(read_error(&head.headers, body, InvocationError::init).await);
            accepted(true)
        }
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            read_through(body).await;
            register(shared, &head.headers)
        }
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => match unregistered(shared, &head.headers) {
            Some(refusal) => refusal,
            None => with_json(StatusCode::OK, &shared.extensions.next().await),
        },
        (&Method::POST, ["2020-01-01", "extension", "init" | "exit", "error"]) => {
            read_through(body).await;
            unregistered(shared, &head.headers).unwrap_or_else(|| accepted(true))
        }
        (method, _) => {
            let message = format!("{method} {} is not part of the Runtime API", head.uri.path());
            refused(StatusCode::NOT_FOUND, "NotFound", &message)
        }
    }
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    let Delivery { id, event, deadline_ms, trace_id } = shared.invocations.next().await;
    let reply = Response::builder()
        .header(header::CONTENT_TYPE, "application/json")
        .header("Lambda-Runtime-Aws-Request-Id", id)
        .header("Lambda-Runtime-Deadline-Ms", deadline_ms.to_string())
        .header("Lambda-Runtime-Invoked-Function-Arn", shared.function.arn())
        .header("Lambda-Runtime-Trace-Id", trace_id)
        .body(Full::new(event));
    // This can fail only if the function's name is not a valid header value.
    reply.unwrap_or_else(|error| refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string()))
}

async fn response(shared: &Shared, id: &str, body: Incoming) -> Response<Full<Bytes>> {
    match Limited::new(body, MAX_REPLY).collect().await {
        Ok(body) => {
            let failed = body.trailers().and_then(streaming_error);
            accepted(shared.invocations.answer(id, failed.map_or_else(|| Ok(body.to_bytes().into()), Err)))
        }
        Err(error) if error.is::<LengthLimitError>() => {
            shared.invocations.answer(id, Err(InvocationError::too_large(MAX_REPLY)));
            let message = format!("Exceeded maximum allowed payload size ({MAX_REPLY} bytes).");
            refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        }
        // The runtime disconnected during the body. It keeps the event until its process ends or the event times out.
        Err(error) => refused(StatusCode::BAD_REQUEST, "InvalidRequest", &format!("unreadable body: {error}")),
    }
}

/// Passes a streamed reply on as it comes. The runtime waits while its reader does.
async fn stream(shared: &Shared, id: &str, headers: &HeaderMap, mut body: Incoming) -> Response<Full<Bytes>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (writer, reply) = ReplyStream::new(content_type);
    if !shared.invocations.answer(id, Ok(FunctionReply::Stream(reply))) {
        return accepted(false);
    }
    let mut failed = None;
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => writer.write(data).await,
            Ok(Err(frame)) => failed = frame.trailers_ref().and_then(streaming_error),
            // Dropping the writer breaks the reply off.
            Err(error) => {
                return refused(StatusCode::BAD_REQUEST, "InvalidRequest", &format!("unreadable body: {error}"));
            }
        }
    }
    match failed {
        None => writer.end().await,
        Some(error) => writer.fail(error).await,
    }
    accepted(true)
}

async fn init_error(shared: &Shared, headers: &HeaderMap, body: Incoming) -> Response<Full<Bytes>> {
    let error = read_error(headers, body, InvocationError::init).await;
    if shared.invocations.was_polled() {
        let message =
            "State transition from Ready to InitError failed for runtime. Error: State transition is not allowed";
        return refused(StatusCode::FORBIDDEN, "InvalidStateTransition", message);
    }
    shared.init_errors.report(error);
    accepted(true)
}

/// Reads a body that is not used. If it were left unread, the connection would be closed, but the client wants to keep
/// it.
async fn read_through(body: Incoming) {
    let _ = Limited::new(body, MAX_REPLY).collect().await;
}

fn register(shared: &Shared, headers: &HeaderMap) -> Response<Full<Bytes>> {
    if !headers.contains_key(EXTENSION_NAME) {
        return refused(StatusCode::FORBIDDEN, "Extension.InvalidExtensionName", "Lambda-Extension-Name is missing");
    }
    let facts = json!({
        "functionName": shared.function.name,
        "functionVersion": Function::VERSION,
        "handler": shared.function.handler,
    });
    let mut reply = with_json(StatusCode::OK, &facts);
    if let Ok(identifier) = shared.extensions.register().try_into() {
        reply.headers_mut().insert(EXTENSION_ID, identifier);
    }
    reply
}

/// Rejects a request of an extension that has not registered.
fn unregistered(shared: &Shared, headers: &HeaderMap) -> Option<Response<Full<Bytes>>> {
    let (error_type, message) = match headers.get(EXTENSION_ID).and_then(|value| value.to_str().ok()) {
        Some(identifier) if shared.extensions.knows(identifier) => return None,
        Some(identifier) => ("Extension.UnknownExtensionIdentifier", format!("Unknown extension {identifier}")),
        None => ("Extension.MissingExtensionIdentifier", "Lambda-Extension-Identifier is missing".into()),
    };
    Some(refused(StatusCode::FORBIDDEN, error_type, &message))
}

/// Reads an error that a runtime has posted.
async fn read_error(
    headers: &HeaderMap,
    body: Incoming,
    error: impl FnOnce(String, String) -> InvocationError,
) -> InvocationError {
    let body = match Limited::new(body, MAX_REPLY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let (error_type, message) = error_facts(headers, &body);
    error(error_type, message)
}

/// The error in the trailers of a streamed reply: its type, and the rest in base64.
fn streaming_error(trailers: &HeaderMap) -> Option<InvocationError> {
    trailers.get(ERROR_TYPE)?;
    let body = trailers.get(ERROR_BODY).map(|value| value.as_bytes()).unwrap_or_default();
    let body = BASE64.decode(body).unwrap_or_else(|_| body.to_vec());
    let (error_type, message) = error_facts(trailers, &body);
    Some(InvocationError::function(error_type, message))
}

/// The type and the message of a JSON error. Missing values are taken from the headers, or from the body as text.
fn error_facts(headers: &HeaderMap, body: &[u8]) -> (String, String) {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let header = || headers.get(ERROR_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    (
        text("errorType").or_else(header).unwrap_or_else(|| "Unhandled".into()),
        text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()),
    )
}

fn accepted(known: bool) -> Response<Full<Bytes>> {
    if known {
        with_json(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
    } else {
        refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
    }
}

fn refused(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    with_json(status, &json!({ "errorType": error_type, "errorMessage": message }))
}

fn with_json(status: StatusCode, json: &Value) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::from(json.to_string()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    reply
}
