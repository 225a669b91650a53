//! A small internet of network namespaces: two machines that everybody reaches, and one at somebody's home, behind a
//! router that lets nothing in that was not asked for. Needs root, `ip` and `nft`.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, setns};

/// Where the machines are.
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);
const WATCHER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
const ROUTER_INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 1);
const HOME: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 2);

/// The port of the nodes' web servers.
const PORT: u16 = 8080;

/// A machine that everybody reaches.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The name of its network namespace.
    pub(crate) namespace: String,
    /// Where its web server is.
    pub(crate) address: SocketAddr,
    /// The address that browsers would have.
    pub(crate) url: String,
}

/// Gone with all that is in it when dropped.
#[derive(Debug)]
pub(crate) struct Internet {
    mark: String,
}

fn run(words: &str) {
    let mut parts = words.split(' ');
    let program = parts.next().unwrap();
    let done = Command::new(program).args(parts).stdin(Stdio::null()).output();
    let done =
        done.unwrap_or_else(|error| panic!("{program}: {error} (scripts/setup installs it)"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{words}: {said} (this test needs root)");
}

impl Internet {
    pub(crate) fn new() -> Self {
        // Names of interfaces have at most 15 letters.
        let internet = Self { mark: format!("k{:x}", std::process::id()) };
        let (wan, router) = (internet.name("w"), internet.name("r"));
        for place in ["w", "r", "a", "b", "h"] {
            let name = internet.name(place);
            run(&format!("ip netns add {name}"));
            run(&format!("ip -n {name} link set lo up"));
            let folder = format!("/etc/netns/{name}");
            std::fs::create_dir_all(&folder).unwrap();
            let hosts = format!("127.0.0.1 localhost\n{FIRST} a.test\n{SECOND} b.test\n");
            std::fs::write(format!("{folder}/hosts"), hosts).unwrap();
            // Other names are not waited for: nobody answers there.
            let nobody = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
            std::fs::write(format!("{folder}/resolv.conf"), nobody).unwrap();
        }
        run(&format!("ip -n {wan} link add wan type bridge"));
        run(&format!("ip -n {wan} addr add {WATCHER}/24 dev wan"));
        run(&format!("ip -n {wan} link set wan up"));
        for (place, address) in [("a", FIRST), ("b", SECOND), ("r", ROUTER)] {
            let name = internet.name(place);
            run(&format!("ip -n {wan} link add to-{place} type veth peer name wan netns {name}"));
            run(&format!("ip -n {wan} link set to-{place} master wan up"));
            run(&format!("ip -n {name} addr add {address}/24 dev wan"));
            run(&format!("ip -n {name} link set wan up"));
        }
        let home = internet.name("h");
        run(&format!("ip -n {router} link add home type veth peer name lan netns {home}"));
        run(&format!("ip -n {router} addr add {ROUTER_INSIDE}/24 dev home"));
        run(&format!("ip -n {router} link set home up"));
        run(&format!("ip -n {home} addr add {HOME}/24 dev lan"));
        run(&format!("ip -n {home} link set lan up"));
        run(&format!("ip -n {home} route add default via {ROUTER_INSIDE}"));
        let inside = format!("ip netns exec {router}");
        let forward = ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"];
        let forwards = Command::new("ip").args(["netns", "exec", &router]).args(forward).status();
        assert!(forwards.unwrap().success());
        for rule in [
            "add table ip router",
            "add chain ip router out { type nat hook postrouting priority 100 ; }",
            "add rule ip router out oifname wan masquerade",
            "add chain ip router in { type filter hook forward priority 0 ; }",
            "add rule ip router in ct state established,related accept",
            "add rule ip router in iifname wan drop",
        ] {
            run(&format!("{inside} nft {rule}"));
        }
        internet
    }

    fn name(&self, place: &str) -> String {
        format!("{}-{place}", self.mark)
    }

    /// The two machines that everybody reaches.
    pub(crate) fn machines(&self) -> [Machine; 2] {
        [("a", FIRST), ("b", SECOND)].map(|(place, address)| Machine {
            namespace: self.name(place),
            address: (address, PORT).into(),
            url: format!("http://{place}.test:{PORT}"),
        })
    }

    /// The network namespace of the machine at home.
    pub(crate) fn home(&self) -> String {
        self.name("h")
    }

    /// Takes this thread, and all that it starts, to where it reaches both machines but not the one at home.
    pub(crate) fn enter(&self) {
        let namespace = std::fs::File::open(format!("/run/netns/{}", self.name("w"))).unwrap();
        setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET).unwrap();
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        for place in ["w", "r", "a", "b", "h"] {
            let name = self.name(place);
            let _ = Command::new("ip").args(["netns", "del", &name]).status();
            let _ = std::fs::remove_dir_all(format!("/etc/netns/{name}"));
        }
    }
}
