import ObjectStore
import Objects
import ProviderRPC
import RPC
import Testing

@testable import Controllers

/// Providers that say more than anybody can keep.
struct AnswerLimitsTests {
    private func long(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// A message that has a text alone.
    private func message(_ field: UInt8, _ text: String) -> [UInt8] {
        var (bytes, left) = ([field << 3 | 2], text.utf8.count)
        while left > 127 {
            bytes.append(UInt8(left & 127) | 128)
            left >>= 7
        }
        return bytes + [UInt8(left)] + Array(text.utf8)
    }

    @Test func `a list of more machines than can be kept is an error that says so`() throws {
        let (most, more) = (AnswerLimits.machines, AnswerLimits.machines + 1)
        let machines = [VMInfo](repeating: VMInfo(id: "1"), count: more)
        #expect(try AnswerLimits.keep(ListVMsResponse(vms: Array(machines.prefix(most)))).vms.count == most)
        do {
            _ = try AnswerLimits.keep(ListVMsResponse(vms: machines))
            Issue.record("it was taken")
        } catch { #expect(error.code == .resourceExhausted && error.message.contains("100001 machines")) }
    }

    @Test func `machines of a list are kept within limits`() throws {
        let ips = (0..<300_000).map { "10.0.0.\($0)" }
        let answer = ListVMsResponse(vms: [
            VMInfo(id: "1", powerState: long(1 << 20), ips: ips), VMInfo(id: long(2000)), VMInfo(id: "2", ips: [long(100), "::1"]),
        ])
        let kept = try AnswerLimits.keep(answer).vms
        #expect(kept.map(\.id) == ["1", "2"] && kept.map(\.powerState.count) == [64, 0])
        #expect(kept.map(\.ips.count) == [64, 1])
    }

    @Test func `what is said of one machine is kept within limits`() throws {
        let answer = DescribeResponse(
            exists: true, powerState: long(100), ips: [String](repeating: "::1", count: 1000), consoleURL: long(5000),
            providerRawJSON: #"{"owner_uid":"\#(long(100_000))","state":"\#(long(1000))"}"#)
        let kept = try AnswerLimits.keep(answer)
        #expect(kept.powerState.count == 64 && kept.ips.count == 64 && kept.consoleURL.isEmpty)
        let seen = MachineSighting(kept, before: nil)
        #expect(seen.owner?.count == 64 && seen.facts["state"]?.count == 200)
    }

    @Test func `messages are cut`() throws {
        #expect(try AnswerLimits.keep(ValidateResponse(ok: false, message: long(1 << 20))).message.count == 4096)
        // Those of errors are, wherever they come from.
        #expect(RPCError(.internal, long(1 << 20)).message.count < 4096)
        #expect(try AnswerLimits.keep(TaskStatusResponse(done: true, error: long(1 << 20))).error.count == 4096)
    }

    @Test func `an identifier that is too long is stored nowhere, and nobody knows what was made`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim")
        try await bed.start()
        bed.hypervisors.stub("sim", "Create") { [bytes = message(1, long(1_300_000))] in .success(bytes) }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.eventually { try await bed.operations().contains { $0.method == .create && $0.end != nil } }
        let operation = try #require(try await bed.operations().first { $0.method == .create && $0.end != nil })
        #expect(operation.end?.outcome == .error && operation.resultID == nil)
        #expect(operation.end?.message.contains("1300000 bytes") == true)
        #expect(try await bed.store.get(operation.key).json.count < 10_000)
        await bed.close()
    }

    @Test func `a provider whose list is too large is named by its condition, until it is smaller`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim")
        bed.hypervisors.stub("sim", "ListVMs") { .failure(RPCError(.resourceExhausted, "the answer has 17825792 bytes")) }
        try await bed.start()
        let provider = try await bed.wait(Provider.self, "sim") { $0?.status.conditions.isTrue("Error") == true }
        #expect(provider?.status.conditions["Error"]?.message == "ListVMs: the answer has 17825792 bytes")
        let connection = try #require(bed.context.links["default/sim"])
        #expect(connection.machines.note([], askedAt: .now).isEmpty)
        try await bed.wait(Provider.self, "sim") { $0?.status.conditions["Error"] == nil }
        await bed.close()
    }
}
