import GRPC
package import Primitives
package import Settings
import Web

/// The section `grpc`: where a provider's calls come in.
package struct GRPCSettings: Sendable {
    package static let keys = [
        SettingsKey(
            "socket", .text, "Absolute path of the Unix socket; empty for none.", standard: "/run/martlet-manager/KIND/provider.sock"),
        SettingsKey(
            "socket_access", .choice(["owner", "group"]), "Who may open the socket: its owner, or the members of its group too.",
            standard: "owner"),
        SettingsKey(
            "listen_address", .texts, "Where to listen over a network, HOST:PORT; always with TLS, and clients show a certificate too."),
        SettingsKey(
            "tls",
            .section([
                SettingsKey("cert_file", .text, "The server's certificate, and those between it and its authority behind it, in PEM."),
                SettingsKey("key_file", .text, "Its key in PEM, without a password."),
                SettingsKey("client_ca_file", .text, "Authorities whose certificates clients may show, in PEM."),
                SettingsKey(
                    "client_allowed_names", .texts,
                    "DNS or URI names, or common names of certificates without other names, of which a client's must have one; every client of the authorities without it."
                ),
            ]), "Certificates for listen_address. They are read again when they change."),
        SettingsKey("max_calls", .integer(1...10_000), "Calls in work; more are refused with RESOURCE_EXHAUSTED.", standard: "64"),
    ]

    /// Flags that lay their values over the section.
    package static func flags(socket: String) -> [Flag] {
        [
            Flag("grpc.socket", "PATH", "The Unix socket for calls", standard: socket, setting: ["grpc", "socket"]),
            Flag(
                "grpc.listen-address", "ADDRESS", "Where to take calls over a network; needs the certificates of grpc.tls",
                isRepeatable: true, setting: ["grpc", "listen_address"]),
            Flag("grpc.tls.cert-file", "FILE", "The server's certificate", setting: ["grpc", "tls", "cert_file"]),
            Flag("grpc.tls.key-file", "FILE", "Its key", setting: ["grpc", "tls", "key_file"]),
            Flag("grpc.tls.client-ca-file", "FILE", "Authorities of clients", setting: ["grpc", "tls", "client_ca_file"]),
        ]
    }

    let server: GRPCServerSettings

    /// Sockets in the file system, whose folders must be there.
    package var socketPaths: [String] { server.files.map(\.path) }

    /// - Parameter socket: where the socket is when nobody says.
    ///
    /// Errors: a path or an address that is none, a network without certificates, no way in at all.
    package init(_ section: SettingsTree, socket: String) throws(Failure) {
        let path = section["socket"].isSet ? section["socket"].text ?? "" : socket
        var server = GRPCServerSettings(origin: "grpc.socket, grpc.listen_address")
        if !path.isEmpty {
            do { _ = try ListenPlace(parsing: "unix:\(path)") } catch { throw section["socket"].failure("grpc.socket: \(error.message)") }
            server.files = [GRPCServerSettings.File(path: path, mode: section["socket_access"].text == "group" ? 0o660 : 0o600)]
        }
        var addresses: [ListenAddress] = []
        for text in section["listen_address"].texts ?? [] {
            do { addresses.append(try ListenAddress(parsing: text)) } catch { throw section["listen_address"].failure(error.message) }
        }
        if !addresses.isEmpty { server.network = try Self.network(section, addresses) }
        guard !path.isEmpty || !addresses.isEmpty else {
            throw section["socket"].failure("grpc.socket is empty and grpc.listen_address names nothing; nobody could call this provider")
        }
        if let calls = section["max_calls"].integer { server.callLimit = calls }
        self.server = server
    }

    private static func network(_ section: SettingsTree, _ addresses: [ListenAddress]) throws(Failure) -> GRPCServerSettings.Network {
        let tls = section["tls"]
        guard let certificate = tls.word("cert_file"), let key = tls.word("key_file"), let authorities = tls.word("client_ca_file") else {
            throw section["listen_address"].failure(
                "grpc.listen_address needs grpc.tls.cert_file, key_file and client_ca_file: over a network both sides show a certificate; "
                    + "a socket (grpc.socket) needs none")
        }
        return GRPCServerSettings.Network(
            addresses: addresses, files: TLSFiles(certificate: certificate, key: key, authorities: authorities),
            allowedNames: tls["client_allowed_names"].texts ?? [])
    }
}
