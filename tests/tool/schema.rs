//! `funcserver schema`.

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use funcserver_function::config::{Config, SETTINGS, Variables};
use serde_json::{Value, json};

use crate::tool::Tool;

const PAGE: &str = include_str!("../../docs/configuration.md");

fn schema() -> Value {
    Tool::new().run("schema").succeeded().json()
}

/// A validator. Creating it checks that the schema itself is valid.
struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn new(schema: Value) -> Validator {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource("mem:///schema.json", schema).unwrap();
        let index = compiler.compile("mem:///schema.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Validator { schemas, index }
    }

    fn allows(&self, toml: &str) -> bool {
        let value: toml::Table = toml::from_str(toml).unwrap();
        self.schemas.validate(&serde_json::to_value(value).unwrap(), self.index).is_ok()
    }
}

fn reads(toml: &str) -> bool {
    Config::read(Some(("funcserver.toml".as_ref(), toml)), &Variables::default()).is_ok()
}

#[test]
fn every_setting_is_in_it_and_nothing_else() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let mut keys = Vec::new();
    for (section, table) in schema["properties"].as_object().unwrap() {
        assert_eq!(table["additionalProperties"], json!(false), "{section}");
        keys.extend(table["properties"].as_object().unwrap().keys().map(|key| format!("{section}.{key}")));
    }
    let mut expected: Vec<_> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
    keys.sort();
    expected.sort();
    assert_eq!(keys, expected);
    for setting in SETTINGS {
        let (section, key) = setting.key.split_once('.').unwrap();
        let description = &schema["properties"][section]["properties"][key]["description"];
        assert!(description.as_str().unwrap().starts_with(setting.doc), "{description}");
    }
}

#[test]
fn the_samples_of_the_documentation_are_valid() {
    let validator = Validator::new(schema());
    let samples: Vec<_> = PAGE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!samples.is_empty());
    for sample in samples {
        assert!(validator.allows(sample) && reads(sample), "{sample}");
    }
}

#[test]
fn it_allows_the_same_values_as_the_reader() {
    let validator = Validator::new(schema());
    for (toml, allowed) in [
        ("", true),
        ("[component]\npath = \"a/b.wasm\"\nbuild = \"make\"", true),
        ("[component]\npath = \"a.txt\"", false),
        ("[component]\npath = \".wasm\"", false),
        ("[component]\nbuild = \" \"", false),
        ("[limits]\nmemory = 1048576\nmax-reply = \" 512 KiB \"", true),
        ("[limits]\nmemory = 1048575", false),
        ("[limits]\nmemory = \"256mib\"", false),
        ("[limits]\nmemory = \"256\"", false),
        ("[limits]\nmemory = true", false),
        ("[limits]\ntimeout = \"5s\"\ndeadline-margin = \"0ms\"", true),
        ("[limits]\ntimeout = \"1m\"", true),
        ("[limits]\ntimeout = 7", false),
        ("[limits]\ntimeout = \"7\"", false),
        ("[limits]\ntimeout = \" 7s\"", false),
        ("[limits]\ntimeout = \"7 s\"", false),
        ("[limits]\ntimeout = \"1h\"", false),
        ("[alb]\ncookie-variants = false\ntrusted-hops = 100", true),
        ("[alb]\ncookie-variants = \"false\"", false),
        ("[alb]\ntrusted-hops = 101", false),
        ("[alb]\ntrusted-hops = -1", false),
        ("[alb]\ntrusted-hop = 1", false),
        ("[network]\nallow = [\"https://api.example.com\", \"*\"]", true),
        ("[network]\nallow = \"*\"", false),
        ("[network]\nallow = [1]", false),
        ("[guest]\nenv = { STAGE = \"test\" }\ninherit-env = [\"KEY\"]\nassets = \"public\"", true),
        ("[guest]\nenv = { STAGE = 1 }", false),
        ("[guest]\ninherit-env = \"KEY\"", false),
        ("[guest]\nsecrets-max-age = \"5m\"\n[guest.secrets]\nA = \"secretsmanager:prod/db#user name\"", true),
        ("[guest]\nsecrets = { A = \"ssm:/prod/key:3\" }\nsecrets-max-age = \"never\"", true),
        ("[guest]\nsecrets = { A = \"/prod/key\" }", false),
        ("[guest]\nsecrets = { A = \"ssm:/prod/key#\" }", false),
        ("[guest]\nsecrets = { A = \"ssm:\" }", false),
        ("[guest]\nsecrets = [\"ssm:/prod/key\"]", false),
        ("[guest]\nsecrets-max-age = \"always\"", false),
        ("[guest]\nassets = \"/public\"", false),
        (
            "[deploy]\nname = \"shop\"\nalias = \"v1\"\nmemory = 1024\ntimeout = \"30s\"\nurl = true\narch = \"arm64\"",
            true,
        ),
        ("[deploy]\nrole = \"arn:aws:iam::111122223333:role/shop\"\nbucket = \"zips.shop\"\nenv = { A = \"1\" }", true),
        ("[deploy]\nname = \"a b\"", false),
        ("[deploy]\nalias = \"12\"", false),
        ("[deploy]\nrole = \"shop\"", false),
        ("[deploy]\ntarget-group = \"arn:aws:iam::111122223333:role/shop\"", false),
        ("[deploy]\nmemory = 64", false),
        ("[deploy]\nregion = \"EU\"", false),
        ("[balb]", false),
        ("limits = 1", false),
    ] {
        assert_eq!((validator.allows(toml), reads(toml)), (allowed, allowed), "{toml}");
    }
}

#[test]
fn a_default_is_allowed() {
    let schema = schema();
    for section in schema["properties"].as_object().unwrap().values() {
        for (key, property) in section["properties"].as_object().unwrap() {
            let Some(default) = property.get("default") else { continue };
            let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
            compiler.add_resource("mem:///one.json", property.clone()).unwrap();
            let index = compiler.compile("mem:///one.json", &mut schemas).unwrap();
            assert!(schemas.validate(default, index).is_ok(), "{key}: {default}");
        }
    }
}
