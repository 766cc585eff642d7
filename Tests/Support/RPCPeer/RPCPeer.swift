import GRPC
import Glibc
import Primitives
import Web

/// What the command line says: `rpc-peer serve --unix PATH …` or `rpc-peer call --unix PATH …`, each option with a value.
@main
struct RPCPeer: Sendable {
    private var options: [String: [String]] = [:]

    private let stopped = OneAnswer<Void>()

    /// Signals are heard by a thread that must be there before any other.
    static func main() {
        let peer = RPCPeer(Array(CommandLine.arguments.dropFirst(2)))
        do {
            try Signals.handle { [stopped = peer.stopped] _ in stopped.give(()) }
        } catch {
            fail(error)
        }
        Task.detached {
            do {
                switch CommandLine.arguments.dropFirst().first {
                case "serve": try await peer.serve()
                case "call": try await PeerClient(peer.transport()).run()
                default: throw Failure(.usage, "rpc-peer serve … or rpc-peer call …")
                }
                exit(0)
            } catch {
                fail(error)
            }
        }
        while true { pause() }
    }

    private static func fail(_ error: any Error) -> Never {
        Files.writeAll(Array("\(error)\n".utf8), to: STDERR_FILENO)
        exit(1)
    }

    private init(_ arguments: [String]) {
        for place in stride(from: 0, to: arguments.count - 1, by: 2) { options[arguments[place], default: []].append(arguments[place + 1]) }
    }

    private func first(_ name: String) -> String? { options[name]?.first }

    private func number(_ name: String) -> Double? { first(name).flatMap(Double.init) }

    private var files: TLSFiles? {
        guard let certificate = first("--cert"), let key = first("--key"), let authorities = first("--ca") else { return nil }
        return TLSFiles(certificate: certificate, key: key, authorities: authorities)
    }

    private func serve() async throws {
        let service = PeerService()
        var settings = GRPCServerSettings(origin: "rpc-peer")
        for path in options["--unix"] ?? [] { settings.files.append(GRPCServerSettings.File(path: path)) }
        if let files {
            var addresses: [ListenAddress] = []
            for text in options["--listen"] ?? [] { addresses.append(try ListenAddress(parsing: text)) }
            settings.network = GRPCServerSettings.Network(addresses: addresses, files: files, allowedNames: options["--allow"] ?? [])
        }
        if let calls = number("--calls") { settings.callLimit = Int(calls) }
        if let streams = number("--streams") { settings.streamLimit = Int(streams) }
        if let age = number("--age") { settings.ageSeconds = age }
        if let grace = number("--grace") { settings.ageGraceSeconds = grace }
        if let handshake = number("--handshake") { settings.handshakeSeconds = handshake }
        if let seconds = number("--keepalive") { (settings.keepaliveSeconds, settings.keepaliveTimeoutSeconds) = (seconds, seconds) }
        let server = try GRPCServer(
            settings, services: [service.service], logger: Logger(level: .debug),
            onCall: { service.count($0) }, onCertificate: { service.note($0) })
        service.attach(server.health)
        say("ready \(server.places.joined(separator: " "))")
        await stopped.value
        await server.stop(within: number("--drain") ?? 5)
        say("stopped")
    }

    private func transport() throws -> GRPCTransport {
        var settings = GRPCClientSettings()
        if first("--waits") == "no" { settings.waitsForConnection = false }
        if let seconds = number("--keepalive") { (settings.keepaliveSeconds, settings.keepaliveTimeoutSeconds) = (seconds, seconds) }
        if let path = first("--unix") { return try GRPCTransport(.file(path), settings, logger: Logger(level: .debug)) }
        guard let files, let host = first("--host"), let port = number("--port") else {
            throw Failure(.usage, "--unix PATH, or --host, --port, --cert, --key and --ca")
        }
        let place = GRPCPlace.network(host: host, port: UInt16(port), files, expectedName: first("--name"))
        return try GRPCTransport(place, settings, logger: Logger(level: .debug))
    }
}

func say(_ line: String) { Files.writeAll(Array("\(line)\n".utf8), to: STDOUT_FILENO) }
