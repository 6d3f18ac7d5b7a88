//! What no entry for TCP reaches, in every spelling, by each kind of entry, in WASI 0.2 and 0.3.

use funcserver_engine::Reuse;
use http::uri::Authority;

use super::tcp::{Begin, Service, TcpServer, connector_with, network_of, reason, received, suggested};
use super::*;
use crate::common::guest_p3;

const SCHEMES: [&str; 3] = ["tcp", "tls", "postgres"];

/// Special addresses, how they can be written, and the reason why they are denied.
const SPECIAL: &[(&str, &str)] = &[
    ("127.0.0.1", "a loopback address"),
    ("127.0.0.2", "a loopback address"),
    ("127.255.255.254", "a loopback address"),
    ("127.1", "a loopback address"),
    ("2130706433", "a loopback address"),
    ("0x7f000001", "a loopback address"),
    ("0177.0.0.1", "a loopback address"),
    ("[::1]", "a loopback address"),
    ("[::ffff:127.0.0.1]", "a loopback address"),
    ("[::127.0.0.1]", "a loopback address"),
    ("[::ffff:0:7f00:1]", "a loopback address"),
    ("[64:ff9b::7f00:1]", "a loopback address"),
    ("[2002:7f00:1::1]", "a loopback address"),
    ("[2001:0:1:2:3:4:80ff:fffe]", "a loopback address"),
    ("0.1.2.3", "an unspecified address"),
    ("[::ffff:0:0.0.0.1]", "an unspecified address"),
    ("169.254.169.254", "the cloud's metadata"),
    ("2852039166", "the cloud's metadata"),
    ("[::ffff:169.254.169.254]", "the cloud's metadata"),
    ("[::169.254.169.254]", "the cloud's metadata"),
    ("[64:ff9b::a9fe:a9fe]", "the cloud's metadata"),
    ("[2002:a9fe:a9fe::]", "the cloud's metadata"),
    ("[fd00:ec2::254]", "the cloud's metadata"),
    ("[fd00:ec2::23]", "the cloud's metadata"),
    ("169.254.170.2", "a link-local address"),
    ("169.254.100.1", "a link-local address"),
    ("[fe80::1]", "a link-local address"),
    ("[64:ff9b::a9fe:aa02]", "a link-local address"),
    ("[64:ff9b:1::a9fe:a9fe]", "a reserved address"),
    ("224.0.0.1", "a multicast address"),
    ("[ff02::1]", "a multicast address"),
    ("240.0.0.1", "a reserved address"),
    ("255.255.255.255", "a reserved address"),
];

/// Addresses that stand for names, which no entry can allow.
const STAND_INS: &[&str] = &[
    "198.18.0.0",
    "198.18.0.200",
    "198.19.255.255",
    "[::ffff:198.18.0.200]",
    "[::198.18.0.200]",
    "[64:ff9b::198.18.0.200]",
    "[2002:c612:c8::]",
];

/// How a guest tries to connect: its error, if it has one, and the notices.
enum World {
    P2(Guest),
    P3(Guest),
}

impl World {
    fn both(network: &Network) -> [Self; 2] {
        let options = || Options { limits: limits(), network: network.clone(), ..Options::default() };
        [Self::P2(guest(options())), Self::P3(guest_p3(options()))]
    }

    async fn act(&self, name: &str) -> (Value, Vec<Notice>) {
        let (Self::P2(guest) | Self::P3(guest)) = self;
        let (answer, lines) = act(guest, name).await;
        let told = json(&answer.result.unwrap_or_else(|fault| panic!("{name}: {fault:?}")));
        assert_eq!(answer.after.finish().await, None);
        (told, lines.notices())
    }

    async fn connect(&self, to: &str) -> (Value, Vec<Notice>) {
        match self {
            Self::P2(_) => {
                let plan = json!({ "to": to, "send": "a", "end": true, "receive": null }).to_string();
                self.act(&format!("tcp:{}", BASE64_URL_SAFE_NO_PAD.encode(plan))).await
            }
            Self::P3(_) => self.act(&format!("tcp:{to}/a")).await,
        }
    }

    /// The notice of a connection that is denied.
    async fn denied(&self, to: &str) -> Notice {
        let (told, notices) = self.connect(to).await;
        let error = told["error"].as_str().unwrap_or_else(|| panic!("{to} is reached: {told}"));
        assert!(error.contains("AccessDenied") || told["kind"] == "PermissionDenied", "{to}: {told}");
        let [notice] = <[Notice; 1]>::try_from(notices).unwrap_or_else(|other| panic!("{to}: {told} {other:?}"));
        notice
    }
}

/// Entries that allow as much as entries for TCP can.
fn everything(scheme: &str, port: u16) -> Vec<String> {
    let mut entries = ["0.0.0.0/0", "[::]/0", "*.example"].map(|hosts| format!("{scheme}://{hosts}:{port}")).to_vec();
    // Those for requests allow no TCP.
    entries.extend(["*".to_owned(), format!("http://127.0.0.1:{port}"), format!("https://[::1]:{port}")]);
    entries
}

#[tokio::test]
async fn special_addresses_are_denied_in_every_spelling() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    for scheme in SCHEMES {
        let (network, names) = network_of(&everything(scheme, port), None);
        for world in World::both(&network) {
            for (host, kind) in SPECIAL {
                let notice = world.denied(&format!("{host}:{port}")).await;
                assert!(reason(&notice).contains(kind), "{scheme} {host}: {notice:?}");
                let allow = suggested(&notice).unwrap_or_else(|| panic!("{scheme} {host}: {notice:?}"));
                assert!(allow.starts_with(&format!("{scheme}://")) && Allow::parse([allow]).is_ok(), "{host}: {allow}");
            }
            for host in STAND_INS {
                let notice = world.denied(&format!("{host}:{port}")).await;
                assert_eq!(suggested(&notice), None, "{scheme} {host}: {notice:?}");
            }
            for host in ["0.0.0.0", "[::]"] {
                let (told, _) = world.connect(&format!("{host}:{port}")).await;
                assert!(told["error"].is_string(), "{scheme} {host}: {told}");
            }
        }
        assert_eq!(names.asked(), 0, "addresses are looked up nowhere");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn names_of_special_addresses_are_denied_in_every_spelling() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    for scheme in SCHEMES {
        let (network, names) = network_of(&everything(scheme, port), None);
        // Whatever aliases a name server follows, these addresses are what comes out.
        names.set("xn--bcher-kva.example", &["127.0.0.1"]);
        for (number, (address, _)) in SPECIAL.iter().enumerate() {
            if let Ok(address) = address.trim_matches(['[', ']']).parse::<std::net::IpAddr>() {
                names.set(&format!("special-{number}.example"), &[&address.to_string()]);
            }
        }
        for world in World::both(&network) {
            for (number, (address, kind)) in SPECIAL.iter().enumerate() {
                if address.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
                    let notice = world.denied(&format!("special-{number}.example:{port}")).await;
                    assert!(reason(&notice).contains(kind), "{scheme} {address}: {notice:?}");
                    assert!(Allow::parse(suggested(&notice)).is_ok(), "{scheme} {address}: {notice:?}");
                }
            }
            for name in [
                "db.example",
                "DB.Example",
                "db.example.",
                "bücher.example",
                "BÜCHER.example",
                "xn--bcher-kva.example",
                "%64b.example",
            ] {
                let notice = world.denied(&format!("{name}:{port}")).await;
                assert!(reason(&notice).contains("127.0.0.1 is a loopback address"), "{scheme} {name}: {notice:?}");
            }
            let notice = world.denied(&format!("stand-in.example:{port}")).await;
            assert!(suggested(&notice).is_none() && reason(&notice).contains("no server has"), "{notice:?}");
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn what_is_not_listed_is_denied_without_a_lookup() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let (port, other) = (server.port, server.port - 1);
    for scheme in SCHEMES {
        let entries = [
            format!("{scheme}://db.example:{port}"),
            format!("{scheme}://*.shop.example:{port}"),
            format!("{scheme}://10.0.0.0/16:{port}"),
            format!("{scheme}://[fd12::]/16:{port}"),
            format!("http://db.example:{other}"),
        ];
        let (network, names) = network_of(&entries, None);
        for world in World::both(&network) {
            for (to, entry) in [
                (format!("db.example:{other}"), format!("tcp://db.example:{other}")),
                (format!("DB.EXAMPLE.:{other}"), format!("tcp://db.example:{other}")),
                (format!("10.0.0.5:{other}"), format!("tcp://10.0.0.5:{other}")),
                (format!("10.1.0.5:{port}"), format!("tcp://10.1.0.5:{port}")),
                (format!("[::ffff:10.1.0.5]:{port}"), format!("tcp://10.1.0.5:{port}")),
                (format!("[fd13::1]:{port}"), format!("tcp://[fd13::1]:{port}")),
                (format!("127.0.0.1:{port}"), format!("tcp://127.0.0.1:{port}")),
                // A wildcard is for the names below a name.
                (format!("shop.example:{port}"), "tcp://shop.example:PORT".to_owned()),
                (format!("badshop.example:{port}"), "tcp://badshop.example:PORT".to_owned()),
                (format!("a.shop.example.evil.test:{port}"), "tcp://a.shop.example.evil.test:PORT".to_owned()),
                (format!("db.example.evil.test:{port}"), "tcp://db.example.evil.test:PORT".to_owned()),
                (format!("sub.db.example:{port}"), "tcp://sub.db.example:PORT".to_owned()),
                (format!("localhost:{port}"), "tcp://localhost:PORT".to_owned()),
            ] {
                let notice = world.denied(&to).await;
                assert_eq!(suggested(&notice), Some(entry.as_str()), "{scheme} {to}: {notice:?}");
            }
        }
        assert_eq!(names.asked(), 0, "{scheme}");
    }
    assert_eq!(server.connections(), 0);
}

/// A name server cannot answer one thing to the check and another to the connection.
#[tokio::test]
async fn each_connection_asks_once_and_goes_where_the_check_was() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let entries = [format!("tcp://*.example:{port}"), format!("tcp://127.0.0.1:{port}")];
    let (network, names) = network_of(&entries, None);
    for (number, world) in World::both(&network).iter().enumerate() {
        let name = format!("rebind-{number}.example");
        names.set(&name, &["127.0.0.1", "169.254.169.254", "127.0.0.1"]);
        let before = names.asked();
        assert_eq!(received(&world.connect(&format!("{name}:{port}")).await.0), b"A");
        assert_eq!(names.asked(), before + 1);
        assert!(reason(&world.denied(&format!("{name}:{port}")).await).contains("metadata"));
        assert_eq!(received(&world.connect(&format!("{name}:{port}")).await.0), b"A");
        assert_eq!(names.asked(), before + 3);
    }
    assert_eq!(server.connections(), 4);
}

#[tokio::test]
async fn no_entry_reaches_the_runtime_api() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    for scheme in SCHEMES {
        let mut entries = everything(scheme, port);
        let hosts = ["127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "localhost", "0.1.2.3"];
        entries.extend(hosts.map(|host| format!("{scheme}://{host}:{port}")));
        let (network, names) = network_of(&entries, None);
        names.set("localhost", &["127.0.0.1"]);
        names.set("mapped.example", &["::ffff:127.0.0.1"]);
        for reserved in ["127.0.0.1", "localhost", "[::1]"] {
            let reserved: Authority = format!("{reserved}:{port}").parse().unwrap();
            for world in World::both(&Network { reserved: Some(reserved.clone()), ..network.clone() }) {
                for host in hosts.into_iter().chain(["127.1", "db.example", "mapped.example", "LOCALHOST."]) {
                    let notice = world.denied(&format!("{host}:{port}")).await;
                    let denied = reason(&notice).contains("Runtime API") && suggested(&notice).is_none();
                    assert!(denied, "{scheme} {reserved} {host}: {notice:?}");
                }
            }
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_guest_cannot_listen_bind_or_use_udp() {
    for entries in [vec!["tcp://db.example:5432".to_owned()], vec![]] {
        let (network, _) = network_of(&entries, None);
        for (world, denied) in World::both(&network).iter().zip(["access-denied", "ErrorCode::AccessDenied"]) {
            let (told, notices) = world.act("socket-refusals").await;
            for (operation, error) in told.as_object().unwrap() {
                assert_ne!(error, "done", "{operation}");
                let is_for_servers = ["bind", "listen", "udp"].iter().any(|kind| operation.starts_with(kind));
                assert!(!is_for_servers || error == denied, "{operation}: {told}");
            }
            let expected: &[&str] = if entries.is_empty() {
                &["no entry of the list is for TCP connections", "a handler has no UDP"]
            } else {
                &["cannot bind an address or listen", "a handler has no UDP"]
            };
            for expected in expected {
                assert!(notices.iter().any(|notice| reason(notice).contains(expected)), "{expected}: {notices:?}");
            }
        }
    }
}

#[test]
fn entries_that_would_reach_too_much_are_refused() {
    for entry in [
        "tcp://*:5432",
        "tcp://db.example.com",
        "tcp://db.example.com:5432/shop",
        "postgres://user@db.example.com:5432",
        "udp://db.example.com:53",
        "tcp://198.18.0.1:5432",
        "tls://[::ffff:198.18.0.1]:5432",
        "tcp://198.18.0.0/15:5432",
        "tcp://127.0.0.0/8:5432",
        "tls://169.254.0.0/16:80",
        "tcp://169.254.169.254/32:80",
        "tcp://[fd00:ec2::]/32:80",
        "postgres://[fe80::]/10:5432",
        "tcp://[::ffff:0:0]/96:6379",
        "tcp://[64:ff9b::a9fe:0]/112:80",
        "tcp://10.0.0.0/16",
        "tcp://10.0.0.0/33:1",
        "tcp://10.0.0.1/16:6379",
    ] {
        assert!(Allow::parse([entry]).is_err(), "{entry}");
    }
}

/// An instance that looks up a name gets an address of its own for it, which means nothing in another one.
#[tokio::test]
async fn a_stand_in_means_nothing_in_another_instance() {
    let server = TcpServer::start(Begin::Plain, Service::Echo).await;
    let port = server.port;
    let entries = [format!("tcp://db.example:{port}"), format!("tcp://127.0.0.1:{port}")];
    let (guest, _) = connector_with(&entries, None, Reuse::default());
    let world = World::P2(guest);
    assert_eq!(received(&world.connect(&format!("db.example:{port}")).await.0), b"A");
    // The first name of each instance has this address.
    let notice = world.denied(&format!("198.18.0.1:{port}")).await;
    assert!(reason(&notice).contains("stands for no name"), "{notice:?}");
}
