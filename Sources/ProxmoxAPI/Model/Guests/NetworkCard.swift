import Primitives

/// A network card in a guest's configuration.
package struct NetworkCard: Sendable, Equatable {
    /// 0 of `net0`
    package let number: Int
    /// In lower case: `bc:24:11:2b:6e:01`
    package let hardwareAddress: String
    /// What the configuration gives the guest there, IPv4 before IPv6, without the prefix's length; empty for DHCP and where nothing is said.
    package internal(set) var addresses: [String]

    /// Reads a card of a virtual machine, `virtio=BC:24:11:2B:6E:01,bridge=vmbr0`, or of a container,
    /// `name=eth0,bridge=vmbr0,hwaddr=BC:24:11:2B:6E:02,ip=192.0.2.7/24,type=veth`.
    init?(_ device: String, _ text: String) {
        guard let number = Self.number(of: device, "net") else { return nil }
        let properties = PropertyText(text)
        let given = properties["hwaddr"] ?? properties["macaddr"] ?? Self.models.lazy.compactMap { properties[$0] }.first
        guard let given, Self.isHardwareAddress(given) else { return nil }
        self.number = number
        hardwareAddress = given.lowercased()
        addresses = Self.addresses(of: properties)
    }

    /// 0 of `ipconfig0`, with which cloud-init sets up `net0`.
    static func initialNumber(of key: String) -> Int? { number(of: key, "ipconfig") }

    /// The fixed addresses of `ip=192.0.2.7/24,gw=192.0.2.1,ip6=auto`.
    static func addresses(of properties: PropertyText) -> [String] {
        ["ip", "ip6"].compactMap { name in
            guard let value = properties[name], let address = value.split(separator: "/").first else { return nil }
            // `dhcp`, `manual` and `auto` are no addresses.
            return address.utf8.contains(UInt8(ascii: ".")) || address.utf8.contains(UInt8(ascii: ":")) ? String(address) : nil
        }
    }

    /// As a virtual machine's card begins.
    private static let models = [
        "virtio", "e1000", "e1000e", "vmxnet3", "rtl8139", "ne2k_pci", "ne2k_isa", "pcnet", "i82551", "i82557b", "i82559er",
        "e1000-82540em",
        "e1000-82544gc", "e1000-82545em",
    ]

    private static func number(of key: String, _ prefix: String) -> Int? {
        guard key.hasPrefix(prefix) else { return nil }
        let digits = key.utf8.dropFirst(prefix.utf8.count)
        return (1...3).contains(digits.count) ? digits.decimalNumber : nil
    }

    private static func isHardwareAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6
            && parts.allSatisfy { part in
                part.utf8.count == 2 && part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || 0x61...0x66 ~= $0 | 0x20 }
            }
    }
}
