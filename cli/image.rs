//! An image of a function for Lambda, in the format of the Open Container Initiative (OCI): without a base image, so that
//! only the bootstrap, the function's files and root certificates are in it. The same files give the same bytes.
//!
//! The format: <https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md>. What Lambda needs:
//! <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>.

mod layer;
mod manifest;
mod output;
mod roots;
mod tar;

use std::io;

use funcserver_engine::Arch;

use crate::cache::sha256;
use crate::function_file::FunctionFile;

use layer::{Entry, Layer};
use manifest::{Descriptor, ImageConfig, Index, LayoutVersion, Manifest};

pub(crate) use output::ImageOutput;

/// Where Lambda has the files of a function (`LAMBDA_TASK_ROOT`).
const TASK_ROOT: &str = "var/task";

/// Where programs of all Linux distributions of the Debian family have the root certificates.
const ROOTS: &str = "etc/ssl/certs/ca-certificates.crt";

/// The tag of the image within its own folder or file.
const TAG: &str = "latest";

/// The folder of the content, by its hashes.
const BLOBS: &str = "blobs/sha256";

/// A whole image.
#[derive(Debug)]
pub(crate) struct Image {
    /// The hash of its manifest, by which registries and Lambda name it: `sha256:` and 64 digits.
    pub(crate) digest: String,
    /// The bytes that a registry keeps.
    pub(crate) compressed: u64,
    /// The bytes of its files.
    pub(crate) unpacked: u64,
    /// Its files in order: path and content.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Image {
    /// Makes the image of a function. `files` begin with the bootstrap. It is in a layer with the root certificates,
    /// because neither changes with the handler: a registry keeps that layer once.
    ///
    /// # Errors
    /// A file's name does not fit into an archive.
    pub(crate) fn of(files: &[FunctionFile<'_>], arch: Arch) -> io::Result<Image> {
        let (bootstrap, function) = files.split_at(1);
        let roots = roots::pem();
        let mut base = vec![Entry::file(ROOTS.to_owned(), roots.as_bytes()), Entry::shared_folder("tmp")];
        base.extend(bootstrap.iter().map(in_task_root));
        let layers = [Layer::of(base)?, Layer::of(function.iter().map(in_task_root).collect())?];

        let config = Blob::of(manifest::bytes(&ImageConfig::of(&layers, arch))?);
        let parts = layers.iter().map(Layer::descriptor).collect();
        let manifest = Blob::of(manifest::bytes(&Manifest::of(Descriptor::config(&config), parts))?);
        let digest = manifest.digest();
        let index = manifest::bytes(&Index::of(Descriptor::manifest(&manifest, arch, TAG)))?;
        let unpacked = layers.iter().map(|layer| layer.unpacked).sum();

        let mut blobs = vec![manifest, config];
        blobs.extend(layers.into_iter().map(|layer| layer.compressed));
        let compressed = blobs.iter().map(|blob| blob.bytes.len() as u64).sum();
        let mut files = vec![
            ("oci-layout".to_owned(), manifest::bytes(&LayoutVersion::default())?),
            ("index.json".to_owned(), index),
        ];
        files.extend(blobs.into_iter().map(|blob| (format!("{BLOBS}/{}", blob.sha256), blob.bytes)));
        Ok(Image { digest, compressed, unpacked, files })
    }
}

fn in_task_root<'a>(file: &FunctionFile<'a>) -> Entry<'a> {
    Entry { path: format!("{TASK_ROOT}/{}", file.name), bytes: Some(file.bytes), mode: file.mode() }
}

/// Content that is found by its hash.
#[derive(Debug)]
struct Blob {
    sha256: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn of(bytes: Vec<u8>) -> Self {
        Self { sha256: sha256(&bytes), bytes }
    }

    /// How the format names it.
    fn digest(&self) -> String {
        format!("sha256:{}", self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use serde_json::Value;

    use super::*;

    fn image() -> Image {
        let files = [
            FunctionFile::program("bootstrap", b"\x7fELF and so on"),
            FunctionFile::file("handler.cwasm", b"machine code"),
            FunctionFile::file("public/a/b.txt", b"words"),
            FunctionFile::file("public/c.txt", b""),
        ];
        Image::of(&files, Arch::Arm64).unwrap()
    }

    impl Image {
        fn file(&self, path: &str) -> &[u8] {
            &self.files.iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("no {path}")).1
        }

        fn blob(&self, descriptor: &Value) -> &[u8] {
            let digest = descriptor["digest"].as_str().unwrap();
            let blob = self.file(&format!("{BLOBS}/{}", digest.strip_prefix("sha256:").unwrap()));
            assert_eq!(descriptor["size"], blob.len(), "{descriptor}");
            blob
        }

        fn json(&self, descriptor: &Value) -> Value {
            serde_json::from_slice(self.blob(descriptor)).unwrap()
        }
    }

    /// The paths in a layer with their modes, and the hash of the archive.
    fn unpacked(layer: &[u8]) -> (Vec<(String, u32)>, String) {
        let mut bytes = Vec::new();
        GzDecoder::new(layer).read_to_end(&mut bytes).unwrap();
        let mut archive = ::tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 0));
            (entry.path().unwrap().to_str().unwrap().to_owned(), header.mode().unwrap())
        });
        (entries.collect(), Blob::of(bytes.clone()).digest())
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let (one, other) = (image(), image());
        assert_eq!(one.digest, other.digest);
        assert!(one.files == other.files);
    }

    #[test]
    fn each_part_is_found_by_its_hash_from_the_index_on() {
        let image = image();
        let index: Value = serde_json::from_slice(image.file("index.json")).unwrap();
        let found = &index["manifests"][0];
        assert_eq!(found["digest"], image.digest.as_str());
        assert_eq!(found["platform"], serde_json::json!({ "architecture": "arm64", "os": "linux" }));
        let manifest = image.json(found);
        let config = image.json(&manifest["config"]);
        assert_eq!(config["architecture"], "arm64");
        assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/var/task/bootstrap"]));
        let layers = manifest["layers"].as_array().unwrap();
        let archives: Vec<_> = layers.iter().map(|layer| unpacked(image.blob(layer))).collect();
        for (archive, diff_id) in archives.iter().zip(config["rootfs"]["diff_ids"].as_array().unwrap()) {
            assert_eq!(archive.1, diff_id.as_str().unwrap());
        }
        let paths: Vec<_> =
            archives.iter().map(|(paths, _)| paths.iter().map(|(p, m)| (p.as_str(), *m)).collect::<Vec<_>>()).collect();
        let folders =
            [("etc/", 0o755), ("etc/ssl/", 0o755), ("etc/ssl/certs/", 0o755), (ROOTS, 0o644), ("tmp/", 0o1777)];
        let task_root = [("var/", 0o755), ("var/task/", 0o755)];
        assert_eq!(paths[0], [&folders[..], &task_root, &[("var/task/bootstrap", 0o755)]].concat());
        let function = [
            ("var/task/handler.cwasm", 0o644),
            ("var/task/public/", 0o755),
            ("var/task/public/a/", 0o755),
            ("var/task/public/a/b.txt", 0o644),
            ("var/task/public/c.txt", 0o644),
        ];
        assert_eq!(paths[1], [&task_root[..], &function].concat());
    }

    #[test]
    fn a_long_name_fits() {
        let name = format!("public/{}", "folder/".repeat(60));
        let name = format!("{name}file");
        let files = [FunctionFile::program("bootstrap", b""), FunctionFile::file(&name, b"x")];
        let image = Image::of(&files, Arch::X86_64).unwrap();
        let layer = image.files.last().unwrap();
        let (paths, _) = unpacked(&layer.1);
        assert_eq!(paths.last().unwrap().0, format!("{TASK_ROOT}/{name}"));
    }
}
