import GRPC
import Primitives
import ProviderConformance
import ProviderRPC
import RPC
import Synchronization
import TestSupport

@testable import SimulatedProvider

/// The same provider behind a server of gRPC, which comes and goes with it. The client is one for all its lives, as a manager is.
final class GRPCBed: ProviderBed {
    private let bed: SimulatedBed
    private let folder: ScratchFolder
    private let client: GRPCTransport
    private let server = Mutex<GRPCServer?>(nil)

    init(_ kind: SimulatedSettings.Kind) async throws {
        bed = try await SimulatedBed(kind)
        folder = ScratchFolder()
        client = try GRPCTransport(.file("\(folder.path)/s"), logger: .silent)
        try serve()
    }

    private func serve() throws {
        let provider = try bed.provider
        let settings = GRPCServerSettings(files: [GRPCServerSettings.File(path: "\(folder.path)/s")], origin: "test")
        let new = try GRPCServer(settings, services: [provider.rpcService(), provider.engine.taskService()], logger: .silent)
        server.withLock { $0 = new }
    }

    private func stopServing(within seconds: Double) async {
        let old = server.withLock { server in
            defer { server = nil }
            return server
        }
        await old?.stop(within: seconds)
    }

    var transport: any RPCTransport { client }

    func restart() async throws {
        await stopServing(within: 10)
        try await bed.restart()
        try serve()
        await meet()
    }

    func kill() async throws {
        await stopServing(within: 0)
        try await bed.kill()
        try serve()
        await meet()
    }

    /// A call that goes out before the client has seen the end of its connection ends UNAVAILABLE, and may have been heard. A manager makes
    /// it again with its key; here one that does nothing takes it, so that the next answer is the new server's.
    private func meet() async {
        let provider = ProviderClient(client)
        for _ in 0..<20 {
            if (try? await provider.getCapabilities(GetCapabilitiesRequest(), RPCOptions(deadline: .after(seconds: 2)))) != nil { return }
        }
    }

    func close() async {
        client.close()
        await stopServing(within: 0)
        await bed.close()
    }

    func view() async throws -> HypervisorView { try await bed.view() }
    func setFault(_ fault: BedFault?) async throws -> Bool { try await bed.setFault(fault) }
    func machine(_ name: String) -> CreateRequest { bed.machine(name) }
    func image(_ name: String) -> ImagePrepareRequest? { bed.image(name) }
}
