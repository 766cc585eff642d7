import Glibc
import ObjectAPI
import ObjectStore
import Objects
import Primitives
import Web

/// The bed: see README.md.
enum Bed {
    static func run() async throws {
        let directory = CommandLine.arguments.dropFirst().first ?? "."
        let logger = Logger(level: .warn)
        var options = ObjectAPI.Options()
        if let seconds = CommandLine.arguments.dropFirst(2).first.flatMap({ Double($0) }) { options.watchSeconds = seconds }
        if let watches = CommandLine.arguments.dropFirst(3).first.flatMap({ Int($0) }) { options.watches = watches }
        let store = MemoryObjectStore(bookmarkSeconds: 1)
        let api = ObjectAPI(store, kinds: KindSchema.all.map { ($0.kind, KindRules($0)) }, options: options)
        let listener = try Listener(ListenAddress(host: "127.0.0.1", port: 0), origin: "api-bed")
        let port = listener.address?.port ?? 0
        let credentials = try APICredentials(
            directory: "\(directory)/api", kubeconfig: "\(directory)/kubeconfig", url: "https://127.0.0.1:\(port)", logger: logger)
        let door = BearerDoor(credentials.accepts, handler: api.handle)
        let server = try HTTPServer(
            [listener], limits: ObjectAPI.serverLimits, entrance: try credentials.entrance(), refusal: door.refusal, logger: logger,
            handler: door.handle)
        print("ready \(port)")
        fflush(nil)
        // A thread of its own: reading blocks.
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            do {
                try Thread.start(
                    "stdin",
                    {
                        while getchar() != EOF {}; continuation.resume()
                    })
            } catch { continuation.resume() }
        }
        await server.stop(withinSeconds: 1)
    }
}

do { try await Bed.run() } catch {
    print("api-bed: \(error)")
    exit(1)
}
