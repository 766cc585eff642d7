import Exporting
import Primitives
import ProviderHosting
import Serving
import Settings
import Web

/// `martlet-manager provider KIND`
enum ProviderCommand {
    static let command = Command(
        "provider", "Answers a manager's calls for one hypervisor, over gRPC", commands: ProviderKinds.all.map { command(of: $0) })

    private static func command(of kind: any ProviderKind.Type) -> Command {
        let own = kind.keys.map { key in
            Flag(
                "\(kind.name).\(key.name.map { $0 == "_" ? "-" : String($0) }.joined())", key.name.uppercased(), key.help.trimmingStop,
                standard: key.standard.isEmpty ? nil : key.standard, setting: [kind.name, key.name])
        }
        let common = [
            Configuration.fileFlag,
            Flag(
                "web.listen-address", "ADDRESS", "Where /metrics and /ready are", standard: kind.standardAddress, isRepeatable: true,
                setting: ["web", "listen_address"]),
            Flag(
                "web.config.file", "FILE", "TLS, users, rate limit and headers, as exporter-toolkit's programs read them",
                setting: ["web", "config_file"]),
            Flag("provider.name", "NAME", "What the provider is called in metrics", standard: kind.name, setting: ["provider", "name"]),
            Flag(
                "provider.state-dir", "DIR", "Where the journal of operations is", standard: "/var/lib/martlet-manager/\(kind.name)",
                setting: ["provider", "state_dir"]),
        ]
        return Command(kind.name, kind.summary, flags: common + GRPCSettings.flags(socket: Configuration.socket(of: kind)) + own)
    }

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        guard let kind = ProviderKinds.all.first(where: { $0.name == invocation.path.last }) else {
            throw Failure(.usage, "which provider? see martlet-manager provider --help")
        }
        let configuration = try Configuration(invocation)
        let grpc = try configuration.grpc(of: kind)
        let places = try configuration.listenPlaces(standard: kind.standardAddress)
        let entrance = try configuration.entrance()
        try ServiceRunner.run(of: Program.name) { stop throws(Failure) in
            let logger = configuration.logger
            let http = try HTTPClient()
            let listeners = try Listener.open(places, origin: "--web.listen-address")
            let books = ProviderBooks()
            let folder = configuration.stateDirectory(of: kind)
            try Files.makeClosedDirectory(folder)
            for path in grpc.socketPaths { try Files.makeDirectory(folderOf(path), mode: 0o750) }
            let surroundings = ProviderSurroundings(stateDirectory: folder, logger: logger) { books.note($0) }
            let hosted = try await kind.make(configuration.tree[kind.name], surroundings)
            let host = try ProviderHost(
                hosted, type: kind.name, name: configuration.name(of: kind), books: books, grpc: grpc, version: Program.version,
                logger: logger)
            var options = ExporterService.Options(listeners: listeners)
            options.entrance = entrance
            options.hosts = configuration.hosts
            options.requestsInFlight = configuration.requestsInFlight
            let context = CollectionContext(deadline: .after(seconds: 10), http: http, logger: logger)
            let service = ExporterService(host.contents(context), options: options, version: Program.version)
            try service.start()
            await ServiceRunner.serve([service], until: stop, logger: logger, status: "Answering calls.") { await host.stop() }
        }
    }

    private static func folderOf(_ path: String) -> String {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}

extension String {
    /// Help of a flag has no full stop.
    fileprivate var trimmingStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
