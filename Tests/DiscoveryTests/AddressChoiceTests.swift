@testable import Discovery
@testable import ProxmoxAPI
import Testing
import Web

@Suite struct AddressChoiceTests {
    private static let own = "bc:24:11:2b:6e:01"
    private static let second = "bc:24:11:2b:6e:02"

    private static func card(_ number: Int, _ address: String, _ fixed: String = "") -> NetworkCard? {
        NetworkCard("net\(number)", "virtio=\(address.uppercased()),bridge=vmbr0\(fixed.isEmpty ? "" : ",ip=\(fixed)")")
    }

    private static func address(_ interface: String, _ hardware: String, _ address: String) -> GuestAddress {
        GuestAddress(
            interface: interface, hardwareAddress: hardware, family: address.contains(":") ? "ipv6" : "ipv4", address: address)
    }

    private static func networks(_ texts: [String]) -> NetworkPreference { NetworkPreference(texts.compactMap { IPRange($0[...]) }) }

    private static func choice(
        _ told: [GuestAddress], fixed: String = "", networks: [String] = [], name: String? = "web", domain: String? = nil
    ) -> AddressChoice {
        AddressChoice(
            cards: [card(0, own, fixed), card(1, second)].compactMap { $0 }, told: told, by: .agent, name: name,
            networks: Self.networks(networks), domain: domain)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let told: [(interface: String, hardware: String, address: String)]
        var fixed = ""
        var networks: [String] = []
        let host: String?
        var testDescription: String { what }
    }

    static let cases: [Case] = [
        Case(what: "nothing is told", told: [], host: nil),
        Case(what: "the only one", told: [("ens18", own, "192.0.2.7")], host: "192.0.2.7"),
        Case(what: "case of the hardware address", told: [("ens18", own.uppercased(), "192.0.2.7")], host: "192.0.2.7"),
        Case(
            what: "docker comes first in the list",
            told: [("docker0", "02:42:ac:11:00:01", "172.17.0.1"), ("ens18", own, "192.0.2.7")], host: "192.0.2.7"),
        Case(what: "only docker", told: [("docker0", "02:42:ac:11:00:01", "172.17.0.1")], host: nil),
        Case(what: "a tunnel has no hardware address", told: [("wg0", "", "10.9.0.2"), ("tailscale0", "", "100.64.0.2")], host: nil),
        Case(
            what: "a tunnel, where it is asked for", told: [("ens18", own, "192.0.2.7"), ("tailscale0", "", "100.64.0.2")],
            networks: ["100.64.0.0/10"], host: "100.64.0.2"),
        Case(what: "all addresses are no name of a tunnel", told: [("wg0", "", "10.9.0.2")], networks: ["0.0.0.0/0"], host: nil),
        Case(what: "a bridge with the card's own hardware address", told: [("br0", own, "192.0.2.7")], host: "192.0.2.7"),
        Case(what: "order of telling", told: [("ens18", own, "192.0.2.9"), ("ens18", own, "192.0.2.7")], host: "192.0.2.9"),
        Case(
            what: "a floating address beside the configured one", told: [("ens18", own, "192.0.2.200"), ("ens18", own, "192.0.2.7")],
            fixed: "192.0.2.7/24", host: "192.0.2.7"),
        Case(what: "IPv4 before IPv6", told: [("ens18", own, "2001:db8::7"), ("ens18", own, "192.0.2.7")], host: "192.0.2.7"),
        Case(what: "IPv6 alone", told: [("ens18", own, "fe80::1"), ("ens18", own, "2001:db8::7")], host: "2001:db8::7"),
        Case(what: "link-local alone", told: [("ens18", own, "fe80::1"), ("ens18", own, "169.254.169.254")], host: nil),
        Case(what: "a guest that calls itself loopback", told: [("ens18", own, "127.0.0.1"), ("ens18", own, "::1")], host: nil),
        Case(what: "loopback, where it is asked for", told: [("ens18", own, "127.0.2.1")], networks: ["127.0.0.0/8"], host: "127.0.2.1"),
        Case(what: "IPv4 in IPv6 is no way round", told: [("ens18", own, "::ffff:127.0.0.1")], host: nil),
        Case(
            what: "groups and everybody",
            told: [("ens18", own, "224.0.0.1"), ("ens18", own, "255.255.255.255"), ("ens18", own, "0.0.0.0")],
            host: nil),
        Case(
            what: "the better network", told: [("ens18", own, "192.0.2.7"), ("ens19", second, "198.51.100.7")],
            networks: ["198.51.100.0/24", "192.0.2.0/24"], host: "198.51.100.7"),
        Case(what: "none of the networks", told: [("ens18", own, "192.0.2.7")], networks: ["198.51.100.0/24"], host: nil),
        Case(
            what: "a better network in IPv6", told: [("ens18", own, "192.0.2.7"), ("ens18", own, "2001:db8::7")],
            networks: ["2001:db8::/32", "192.0.2.0/24"], host: "2001:db8::7"),
        Case(what: "nothing told, but configured", told: [], fixed: "192.0.2.8/24", host: "192.0.2.8"),
        Case(
            what: "only docker told, but configured", told: [("docker0", "02:42:ac:11:00:01", "172.17.0.1")], fixed: "192.0.2.8/24",
            host: "192.0.2.8"),
        Case(
            what: "loopback and metadata in other clothes",
            told: ["::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"].map {
                ("ens18", own, $0)
            }, host: nil),
        Case(what: "no address", told: [("ens18", own, "banana"), ("ens18", own, "1.2.3"), ("ens18", own, "192.0.2.7:80")], host: nil),
    ]

    @Test(arguments: cases) func `the address that is taken`(_ one: Case) {
        let told = one.told.map { Self.address($0.interface, $0.hardware, $0.address) }
        #expect(Self.choice(told, fixed: one.fixed, networks: one.networks).target?.host == one.host)
    }

    @Test func `a name stands in where nothing else is known`() {
        #expect(Self.choice([], domain: "example.org").target == .init(host: "web.example.org", isVersion6: false, origin: .dns))
        #expect(Self.choice([Self.address("ens18", Self.own, "192.0.2.7")], domain: "example.org").target?.host == "192.0.2.7")
        #expect(Self.choice([], name: "a b", domain: "example.org").target == nil)
        #expect(Self.choice([], name: "evil.example.com:80/", domain: "example.org").target == nil)
        #expect(Self.choice([], name: nil, domain: "example.org").target == nil)
    }

    @Test func `both families are told`() {
        let choice = Self.choice([Self.address("ens18", Self.own, "2001:db8::7"), Self.address("ens18", Self.own, "192.0.2.7")])
        #expect(choice.version4 == "192.0.2.7")
        #expect(choice.version6 == "2001:db8::7")
        #expect(choice.target?.text(port: 9100) == "192.0.2.7:9100")
        #expect(Self.choice([Self.address("ens18", Self.own, "2001:db8::7")]).target?.text(port: 9182) == "[2001:db8::7]:9182")
    }

    @Test(arguments: [
        ("net0", "virtio=BC:24:11:2B:6E:01,bridge=vmbr0", ["bc:24:11:2b:6e:01"]),
        ("net12", "e1000e=bc:24:11:2b:6e:01,bridge=vmbr0,firewall=1,tag=20", ["bc:24:11:2b:6e:01"]),
        ("net0", "model=virtio,macaddr=BC:24:11:2B:6E:01", ["bc:24:11:2b:6e:01"]),
        (
            "net0", "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:2B:6E:01,ip=192.0.2.7/24,ip6=2001:db8::7/64,type=veth",
            ["bc:24:11:2b:6e:01", "192.0.2.7", "2001:db8::7"]
        ),
        ("net0", "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:2B:6E:01,ip=dhcp,ip6=auto", ["bc:24:11:2b:6e:01"]),
        ("net0", "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:2B:6E:01,ip=manual", ["bc:24:11:2b:6e:01"]),
        ("net0", "virtio", []), ("net0", "virtio=nonsense,bridge=vmbr0", []), ("net", "virtio=BC:24:11:2B:6E:01", []),
        ("net0x", "virtio=BC:24:11:2B:6E:01", []), ("net99999999999999999999", "virtio=BC:24:11:2B:6E:01", []),
    ])
    func `a card of a configuration`(device: String, text: String, parts: [String]) {
        let card = NetworkCard(device, text)
        #expect((card.map { [$0.hardwareAddress] + $0.addresses } ?? []) == parts)
    }
}
