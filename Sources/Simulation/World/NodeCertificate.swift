/// A certificate that a node keeps.
struct NodeCertificate: Sendable {
    let fileName: String
    let subject: String
    let issuer: String
    let fingerprint: String
    let names: [String]
    let keyType: String
    let keyBits: Int
    /// Unix times.
    private(set) var notBefore: Int
    private(set) var notAfter: Int

    /// It was issued as long before as it is good for.
    fileprivate mutating func end(at unixSeconds: Int) {
        notBefore += unixSeconds - notAfter
        notAfter = unixSeconds
    }
}

extension World {
    private static let authority =
        "/CN=Proxmox Virtual Environment/OU=776dfc04-7ae2-4fac-9e27-318bda1ae418/O=PVE Cluster Manager CA"

    /// That of the cluster's authority, that of the node, and, on every second node, one that somebody put there to be served.
    func certificates(of node: Node, at moment: Double) -> [NodeCertificate] {
        let day = LocalTime.daySeconds
        let now = Int(timeline.epoch + moment)
        var generator = SeededGenerator(seed: inventory.seed, "certificates", node.index)
        let other = Self.fingerprint(&generator)
        var common = SeededGenerator(seed: inventory.seed, "authority")
        let made = Int(timeline.epoch) - 400 * day
        // Renewed two weeks before it ends, as pve-daily-update does.
        let issued = Self.lastIssue(now, every: 716 * day, offset: generator.below(716) * day)
        let hasOwn = node.index % 2 == 1
        var certificates = [
            NodeCertificate(
                fileName: "pve-root-ca.pem", subject: Self.authority, issuer: Self.authority, fingerprint: Self.fingerprint(&common),
                names: [], keyType: "rsaEncryption", keyBits: 4096, notBefore: made, notAfter: made + 3650 * day),
            NodeCertificate(
                fileName: "pve-ssl.pem", subject: "/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=\(node.name)",
                issuer: Self.authority, fingerprint: hasOwn ? other : node.fingerprint,
                names: ["127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0001", "localhost", node.address, node.name],
                keyType: "rsaEncryption", keyBits: 2048, notBefore: issued, notAfter: issued + 730 * day),
        ]
        if hasOwn {
            let own = Self.lastIssue(now, every: 60 * day, offset: generator.below(60) * day)
            certificates.append(
                NodeCertificate(
                    fileName: "pveproxy-ssl.pem", subject: "/CN=\(node.name).example.com", issuer: "/C=US/O=Let's Encrypt/CN=E7",
                    fingerprint: node.fingerprint, names: ["\(node.name).example.com"], keyType: "id-ecPublicKey", keyBits: 256,
                    notBefore: own, notAfter: own + 90 * day - 1))
        }
        // Nobody has renewed the one that is served.
        let last = certificates.count - 1
        if let span = trouble(.certificateExpiring, node: node.index, at: moment) {
            certificates[last].end(at: Int(timeline.epoch + span.start) + 5 * day)
        } else if let span = trouble(.certificateExpired, node: node.index, at: moment) {
            certificates[last].end(at: Int(timeline.epoch + span.start) - 3600)
        }
        return certificates
    }

    private static func lastIssue(_ now: Int, every period: Int, offset: Int) -> Int { (now - offset) / period * period + offset }

    private static func fingerprint(_ generator: inout SeededGenerator) -> String {
        (0..<32).map { _ in generator.hexadecimal(digits: 2).uppercased() }.joined(separator: ":")
    }
}
