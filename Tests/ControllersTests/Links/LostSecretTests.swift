import ObjectStore
import Objects
import Testing

@testable import Controllers

/// Secrets of providers that go before what is to be deleted with them, as with their namespace.
struct LostSecretTests {
    private static let secret =
        #"{"metadata":{"name":"tls"},"data":{"tls.crt":"YQ==","tls.key":"Yg==","ca.crt":"Yw=="},"type":"Opaque"}"#
    private static let provider =
        #"{"metadata":{"name":"sim"},"spec":{"type":"simulated","endpoint":"grpc://sim:1","runtime":{"service":{"tls":{"enabled":true,"secretRef":{"name":"tls"}}}},"rateLimit":{"qps":1000,"burst":2000},"healthCheck":{"interval":"1s"}}}"#

    private func bed() async throws -> ManagerBed {
        let bed = ManagerBed()
        try await bed.furnish("sim")
        try await bed.apply(.secret, Self.secret)
        try await bed.apply(.provider, Self.provider)
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1", until: EdgeTests.ready)
        return bed
    }

    private func lose(_ bed: ManagerBed) async throws {
        try await bed.delete(.secret, "tls")
        try await bed.wait(Provider.self, "sim") { $0?.status.conditions["Ready"]?.message.contains("Secret default/tls") == true }
    }

    @Test func `machines go after the Secret of their provider`() async throws {
        let bed = try await bed()
        try await lose(bed)
        #expect(try await bed.get(Provider.self, "sim")?.status.conditions["Ready"]?.status == .isFalse)
        try await bed.delete(.virtualMachine, "web1")
        try await bed.delete(.provider, "sim")
        try await bed.wait(VirtualMachine.self, "web1", seconds: 10) { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        try await bed.wait(Provider.self, "sim", seconds: 10) { $0 == nil }
        await bed.close()
    }

    @Test func `a Secret that is made again as it was leaves the way as it is, and another one makes another`() async throws {
        let bed = try await bed()
        let before = try #require(bed.context.links["default/sim"])
        try await lose(bed)
        try await bed.apply(.secret, Self.secret)
        try await bed.wait(Provider.self, "sim") { $0?.status.conditions.isTrue("Ready") == true }
        #expect(bed.context.links["default/sim"] === before)
        try await bed.delete(.secret, "tls")
        try await bed.apply(.secret, Self.secret.replacing("YQ==", with: "eA=="))
        try await bed.eventually { bed.context.links["default/sim"] !== before }
        await bed.close()
    }

    @Test func `a way that leads elsewhere than the object says goes with the Secret`() async throws {
        let bed = try await bed()
        try await lose(bed)
        try await bed.apply(.provider, Self.provider.replacing("grpc://sim:1", with: "grpc://other:1"))
        try await bed.eventually { bed.context.links["default/sim"] == nil }
        await bed.close()
    }
}
