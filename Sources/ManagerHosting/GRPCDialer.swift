import Controllers
import Glibc
import GRPC
import Primitives
import RPC

/// Ways to providers over gRPC.
///
/// gRPC takes certificates as files: those of Secrets are written into a folder of the state directory, for this user alone, and taken away with the way.
struct GRPCDialer: ProviderDialer {
    /// For certificates; made when it is missing.
    let directory: String
    let logger: Logger

    func dial(_ recipe: ProviderRecipe) throws(Failure) -> (transport: any RPCTransport, close: @Sendable () -> Void) {
        var settings = GRPCClientSettings()
        // Who cannot be reached is told so at once; the link tries again.
        settings.waitsForConnection = false
        // Lists of ten thousand machines are a few MiB.
        settings.messageLimitBytes = 16 << 20
        if let path = Self.path(recipe.endpoint) {
            let transport = try GRPCTransport(.file(path), settings, logger: logger)
            return (transport, { transport.close() })
        }
        let (host, port) = try Self.place(recipe.endpoint)
        guard let certificates = recipe.certificates else {
            throw Failure(.configuration, "\(recipe.endpoint) is over a network, and there are no certificates for it")
        }
        let folder = "\(directory)/\(SHA256.hex(recipe.name.utf8).prefix(16))-\(UInt32.random(in: 0...UInt32.max))"
        try Files.makeOwnDirectory(directory)
        try Files.makeOwnDirectory(folder)
        let files = TLSFiles(
            certificate: "\(folder)/tls.crt", key: "\(folder)/tls.key", authorities: "\(folder)/ca.crt", origin: certificates.origin)
        let remove: @Sendable () -> Void = { Self.remove(folder) }
        do throws(Failure) {
            try Files.writeDurably(certificates.certificate, to: files.certificate)
            try Files.writeDurably(certificates.key, to: files.key)
            try Files.writeDurably(certificates.authority, to: files.authorities)
            let transport = try GRPCTransport(.network(host: host, port: port, files), settings, logger: logger)
            return (
                transport,
                {
                    transport.close()
                    remove()
                }
            )
        } catch {
            remove()
            throw error
        }
    }

    private static func remove(_ folder: String) {
        for name in ["tls.crt", "tls.key", "ca.crt"] {
            Files.remove("\(folder)/\(name)")
            Files.remove("\(folder)/\(name).new")
        }
        rmdir(folder)
    }

    /// Takes away what a manager has left that was killed. Only for who has the folder to himself.
    static func clear(_ directory: String) {
        for name in Files.names(in: directory, limit: 100_000) ?? [] where name.utf8.contains(UInt8(ascii: "-")) {
            remove("\(directory)/\(name)")
        }
    }

    /// Of `unix:///run/x.sock` and `unix:/run/x.sock`.
    static func path(_ endpoint: String) -> String? {
        guard endpoint.hasPrefix("unix:") else { return nil }
        let rest = endpoint.dropFirst("unix:".count)
        return String(rest.hasPrefix("//") ? rest.dropFirst(2) : rest)
    }

    /// Of `grpc://host:port`, `tcp://[::1]:port`.
    static func place(_ endpoint: String) throws(Failure) -> (host: String, port: UInt16) {
        let rest = endpoint.drop { $0 != "/" }.drop { $0 == "/" }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
            throw Failure(.configuration, "\(endpoint) names no port; write grpc://HOST:PORT")
        }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { throw Failure(.configuration, "\(endpoint) names no host; write grpc://HOST:PORT") }
        return (host, port)
    }
}
