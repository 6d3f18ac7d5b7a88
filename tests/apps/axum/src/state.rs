use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;
use minijinja::Environment;
use sha2::{Digest as _, Sha512};
use uuid::Uuid;

use crate::api::Item;

/// What all requests of an instance share.
#[derive(Clone)]
pub struct Shop(Arc<Shared>);

pub struct Shared {
    pub secret: String,
    pub greeting: String,
    pub key: Key,
    pub drawn: Uuid,
    pub templates: Environment<'static>,
    pub requests: AtomicU64,
    pub items: Mutex<BTreeMap<u64, Item>>,
    pub last_id: AtomicU64,
}

impl Shop {
    pub fn new(secret: String, greeting: String) -> Shop {
        let mut templates = Environment::new();
        for (name, text) in [
            ("base.html", include_str!("../templates/base.html")),
            ("form.html", include_str!("../templates/form.html")),
            ("hello.html", include_str!("../templates/hello.html")),
            ("home.html", include_str!("../templates/home.html")),
        ] {
            templates.add_template(name, text).expect("templates are valid");
        }
        // A key has 64 bytes.
        let key = Key::from(&Sha512::digest(&secret));
        Shop(Arc::new(Shared {
            secret,
            greeting,
            key,
            drawn: Uuid::new_v4(),
            templates,
            requests: AtomicU64::new(0),
            items: Mutex::default(),
            last_id: AtomicU64::new(0),
        }))
    }
}

impl Deref for Shop {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Shop> for Key {
    fn from_ref(shop: &Shop) -> Key {
        shop.key.clone()
    }
}
