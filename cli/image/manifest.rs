//! The JSON documents of an image: what it consists of, and how it is started.

use std::collections::BTreeMap;

use funcserver_engine::Arch;
use serde::Serialize;

use super::layer::Layer;
use super::{Blob, TASK_ROOT};
use crate::function_file::BOOTSTRAP;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// The annotation that holds a manifest's tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// When the image was made. It is the same for each, so that the same files give the same image.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// `oci-layout`: which version of the layout the files have.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LayoutVersion {
    image_layout_version: &'static str,
}

impl Default for LayoutVersion {
    fn default() -> Self {
        Self { image_layout_version: "1.0.0" }
    }
}

/// A part of an image by its hash.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Platform>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, &'static str>,
}

impl Descriptor {
    fn new(media_type: &'static str, blob: &Blob) -> Self {
        Self { media_type, digest: blob.digest(), size: blob.bytes.len(), platform: None, annotations: BTreeMap::new() }
    }

    pub(super) fn config(blob: &Blob) -> Self {
        Self::new(CONFIG, blob)
    }

    pub(super) fn layer(blob: &Blob) -> Self {
        Self::new(LAYER, blob)
    }

    pub(super) fn manifest(blob: &Blob, arch: Arch, tag: &'static str) -> Self {
        let annotations = BTreeMap::from([(REF_NAME, tag)]);
        Self { platform: Some(Platform::of(arch)), annotations, ..Self::new(MANIFEST, blob) }
    }
}

/// The machines on which an image runs.
#[derive(Debug, Clone, Serialize)]
struct Platform {
    architecture: &'static str,
    os: &'static str,
}

impl Platform {
    fn of(arch: Arch) -> Self {
        let architecture = match arch {
            Arch::X86_64 => "amd64",
            Arch::Arm64 => "arm64",
        };
        Self { architecture, os: "linux" }
    }
}

/// `index.json`: the manifests in the folder or file, which is one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    schema_version: u32,
    media_type: &'static str,
    manifests: [Descriptor; 1],
}

impl Index {
    pub(super) fn of(manifest: Descriptor) -> Self {
        Self { schema_version: 2, media_type: INDEX, manifests: [manifest] }
    }
}

/// An image: its configuration and its layers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    schema_version: u32,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Manifest {
    pub(super) fn of(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self { schema_version: 2, media_type: MANIFEST, config, layers }
    }
}

/// How an image is started, and the hashes of its layers before their compression.
#[derive(Debug, Serialize)]
pub(super) struct ImageConfig<'a> {
    created: &'static str,
    #[serde(flatten)]
    platform: Platform,
    config: Start,
    rootfs: RootFs<'a>,
    history: Vec<History>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Start {
    env: [String; 1],
    entrypoint: [String; 1],
    working_dir: String,
}

#[derive(Debug, Serialize)]
struct RootFs<'a> {
    r#type: &'static str,
    diff_ids: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct History {
    created: &'static str,
    created_by: &'static str,
}

impl<'a> ImageConfig<'a> {
    pub(super) fn of(layers: &'a [Layer], arch: Arch) -> Self {
        let start = Start {
            env: [format!("LAMBDA_TASK_ROOT=/{TASK_ROOT}")],
            entrypoint: [format!("/{TASK_ROOT}/{BOOTSTRAP}")],
            working_dir: format!("/{TASK_ROOT}"),
        };
        let diff_ids = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
        let history = layers.iter().map(|_| History { created: CREATED, created_by: "funcserver bundle --image" });
        Self {
            created: CREATED,
            platform: Platform::of(arch),
            config: start,
            rootfs: RootFs { r#type: "layers", diff_ids },
            history: history.collect(),
        }
    }
}

/// The document as bytes, whose hash names it.
///
/// # Errors
/// None that can happen: texts and numbers are JSON.
pub(super) fn bytes(document: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(document)
}
