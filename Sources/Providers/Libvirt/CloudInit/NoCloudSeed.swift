import ProviderRPC
import RPC

/// What cloud-init finds at a machine's first start: the data source NoCloud, a file system called `cidata` with two or three files.
struct NoCloudSeed {
    /// A network card, as the guest shall set it up.
    struct Card: Equatable {
        let mac: String
        /// With its prefix: `192.168.1.5/24`; nil for DHCP.
        var address: String?
        var gateway: String?
        var nameServers: [String] = []
    }

    /// What user data and meta data may have together; past it the request is refused.
    static let limitBytes = 4 << 20

    var userData: [UInt8]
    var metaData: [UInt8]
    /// Another value makes cloud-init begin again, as for a clone.
    var instanceID: String
    var hostName: String
    /// Those of machines without a fixed address need no file: every card is then set up by DHCP.
    var cards: [Card] = []
    /// What the provider has to say to cloud-init, beside the user.
    var vendorData: [UInt8] = []

    /// The file system's bytes.
    var image: [UInt8] {
        var files = [
            ISO9660Image.File(name: "meta-data", bytes: completedMetaData),
            ISO9660Image.File(name: "user-data", bytes: userData.isEmpty ? Array("#cloud-config\n{}\n".utf8) : userData),
        ]
        if cards.contains(where: { $0.address != nil }) {
            files.append(ISO9660Image.File(name: "network-config", bytes: Array(networkConfiguration.utf8)))
        }
        if !vendorData.isEmpty { files.append(ISO9660Image.File(name: "vendor-data", bytes: vendorData)) }
        return ISO9660Image(label: "cidata", files: files).bytes
    }

    /// Refuses what would be no use to the guest. Errors: `invalidArgument`, `unimplemented`.
    func check() throws(RPCError) {
        guard userData.count + metaData.count <= Self.limitBytes else {
            throw RPCError(
                .invalidArgument,
                "user_data and meta_data have more than \(Self.limitBytes) bytes together; let the guest fetch what is large")
        }
        let start = userData.prefix(4096).filter { $0 > 0x20 }
        if start.starts(with: "{\"ignition\"".utf8) {
            throw RPCError(.unimplemented, "user_data is for Ignition, which reads no NoCloud seed; use an image with cloud-init")
        }
    }

    /// With the instance's identifier and name, where the request's does not say them. It is YAML, of which JSON is a part.
    private var completedMetaData: [UInt8] {
        let text = String(decoding: metaData, as: UTF8.self)
        let missing = [("instance-id", instanceID), ("local-hostname", hostName)].filter { key, _ in
            !text.contains("\(key):") && !text.contains("\"\(key)\"")
        }
        guard !missing.isEmpty else { return metaData }
        let trimmed = text.drop { $0.isWhitespace }
        if trimmed.hasPrefix("{") {
            let rest = trimmed.dropFirst().drop { $0.isWhitespace }
            let members = missing.map { "\(Self.quoted($0)): \(Self.quoted($1))" }.joined(separator: ", ")
            return Array("{\(members)\(rest.hasPrefix("}") ? "" : ", ")\(rest)".utf8)
        }
        let lines = missing.map { "\($0): \(Self.quoted($1))\n" }.joined()
        // A document that begins with its mark keeps it in front.
        if trimmed.hasPrefix("---"), let end = trimmed.firstIndex(of: "\n") {
            return Array((trimmed[...end] + lines + trimmed[trimmed.index(after: end)...]).utf8)
        }
        return Array((lines + text).utf8)
    }

    /// Version 2 of cloud-init's network configuration.
    private var networkConfiguration: String {
        var text = "version: 2\nethernets:\n"
        for (number, card) in cards.enumerated() {
            text += "  card\(number):\n    match:\n      macaddress: \(Self.quoted(card.mac))\n"
            guard let address = card.address else {
                text += "    dhcp4: true\n"
                continue
            }
            text += "    addresses:\n      - \(Self.quoted(address))\n"
            if let gateway = card.gateway {
                text += "    \(gateway.contains(":") ? "gateway6" : "gateway4"): \(Self.quoted(gateway))\n"
            }
            if !card.nameServers.isEmpty {
                text += "    nameservers:\n      addresses: [\(card.nameServers.map(Self.quoted).joined(separator: ", "))]\n"
            }
        }
        return text
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for letter in text.unicodeScalars {
            switch letter {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{0}"..."\u{1F}": quoted += "\\u00" + (letter.value < 16 ? "0" : "") + String(letter.value, radix: 16)
            default: quoted.unicodeScalars.append(letter)
            }
        }
        return quoted + "\""
    }
}
