//! Compares the compiled descriptor set with `schema.tsv`, the facts of the protocol, in both directions.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hexmtp_proto::FILE_DESCRIPTOR_SET;
use prost_reflect::prost_types::MethodDescriptorProto;
use prost_reflect::{
    DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor,
};

const SCHEMA: &str = include_str!("../schema.tsv");

/// Packages of `schema.tsv` that this crate leaves out: both belong to protocol generations before MLS.
const LEFT_OUT: [&str; 2] = ["xmtp.keystore_api.v1", "xmtp.message_api.v1"];

/// One row of `schema.tsv`.
struct Row<'a> {
    kind: &'a str,
    package: &'a str,
    owner: &'a str,
    name: &'a str,
    number: &'a str,
    r#type: &'a str,
    label: &'a str,
    note: &'a str,
    file: &'a str,
}

impl Row<'_> {
    /// What the row says, each statement as one readable line.
    fn facts(&self) -> Vec<String> {
        let Self { kind, package, owner, name, number, r#type, label, file, .. } = self;
        let place = format!("{file}: {package} {owner}");
        let deprecated = if self.note.ends_with("deprecated") { " deprecated" } else { "" };
        match *kind {
            "field" => vec![field_fact(&place, label, r#type, name, number, deprecated)],
            "enum_value" => vec![format!("{place}: value {name} = {number}{deprecated}")],
            "method" => vec![format!("{place}: method {name}: {type} ({label}){deprecated}")],
            "empty_message" => vec![format!("{place}: empty message")],
            "reserved" => {
                let mut facts = vec![format!("{place}: reserved {number}")];
                if !name.is_empty() {
                    facts.push(format!("{place}: reserved \"{name}\""));
                }
                facts
            }
            other => panic!("schema.tsv has a row of unknown kind {other:?}"),
        }
    }
}

fn field_fact(
    place: &str,
    label: &str,
    r#type: &str,
    name: &str,
    number: impl std::fmt::Display,
    end: &str,
) -> String {
    let label = if label.is_empty() { "singular" } else { label };
    format!("{place}: field {label} {type} {name} = {number}{end}")
}

fn rows() -> Vec<Row<'static>> {
    let mut rows = Vec::new();
    for line in SCHEMA.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let [kind, package, owner, name, number, r#type, label, note, file] = columns[..] else {
            panic!("schema.tsv has a line without nine columns: {line:?}");
        };
        if !LEFT_OUT.contains(&package) {
            rows.push(Row { kind, package, owner, name, number, r#type, label, note, file });
        }
    }
    rows
}

/// Collects the same lines from the descriptors.
struct Reader {
    facts: Vec<String>,
}

impl Reader {
    fn read(pool: &DescriptorPool) -> Self {
        let mut reader = Self { facts: Vec::new() };
        for file in pool.files().filter(|file| file.package_name().starts_with("xmtp.")) {
            file.messages().for_each(|message| reader.message(&message));
            file.enums().for_each(|values| reader.enumeration(&values));
            file.services().for_each(|service| reader.service(&service));
        }
        reader
    }

    fn message(&mut self, message: &MessageDescriptor) {
        if message.is_map_entry() {
            return;
        }
        let proto = message.descriptor_proto();
        let place = place(message.parent_file().name(), message.package_name(), message.full_name());
        for field in message.fields() {
            let end = if field.field_descriptor_proto().options.as_ref().is_some_and(|o| o.deprecated()) {
                " deprecated"
            } else {
                ""
            };
            let fact =
                field_fact(&place, &label_of(&field), &type_of(&field), field.name(), field.number(), end);
            self.facts.push(fact);
        }
        for range in &proto.reserved_range {
            self.facts.push(format!("{place}: reserved {}-{}", range.start(), range.end() - 1));
        }
        for name in &proto.reserved_name {
            self.facts.push(format!("{place}: reserved \"{name}\""));
        }
        if message.fields().len() == 0 && proto.reserved_range.is_empty() && proto.reserved_name.is_empty() {
            self.facts.push(format!("{place}: empty message"));
        }
        message.child_messages().for_each(|child| self.message(&child));
        message.child_enums().for_each(|child| self.enumeration(&child));
    }

    fn enumeration(&mut self, values: &EnumDescriptor) {
        let place = place(values.parent_file().name(), values.package_name(), values.full_name());
        for value in values.values() {
            let deprecated = value.enum_value_descriptor_proto().options.as_ref();
            let end = if deprecated.is_some_and(|o| o.deprecated()) { " deprecated" } else { "" };
            self.facts.push(format!("{place}: value {} = {}{end}", value.name(), value.number()));
        }
        for range in &values.enum_descriptor_proto().reserved_range {
            self.facts.push(format!("{place}: reserved {}-{}", range.start(), range.end()));
        }
    }

    fn service(&mut self, service: &ServiceDescriptor) {
        let place = place(service.parent_file().name(), service.package_name(), service.full_name());
        for method in service.methods() {
            let proto = method.method_descriptor_proto();
            let end = if proto.options.as_ref().is_some_and(|o| o.deprecated()) { " deprecated" } else { "" };
            let (input, output) = (method.input(), method.output());
            self.facts.push(format!(
                "{place}: method {}: {} -> {} ({}){end}",
                method.name(),
                input.full_name(),
                output.full_name(),
                streaming(proto)
            ));
        }
    }
}

fn place(file: &str, package: &str, full_name: &str) -> String {
    let name = full_name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
    format!("{file}: {package} {}", name.expect("a full name begins with its package"))
}

fn streaming(method: &MethodDescriptorProto) -> &'static str {
    match (method.client_streaming(), method.server_streaming()) {
        (false, false) => "unary",
        (false, true) => "server-stream",
        (true, false) => "client-stream",
        (true, true) => "bidi-stream",
    }
}

fn label_of(field: &FieldDescriptor) -> String {
    if field.is_map() {
        "map".to_owned()
    } else if field.is_list() {
        "repeated".to_owned()
    } else if field.field_descriptor_proto().proto3_optional() {
        "optional".to_owned()
    } else if let Some(oneof) = field.containing_oneof() {
        format!("oneof {}", oneof.name())
    } else {
        String::new()
    }
}

fn type_of(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            format!(
                "map<{},{}>",
                type_of(&entry.map_entry_key_field()),
                type_of(&entry.map_entry_value_field())
            )
        }
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(values) => values.full_name().to_owned(),
        scalar => format!("{scalar:?}"),
    }
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the descriptor set is well formed")
}

/// The list as a set; a statement made twice is an error in its source.
fn unique(facts: Vec<String>, source: &str) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for fact in facts {
        assert!(!set.contains(&fact), "{source} says twice: {fact}");
        set.insert(fact);
    }
    set
}

#[test]
fn descriptors_and_schema_say_the_same() {
    let expected = unique(rows().iter().flat_map(Row::facts).collect(), "schema.tsv");
    let actual = unique(Reader::read(&pool()).facts, "the descriptor set");
    assert!(expected.len() > 900, "schema.tsv was not read: {} statements", expected.len());

    let missing: Vec<_> = expected.difference(&actual).map(|fact| format!("- {fact}")).collect();
    let unknown: Vec<_> = actual.difference(&expected).map(|fact| format!("+ {fact}")).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "the .proto files differ from schema.tsv (- only in schema.tsv, + only in the .proto files):\n{}\n{}",
        missing.join("\n"),
        unknown.join("\n")
    );
}

#[test]
fn every_file_is_proto3_and_only_reuses_the_empty_message() {
    for file in pool().files() {
        let proto = file.file_descriptor_proto();
        assert_eq!(proto.syntax(), "proto3", "{}", file.name());
        if !file.package_name().starts_with("xmtp.") {
            assert_eq!(file.name(), "google/protobuf/empty.proto");
        }
    }
}

/// Descriptors do not hold HTTP paths, so each one stands as a comment above its method.
#[test]
fn http_paths_stand_above_their_methods() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let mut expected = 0;
    let mut files = BTreeSet::new();
    for row in rows().iter().filter(|row| row.kind == "method") {
        files.insert(row.file);
        let path = row.note.trim_end_matches("deprecated").trim();
        if path.is_empty() {
            continue;
        }
        expected += 1;
        let path = path.replace(" body=*", ", the body is the request");
        let text = fs::read_to_string(root.join(row.file)).expect("the file of a method exists");
        let lines = format!("  // HTTP: {path}\n  rpc {}(", row.name);
        assert!(text.contains(&lines), "{} lacks:\n{lines}", row.file);
    }
    let found: usize = files
        .iter()
        .map(|file| fs::read_to_string(root.join(file)).expect("listed above").matches("// HTTP:").count())
        .sum();
    assert_eq!(found, expected, "an HTTP path stands in the .proto files but not in schema.tsv");
}
