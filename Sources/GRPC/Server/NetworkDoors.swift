import GRPCShim
import Glibc
import Primitives
import Web

/// The listeners of a server that speak TLS, and the certificates that they show.
struct NetworkDoors: Sendable {
    let names: [String]
    private let certificates: CertificateFiles

    /// Errors: files of TLS cannot be used, an address is taken.
    init(
        _ network: GRPCServerSettings.Network, _ server: Handle, origin: String, logger: Logger,
        report: @escaping @Sendable (CertificateReport) -> Void
    ) throws(Failure) {
        certificates = try CertificateFiles(network.files, logger: logger, report: report)
        let identity = try ListenerIdentity(certificates.material)
        var names: [String] = []
        for address in network.addresses { names.append(try Self.listen(address, server, identity, origin: origin)) }
        self.names = names
        try CertificateWatch.shared.add(certificates) { identity.replace($0) }
    }

    private static func listen(
        _ address: ListenAddress, _ server: Handle, _ identity: ListenerIdentity, origin: String
    ) throws(Failure) -> String {
        // gRPC does not say why it cannot listen; this does.
        if address.port != 0 { close(try address.listen(origin: origin)) }
        let place = ListenAddress(host: address.host.isEmpty ? "::" : address.host, port: address.port)
        let port = mlt_grpc_server_listen(server.pointer, place.description, identity.handle.pointer)
        guard let bound = UInt16(exactly: port), bound != 0 else {
            throw Failure(.environment, "cannot listen on \(address) (\(origin)): gRPC's own words about it stand in the log")
        }
        return ListenAddress(host: address.host, port: bound).description
    }
}
